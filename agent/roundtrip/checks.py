"""What Excel itself checks while people type into an office's sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from agent import words
from agent.acts import Part
from agent.acts.saying import OF_CAUSE, OF_SURVEY, TICKS
from agent.config import Indicator, Project
from agent.measures import Attested
from agent.model import Unit
from agent.roundtrip.asked import is_open
from agent.roundtrip.cells import FIRST_ROW
from agent.roundtrip.layout import Column

Operator = Literal["greaterThan", "greaterThanOrEqual"]
Style = Literal["stop", "warning"]
LONGEST_LIST = 255  # of a drop-down that holds its own entries
LONGEST_PROMPT = 250


class Checks:
    """What Excel itself checks while people type."""

    def __init__(self, at: Worksheet, columns: Sequence[Column]) -> None:
        self.at = at
        self.letters = {
            column.part: get_column_letter(number)
            for number, column in enumerate(columns, 1)
            if column.part is not None
        }

    def add(self, rows: Sequence[tuple[Project, Indicator]]) -> None:
        """Those of every row."""
        year = 0
        for number, (_, row) in enumerate(rows, FIRST_ROW):
            year = date.fromordinal(row.judged_on).year
            note = (row.note or "")[:LONGEST_PROMPT]
            if is_open(row, Part.NUMERATOR) and row.measure.unit is not Unit.DATE:
                self._decimal(Part.NUMERATOR, number, "greaterThanOrEqual", "分子应为不小于0的数字", note)
            if is_open(row, Part.DENOMINATOR):
                self._decimal(Part.DENOMINATOR, number, "greaterThan", "分母应为大于0的数字", note)
            if isinstance(row.measure, Attested):
                self._list(Part.WORD, number, row.measure.accept, "warning", note)
                self._list(Part.BAND, number, tuple(words.BANDS.values()), "stop")
            self._list(Part.NOT_APPLICABLE, number, ("是",), "stop")
            for part in OF_CAUSE:
                self._list(part, number, (TICKS[0],), "stop")
        cells = f"{FIRST_ROW}:{{letter}}{FIRST_ROW + len(rows) - 1}"
        for part in (*OF_SURVEY, Part.SCORE, Part.THROUGH):
            if part in self.letters:
                letter = self.letters[part]
                self._whole_column(part, f"{letter}{cells.format(letter=letter)}", year)

    def _whole_column(self, part: Part, cells: str, year: int) -> None:
        if part is Part.THROUGH:
            one = DataValidation("date", f"DATE({year},1,1)", f"DATE({year},12,31)", operator="between")
            self._say(one, f"应为{year}年内的日期，如 {year}-10-31")
        elif part is Part.SCORE:
            one = DataValidation("decimal", "0", "1", operator="between")
            self._say(one, "应为百分数：达成80%至100%，部分达成60%至80%，未达成60%以下")
        else:
            one = DataValidation("whole", "0", operator="greaterThanOrEqual")
            self._say(one, "应为份数（整数）：发放≥回收≥有效")
        one.add(cells)
        self.at.add_data_validation(one)

    def _decimal(self, part: Part, row: int, operator: Operator, says: str, note: str) -> None:
        one = DataValidation("decimal", "0", operator=operator)
        self._say(one, says, note)
        one.add(f"{self.letters[part]}{row}")
        self.at.add_data_validation(one)

    def _list(self, part: Part, row: int, entries: Sequence[str], style: Style, note: str = "") -> None:
        written = ",".join(entries)
        if len(written) > LONGEST_LIST or any("," in entry or '"' in entry for entry in entries):
            return
        one = DataValidation("list", f'"{written}"', allow_blank=True)
        self._say(one, f"应为 {'、'.join(entries)}"[:LONGEST_PROMPT], note, style)
        one.add(f"{self.letters[part]}{row}")
        self.at.add_data_validation(one)

    @staticmethod
    def _say(one: DataValidation, says: str, note: str = "", style: Style = "stop") -> None:
        one.allow_blank, one.showErrorMessage, one.errorStyle = True, True, style
        one.errorTitle, one.error = "请核对", says
        if note:
            one.showInputMessage, one.promptTitle, one.prompt = True, "口径说明", note
