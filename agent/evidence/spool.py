"""Large tables written row by row, each to a gzip-compressed CSV file of its own in a folder for the time being."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

from agent.evidence.table import Column, Row
from agent.evidence.writing import BOM

LEVEL = 6  # more takes twice the time and saves a twentieth


class Spooled:
    """One table on its way; the same rows give the same bytes."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        """Begin with the names of the columns."""
        self.path = path
        self._raw = path.open("wb")
        packed = gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=self._raw, mtime=0)
        self._text = TextIOWrapper(packed, encoding="utf-8", newline="")
        self._text.write(BOM)
        self._table = csv.writer(self._text)
        self._table.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Row]) -> None:
        """Some more rows."""
        self._table.writerows(rows)

    def close(self) -> None:
        """Write what is left."""
        self._text.close()
        self._raw.close()


class Spool:
    """The tables of one pack."""

    def __init__(self, folder: Path) -> None:
        """In an empty folder."""
        self._folder = folder
        self.tables: dict[str, Spooled] = {}
        self.columns: dict[str, Sequence[Column]] = {}

    def __enter__(self) -> Spool:
        """Tables are open until the end."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """All are whole."""
        for table in self.tables.values():
            table.close()

    def sink(self, path: str, columns: Sequence[Column]) -> Spooled:
        """A table of this place in the pack."""
        table = self.tables[path] = Spooled(self._folder / f"{len(self.tables)}.csv.gz", columns)
        self.columns[path] = columns
        return table
