"""The rows of a sheet that came back, wherever they were moved, each known by its hidden cell or else by its names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from openpyxl.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from agent.excel.opening import Opened
from agent.roundtrip.layout import HEAD_FIELD, HEAD_TEXT, IDENTITY, INDICATOR, PROJECT, Column, Identity, identity
from agent.roundtrip.problems import Problem
from agent.written import text_of

HEADINGS_WITHIN, MOST_ROWS, MOST_COLUMNS = 15, 2000, 60
ERRORS = ("#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#N/A", "#NUM!", "#NULL!")


class Row(NamedTuple):
    """One row of a sheet: where it stands, whose it is, and its texts by column."""

    sheet: str
    number: int
    known: Identity
    texts: Mapping[str, str]
    places: Mapping[str, str]  # of each column the address of its cell


def rows_of(
    sheet: Worksheet,
    books: Opened,
    columns: Sequence[Column],
    by_name: Callable[[Mapping[str, str]], Identity | None],
    problems: list[Problem],
) -> Iterator[Row]:
    """The rows below the headings; `by_name` knows those whose hidden cell was lost. Formulas count as saved."""
    found = _headings(sheet, columns)
    if found is None:
        if any(identity(text_of(cell)) for row in rows_within(sheet, MOST_ROWS, 1) for cell in row):
            problems.append(Problem(sheet.title, "", "找不到表头行，请在原表上填写，不要删改表头"))
        return
    below, places = found
    first = below + 1
    for merged in sheet.merged_cells.ranges:
        if merged.max_row >= first and any(merged.min_col <= at <= merged.max_col for at in places.values()):
            cell, says = merged.coord.split(":")[0], f"合并了单元格 {merged.coord}，请取消合并"
            problems.append(Problem(sheet.title, cell, says))
    for number in range(first, min(sheet.max_row, MOST_ROWS) + 1):
        cells_of = {label: sheet.cell(number, at) for label, at in places.items()}
        texts = {label: _text(sheet, books, one, problems) for label, one in cells_of.items()}
        addresses = {label: one.coordinate for label, one in cells_of.items()}
        known = identity(texts.get(IDENTITY, "")) or by_name(texts)
        if known is not None:
            yield Row(sheet.title, number, known, texts, addresses)
        elif any(texts[column.label] for column in columns if column.part and column.label in texts):
            address = addresses.get(INDICATOR, f"B{number}")
            problems.append(Problem(sheet.title, address, "认不出这一行是哪个项目的哪项指标，请在原表上填写"))


def once(rows: Iterable[Row], problems: list[Problem]) -> dict[Identity, Row]:
    """The rows by what they are; one that stands twice is a problem."""
    seen: dict[Identity, Row] = {}
    for row in rows:
        if (former := seen.get(row.known)) is not None:
            says = f"与 {former.sheet}!{former.places[IDENTITY].replace('A', 'B', 1)} 是同一行，请删去其中一行"
            problems.append(Problem(row.sheet, shown_cell(row), says))
        else:
            seen[row.known] = row
    return seen


def _text(sheet: Worksheet, books: Opened, cell: Cell | MergedCell, problems: list[Problem]) -> str:
    """What a cell says; of a formula the value it was saved with."""
    value = cell.value
    if cell.data_type == "f":
        value = books.valued[sheet.title][cell.coordinate].value
        if value is None:
            problems.append(Problem(sheet.title, cell.coordinate, "公式没有计算结果，请直接填写内容"))
            return ""
    if cell.data_type == "e" or (isinstance(value, str) and value in ERRORS):
        problems.append(Problem(sheet.title, cell.coordinate, f"单元格是错误值“{value}”，请直接填写"))
        return ""
    return text_of(value)


def _headings(sheet: Worksheet, columns: Sequence[Column]) -> tuple[int, dict[str, int]] | None:
    """The row below which the table begins, and the place of each column; its headings may stand in two rows."""
    labels = {column.label for column in columns}
    filled_in = [column.label for column in columns if column.part or column.label == HEAD_TEXT]
    wanted = {PROJECT, filled_in[-1]}
    rows = list(rows_within(sheet, HEADINGS_WITHIN, MOST_COLUMNS))
    for number, cells in enumerate(rows, 1):
        if PROJECT not in map(text_of, cells):
            continue
        below = rows[number] if number < len(rows) else ()
        places = {
            text_of(cell): at for row in (cells, below) for at, cell in enumerate(row, 1) if text_of(cell) in labels
        }
        two = any(text_of(cell) in labels for cell in below)
        if wanted <= places.keys():
            return number + (1 if two or not any(map(text_of, below)) else 0), places
    return None


def rows_within(sheet: Worksheet, rows: int, columns: int) -> Iterator[tuple[object, ...]]:
    """The values of the first rows; beyond the sheet's last openpyxl would make a cell of each it is asked for."""
    return sheet.iter_rows(max_row=min(sheet.max_row, rows), max_col=columns, values_only=True)


def shown_cell(row: Row) -> str:
    """A cell of the row that can be seen."""
    return row.places.get(INDICATOR) or row.places.get(HEAD_FIELD) or f"{get_column_letter(2)}{row.number}"
