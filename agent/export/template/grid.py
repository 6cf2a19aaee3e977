"""A sheet as a person sees it: a merged cell says the same wherever it is looked at, a heading has many spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from agent.written import spelled, text_of

MOST_ROWS, MOST_COLUMNS = 2000, 60
DASHES = str.maketrans({"—": "-", "–": "-", "―": "-", "至": "-", "~": "-", "－": "-"})
IN_BRACKETS = re.compile(r"\([^()]*\)")
NUMBERED = re.compile(r"^(?:指标)?(?:\d+|[一二三四五六七八九十]+)[.、:)]|^\(\d+\)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the first cell of its merged range, or the cell itself."""

    row: int
    column: int
    last_row: int
    last_column: int


class Grid:
    """The cells of one sheet, within what a form can be large."""

    def __init__(self, sheet: Worksheet) -> None:
        """Look at a sheet; nothing is changed."""
        self.sheet = sheet
        self.rows, self.columns = min(sheet.max_row, MOST_ROWS), min(sheet.max_column, MOST_COLUMNS)
        self._merged = {
            (row, column): Place(one.min_row, one.min_col, one.max_row, one.max_col)
            for one in sheet.merged_cells.ranges
            for row in range(one.min_row, min(one.max_row, MOST_ROWS) + 1)
            for column in range(one.min_col, min(one.max_col, MOST_COLUMNS) + 1)
        }

    def place(self, row: int, column: int) -> Place:
        """The cell that is seen at a row and column."""
        return self._merged.get((row, column)) or Place(row, column, row, column)

    def text(self, row: int, column: int) -> str:
        """What is seen there."""
        at = self.place(row, column)
        return text_of(self.sheet.cell(at.row, at.column).value)

    def is_formula(self, at: Place) -> bool:
        """Whether a formula stands there."""
        return self.sheet.cell(at.row, at.column).data_type == "f"

    def number_format(self, at: Place) -> str:
        """How a number would be shown there."""
        return str(self.sheet.cell(at.row, at.column).number_format)

    def is_framed(self, at: Place) -> bool:
        """Whether the cell has a line below it."""
        return self.sheet.cell(at.last_row, at.column).border.bottom.style is not None

    def in_row(self, row: int) -> Iterator[tuple[Place, str]]:
        """The cells that begin in a row and say something, from left to right."""
        for column in range(1, self.columns + 1):
            at = self.place(row, column)
            if (at.row, at.column) == (row, column) and (text := self.text(row, column)):
                yield at, text

    def address(self, at: Place) -> str:
        """As a person names the cell."""
        return f"{self.sheet.title}!{get_column_letter(at.column)}{at.row}"


def heading(text: str) -> str:
    """A heading or label by which it is known: without widths, spaces, line breaks, what stands in brackets."""
    return IN_BRACKETS.sub("", spelled(text).translate(DASHES)).rstrip(":")


def name(text: str) -> str:
    """A name of a row or project by which it is known: without widths, spaces, line breaks and a number before it."""
    return NUMBERED.sub("", spelled(text)).rstrip(":")
