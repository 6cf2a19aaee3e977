"""Writing the workbook: a sheet an office, what is measured filled in and locked, what was stated last prefilled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from agent import words
from agent.acts import Part
from agent.acts.filling import FIELDS, Field, Kind
from agent.acts.saying import OF_SURVEY, parts_of
from agent.config import Indicator, Plan, Project
from agent.export.workbook import settled
from agent.measures import Attested, Entered
from agent.model import Day, State, Statement, Unit, Verdict
from agent.roundtrip.layout import (
    COLUMNS,
    DEMAND,
    GUIDE,
    HEAD_COLUMNS,
    HEADS,
    HIDDEN,
    IDENTITY,
    INDICATOR,
    NUMBER,
    PROJECT,
    SYSTEM_VALUE,
    TARGET,
    TITLE,
    VERSION,
    Column,
    Identity,
    of_field,
)
from agent.shown import shown
from agent.told import decimal

AnyCell = Cell | MergedCell
Operator = Literal["greaterThan", "greaterThanOrEqual"]
Style = Literal["stop", "warning"]

BODY, HEADING = "宋体", "黑体"
LINE = Side(style="thin", color="808080")
FRAME = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
LABEL_FILL, INPUT_FILL, OWED_FILL = (PatternFill("solid", fgColor=tint) for tint in ("D9E1F2", "FFFBE6", "FCE4D6"))
LOCKED_FILL = PatternFill("solid", fgColor="F2F2F2")
HEADER_ROWS = (3, 4)
FIRST_ROW = 5
LINE_POINTS, LEAST_POINTS = 13.5, 30
A4 = "9"
LONGEST_LIST = 255  # of a drop-down that holds its own entries
LONGEST_PROMPT = 250
LONGEST_SHEET_NAME = 31


@dataclass(frozen=True, slots=True)
class Sheets:
    """What goes into the workbook."""

    plan: Plan
    verdicts: Mapping[tuple[str, str], Verdict]  # of the period, all systems together, evidence measures included
    heads: Mapping[str, Mapping[str, str]]  # of each project what the head of its forms says so far
    through: Day  # the last day of the period
    owners: Mapping[str, Sequence[tuple[Project, Indicator]]]


def sheets_of(
    plan: Plan,
    verdicts: Sequence[Verdict],
    heads: Mapping[tuple[int, str], Mapping[str, str]],
    through: Day,
    owner: str | None = None,
) -> Sheets:
    """The sheets of every office, or of one. ValueError names the offices there are where it is none of them."""
    owners: dict[str, list[tuple[Project, Indicator]]] = {}
    for project in plan.projects:
        for row in project.indicators:
            if row.form == "table" or not row.measure.from_records:
                owners.setdefault(row.owner or words.NO_OWNER, []).append((project, row))
    if owner is not None and owner not in owners:
        raise ValueError(f"责任处室应为 {'、'.join(owners)} 之一，现为“{owner}”")
    chosen = owners if owner is None else {owner: owners[owner]}
    found = {(one.project, one.indicator): one for one in verdicts if one.system is None}
    mine = {project: dict(head) for (year, project), head in heads.items() if year == plan.year}
    return Sheets(plan, found, mine, through, chosen)


def workbook(sheets: Sheets) -> bytes:
    """The workbook as a file."""
    book = Workbook()
    guide = book.worksheets[0]
    guide.title = GUIDE
    _guide(guide, sheets)
    for owner, rows in sheets.owners.items():
        _office(book.create_sheet(_sheet_name(owner, book.sheetnames)), owner, rows, sheets)
    _heads(book.create_sheet(HEADS), sheets)
    _hidden(book.create_sheet(HIDDEN), sheets)
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


# --- an office's sheet ------------------------------------------------------------------------------------------------


def _office(at: Worksheet, owner: str, rows: Sequence[tuple[Project, Indicator]], sheets: Sheets) -> None:
    surveyed = any(_is_surveyed(row) for _, row in rows)
    columns = [column for column in COLUMNS if surveyed or column.part not in OF_SURVEY]
    places = {column.label: number for number, column in enumerate(columns, 1)}
    through = date.fromordinal(sheets.through)
    _titles(at, len(columns), TITLE, f"（{sheets.plan.year}年度，截至{through}）　　责任处室：{owner}")
    _header(at, columns)
    _Validations(at, columns).add(rows)
    for number, (project, row) in enumerate(rows, 1):
        place = FIRST_ROW + number - 1
        verdict = sheets.verdicts[(project.id, row.id)]
        fixed = {
            IDENTITY: str(Identity(VERSION, sheets.plan.year, project.id, row.id)),
            NUMBER: number,
            PROJECT: project.name,
            INDICATOR: row.name,
            TARGET: row.text,
            DEMAND: _demand(row, verdict),
            SYSTEM_VALUE: _system_value(row, sheets),
        }
        given = _given(row, verdict.stated, sheets.through)
        for column in columns:
            cell = at.cell(place, places[column.label])
            _dress(cell, "center" if column.part not in (None, Part.REASON, Part.EVIDENCE) else "left")
            if column.part is None:
                _put(cell, fixed[column.label])
            elif _is_open(row, column.part):
                _open(cell, column.part, given.get(column.part), _is_owed(row, verdict, column.part))
            else:
                cell.fill = LOCKED_FILL
        cells = [(column.width, at.cell(place, n)) for n, column in enumerate(columns, 1)]
        at.row_dimensions[place].height = _height(cells)
    last = FIRST_ROW + len(rows) - 1
    at.cell(last + 2, 2).value = "浅黄色为可填写的单元格，橙色为尚待填写；灰色不填。填写方法见“填写说明”。"
    at.cell(last + 2, 2).font = Font(name=BODY, size=9, italic=True)
    at.freeze_panes = f"{get_column_letter(places[TARGET])}{FIRST_ROW}"
    _page(at, len(columns), last + 2, f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}")


def _titles(at: Worksheet, across: int, title: str, below: str) -> None:
    for row, text, size, height in ((1, title, 16, 30), (2, below, 10, 20)):
        cell = at.cell(row, 2, text)
        cell.font = Font(name=HEADING, size=size, bold=row == 1)
        cell.alignment = Alignment(horizontal="center", vertical="center")
        at.merge_cells(start_row=row, end_row=row, start_column=2, end_column=across)
        at.row_dimensions[row].height = height


def _header(at: Worksheet, columns: Sequence[Column]) -> None:
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


def _is_surveyed(row: Indicator) -> bool:
    """Whether its number comes out of a questionnaire."""
    return isinstance(row.measure, Entered) and "满意" in "".join((row.name, *row.level))


def _is_open(row: Indicator, part: Part) -> bool:
    if part in OF_SURVEY:
        return _is_surveyed(row)
    if part is Part.DENOMINATOR and row.measure.unit is Unit.DATE:
        return False
    return part in parts_of(row)


def _is_owed(row: Indicator, verdict: Verdict, part: Part) -> bool:
    """Whether a cell still waits to be filled in."""
    stated = verdict.stated
    if stated is not None and stated.not_applicable:
        return False
    if part is Part.REASON:
        return verdict.state is State.MISSED and (stated is None or stated.reason is None)
    wanted = {Entered: (Part.NUMERATOR, Part.DENOMINATOR), Attested: (Part.WORD, Part.BAND)}
    return stated is None and part in wanted.get(type(row.measure), ())


def _demand(row: Indicator, verdict: Verdict) -> str:
    match row.measure:
        case Entered() as measure if measure.unit is Unit.RATIO:
            return "填分子和分母，分母大于0；不填百分比" + ("；并填问卷份数" if _is_surveyed(row) else "")
        case Entered() as measure if measure.unit is Unit.DATE:
            return "分子栏填日期"
        case Entered() as measure:
            return f"分子栏填数值（{words.UNITS[measure.stated_unit]}），不小于0"
        case Attested() as measure:
            shown_by = f"；佐证：{measure.evidence_expected}" if measure.evidence_expected else ""
            return f"达成时填{'或'.join(f'“{word}”' for word in measure.accept)}{shown_by}"
        case _:
            missed = verdict.state is State.MISSED
            return "系统计量，数值不填；" + ("未达标，请填写原因" if missed else "当年无此项的填不适用")


def _system_value(row: Indicator, sheets: Sheets) -> str:
    """What is measured: the row's own value with its state, or the values beside a row that people answer for."""
    own = [row] if row.measure.from_records else []
    lines = []
    for one in (*own, *row.evidence):
        verdict = sheets.verdicts.get((one.project, one.id))
        if verdict is not None:
            value = shown(verdict.value, verdict.unit, verdict.target, verdict.text)
            lines.append(f"{value}　{words.STATES[verdict.state]}" if one is row else f"{one.name}：{value}")
    return "\n".join(lines)


