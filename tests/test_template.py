"""A bureau's own workbook: rows found by name and columns by heading, and not a byte else of the file changed."""

from __future__ import annotations

import copy
import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from agent.book.statements import ATTEST
from agent.cli.exporting import make_again, make_and_log
from agent.cli.making import check_template
from agent.cli.options import DONE
from agent.export.template.splicing import Entry, spliced
from agent.ledger import acts
from agent.model import ConfigError
from tests import servers
from tests.form_site import OVER, PLAN, FormSite, form_site
from tests.plans import at

pytestmark = pytest.mark.whole

LINE = Side(style="thin")
FRAME = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)
TITLE = "市级项目支出绩效自评表"
HEAD: list[list[object]] = [
    [TITLE],
    ["项目名称", "平台运维", None, None, None, None, None, None],
    ["主管部门：", "市住建委", None, None, "项目单位", None, None, None],
    ["项目资金\n(万元)", None, "年初预算数", "全年预算数（A）", "全年执行数（B）", "分值", "执行率(B/A)", "得分"],
    [None, "年度资金总额", None, None, None, 10, None, None],
    [None, "其中：当年财政拨款", None, None, None, None, None, None],
    ["年度总体\n目标", "预期目标", None, None, None, "实际完成情况", None, None],
    [None, None, None, None, None, None, None, None],
    [
        "一级指标",
        "二级指标",
        "三级\n指标",
        "年度指标值",
        "全年实际\n完成值",
        "分 值",
        "得分",
        "偏差原因分析及\n改进措施",
    ],
]
ROWS: list[list[object]] = [
    ["产出指标", "数量指标", " 故障及时 响应率", "≥80%", None, 30, None, None],
    [None, "质量指标", "1.分析报告篇数", "≥12 篇", "待填", 15, None, None],
    [None, "时效指标", "平均响应\n时长", "<=5分钟", None, 25, None, None],
    ["效益指标", "可持续影响指标", "接口通畅", "通畅", None, None, "=F13*0", None],
    [None, "社会效益指标", "群众获得感", "提升", None, 5, None, None],
    ["满意度指标", "满意度指标", "使用人员满意度", "=95%", None, 10, None, None],
]
FOOT: list[list[object]] = [
    ["总分", None, None, None, None, 100, "=SUM(G10:G15)", None],
    ["填报人：　　　　　审核人：________　　联系电话：12345", None, None, None, None, None, None, None],
]


