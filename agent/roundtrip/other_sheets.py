"""The sheets beside those of the offices: how to fill in, the heads of the forms, what the workbook was made with."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Part
from agent.acts.filling import FIELDS, Field, Kind
from agent.config import Project
from agent.roundtrip.cells import (
    BODY,
    FIRST_ROW,
    HEADER_ROWS,
    HEADING,
    dress,
    header,
    lines_of,
    open_cell,
    page,
    put,
    titles,
)
from agent.roundtrip.layout import HEAD_COLUMNS, TITLE, VERSION, Identity, of_field
from agent.roundtrip.sheets import Sheets


def heads_sheet(at: Worksheet, sheets: Sheets) -> None:
    """What the heads of the projects' forms say: a row a field."""
    titles(at, len(HEAD_COLUMNS), "绩效自评表表头信息", f"（{sheets.plan.year}年度）")
    header(at, HEAD_COLUMNS)
    place = FIRST_ROW
    for project, field in _fields(sheets):
        head = sheets.heads.get(project.id, {})
        printed = project.funds.get(field.key) if field.kind is Kind.AMOUNT else project.form.get(field.key)
        promised = f"不填则为 {printed}" if printed else ""
        unit = {Kind.AMOUNT: "单位：元", Kind.DAY: f"如 {sheets.plan.year + 1}-01-15"}.get(field.kind, "")
        cells = [
            str(of_field(sheets.plan.year, project.id, field.key)),
            project.name,
            field.label,
            None,
            "；".join(filter(None, (unit, promised))),
        ]
        for number, value in enumerate(cells, 1):
            cell = at.cell(place, number)
            dress(cell, "left")
            put(cell, value)
        given = at.cell(place, 4)
        open_cell(given, Part.REASON, head.get(field.key), owed=False)
        at.row_dimensions[place].height = 80 if field.kind is Kind.TEXT else 22
        place += 1
    page(at, len(HEAD_COLUMNS), place, f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}")


def _fields(sheets: Sheets) -> Iterator[tuple[Project, Field]]:
    for project in sheets.plan.projects:
        stated = any(row.name == "预算执行率" and not row.measure.from_records for row in project.indicators)
        for field in FIELDS:
            if not (stated and field.key in ("budget", "executed")):  # the row's own numbers
                yield project, field


GUIDES = (
    "一、填哪里",
    "每个责任处室一张表。浅黄色和橙色的单元格可以填写，橙色的尚待填写；灰色的不填，已锁定(无密码)。",
    "表头信息(年度总体目标的实际完成情况、资金、填报人等)在“表头信息”表中填写。",
    "二、怎么填",
    "填数字的行：填分子和分母，不填百分比；金额以元为单位。满意度还要填发放、回收、有效三个问卷份数，分母等于有效份数。",
    "填完成情况的行：从下拉框中选完成情况和完成档次。",
    "得分率：达成年度指标80%(含)至100%，不填按100%；部分达成60%(含)至80%(不含)，未达成60%以下，必须填写。",
    "系统计量的行：数值已填好，不能改；未达标的填写“偏差原因分析及改进措施”。",
    "偏差原因：是哪方面的，在“经费保障”至“其他”各栏打√，可多选，印在监控表的相应栏；文字写在原因栏。",
    "当年没有此项的行：在“不适用”栏选“是”，并写明原因。",
    "填报截至：所填数值截至哪一天，不晚于今天。年内可以分次填报，年度结束后须填到12月31日。",
    "佐证材料：填写文件名，一行一个；文件与本表一起交回。每个文件不超过20 MB。",
    "三、交回",
    "存成 .xlsx 后交回。可以用 Excel、WPS 或 LibreOffice 填写；行可以移动或排序，请不要改动隐藏的列和表。",
    "有误的单元格会一次全部指出，并退回一份标红的表；有一处有误，整份都不会入账。没有改动的行重复交回不产生任何变化。",
)


def guide_sheet(at: Worksheet, sheets: Sheets) -> None:
    """How to fill in."""
    at.column_dimensions["A"].width = 110
    rows = (f"{TITLE}填写说明", f"{sheets.plan.organisation}　{sheets.plan.year}年度", *GUIDES)
    for number, text in enumerate(rows, 1):
        cell = at.cell(number, 1, text)
        is_heading = number <= 2 or text[1] == "、"
        cell.font = Font(name=HEADING if is_heading else BODY, size=16 if number == 1 else 11, bold=number == 1)
        across = "center" if number <= 2 else "left"
        cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True, indent=0 if is_heading else 1)
        at.row_dimensions[number].height = max(20, lines_of(text, 105) * 16 + 6)
    page(at, 1, len(rows), "1:1")


def hidden_sheet(at: Worksheet, sheets: Sheets) -> None:
    """What the workbook was made with, by which a row that has gone is missed."""
    at.sheet_state = "veryHidden"
    at.append([TITLE, VERSION, sheets.plan.year])
    for rows in sheets.owners.values():
        for project, row in rows:
            at.append([str(Identity(VERSION, sheets.plan.year, project.id, row.id)), project.name, row.name])
