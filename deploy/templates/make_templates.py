"""Writes the workbooks in which a site keeps what no system of its own knows: inspections, tasks, features and so on.

Run it to make the `.xlsx` files beside it anew. The first sheet holds the rows and nothing else, so that it can be read
as it stands; the second explains. There is no column for a person's name or number, and none should be added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
GUIDE = "填写说明"
MADE_AT = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook's properties carry no zone; fixed, so that only content differs
LAST_ROW = 5000
DATE, MOMENT, TEXT, YEAR = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "@", "0"
SYSTEMS = (
    "新建商品房合同网签和备案系统",
    "存量房合同网签和备案系统",
    "存量房资金监管系统",
    "房地产交易网站",
    "档案管理系统",
    "督查督办系统",
    "预约管理系统",
    "房地产交易登记业务质量监管系统",
    "上海市房地产交易登记专题分析系统",
    "交易登记行业视频应用管理系统",
)
INSPECTION_ITEMS = (
    "新建商品房网签可访问",
    "存量房网签可登录",
    "管理后台可访问",
    "菜单无空白页",
    "随机功能可用",
    "数据已更新",
    "登录记录正常",
    "无对账差错",
    "服务器磁盘空间充足",
    "设备运行正常",
)
OFFENDERS = ("房地产开发企业", "房地产经纪公司")


@dataclass(frozen=True)
class Column:
    """One column: its heading, cell format, what to write there, an example, and the choices where it is a code."""

    heading: str
    form: str
    guide: str
    example: str
    choices: Sequence[str] = ()
    required: bool = True


VOID = Column("作废", TEXT, "登记有误的行不要删除，在此选“是”", "", ("是",), required=False)
CHANGED = Column("更新时间", MOMENT, "新增或改动本行的时间，每次改动都要更新，以最后一次为准", "2026-03-05 16:40")
SYSTEM = Column("系统", TEXT, "从下拉列表选择应用系统", SYSTEMS[0], SYSTEMS)


@dataclass(frozen=True)
class Book:
    """One workbook: what it counts for, and its columns."""

    title: str
    serves: str
    columns: Sequence[Column]


BOOKS = (
    Book(
        "巡检",
        "设备巡检规范性、运维服务工作完成率的佐证：巡检完成率 = 已完成次数 ÷ 到期计划次数",
        (
            Column("巡检编号", TEXT, "每次巡检一个编号，不重复、不改动", "XJ2026-0305-01"),
            SYSTEM,
            Column("巡检项目", TEXT, "从下拉列表选择", INSPECTION_ITEMS[0], INSPECTION_ITEMS),
            Column("计划日期", DATE, "计划巡检的日期", "2026-03-05"),
            Column("完成时间", MOMENT, "实际完成的时间，未完成留空", "2026-03-05 09:20", required=False),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "运维任务",
        "运维服务工作完成率 = 已完成任务数 ÷ 到期任务数",
        (
            Column("任务编号", TEXT, "每项任务一个编号，不重复、不改动", "RW2026-018"),
            SYSTEM,
            Column("任务内容", TEXT, "一句话说明，不写人员姓名", "数据库月度备份校验"),
            Column("应完成日期", DATE, "合同或计划要求完成的日期", "2026-03-31"),
            Column("完成时间", MOMENT, "实际完成的时间，未完成留空", "2026-03-30 17:00", required=False),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "新增功能",
        "新增功能建设完成及时率（最后一次验收日期）、新增功能建设完成率的佐证；当年计划的功能要在年初全部列入",
        (
            Column("功能编号", TEXT, "每项功能一个编号，不重复、不改动", "GN2026-03"),
            SYSTEM,
            Column("功能名称", TEXT, "功能的名称", "房源核验结果推送"),
            Column("计划年度", YEAR, "列入哪一年的计划，四位数字", "2026"),
            Column("计划完成日期", DATE, "计划验收的日期", "2026-09-30"),
            Column("验收日期", DATE, "通过验收的日期，未验收留空", "2026-09-22", required=False),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "分析报告",
        "数据分析执行率 = 已出具报告数 ÷ 到期应出具报告数；全年计划要在年初全部列入",
        (
            Column("报告编号", TEXT, "每份报告一个编号，不重复、不改动", "FX2026-02"),
            Column("报告类别", TEXT, "从下拉列表选择", "一手房", ("一手房", "二手房", "一二手房综合")),
            Column("计划出具日期", DATE, "计划出具的日期", "2026-03-10"),
            Column("实际出具日期", DATE, "实际出具的日期，未出具留空", "2026-03-09", required=False),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "延时服务值班",
        "认证受理及时率（周一、五当日提供延时服务）= 有值班记录的天数 ÷ 应提供延时服务的天数；当日无人办理也照登",
        (
            Column("值班编号", TEXT, "每个窗口每天一个编号，不重复、不改动", "YS2026-0306-01"),
            Column("窗口", TEXT, "窗口或受理点，不写值班人员姓名", "1号窗口"),
            Column("值班日期", DATE, "实际提供延时服务的日期", "2026-03-06"),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "违规处置",
        "监控执行合格率的佐证：有处置依据的违规占比 = 有处置依据的 ÷ 发现的",
        (
            Column("处置编号", TEXT, "每起违规一个编号，不重复、不改动", "CZ2026-007"),
            Column("对象类别", TEXT, "只选类别，不写企业或人员名称", OFFENDERS[1], OFFENDERS),
            Column("发现日期", DATE, "发现违规的日期", "2026-03-02"),
            Column("处置日期", DATE, "作出处置的日期，未处置留空", "2026-03-11", required=False),
            Column("处置依据", TEXT, "文件名称和条款，没有依据留空", "网上备案管理规定第十二条", required=False),
            VOID,
            CHANGED,
        ),
    ),
    Book(
        "工作日安排",
        "次年放假和调休安排，国务院办公厅通知公布后登记，用 dabiao calendar import 导入；一张表只写一年",
        (
            Column("日期", DATE, "放假的每一天，以及调休上班的周六、周日；不写通知中没有的日子", "2027-01-01"),
            Column("类型", TEXT, "放假选“休”，调休上班选“班”", "休", ("休", "班")),
        ),
    ),
)


def workbook(book: Book) -> Workbook:
    """The empty workbook: headings on the first sheet, the guide on the second."""
    made = Workbook()
    rows = made.active
    assert isinstance(rows, Worksheet)
    rows.title = book.title
    for number, column in enumerate(book.columns, start=1):
        _add_column(rows, number, column)
    rows.freeze_panes = "B2"
    rows.auto_filter.ref = f"A1:{get_column_letter(len(book.columns))}1"
    _write_guide(made.create_sheet(GUIDE), book)
    made.properties.creator = ""
    made.properties.created = made.properties.modified = MADE_AT
    return made


def _add_column(sheet: Worksheet, number: int, column: Column) -> None:
    """A heading, and formats and checks for the cells below it, which stay empty: an empty cell would read as a row."""
    letter = get_column_letter(number)
    head = sheet.cell(1, number, column.heading)
    head.font = Font(bold=True)
    head.fill = PatternFill("solid", fgColor="FFD9E2F3" if column.required else "FFF2F2F2")
    head.alignment = Alignment(horizontal="center")
    head.comment = Comment(column.guide, "", width=260, height=60)
    sheet.column_dimensions[letter].number_format = column.form
    sheet.column_dimensions[letter].width = max(14, 2 * len(column.heading) + 4, len(column.example) + 6)
    check = _check(column)
    if check is not None:
        check.add(f"{letter}2:{letter}{LAST_ROW}")
        sheet.add_data_validation(check)


def _check(column: Column) -> DataValidation | None:
    """The drop-down of a code, or the check that a date is one. Excel takes a list of at most 255 signs."""
    if column.choices:
        listed = ",".join(column.choices)
        assert len(listed) <= 255
        return DataValidation("list", formula1=f'"{listed}"', showErrorMessage=True, error="请从下拉列表选择")
    if column.form in (DATE, MOMENT):
        earliest, wrong = "DATE(2020,1,1)", "请填写日期，如 2026-03-05"
        return DataValidation("date", earliest, operator="greaterThanOrEqual", showErrorMessage=True, error=wrong)
    if column.form == YEAR:
        wrong = "请填写四位年份"
        return DataValidation("whole", "2020", "2099", operator="between", showErrorMessage=True, error=wrong)
    return None


def _write_guide(sheet: Worksheet, book: Book) -> None:
    """What the workbook is for, what each column takes, and an example; none of it is read."""
    lines: list[tuple[str, ...]] = [
        (f"{book.title}：{GUIDE}",),
        (f"用途：{book.serves}",),
        (
            f"只在第一张表“{book.title}”里登记，一行一条；不增删列、不改表头、不合并单元格，填完保存到约定的文件夹即可。",
        ),
        ("不登记姓名、证件号、电话等个人信息。没有发生的日期留空，不要预填。",),
        (),
        ("列", "必填", "填写要求", "可选值", "示例"),
    ]
    for column in book.columns:
        needed = "是" if column.required else "否"
        lines.append((column.heading, needed, column.guide, "、".join(column.choices), column.example))
    for line in lines:
        sheet.append(list(line))
    sheet["A1"].font = Font(bold=True, size=14)
    for cell in sheet[6]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDE", (16, 8, 52, 60, 28), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=7):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def main() -> None:
    """Write every workbook beside this file."""
    for book in BOOKS:
        workbook(book).save(HERE / f"{book.title}.xlsx")


if __name__ == "__main__":
    main()
