"""An office's sheet: what is measured filled in and locked, what was stated last prefilled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Part
from agent.acts.saying import OF_SURVEY
from agent.config import Indicator, Project
from agent.roundtrip.asked import demand_of, given_of, is_open, is_owed, is_surveyed, system_value
from agent.roundtrip.cells import (
    BODY,
    FIRST_ROW,
    HEADER_ROWS,
    LOCKED_FILL,
    dress,
    header,
    height_of,
    open_cell,
    page,
    put,
    titles,
)
from agent.roundtrip.checks import Checks
from agent.roundtrip.layout import (
    COLUMNS,
    DEMAND,
    IDENTITY,
    INDICATOR,
    NUMBER,
    PROJECT,
    SYSTEM_VALUE,
    TARGET,
    TITLE,
    VERSION,
    Identity,
)
from agent.roundtrip.sheets import Sheets


def office_sheet(at: Worksheet, owner: str, rows: Sequence[tuple[Project, Indicator]], sheets: Sheets) -> None:
    """A row for each of its rows, below two rows of headings."""
    surveyed = any(is_surveyed(row) for _, row in rows)
    columns = [column for column in COLUMNS if surveyed or column.part not in OF_SURVEY]
    places = {column.label: number for number, column in enumerate(columns, 1)}
    through = date.fromordinal(sheets.through)
    titles(at, len(columns), TITLE, f"（{sheets.plan.year}年度，截至{through}）　　责任处室：{owner}")
    header(at, columns)
    Checks(at, columns).add(rows)
    for number, (project, row) in enumerate(rows, 1):
        place = FIRST_ROW + number - 1
        verdict = sheets.verdicts[(project.id, row.id)]
        fixed = {
            IDENTITY: str(Identity(VERSION, sheets.plan.year, project.id, row.id)),
            NUMBER: number,
            PROJECT: project.name,
            INDICATOR: row.name,
            TARGET: row.text,
            DEMAND: demand_of(row, verdict),
            SYSTEM_VALUE: system_value(row, sheets),
        }
        given = given_of(row, verdict.stated, sheets.through)
        for column in columns:
            cell = at.cell(place, places[column.label])
            dress(cell, "center" if column.part not in (None, Part.REASON, Part.EVIDENCE) else "left")
            if column.part is None:
                put(cell, fixed[column.label])
            elif is_open(row, column.part):
                open_cell(cell, column.part, given.get(column.part), is_owed(row, verdict, column.part))
            else:
                cell.fill = LOCKED_FILL
        cells = [(column.width, at.cell(place, n)) for n, column in enumerate(columns, 1)]
        at.row_dimensions[place].height = height_of(cells)
    last = FIRST_ROW + len(rows) - 1
    at.cell(last + 2, 2).value = "浅黄色为可填写的单元格，橙色为尚待填写；灰色不填。填写方法见“填写说明”。"
    at.cell(last + 2, 2).font = Font(name=BODY, size=9, italic=True)
    at.freeze_panes = f"{get_column_letter(places[TARGET])}{FIRST_ROW}"
    page(at, len(columns), last + 2, f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}")
