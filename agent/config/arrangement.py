"""A year's notice of holidays and make-up days: from the Excel sheet an officer fills in, as YAML for the agent.

What is wrong in the sheet is said in Chinese and all at once, each with its cell: the officer reads it.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from agent.model import ConfigError
from agent.worktime import YearArrangement
from agent.written import day as day_written
from agent.written import text_of

DATE, KIND = "日期", "类型"
REST = ("休", "放假", "休息", "节假日", "法定节假日", "公休")
WORK = ("班", "上班", "补班", "调休上班")
WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
HEADINGS_WITHIN = 10  # the headings stand in one of the first rows
MOST_ROWS = 1000
SATURDAY, DECEMBER = 5, 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the sheet that could be read."""

    row: int
    day: date
    works: bool


def read_sheet(path: Path) -> tuple[int, YearArrangement]:
    """The year and its arrangement; ConfigError with every mistake of the first sheet."""
    rows = _rows(path)
    head = next(
        (row for row, cells in enumerate(rows[:HEADINGS_WITHIN]) if {DATE, KIND} <= set(map(text_of, cells))), None
    )
    if head is None:
        raise ConfigError(f"{path}：前 {HEADINGS_WITHIN} 行中没有表头“{DATE}”和“{KIND}”")
    titles = [text_of(cell) for cell in rows[head]]
    sheet = _Sheet(path, titles.index(DATE), titles.index(KIND))
    for number, cells in enumerate(rows[head + 1 :], head + 2):
        sheet.take(number, cells)
    return sheet.arrangement()


class _Sheet:
    """Takes the rows one by one, and notes what is wrong with each."""

    def __init__(self, path: Path, date_at: int, kind_at: int) -> None:
        self.path, self.date_at, self.kind_at = path, date_at, kind_at
        self.problems: list[tuple[int, str]] = []
        self.entries: dict[date, Entry] = {}

    def take(self, row: int, cells: Sequence[object]) -> None:
        raw_day, raw_kind = (cells[at] if at < len(cells) else None for at in (self.date_at, self.kind_at))
        if not text_of(raw_day) and not text_of(raw_kind):
            return
        day, kind = day_written(text_of(raw_day)), text_of(raw_kind)
        if day is None:
            self._wrong(row, self.date_at, f"日期应写成 2027-01-01 这样，现为“{text_of(raw_day)}”")
        if kind not in REST + WORK:
            self._wrong(row, self.kind_at, f"类型应为“休”或“班”，现为“{kind}”")
        if day is None or kind not in REST + WORK:
            return
        if (former := self.entries.get(day)) is not None:
            self._wrong(row, self.date_at, f"{day} 与 {_cell(former.row, self.date_at)} 重复")
            return
        self.entries[day] = Entry(row, day, kind in WORK)
        if kind in WORK and day.weekday() < SATURDAY:
            says = f"{day} 是{WEEKDAYS[day.weekday()]}，本来就上班，只有周六、周日才填“{kind}”"
            self._wrong(row, self.kind_at, says)

    def arrangement(self) -> tuple[int, YearArrangement]:
        """What the sheet says, or everything that is wrong with it."""
        years = Counter(day.year for day in self.entries)
        year = years.most_common(1)[0][0] if years else 0
        for entry in self.entries.values():
            if entry.day.year != year and (entry.day.year, entry.day.month) != (year - 1, DECEMBER):
                self._wrong(entry.row, self.date_at, f"{entry.day} 不在{year}年：一张表只写一年（可含上年12月）")
        if not self.entries and not self.problems:
            self.problems.append((0, f"{self.path}：表头下面没有任何日期"))
        if self.problems:
            raise ConfigError([text for _, text in sorted(self.problems)])
        ordered = sorted(self.entries)
        rest = tuple(day for day in ordered if not self.entries[day].works)
        return year, YearArrangement(rest, tuple(day for day in ordered if self.entries[day].works))

    def _wrong(self, row: int, column: int, says: str) -> None:
        self.problems.append((row, f"{self.path} {_cell(row, column)}：{says}"))


def written(year: int, arrangement: YearArrangement) -> str:
    """The arrangement as the YAML file that `calendar.years_file` names."""
    lines = [f"# {year}年放假和调休安排，由 dabiao calendar import 生成", "years:", f'  "{year}":']
    for key, days in (("holidays", arrangement.holidays), ("makeup", arrangement.makeup)):
        lines += [f"    {key}:" if days else f"    {key}: []", *(f"      - {day}" for day in days)]
    return "\n".join(lines) + "\n"


def _rows(path: Path) -> list[tuple[object, ...]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except OSError as failed:
        raise ConfigError(f"{path}：打不开文件（{failed.strerror or failed}）") from failed
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as failed:
        raise ConfigError(f"{path}：不是 Excel 工作簿（.xlsx）") from failed
    try:
        return [tuple(row) for row in book.worksheets[0].iter_rows(max_row=MOST_ROWS, values_only=True)]
    finally:
        book.close()


def _cell(row: int, column: int) -> str:
    return f"{get_column_letter(column + 1)}{row}"
