"""What every simulated system is made of: changes of rows, each at an instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

Cell = str | int | float | date | None
Row = dict[str, Cell]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """From `at` on, the row `key` of `table` reads as `row`."""

    at: datetime
    table: str
    key: str
    row: Row = field(compare=False)


def text(moment: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str | None:
    """A local time as the old systems write it: naive text; nothing for nothing."""
    return None if moment is None else moment.strftime(form)
