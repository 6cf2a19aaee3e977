"""How the cells of the workbook look, and how a value is put into one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Part
from agent.roundtrip.layout import Column
from agent.told import decimal

AnyCell = Cell | MergedCell

BODY, HEADING = "宋体", "黑体"
LINE = Side(style="thin", color="808080")
FRAME = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
LABEL_FILL, INPUT_FILL, OWED_FILL = (PatternFill("solid", fgColor=tint) for tint in ("D9E1F2", "FFFBE6", "FCE4D6"))
LOCKED_FILL = PatternFill("solid", fgColor="F2F2F2")
HEADER_ROWS = (3, 4)
FIRST_ROW = 5
LINE_POINTS, LEAST_POINTS = 13.5, 30
A4 = "9"


def titles(at: Worksheet, across: int, title: str, below: str) -> None:
    """The title, and below it what the sheet is of."""
    for row, text, size, height in ((1, title, 16, 30), (2, below, 10, 20)):
        cell = at.cell(row, 2, text)
        cell.font = Font(name=HEADING, size=size, bold=row == 1)
        cell.alignment = Alignment(horizontal="center", vertical="center")
        at.merge_cells(start_row=row, end_row=row, start_column=2, end_column=across)
        at.row_dimensions[row].height = height


def header(at: Worksheet, columns: Sequence[Column]) -> None:
    """Two rows of headings: a group over its columns, a heading alone over both rows."""
    top, below = HEADER_ROWS
    for number, column in enumerate(columns, 1):
        at.column_dimensions[get_column_letter(number)].width = column.width
        for row in HEADER_ROWS:
            cell = at.cell(row, number)
            cell.font, cell.fill, cell.border = Font(name=HEADING, size=9), LABEL_FILL, FRAME
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        at.cell(below if column.group else top, number).value = column.label
        if column.group is None:
            at.merge_cells(start_row=top, end_row=below, start_column=number, end_column=number)
    for group in dict.fromkeys(column.group for column in columns if column.group):
        under = [number for number, column in enumerate(columns, 1) if column.group == group]
        at.cell(top, under[0]).value = group
        at.merge_cells(start_row=top, end_row=top, start_column=under[0], end_column=under[-1])
    at.row_dimensions[top].height, at.row_dimensions[below].height = 18, 26
    at.column_dimensions["A"].hidden = True


FORMATS = {
    Part.THROUGH: "yyyy-mm-dd",
    Part.SCORE: "0.##%",
    Part.NUMERATOR: "#,##0.######",
    Part.DENOMINATOR: "#,##0.######",
}


def open_cell(cell: AnyCell, part: Part, given: object, owed: bool) -> None:
    """A cell people write into, with what it holds already."""
    cell.protection = Protection(locked=False)
    cell.fill = OWED_FILL if owed else INPUT_FILL
    cell.number_format = FORMATS.get(part, "General")
    if isinstance(given, date):
        cell.number_format = FORMATS[Part.THROUGH]
    put(cell, given)


def number(value: Fraction | None, is_day: bool = False) -> object:
    """A number as Excel holds it exactly, or as text where it has more digits than that."""
    if value is None:
        return None
    if is_day:
        return date.fromordinal(int(value))
    text = decimal(value)
    if len(text.replace(".", "").lstrip("0")) > 15:
        return text
    return int(text) if "." not in text else float(text)


def put(cell: AnyCell, value: object) -> None:
    """A value; a text is never a formula, whatever it begins with."""
    if isinstance(value, str):
        cell.value, cell.data_type = value, "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
    elif value is not None:
        cell.value = value  # type: ignore[assignment]


def dress(cell: AnyCell, across: str) -> None:
    """Letters, frame and place of a cell."""
    cell.font, cell.border = Font(name=BODY, size=9), FRAME
    cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True)


def height_of(cells: Sequence[tuple[int, AnyCell]]) -> float:
    """How high a row must be for its texts to fit; the first cell is hidden."""
    lines = max(sum(lines_of(part, width) for part in str(cell.value or "").split("\n")) for width, cell in cells[1:])
    return max(LEAST_POINTS, lines * LINE_POINTS + 6)


def lines_of(text: str, width: int) -> int:
    """How many lines a text takes in a column so wide."""
    cells = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
    return max(1, -(-cells // max(width - 1, 1)))


def page(at: Worksheet, across: int, last: int, repeated: str) -> None:
    """A4 landscape with the headings on every page, locked but for what people fill in."""
    at.sheet_view.showGridLines = False
    at.page_setup.paperSize, at.page_setup.orientation = A4, "landscape"
    at.page_setup.fitToWidth, at.page_setup.fitToHeight = 1, 0
    at.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    at.print_options.horizontalCentered = True
    for side in ("left", "right", "top", "bottom"):
        setattr(at.page_margins, side, 0.4)
    at.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页", size=9))
    at.print_title_rows = repeated
    at.print_area = f"A1:{get_column_letter(across)}{last}"
    at.protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "autoFilter"):
        setattr(at.protection, allowed, False)
