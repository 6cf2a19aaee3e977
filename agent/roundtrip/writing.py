"""Writing the workbook: a sheet an office, one for the heads of the forms, how to fill in, what it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook

from agent import words
from agent.export.workbook import settled
from agent.roundtrip.layout import GUIDE, HEADS, HIDDEN, TITLE
from agent.roundtrip.office import office_sheet
from agent.roundtrip.other_sheets import guide_sheet, heads_sheet, hidden_sheet
from agent.roundtrip.sheets import Sheets

LONGEST_SHEET_NAME = 31


def workbook(sheets: Sheets) -> bytes:
    """The workbook as a file."""
    book = Workbook()
    guide = book.worksheets[0]
    guide.title = GUIDE
    guide_sheet(guide, sheets)
    for owner, rows in sheets.owners.items():
        office_sheet(book.create_sheet(_sheet_name(owner, book.sheetnames)), owner, rows, sheets)
    heads_sheet(book.create_sheet(HEADS), sheets)
    hidden_sheet(book.create_sheet(HIDDEN), sheets)
    book.active = 1
    book.properties.title, book.properties.creator = f"{TITLE}（{sheets.plan.year}年度）", "dabiao"
    book.properties.created = datetime(1980, 1, 1)  # noqa: DTZ001 - the file format's own, without a zone
    held = BytesIO()
    book.save(held)
    return settled(held.getvalue())


def _sheet_name(owner: str, taken: Sequence[str]) -> str:
    plain = "".join(" " if letter in "[]:*?/\\'" else letter for letter in owner).strip() or words.NO_OWNER
    names = (plain[: LONGEST_SHEET_NAME - 3] + mark for mark in ("", *(f" {n}" for n in range(2, 99))))
    return next(name for name in names if name.lower() not in {one.lower() for one in (*taken, HEADS, HIDDEN)})