def _given(row: Indicator, stated: Statement | None, through: Day) -> dict[Part, object]:
    """What was stated last, as cells; of a row nobody has spoken of yet the last day of the period."""
    if stated is None:
        return {Part.THROUGH: date.fromordinal(through)} if not row.measure.from_records else {}
    survey = {part: stated.survey.get(part.value) for part in OF_SURVEY}
    is_day = row.measure.unit is Unit.DATE
    return {
        Part.THROUGH: date.fromordinal(stated.through),
        Part.NUMERATOR: _number(stated.numerator, is_day),
        Part.DENOMINATOR: _number(stated.denominator),
        Part.WORD: stated.word,
        Part.BAND: None if stated.band is None else words.BANDS[stated.band],
        Part.SCORE: _number(stated.score),
        Part.EVIDENCE: "\n".join(name for name, _ in stated.evidence) or None,
        Part.NOT_APPLICABLE: "是" if stated.not_applicable else None,
        Part.REASON: stated.reason,
        **survey,
    }


def _number(value: Fraction | None, is_day: bool = False) -> object:
    """A number as Excel holds it exactly, or as text where it has more digits than that."""
    if value is None:
        return None
    if is_day:
        return date.fromordinal(int(value))
    text = decimal(value)
    if len(text.replace(".", "").lstrip("0")) > 15:
        return text
    return int(text) if "." not in text else float(text)


