"""A form as an Excel workbook that looks like the official one and prints on A4; the same form gives the same bytes."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from datetime import datetime

from openpyxl import Workbook
from openpyxl.cell import Cell as ExcelCell
from openpyxl.cell import MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from agent.export.form import FRAMED, Cell, Form, Sheet, Style
from agent.export.rows import Origin

BODY, HEADING = "宋体", "黑体"
SIZES = {Style.TITLE: 18, Style.SUBTITLE: 11, Style.SECTION: 11, Style.NOTE: 9, Style.SIGN: 10}
SIZE = 10
POINTS_A_LINE = 1.4  # of the size of the letters
PADDING = 4
LOWEST, HIGHEST = 18.0, 409.0  # Excel takes no row that is higher
TINTS = {
    Origin.MEASURED: "E3F0FB",
    Origin.ENTERED: "FFF8DC",
    Origin.ATTESTED: "E6F4E3",
    Origin.PROPOSED: "EEEEEE",
    Origin.DRAFTED: "FCE9DA",
}
MARGINS = {"left": 0.45, "right": 0.45, "top": 0.5, "bottom": 0.55, "header": 0.3, "footer": 0.3}  # inches
A4 = 9
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment a zip knows
AnyCell = ExcelCell | MergedCell
Looks = dict[tuple[Style, Origin | None, bool, str | None], AnyCell]  # what a cell looks like → the first such cell
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def xlsx(form: Form) -> bytes:
    """The workbook: a sheet for each of the form's."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in form.sheets:
        _write(book.create_sheet(sheet.name), sheet)
    book.properties.title, book.properties.creator = form.title, "dabiao"
    book.properties.created = datetime(1980, 1, 1)  # noqa: DTZ001 - the file format's own, without a zone
    held = io.BytesIO()
    book.save(held)
    return settled(held.getvalue())


def settled(content: bytes) -> bytes:
    """The same archive without the moment it was written at."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as write:
        for entry in read.infolist():
            part = read.read(entry)
            if entry.filename == "docProps/core.xml":
                part = MODIFIED.sub(rb"\g<1>1980-01-01T00:00:00Z", part)
            write.writestr(zipfile.ZipInfo(entry.filename, LONG_AGO), part, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _write(at: Worksheet, sheet: Sheet) -> None:
    for number, width in enumerate(sheet.widths, 1):
        at.column_dimensions[get_column_letter(number)].width = width + 0.7
    looks: Looks = {}
    for row, column, cell in sheet.cells():
        _place(at, row + 1, column + 1, cell, looks)
    for number, height in enumerate(heights(sheet), 1):
        at.row_dimensions[number].height = height
    at.sheet_view.showGridLines = False
    at.page_setup.paperSize = A4
    at.page_setup.orientation = "landscape" if sheet.landscape else "portrait"
    at.page_setup.fitToWidth, at.page_setup.fitToHeight = 1, 0
    at.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    at.print_options.horizontalCentered = True
    for side, inches in MARGINS.items():
        setattr(at.page_margins, side, inches)
    at.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页", size=9))
    if sheet.repeated is not None:
        at.print_title_rows = f"{sheet.repeated + 1}:{sheet.repeated + sheet.heads}"
    at.print_area = f"A1:{get_column_letter(len(sheet.widths))}{len(sheet.rows)}"


def _place(at: Worksheet, row: int, column: int, cell: Cell, looks: Looks) -> None:
    first = at.cell(row, column)
    if cell.number is not None:
        first.value = float(cell.number) if cell.number.denominator != 1 else int(cell.number)
    elif cell.text:
        first.value = cell.text
        first.data_type = "s"  # never a formula, whatever it begins with
    last_row, last_column = row + cell.down - 1, column + cell.across - 1
    for covered in at.iter_rows(row, last_row, column, last_column):
        for one in covered:
            _dress(one, cell, looks)
    if cell.across > 1 or cell.down > 1:  # `merge_cells` would work out every border anew
        at.merged_cells.add(f"{first.coordinate}:{get_column_letter(last_column)}{last_row}")


LINE = Side(style="thin", color="000000")
FRAME = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
ACROSS = {
    Style.TITLE: "center",
    Style.SUBTITLE: "center",
    Style.LABEL: "center",
    Style.CENTRE: "center",
    Style.NUMBER: "center",
}


def _dress(one: AnyCell, cell: Cell, looks: Looks) -> None:
    """A look is put together once; a cell that looks like an earlier one takes over its style."""
    look = (cell.style, cell.origin, cell.unconfirmed, None if cell.number is None else _number_format(cell))
    if look in looks:
        one._style = looks[look]._style  # type: ignore[union-attr]  # as openpyxl itself copies a sheet
        return
    looks[look], style = one, cell.style
    family = HEADING if style in (Style.TITLE, Style.LABEL, Style.SECTION) else BODY
    one.font = Font(name=family, size=SIZES.get(style, SIZE), bold=style is Style.TITLE, italic=cell.unconfirmed)
    one.alignment = Alignment(horizontal=ACROSS.get(style, "left"), vertical="center", wrap_text=True)
    if style in FRAMED:
        one.border = FRAME
    if cell.origin in TINTS:
        one.fill = PatternFill("solid", fgColor=TINTS[cell.origin])
    if cell.number is not None:
        one.number_format = _number_format(cell)


def _number_format(cell: Cell) -> str:
    return "General" if cell.places is None else "0." + "0" * cell.places


def heights(sheet: Sheet) -> list[float]:
    """How high each row must be for its texts to fit; what reaches down over several makes the last one higher."""
    found = [LOWEST] * len(sheet.rows)
    reaching = []
    for row, column, cell in sheet.cells():
        needed = _needed(cell, sum(sheet.widths[column : column + cell.across]))
        if cell.down == 1:
            found[row] = max(found[row], needed)
        else:
            reaching.append((row, cell.down, needed))
    for row, down, needed in reaching:
        missing = needed - sum(found[row : row + down])
        if missing > 0:
            found[row + down - 1] += missing
    return [min(height, HIGHEST) for height in found]


def _needed(cell: Cell, width: int) -> float:
    size = SIZES.get(cell.style, SIZE)
    room = width * SIZE / size
    lines = sum(_lines(part, room) for part in cell.text.split("\n"))
    return lines * size * POINTS_A_LINE + PADDING


def _lines(text: str, room: float) -> int:
    """Lines a text takes where so many narrow letters fit into one; a wide letter never straddles two."""
    lines, used = 1, 0.0
    for letter in text:
        width = 2 if unicodedata.east_asian_width(letter) in "WFA" else 1.1
        if used + width > room:
            lines, used = lines + 1, 0.0
        used += width
    return lines