def bureau(
    rows: list[list[object]] = ROWS, name: str = "自评表", change: Callable[[Worksheet], None] | None = None
) -> bytes:
    """The workbook a bureau sends: merged cells, styles, formulas, another sheet, and parts openpyxl does not know."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = name
    table(sheet, rows)
    note = book.create_sheet("填表说明")
    note["A1"], note["A2"] = "三级指标按下达的填写", f"='{name}'!G16"
    book.create_sheet("字典").sheet_state = "hidden"
    if change is not None:
        change(sheet)
    made, whole = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as read, zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as write:
        for part in read.namelist():
            write.writestr(part, read.read(part))
        write.writestr("xl/printerSettings/printerSettings1.bin", b"\x00 what openpyxl would lose")
    return whole.getvalue()


def table(sheet: Worksheet, rows: list[list[object]], below: int = 0) -> None:
    for number, cells in enumerate([*HEAD, *rows, *FOOT], 1 + below):
        for column, value in enumerate(cells, 1):
            cell = sheet.cell(number, column)
            if value is not None:
                cell.value = value  # type: ignore[assignment]
                if isinstance(value, str) and value.startswith("=") and column == 4:
                    cell.data_type = "s"
            cell.font, cell.border = Font(name="仿宋", size=11), FRAME
    last = below + len(HEAD) + len(rows) + 1
    for merged in ("A1:H1", "B2:H2", "B3:D3", "F3:H3", "A4:A6", "A7:A8", "B7:E7", "F7:H7", "B8:E8", "F8:H8"):
        first, second = merged.split(":")
        sheet.merge_cells(f"{first[0]}{int(first[1:]) + below}:{second[0]}{int(second[1:]) + below}")
    sheet.merge_cells(f"A{last}:E{last}")
    sheet.merge_cells(f"A{last + 1}:H{last + 1}")
    if rows is ROWS:
        sheet.merge_cells(f"A{below + 10}:A{below + 12}")


def counting(sheet: Worksheet) -> None:
    """A bureau that counts with what is filled in; of two rates one is shown without decimals."""
    for cell, shape in (("E10", "0.00%"), ("E11", "#,##0"), ("E12", "0.00"), ("E15", "0.00%")):
        sheet[cell].number_format = shape


def test_a_value_is_a_number_where_the_cell_is_made_for_one_and_no_miss_is_hidden(site: FormSite) -> None:
    book, _ = filled(site, bureau(change=counting))
    sheet = book["自评表"]
    assert [sheet[cell].value for cell in ("E10", "E11", "E12")] == [0.6, 11, "12分12秒"]
    assert sheet["E15"].value == "94.996%"  # the cell would show 95.00%, which would be a hit
    assert (sheet["E10"].number_format, sheet["E11"].number_format) == ("0.00%", "#,##0")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path) as made:
        made.state_all(reports={"numerator": "11", "reason": '=HYPERLINK("http://x.example")'})
        yield made


def filled(site: FormSite, content: bytes, form: str = "self-evaluation", **how: Any) -> tuple[Workbook, list[str]]:
    template = site.folder / "下发表.xlsx"
    template.write_bytes(content)
    made = site.made(form, ".xlsx", template=template, **how)
    (site.folder / "filled.xlsx").write_bytes(made.content)
    assert template.read_bytes() == content
    return load_workbook(io.BytesIO(made.content)), list(made.said)


def test_rows_are_found_by_name_and_columns_by_heading_however_they_are_spelled(site: FormSite) -> None:
    book, said = filled(site, bureau())
    sheet = book["自评表"]
    rows = {row[2].value: [cell.value for cell in row[4:8]] for row in sheet.iter_rows(min_row=10, max_row=15)}
    told = {row["name"]: row for row in site.content()["rows"]}
    assert rows[" 故障及时 响应率"][:3] == ["60.00%", 30, told["故障及时响应率"]["score"]]
    assert rows["1.分析报告篇数"][:3] == [11, 15, told["分析报告篇数"]["score"]]
    assert rows["平均响应\n时长"][:3] == ["12分12秒", 25, told["平均响应时长"]["score"]]
    assert rows["接口通畅"] == ["通畅（部分达成年度指标并具有一定效果）", 15, "=F13*0", "一处接口停用"]
    assert rows["使用人员满意度"][:2] == ["94.996%", 10]
    assert rows["群众获得感"] == [None, 5, None, None]
    assert rows["1.分析报告篇数"][3] == '=HYPERLINK("http://x.example")'
    assert sheet["H11"].data_type in ("s", "inlineStr")
    assert [line for line in said if line.startswith("自评表!")] == [
        "自评表!E11 1.分析报告篇数 实际完成值(B)：原有内容“待填”已改为“11”",
        "自评表!F12 平均响应 时长 分值：表中为“25”，未改；本系统为“20”",
        "自评表!G13 接口通畅 得分：单元格是公式，未改；本系统为“10.5”",
        "自评表!G16 总分 得分：单元格是公式，未改；本系统为“73.95”",
        "自评表!B3 主管部门：表中为“市住建委”，未改；本系统为“=住建委”",
    ]


def test_what_is_found_nowhere_is_listed(site: FormSite) -> None:
    rows = [row for row in ROWS if row[2] != "接口通畅"]

    def without_scores(sheet: Worksheet) -> None:
        sheet["G9"] = "自查分"

    _, said = filled(site, bureau(rows, change=without_scores))
    assert "自评表（第9行起的表）：找不到栏目：得分" in said
    assert "自评表（第9行起的表）：目标文件中没有这些指标，未填：群众获得感" in said
    assert "平台运维：表中没有这些指标：接口通畅、制度健全性、受理差错率、预算执行率" in said


def test_the_head_the_funds_the_goal_and_the_signatures_are_filled_in_where_nothing_stands(site: FormSite) -> None:
    with site.ledger.write() as session:
        fields = {"填报人": "王某", "审核人": "李某", "联系电话": "021-1", "年度总体目标的实际完成情况": "运行平稳"}
        acts.append(session, OVER, "wang", "fill", "ops", {"year": 2026, "fields": fields})
    book, said = filled(site, bureau())
    sheet = book["自评表"]
    assert (sheet["B3"].value, sheet["F3"].value) == ("市住建委", "房地产交易中心")
    assert "自评表!B3 主管部门：表中为“市住建委”，未改；本系统为“=住建委”" in said
    assert [sheet.cell(5, column).value for column in range(3, 9)] == [100, 100, 90, 10, "90.00%", 9]
    assert (sheet["B8"].value, sheet["F8"].value) == ("平台稳定运行", "运行平稳")
    assert sheet["A17"].value == "填报人：王某　　审核人：李某　　联系电话：12345"
    assert sheet["G16"].value == "=SUM(G10:G15)"


def test_nothing_else_of_the_file_is_changed(site: FormSite) -> None:
    content = bureau()
    book, _ = filled(site, content)
    before = load_workbook(io.BytesIO(content))
    changed = {
        cell.coordinate
        for row in before["自评表"].iter_rows()
        for cell in row
        if cell.value != book["自评表"][cell.coordinate].value
    }
    rows = "E10 G10 H10 E11 G11 H11 E12 G12 H12 E13 F13 H13 E15 G15"
    assert changed == set(f"{rows} F3 C5 D5 E5 G5 H5 F6 H6 B8 F8".split())
    for row in before["自评表"].iter_rows():
        for cell in row:
            assert cell.style_id == book["自评表"][cell.coordinate].style_id  # of the styles compared below
    assert before["自评表"].merged_cells.ranges == book["自评表"].merged_cells.ranges
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(site.folder / "filled.xlsx") as new:
        assert old.namelist() == new.namelist()
        touched = [part for part in old.namelist() if old.read(part) != new.read(part)]
        assert sorted(touched) == [
            "xl/workbook.xml",  # asks to be worked out
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",  # its formula's saved result
        ]
        assert b'fullCalcOnLoad="1"' in new.read("xl/workbook.xml")


@pytest.mark.parametrize("below", [20, None])
def test_two_projects_stand_on_one_sheet_or_on_two(tmp_path: Path, below: int | None) -> None:
    plan = copy.deepcopy(PLAN)
    plan["projects"]["home"] = {**copy.deepcopy(PLAN["projects"]["ops"]), "name": "网上管理(运维)"}
    with form_site(tmp_path, plan) as site:
        site.state_all()
        with site.ledger.write() as session:
            acts.append(
                session, OVER, "li", ATTEST, "home/reports", {"year": 2026, "through": "2026-12-31", "numerator": "7"}
            )
        book = Workbook()
        first = book.worksheets[0]
        second = first if below else book.create_sheet("另一张")
        table(first, ROWS)
        table(second, ROWS, below or 0)
        second.cell((below or 0) + 2, 2).value = "网上管理（运维）"
        held = io.BytesIO()
        book.save(held)
        made, said = filled(site, held.getvalue())
        values = [made[sheet.title].cell(11 + rows, 5).value for sheet, rows in ((first, 0), (second, below or 0))]
    assert values == [12, 7]
    assert [line for line in said if "没有找到" in line or "看不出" in line] == []


def test_a_table_of_nobody_of_ours_is_left_alone_and_named(site: FormSite) -> None:
    def other(sheet: Worksheet) -> None:
        sheet["B2"] = "别的项目"

    content = bureau(change=other)
    book, said = filled(site, content)
    assert "自评表（第9行起的表）：项目“别的项目”不在目标文件中，未填" in said
    assert any(line.startswith("平台运维：没有找到这个项目的表：") for line in said)
    assert book["自评表"]["E10"].value is None


def test_the_monitoring_form_finds_its_months_and_its_grouped_headings(site: FormSite) -> None:
    def monitored(sheet: Worksheet) -> None:
        sheet["A1"], sheet["E9"], sheet["F9"], sheet["G9"], sheet["H9"] = (
            "监控表",
            "1至7月执行情况",
            "全年预计完成情况",
            "偏差原因分析",
            None,
        )
        sheet.insert_rows(10)
        sheet["G10"], sheet["H10"] = "原因说明", "人员保障"
        for column in "ABCDEF":
            sheet.merge_cells(f"{column}9:{column}10")
        sheet.merge_cells("G9:H9")

    rows = [[*row[:4], None, None, None, None] for row in ROWS]
    book, said = filled(
        site, bureau(rows, change=monitored), "monitoring", period="2026-01..07", now=at("2026-08-10T09:00")
    )
    sheet = book["自评表"]
    assert (sheet["E11"].value, str(sheet["F11"].value)[:3]) == ("66.67%", "建议：")
    (absent,) = [line for line in said if "找不到栏目" in line]
    assert (
        absent
        == "自评表（第9行起的表）：找不到栏目：经费保障、制度保障、硬件条件保障、其他、确定能、有可能、完全不可能、备注"
    )


def test_an_export_into_a_workbook_is_logged_with_it_and_made_again_from_it_alone(site: FormSite) -> None:
    template = site.folder / "下发表.xlsx"
    template.write_bytes(bureau())
    order = site.order(ending=".xlsx", template=template)
    assert make_and_log(order) == DONE
    with site.ledger.read() as session:
        act = acts.read(session)[-1]
    assert act.body["template"]["name"] == "下发表.xlsx"
    later = site.config, site.ledger, act.n, site.folder / "again.xlsx", "mof-2020", order.targets
    assert make_again(*later, template) == DONE
    assert (site.folder / "again.xlsx").read_bytes() == order.file.read_bytes()
    with pytest.raises(ConfigError) as refused:
        make_again(*later)
    assert str(refused.value) == f"--again {act.n}：当时填入的是 下发表.xlsx，请用 --template 给出这份下发表"


@pytest.mark.parametrize(
    ("form", "output", "says"),
    [
        ("targets", "form.xlsx", "--template：只用于 self-evaluation、monitoring"),
        ("self-evaluation", "form.csv", "-o form.csv：填入下发表时文件名应以 .xlsx 结尾"),
        ("self-evaluation", "下发表.xlsx", "-o {folder}/下发表.xlsx：就是下发表本身；请换一个文件名，下发表不会被改动"),
    ],
)
def test_an_order_that_would_harm_the_file_or_cannot_be_filled_is_refused(
    site: FormSite, form: str, output: str, says: str
) -> None:
    template = site.folder / "下发表.xlsx"
    template.write_bytes(bureau())
    with pytest.raises(ConfigError) as refused:
        check_template(site.order(form, file=site.folder / output, template=template))
    assert str(refused.value) == says.format(folder=site.folder)


def test_a_workbook_without_a_table_of_indicators_is_refused(site: FormSite) -> None:
    held = io.BytesIO()
    Workbook().save(held)
    with pytest.raises(ConfigError) as refused:
        filled(site, held.getvalue())
    assert str(refused.value) == (
        f"{site.folder / '下发表.xlsx'}：找不到指标表：应有“三级指标、三级目标、指标名称、绩效指标名称”之一为表头的一栏"
    )


SHEET = (
    '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
    '<x:row><x:c t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c><x:c s="0"/>'
    "<x:c><x:f>B1+1</x:f><x:v>1</x:v></x:c></x:row>"
    '<x:row r="3" ht="20"/><x:row r="6"><x:c r="B6"><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>'
)


def test_cells_are_put_in_whatever_the_program_that_wrote_the_sheet_left_out() -> None:
    """Prefixes, cells and rows without their number, an empty row, a row that is not there."""
    held, written = io.BytesIO(), io.BytesIO()
    Workbook().save(held)
    with zipfile.ZipFile(held) as read, zipfile.ZipFile(written, "w") as write:
        for part in read.namelist():
            write.writestr(part, SHEET if part == "xl/worksheets/sheet1.xml" else read.read(part))
    values: dict[tuple[int, int], str | float] = {
        (1, 2): 0.5,
        (3, 1): "<三>",
        (5, 4): "五",
        (6, 1): "六",
        (6, 3): "=1+1",
        (7, 1): 7,
    }
    entries = [Entry("Sheet", row, column, value) for (row, column), value in values.items()]
    content = spliced(written.getvalue(), entries)
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    found = {(cell.row, cell.column): cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert found == {(1, 1): "a", (1, 3): "=B1+1", (6, 2): 7, **values}
    assert sheet["C6"].data_type == "s"
    assert sheet.row_dimensions[3].height == 20
    valued = load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
    assert valued["C1"].value is None  # the result saved before is none any more


@pytest.mark.server
def test_libreoffice_opens_what_was_filled_in_and_works_its_formulas_out(site: FormSite) -> None:
    """The file LibreOffice itself wrote, filled in, read by LibreOffice: its own spelling of the same cells."""
    office = servers.program("soffice", "libreoffice-calc")
    (site.folder / "in.xlsx").write_bytes(bureau())
    convert = [
        office,
        f"-env:UserInstallation={(site.folder / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "xlsx",
    ]
    subprocess.run([*convert, "--outdir", site.folder / "theirs", site.folder / "in.xlsx"], check=True, timeout=120)
    book, _ = filled(site, (site.folder / "theirs" / "in.xlsx").read_bytes())
    assert book["自评表"]["E10"].value == "60.00%"
    subprocess.run([*convert, "--outdir", site.folder / "read", site.folder / "filled.xlsx"], check=True, timeout=120)
    read = load_workbook(site.folder / "read" / "filled.xlsx", data_only=True)
    told = {row["name"]: row["score"] for row in site.content()["rows"]}
    wanted = told["故障及时响应率"] + told["分析报告篇数"] + told["平均响应时长"] + told["使用人员满意度"]
    assert read["自评表"]["G16"].value == pytest.approx(wanted)
    assert read["填表说明"]["A2"].value == pytest.approx(wanted)
