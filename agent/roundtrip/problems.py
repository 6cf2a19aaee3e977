"""What is wrong in a workbook, by sheet and cell."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake; `cell` is empty where it is the sheet's as a whole, `sheet` where it is the workbook's."""

    sheet: str
    cell: str
    says: str

    def __str__(self) -> str:
        place = f"{self.sheet}!{self.cell}" if self.cell else self.sheet
        return f"{place}：{self.says}" if place else self.says
