"""One sheet of an Excel workbook as rows of values, streamed. Formulas give the value Excel last saved.

A program that is not Excel may write a formula without any value: its row is a Reject, for it only looks empty.
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from agent.excel.package import BROKEN, MOST_RATIO, Limits, Unfit, unfit
from agent.model import Reject, Row
from collectors.formulas import holds_formulas, with_unsaved
from collectors.layout import CHUNK_ROWS, Chunk, Layout, UnreadableFile, close_match, column_positions

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

LAST_ROW = 1_048_576  # of any Excel sheet; a row said to stand below it is made up
IN_MEMORY_BYTES = 256 << 20  # all but the sheets is read at once: texts and styles
REASONS = {
    Unfit.OLD: "not an .xlsx file: an old .xls or one with a password; save it as .xlsx without one",
    Unfit.NO_PACKAGE: "not an .xlsx file, or one that is cut short",
    Unfit.OTHER_ARCHIVE: "not an .xlsx file but some other archive",
    Unfit.TOO_DENSE: f"unpacks to more than {MOST_RATIO} times its size: taken for a bomb",
}


def read_xlsx(path: Path, name: str, layout: Layout, columns: tuple[str, ...]) -> Iterator[Chunk]:
    """The rows below the header; cells as str, int, Decimal, bool, naive datetime or None. Empty rows are no rows."""
    with path.open("rb") as stream:
        _check_package(stream, layout.max_bytes)
        try:
            yield from _chunks(stream, name, layout, columns)
        except BROKEN as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's fault, not the workbook's
            raise UnreadableFile("the workbook is damaged") from None


def _check_package(stream: BinaryIO, max_bytes: int) -> None:
    """Refuse what is no workbook or unpacks to more than allowed."""
    found = unfit(stream, Limits(unpacked=max_bytes, beside_sheets=IN_MEMORY_BYTES))
    if found is Unfit.TOO_LARGE:
        raise UnreadableFile(
            f"expected at most {max_bytes} bytes once unpacked (max_bytes), {IN_MEMORY_BYTES} of them beside the sheets"
        )
    if found is not None:
        raise UnreadableFile(REASONS[found])


def _chunks(stream: BinaryIO, name: str, layout: Layout, columns: tuple[str, ...]) -> Iterator[Chunk]:
    with ExitStack() as opened:
        numbered = enumerate(_rows(stream, layout, opened), 1)
        header = next((row for number, (row, _) in numbered if number == layout.header_row), ())
        positions = column_positions(header, columns, f"row {layout.header_row}")
        while batch := list(islice(numbered, CHUNK_ROWS)):
            if batch[-1][0] > LAST_ROW:
                raise UnreadableFile(f"expected at most {LAST_ROW} rows, got more")
            chunk = Chunk([], [], [])
            for number, (row, unsaved) in batch:
                lost = [column for column, at in zip(columns, positions, strict=True) if at in unsaved]
                if lost:
                    chunk.rejects.append(Reject(f"{name}:{number}", _unsaved(lost), {}))
                elif any(cell not in (None, "") for cell in row):
                    chunk.rows.append(_picked(row, positions))
                    chunk.numbers.append(number)
            yield chunk


def _rows(stream: BinaryIO, layout: Layout, opened: ExitStack) -> Iterator[tuple[Row, Container[int]]]:
    """All rows, each with the positions of its formulas without a value."""
    from openpyxl import load_workbook  # takes 0.1 s: only who reads a workbook waits for it

    # Styles and validations openpyxl cannot keep are nothing to a reader.
    warnings.filterwarnings("ignore", module="openpyxl")

    def sheet(*, data_only: bool) -> Any:
        workbook = load_workbook(stream, read_only=True, data_only=data_only)
        opened.callback(workbook.close)
        found = _sheet(workbook, layout.sheet)
        found.reset_dimensions()  # some programs write A1, and everything beyond would be cut off
        return found

    if holds_formulas(stream):
        return with_unsaved(sheet(data_only=True).iter_rows(), sheet(data_only=False).iter_rows())
    return zip(sheet(data_only=True).iter_rows(values_only=True), repeat(()))


def _unsaved(columns: Sequence[str]) -> str:
    return f"formula without a value in {', '.join(columns)}; open and save the workbook once"


def _sheet(workbook: Workbook, wanted: str | None) -> Any:
    names = [sheet.title for sheet in workbook.worksheets]
    if wanted is None and names:
        return workbook.worksheets[0]
    if wanted not in names:
        close = close_match(wanted or "", names)
        hint = f"; did you mean {close!r}?" if close else ""
        raise UnreadableFile(f"expected a sheet {wanted!r}, got {len(names)} others{hint}")
    return workbook.worksheets[names.index(wanted)]


def _picked(row: Sequence[object], positions: Sequence[int]) -> Row:
    """The mapped cells; a row is as long as its last filled cell, so what lies beyond is empty."""
    return tuple(_exact(row[position]) if position < len(row) else None for position in positions)


def _exact(cell: object) -> object:
    return Decimal(repr(cell)) if isinstance(cell, float) else cell