FORMATS = {
    Part.THROUGH: "yyyy-mm-dd",
    Part.SCORE: "0.##%",
    Part.NUMERATOR: "#,##0.######",
    Part.DENOMINATOR: "#,##0.######",
}


def _open(cell: AnyCell, part: Part, given: object, owed: bool) -> None:
    cell.protection = Protection(locked=False)
    cell.fill = OWED_FILL if owed else INPUT_FILL
    cell.number_format = FORMATS.get(part, "General")
    if isinstance(given, date):
        cell.number_format = FORMATS[Part.THROUGH]
    _put(cell, given)


def _put(cell: AnyCell, value: object) -> None:
    """A value; a text is never a formula, whatever it begins with."""
    if isinstance(value, str):
        cell.value, cell.data_type = value, "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
    elif value is not None:
        cell.value = value  # type: ignore[assignment]


def _dress(cell: AnyCell, across: str) -> None:
    cell.font, cell.border = Font(name=BODY, size=9), FRAME
    cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True)


def _height(cells: Sequence[tuple[int, AnyCell]]) -> float:
    lines = max(sum(_lines(part, width) for part in str(cell.value or "").split("\n")) for width, cell in cells[1:])
    return max(LEAST_POINTS, lines * LINE_POINTS + 6)


def _lines(text: str, width: int) -> int:
    cells = sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)
    return max(1, -(-cells // max(width - 1, 1)))


def _page(at: Worksheet, across: int, last: int, repeated: str) -> None:
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


class _Validations:
    """What Excel itself checks while people type."""

    def __init__(self, at: Worksheet, columns: Sequence[Column]) -> None:
        self.at = at
        self.letters = {
            column.part: get_column_letter(number)
            for number, column in enumerate(columns, 1)
            if column.part is not None
        }

    def add(self, rows: Sequence[tuple[Project, Indicator]]) -> None:
        year = 0
        for number, (_, row) in enumerate(rows, FIRST_ROW):
            year = date.fromordinal(row.judged_on).year
            note = (row.note or "")[:LONGEST_PROMPT]
            if _is_open(row, Part.NUMERATOR) and row.measure.unit is not Unit.DATE:
                self._decimal(Part.NUMERATOR, number, "greaterThanOrEqual", "分子应为不小于0的数字", note)
            if _is_open(row, Part.DENOMINATOR):
                self._decimal(Part.DENOMINATOR, number, "greaterThan", "分母应为大于0的数字", note)
            if isinstance(row.measure, Attested):
                self._list(Part.WORD, number, row.measure.accept, "warning", note)
                self._list(Part.BAND, number, tuple(words.BANDS.values()), "stop")
            self._list(Part.NOT_APPLICABLE, number, ("是",), "stop")
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


# --- the other sheets -------------------------------------------------------------------------------------------------


def _heads(at: Worksheet, sheets: Sheets) -> None:
    """What the heads of the projects' forms say: a row a field."""
    _titles(at, len(HEAD_COLUMNS), "绩效自评表表头信息", f"（{sheets.plan.year}年度）")
    _header(at, HEAD_COLUMNS)
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
            _dress(cell, "left")
            _put(cell, value)
        given = at.cell(place, 4)
        _open(given, Part.REASON, head.get(field.key), owed=False)
        at.row_dimensions[place].height = 80 if field.kind is Kind.TEXT else 22
        place += 1
    _page(at, len(HEAD_COLUMNS), place, f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}")


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
    "当年没有此项的行：在“不适用”栏选“是”，并写明原因。",
    "填报截至：所填数值截至哪一天，不晚于今天。年内可以分次填报，年度结束后须填到12月31日。",
    "佐证材料：填写文件名，一行一个；文件与本表一起交回。每个文件不超过20 MB。",
    "三、交回",
    "存成 .xlsx 后交回。可以用 Excel、WPS 或 LibreOffice 填写；行可以移动或排序，请不要改动隐藏的列和表。",
    "有误的单元格会一次全部指出，并退回一份标红的表；有一处有误，整份都不会入账。没有改动的行重复交回不产生任何变化。",
)


def _guide(at: Worksheet, sheets: Sheets) -> None:
    at.column_dimensions["A"].width = 110
    rows = (f"{TITLE}填写说明", f"{sheets.plan.organisation}　{sheets.plan.year}年度", *GUIDES)
    for number, text in enumerate(rows, 1):
        cell = at.cell(number, 1, text)
        is_heading = number <= 2 or text[1] == "、"
        cell.font = Font(name=HEADING if is_heading else BODY, size=16 if number == 1 else 11, bold=number == 1)
        across = "center" if number <= 2 else "left"
        cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True, indent=0 if is_heading else 1)
        at.row_dimensions[number].height = max(20, _lines(text, 105) * 16 + 6)
    _page(at, 1, len(rows), "1:1")


def _hidden(at: Worksheet, sheets: Sheets) -> None:
    """What the workbook was made with, by which a row that has gone is missed."""
    at.sheet_state = "veryHidden"
    at.append([TITLE, VERSION, sheets.plan.year])
    for rows in sheets.owners.values():
        for project, row in rows:
            at.append([str(Identity(VERSION, sheets.plan.year, project.id, row.id)), project.name, row.name])
