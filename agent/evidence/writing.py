"""Small tables and JSON as bytes: the same content gives the same."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO

from agent.evidence.table import Column, Row

BOM = "\ufeff"  # tells a spreadsheet that the text is UTF-8


def csv_bytes(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """A small table."""
    out = StringIO()
    table = csv.writer(out)
    table.writerow([column.name for column in columns])
    table.writerows(rows)
    return (BOM + out.getvalue()).encode()


def json_bytes(content: object) -> bytes:
    """Anything as readable JSON."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def compact(content: object) -> str:
    """Anything as JSON in one cell."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
