"""The official 绩效目标表 in a workbook: the head and the rows of each table, shifted rows put right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from openpyxl.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from agent.excel.opening import opened
from agent.model import ConfigError
from agent.written import narrow, plain, text_of, tidy

AnyCell = Cell | MergedCell

MOST_ROWS, MOST_COLUMNS = 3000, 30
NAME = "项目名称"
TITLE_YEAR = re.compile(r"\(?(\d{4})年度?\)?")
LEVELS = ("一级", "二级", "三级")
VALUES = ("指标目标值", "年度指标值", "指标值", "目标值")
PROMISED = re.compile(r"=[0-9.,]+%?")
LABEL = re.compile(r"[^：:]{2,30}[：:]")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: its levels, name and target as printed, where it stands, and what was put right."""

    level: tuple[str, ...]
    name: str
    text: str
    place: str
    repaired: str | None = None


@dataclass(slots=True)
class Table:
    """One project's table."""

    sheet: str
    year: int | None = None
    head: dict[str, str] = field(default_factory=dict)  # by label, without the colon
    lines: list[Line] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The project's name."""
        return self.head.get(NAME, "")


def tables(path: Path) -> list[Table]:
    """Every table of a workbook; ConfigError where there is none."""
    book = opened(path)
    found = [
        table
        for written, valued in zip(book.written.worksheets, book.valued.worksheets, strict=True)
        for table in _tables_of(written.title, _rows(written, valued))
    ]
    usable = [table for table in found if table.lines and table.name]
    if not usable:
        raise ConfigError(f"{path}：找不到绩效目标表：应有“{NAME}”一栏，以及“三级目标”“指标目标值”的表头")
    return usable


def _rows(written: Worksheet, valued: Worksheet) -> list[list[str]]:
    """What the cells print. `=100%` typed into a cell is a formula to Excel and a promise to us."""
    last, column = min(written.max_row, MOST_ROWS), min(written.max_column, MOST_COLUMNS)
    pairs = zip(
        written.iter_rows(max_row=last, max_col=column), valued.iter_rows(max_row=last, max_col=column), strict=True
    )
    return [[_printed(*cells) for cells in zip(*rows, strict=True)] for rows in pairs]


def _printed(written: AnyCell, valued: AnyCell) -> str:
    if isinstance(written.value, str) and PROMISED.fullmatch(narrow(written.value)):
        return tidy(written.value)
    if isinstance(valued.value, int | float) and "%" in str(valued.number_format):
        return plain(Decimal(text_of(float(valued.value))) * 100) + "%"
    return text_of(valued.value)


def _tables_of(title: str, rows: Sequence[Sequence[str]]) -> Iterator[Table]:
    """The tables below one another on a sheet; each begins with its title or, without one, its project's name."""
    table, columns, year = Table(title), None, None
    for number, cells in enumerate(rows, 1):
        said = [cell for cell in cells if cell]
        if not said:
            continue
        begins = any("绩效目标表" in cell for cell in said) or (_label(said[0]) == NAME and bool(table.head.get(NAME)))
        if begins and (table.lines or table.head):
            yield table
            table, columns, year = Table(title), None, None
        if (found := TITLE_YEAR.fullmatch(narrow(said[0]))) and len(said) == 1:
            year = int(found[1])
        table.year = table.year or year
        if (places := _columns(cells)) is not None:
            columns = places
        elif columns is not None:
            _take_line(table, [cells[at] if at < len(cells) else "" for at in columns], number, columns)
        else:
            _take_head(table, said)
    yield table


def _columns(cells: Sequence[str]) -> tuple[int, ...] | None:
    """The places of the three levels and of the value, where these cells are the headings."""
    places = [next((at for at, cell in enumerate(cells) if cell.startswith(level)), None) for level in LEVELS]
    value = next((at for at, cell in enumerate(cells) if narrow(cell) in VALUES), None)
    found = [at for at in (*places, value) if at is not None]
    return tuple(found) if len(found) == len(LEVELS) + 1 else None


def _take_head(table: Table, said: Sequence[str]) -> None:
    """Labels with what stands behind them, in the same cell or in the next."""
    waiting = ""
    for cell in said:
        found = LABEL.match(cell)
        if found and found.end() == len(cell):
            waiting = _label(cell)
            table.head.setdefault(waiting, "")
        elif waiting:
            table.head[waiting], waiting = cell, ""
        elif found:
            table.head[_label(found[0])] = cell[found.end() :].strip()


def _label(cell: str) -> str:
    return narrow(cell).rstrip(":")


def _take_line(table: Table, cells: Sequence[str], number: int, columns: Sequence[int]) -> None:
    """A row; one whose last cell is empty lacks its leading empty cell and is moved to the right."""
    first, second, name, text = cells
    repaired = None
    if not text and name:
        if first:
            repaired = f"原表该行左移一格，“{first}”印在一级目标栏，按二级目标归类"
        else:
            repaired = "原表该行左移一格（三级目标印在二级目标栏）"
        first, second, name, text = "", first, second, name
    if not name or not text:
        return
    former = table.lines[-1].level if table.lines else ("", "")
    level = (first or former[0], second or (former[1] if not first else ""))
    place = f"{table.sheet}!{get_column_letter(columns[-1] + 1)}{number}"
    table.lines.append(Line(tuple(one for one in level if one), name, text, place, repaired))
