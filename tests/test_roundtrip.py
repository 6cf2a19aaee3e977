"""The workbook of what people answer for: written, filled in, read back; bad ones refused by cell, nothing half."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from agent import acts, told, words
from agent.book.statements import filled, statement_of, statements
from agent.config import Config, load
from agent.evaluate import Board, custom
from agent.excel.opening import MOST_BYTES, MOST_UNPACKED
from agent.ledger import Ledger, evidence
from agent.model import ConfigError
from agent.roundtrip import marked, read, sheets_of, workbook
from agent.roundtrip.layout import COLUMNS, HEADS
from collectors import COLLECTORS
from tests import servers
from tests.commands import invoke
from tests.plans import at, site

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[1]
NOW = at("2026-11-25T10:00")
TODAY = date(2026, 11, 25).toordinal()
MEASURES: dict[str, dict[str, Any]] = {
    "budget": {"kind": "entered", "unit": "ratio"},
    "满意度": {"kind": "entered", "unit": "ratio"},
    "rules": {"kind": "attested", "accept": ["健全", "完备"]},
    "handled": {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}},
}
ROWS = {"budget": 5, "满意度": 6, "rules": 7, "handled": 8}


class Desk:
    """A site whose four rows belong to one office, its ledger, and the workbook it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: Config = site(folder, MEASURES, keys={"owner": "财务科"})
        self.ledger = Ledger.open(folder / "ledger.db")
        self.file = folder / "填报表.xlsx"

    def send(self) -> Workbook:
        """The workbook as it is made now, also as the file."""
        plan = self.config.plans[0]
        first, last = date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal()
        board = Board(self.config, self.ledger, lambda plan, now: (custom(plan.days, first, last),))
        verdicts = board.refresh(NOW).verdicts
        heads = filled(acts.log(self.ledger)[0])
        self.file.write_bytes(workbook(sheets_of(plan, verdicts, heads, TODAY)))
        return load_workbook(self.file)

    def back(self, book: Workbook | None = None, folder: Path | None = None, path: Path | None = None) -> Any:
        """What the workbook says once it came back."""
        if book is not None:
            book.save(self.file)
        made = statements(acts.log(self.ledger)[0])
        return read(path or self.file, self.config, {2026: TODAY}, made, folder)

    def take(self, returned: Any) -> acts.Taken:
        assert returned.problems == []
        return acts.take_in(self.ledger, returned.claims, returned.heads, NOW, "wang")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def first_sent(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The workbook every desk is sent first, before anything is stated: made once for those who only fill it in."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.send()
    desk.ledger.close()
    return desk.file.read_bytes()


def at_cell(sheet: Worksheet, label: str, row: int) -> Any:
    return sheet.cell(row, [column.label for column in COLUMNS].index(label) + 1)


def put(sheet: Worksheet, row: int, **values: Any) -> None:
    for label, value in values.items():
        at_cell(sheet, label, row).value = value


def fill_in(book: Workbook) -> Worksheet:
    """Every row filled in as it should be."""
    sheet = book["财务科"]
    put(sheet, ROWS["budget"], 分子=4_763_000.5, 分母=4_763_873)
    put(sheet, ROWS["满意度"], 分子="３９０", 分母=400, 发放=500, 回收="420", 有效=400)
    put(sheet, ROWS["rules"], 完成情况="健全", 完成档次="达成年度指标")
    reason = next(column.label for column in COLUMNS if column.label.startswith("偏差"))
    at_cell(sheet, reason, ROWS["handled"]).value = "三季度系统切换"
    heads = book[HEADS]
    texts = {heads.cell(row, 3).value: row for row in range(5, heads.max_row + 1)}
    heads.cell(texts["填报人"], 4).value = "王某"
    heads.cell(texts["年度总体目标的实际完成情况"], 4).value = '=HYPERLINK("http://x.example")'
    heads.cell(texts["年度总体目标的实际完成情况"], 4).data_type = "s"
    return sheet


# --- what comes back as it should -------------------------------------------------------------------------------------


def test_a_filled_in_workbook_is_taken_whole_and_taking_it_twice_changes_nothing(desk: Desk) -> None:
    book = desk.send()
    fill_in(book)
    taken = desk.take(desk.back(book))
    assert [outcome.act is not None for outcome in taken.rows] == [True] * 4
    log = acts.log(desk.ledger)[0]
    said = {act.subject: act.body for act in log if act.kind == "attest"}
    assert said["ops/budget"]["numerator"] == "4763000.5"
    assert said["ops/满意度"]["survey"] == {"sent": 500, "returned": 420, "valid": 400}
    assert said["ops/rules"]["score"] == "1"
    assert said["ops/handled"]["reason"] == "三季度系统切换"
    assert {body["through"] for body in said.values()} == {"2026-11-25"}
    assert filled(log)[(2026, "ops")]["填报人"] == "王某"
    again = desk.take(desk.back())
    assert ([outcome.act for outcome in again.rows], again.heads) == ([None] * 4, [])
    assert len(acts.log(desk.ledger)[0]) == len(log)


def test_the_next_workbook_holds_what_was_stated_and_changes_nothing_when_it_comes_back(desk: Desk) -> None:
    book = desk.send()
    fill_in(book)
    desk.take(desk.back(book))
    number = len(acts.log(desk.ledger)[0])
    again = desk.send()
    assert at_cell(again["财务科"], "分子", ROWS["budget"]).value == 4_763_000.5
    assert at_cell(again["财务科"], "完成档次", ROWS["rules"]).value == "达成年度指标"
    desk.take(desk.back())
    assert len(acts.log(desk.ledger)[0]) == number


def test_a_text_that_looks_like_a_formula_is_a_text_in_the_next_workbook(desk: Desk) -> None:
    book = desk.send()
    fill_in(book)
    desk.take(desk.back(book))
    heads = desk.send()[HEADS]
    (cell,) = [row[3] for row in heads.iter_rows(min_row=5) if str(row[3].value).startswith("=HYPERLINK")]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_an_untouched_workbook_says_nothing(desk: Desk) -> None:
    desk.send()
    returned = desk.back()
    assert (returned.claims, returned.problems, returned.missing) == ([], [], [])
    assert desk.take(returned) == acts.Taken([], [])
    assert acts.log(desk.ledger)[0] == []


def test_what_is_measured_is_locked_and_what_is_asked_is_open(desk: Desk) -> None:
    sheet = desk.send()["财务科"]
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    unlocked = {
        (id, column.label)
        for id, row in ROWS.items()
        for column in COLUMNS
        if not at_cell(sheet, column.label, row).protection.locked
    }
    assert {label for id, label in unlocked if id == "handled"} == {
        "填报截至", "不适用", *words.CAUSES.values(), "偏差原因分析及改进措施（或不适用的原因）",
    }  # fmt: skip
    assert ("budget", "分子") in unlocked
    assert ("budget", "发放") not in unlocked
    assert ("满意度", "发放") in unlocked
    assert ("rules", "完成档次") in unlocked
    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation if one.type == "list"}
    assert lists["J7"] == '"健全,完备"'
    assert lists["U8"] == '"√"'


def test_ticked_causes_come_back_with_the_reason_and_stand_in_the_next_workbook(desk: Desk) -> None:
    book = desk.send()
    sheet = fill_in(book)
    put(sheet, ROWS["handled"], 人员保障="√", 其他="是")
    taken = desk.take(desk.back(book))
    (one,) = [one for one in taken.rows if one.claim.indicator.id == "handled"]
    assert one.claim.body["causes"] == ["staff", "other"]
    assert one.act is not None
    assert told.statement(statement_of(one.act), one.claim.verdict.unit) == "只说明原因（人员保障、其他）"
    book = desk.send()
    again = book["财务科"]
    assert [at_cell(again, name, ROWS["handled"]).value for name in words.CAUSES.values()] == [
        None, None, "√", None, "√",
    ]  # fmt: skip
    assert [outcome.act for outcome in desk.take(desk.back()).rows] == [None] * 4
    put(again, ROWS["handled"], 人员保障=None, 其他=None)
    (changed,) = [one for one in desk.take(desk.back(book)).rows if one.act is not None]
    assert list(told_changes(changed)) == ["偏差原因：人员保障 √ → 无", "偏差原因：其他 √ → 无"]


def told_changes(outcome: acts.Outcome) -> list[str]:
    assert outcome.act is not None
    return told.changes(outcome.former, statement_of(outcome.act), outcome.claim.verdict.unit)


def test_rows_that_were_moved_are_known_again(desk: Desk) -> None:
    book = desk.send()
    sheet = fill_in(book)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5, max_row=8)]
    for number, values in enumerate(reversed(rows), 5):
        for column, value in enumerate(values, 1):
            sheet.cell(number, column).value = value
    for merged in list(sheet.merged_cells.ranges):  # which openpyxl would leave where they were
        sheet.unmerge_cells(str(merged))
    sheet.insert_cols(8)
    assert len(desk.take(desk.back(book)).rows) == 4


def test_a_row_whose_hidden_cell_was_lost_is_known_by_its_names(desk: Desk) -> None:
    book = desk.send()
    sheet = fill_in(book)
    for row in range(5, 9):
        sheet.cell(row, 1).value = None
    assert len(desk.take(desk.back(book)).rows) == 4


def test_a_deleted_row_is_missed_by_name_and_leaves_what_was_stated(desk: Desk) -> None:
    book = desk.send()
    fill_in(book).delete_rows(ROWS["rules"])
    returned = desk.back(book)
    assert returned.missing == ["运维 rules"]
    assert len(desk.take(returned).rows) == 3


@pytest.mark.parametrize("written", ["2026/10/31", "2026年10月31日", datetime(2026, 10, 31), 46326, "46326"])  # noqa: DTZ001
def test_a_day_is_read_however_it_is_written(desk: Desk, first_sent: bytes, written: object) -> None:
    book = load_workbook(io.BytesIO(first_sent))
    put(fill_in(book), ROWS["budget"], 填报截至=written)
    (claim,) = [claim for claim in desk.back(book).claims if claim.indicator.id == "budget"]
    assert claim.body["through"] == "2026-10-31"


def test_files_are_found_in_the_folder_by_name_and_kept_ones_need_not_come_again(desk: Desk) -> None:
    papers = desk.folder / "佐证"
    (papers / "财务").mkdir(parents=True)
    (papers / "财务" / "决算.pdf").write_bytes(b"%PDF one")
    (papers / "制度.docx").write_bytes(b"docx")
    book = desk.send()
    put(fill_in(book), ROWS["budget"], 佐证材料文件名="决算.pdf；制度.docx")
    desk.take(desk.back(book, papers))
    with desk.ledger.read() as session:
        assert sorted(content for _, content in evidence.contents(session)) == [b"%PDF one", b"docx"]
    desk.send()
    assert desk.take(desk.back()).rows[0].act is None  # without the folder
    (papers / "财务" / "决算.pdf").write_bytes(b"%PDF two")
    assert desk.take(desk.back(folder=papers)).rows[0].act is not None


# --- what does not ----------------------------------------------------------------------------------------------------


def known_as(sheet: Worksheet, identity: str) -> None:
    sheet["A5"].value = identity


BAD: list[tuple[str, Callable[[Worksheet], None], list[str]]] = [
    ("text in a number cell", lambda s: put(s, 5, 分子="约四百万"),
     ["财务科!H5：应为数字，如 95 或 4763873.50，不带单位和百分号，现为“约四百万”"]),
    ("a percentage as text", lambda s: put(s, 5, 分子="99.9%", 分母=None),
     ["财务科!H5：应为数字，如 95 或 4763873.50，不带单位和百分号，现为“99.9%”",
      "财务科!I5：应为大于 0 的数字，现为空：比率须同时填写分子和分母"]),
    ("a formula never worked out", lambda s: put(s, 5, 分子="=1+1"), ["财务科!H5：公式没有计算结果，请直接填写内容",
      "财务科!H5：应为数字（比率），现为空"]),
    ("an error value", lambda s: put(s, 5, 分母="#REF!"), ["财务科!I5：单元格是错误值“#REF!”，请直接填写",
      "财务科!I5：应为大于 0 的数字，现为空：比率须同时填写分子和分母"]),
    ("a day as text", lambda s: put(s, 5, 填报截至="十月底"), ["财务科!Q5：应为日期，如 2026-11-25，现为“十月底”"]),
    ("a word off the list", lambda s: put(s, 7, 完成情况="一般"),
     ["财务科!J7：填“达成年度指标”的应为“健全”、“完备”，现为“一般”"]),
    ("merged cells", lambda s: s.merge_cells("H5:I5"),
     ["财务科!H5：合并了单元格 H5:I5，请取消合并", "财务科!I5：应为大于 0 的数字，现为空：比率须同时填写分子和分母"]),
    ("a row twice", lambda s: s.append([cell.value for cell in s[5]]),
     ["财务科!D11：与 财务科!B5 是同一行，请删去其中一行"]),
    ("a row of another year", lambda s: known_as(s, "dabiao:1:2025:ops:budget"),
     ["财务科!D5：应为 2026 年度的行，现为 2025 年度"]),
    ("a row of another project", lambda s: known_as(s, "dabiao:1:2026:other:budget"),
     ["财务科!D5：targets.yaml 中没有项目“运维”"]),
    ("an indicator that is gone", lambda s: known_as(s, "dabiao:1:2026:ops:gone"),
     ["财务科!D5：targets.yaml 的该项目中没有“budget”"]),
    ("a row of nobody", lambda s: put(s, 12, 分子=5), ["财务科!D12：认不出这一行是哪个项目的哪项指标，请在原表上填写"]),
    ("no headings", lambda s: s.delete_rows(3, 2), ["财务科：找不到表头行，请在原表上填写，不要删改表头"]),
    ("a text where a cause is ticked", lambda s: put(s, 8, 人员保障="缺2人"),
     ["财务科!U8：应为“√”或空，文字写入原因，现为“缺2人”"]),
    ("a cause without a reason", lambda s: put(s, 5, 经费保障="√"), ["财务科!X5：勾选了经费保障的须说明原因，现为空"]),
    ("a cause of what does not apply", lambda s: put(s, 8, 不适用="是", 制度保障="√"),
     ["财务科!T8：填了“不适用”的不应再填，现为“√”"]),
    ("a file that did not come", lambda s: put(s, 5, 佐证材料文件名="决算.pdf"),
     ["财务科!P5：“决算.pdf”：找不到文件，请连同佐证材料文件夹一并导入（--evidence）"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"), [(change, says) for _, change, says in BAD], ids=[name for name, *_ in BAD]
)
def test_a_bad_cell_is_named_by_its_address(
    desk: Desk, first_sent: bytes, change: Callable[[Worksheet], None], says: list[str]
) -> None:
    book = load_workbook(io.BytesIO(first_sent))
    change(fill_in(book))
    assert [str(problem) for problem in desk.back(book).problems] == says


def test_a_formula_counts_with_the_value_it_was_saved_with(desk: Desk) -> None:
    book = desk.send()
    put(fill_in(book), ROWS["budget"], 分子="=4763000+0.5")
    book.save(desk.file)
    worked_out = io.BytesIO()
    with zipfile.ZipFile(desk.file) as made, zipfile.ZipFile(worked_out, "w") as other:
        for part in made.namelist():  # as Excel saves it
            saved = re.sub(rb"(<f>4763000\+0\.5</f>)<v ?/?>(?:</v>)?", rb"\1<v>4763000.5</v>", made.read(part))
            other.writestr(part, saved)
    desk.file.write_bytes(worked_out.getvalue())
    (claim,) = [claim for claim in desk.back().claims if claim.indicator.id == "budget"]
    assert claim.body["numerator"] == "4763000.5"


def test_a_workbook_of_another_year_is_refused(desk: Desk) -> None:
    book = desk.send()
    book["_dabiao"]["C1"] = 2025
    with pytest.raises(ConfigError) as refused:
        desk.back(book)
    assert str(refused.value) == f"{desk.file}：应为 2026 年度的填报表，现为 2025 年度"


def zipped(*parts: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts:
            package.writestr(name, content)
    return held.getvalue()


TYPES = ("[Content_Types].xml", b"<a/>")
SAVE = "请在WPS或Excel中打开后另存为 .xlsx"
LARGE = "解压后不应超过 40 MB、2000 个部件，请删去空白的行和列后另存"
FILES: list[tuple[str, bytes | Callable[[], bytes], str]] = [  # large ones are made when they are asked for
    ("an old .xls renamed", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
     f"是旧版 .xls 文件或设有打开密码，{SAVE}，不设密码"),
    ("a text", "编号,数值\n".encode(), f"不是 Excel 工作簿（.xlsx）或文件不完整，{SAVE}"),
    ("a file cut short", zipped(TYPES, ("xl/workbook.xml", b"<a/>"))[:-30],
     f"不是 Excel 工作簿（.xlsx）或文件不完整，{SAVE}"),
    ("another archive", zipped(("a.txt", b"x")), f"是压缩包，但不是 Excel 工作簿（.xlsx），{SAVE}"),
    ("macros", zipped(TYPES, ("xl/workbook.xml", b"<a/>"), ("xl/vbaProject.bin", b"x")),
     "含有宏，未读取；请另存为不含宏的 .xlsx"),
    ("a bomb", lambda: zipped(TYPES, ("xl/worksheets/sheet1.xml", b"0" * (MOST_UNPACKED + 1))), LARGE),
    ("a smaller bomb", lambda: zipped(TYPES, ("xl/worksheets/sheet1.xml", b"0" * (MOST_UNPACKED // 2))),
     f"解压后超过压缩前的 200 倍，疑为压缩炸弹，未读取；{SAVE}"),
    ("too many parts", lambda: zipped(TYPES, *((f"xl/{n}.xml", b"") for n in range(2001))), LARGE),
    ("too large a file", lambda: b"PK" + b"0" * MOST_BYTES, "文件不应超过 20 MB"),
    ("damaged parts", zipped(TYPES, ("xl/workbook.xml", b"<a/>")), f"工作簿已损坏，{SAVE}"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "says"), [(one, says) for _, one, says in FILES], ids=[name for name, *_ in FILES])
def test_a_file_that_is_no_workbook_of_ours_is_refused(
    desk: Desk, content: bytes | Callable[[], bytes], says: str
) -> None:
    desk.file.write_bytes(content if isinstance(content, bytes) else content())
    with pytest.raises(ConfigError) as refused:
        desk.back()
    assert str(refused.value) == f"{desk.file}：{says}"


def test_a_workbook_that_was_not_made_for_this_is_refused(desk: Desk) -> None:
    with pytest.raises(ConfigError) as refused:
        desk.back(Workbook())
    assert str(refused.value) == (
        f"{desk.file}：不是由 dabiao export --form attest 生成的填报表（找不到隐藏的表“_dabiao”）"
    )


def test_the_bad_cells_come_back_in_red_with_what_is_wrong(desk: Desk) -> None:
    book = desk.send()
    put(fill_in(book), ROWS["budget"], 分子="约四百万")
    returned = desk.back(book)
    beside = load_workbook(io.BytesIO(marked(returned.book, returned.problems)))
    cell = beside["财务科"]["H5"]
    assert cell.fill.fgColor.rgb.endswith("FF9B9B")
    assert "约四百万" in cell.comment.text
    assert at_cell(beside["财务科"], "分母", 5).comment is None


# --- the commands -----------------------------------------------------------------------------------------------------


def run(desk: Desk, *arguments: str) -> None:
    targets = ["--targets", str(desk.folder / "targets.yaml"), "--ledger", str(desk.folder / "ledger.db")]
    invoke(*arguments, *targets)


def test_the_commands_make_the_workbook_take_it_in_and_send_back_what_is_wrong(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = ["--sources", str(desk.folder / "sources.yaml")]
    run(desk, "export", "--form", "attest", "--period", "2026-01..07", "-o", str(desk.file), *sources)
    assert "财务科：4 行" in capsys.readouterr().out
    book = load_workbook(desk.file)
    sheet = fill_in(book)
    assert at_cell(sheet, "填报截至", 5).value == datetime(2026, 7, 31)  # noqa: DTZ001 - Excel's dates carry no zone
    put(sheet, ROWS["rules"], 完成档次="很好")
    book.save(desk.file)
    with pytest.raises(ConfigError) as refused:
        run(desk, "import", str(desk.file))
    assert refused.value.problems[0].startswith("财务科!K7：应为“达成年度指标”")
    assert (desk.folder / "填报表.有误.xlsx").exists()
    assert [act.kind for act in acts.log(desk.ledger)[0]] == ["export"]
    put(sheet, ROWS["rules"], 完成档次="达成")
    book.save(desk.file)
    run(desk, "import", str(desk.file))
    told = capsys.readouterr().out
    assert "budget（2026年，截至2026-07-31）：4763000.5/4763873 = 99.98%" in told
    assert "填报 4 行：4 行有改动，0 行与已有填报相同" in told
    assert "王某" not in told
    run(desk, "import", str(desk.file))
    assert "填报 4 行：0 行有改动，4 行与已有填报相同" in capsys.readouterr().out


def test_the_causes_of_a_miss_reach_the_monitoring_form_of_the_months_the_workbook_was_of(desk: Desk) -> None:
    sources = ["--sources", str(desk.folder / "sources.yaml"), "--period", "2026-01..07"]
    run(desk, "export", "--form", "attest", "-o", str(desk.file), *sources)
    book = load_workbook(desk.file)
    put(fill_in(book), ROWS["handled"], 人员保障="√")
    book.save(desk.file)
    run(desk, "import", str(desk.file))  # in November: it speaks of July all the same
    run(desk, "export", "--form", "monitoring", "-o", str(desk.folder / "监控表.csv"), *sources)
    table = (desk.folder / "监控表.csv").read_text(encoding="utf-8-sig")
    (line,) = [cells for cells in csv.reader(table.splitlines()) if "handled" in cells]
    assert line[6:12] == ["", "", "√", "", "", "三季度系统切换"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--form", "attest", "-o", "f.csv"], "填报表的文件名应以 .xlsx 结尾"),
        (["--form", "attest", "-o", "f.xlsx", "--period", "2026-03..07"], "--period：应写作 2026-01..07"),
        (["--form", "attest", "-o", "f.xlsx", "--owner", "后勤科"], "责任处室应为 财务科 之一，现为“后勤科”"),
    ],
)
def test_an_order_that_cannot_be_filled_says_why(desk: Desk, options: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        run(desk, "export", *options, "--sources", str(desk.folder / "sources.yaml"))


def test_a_workbook_that_was_logged_is_made_again_byte_by_byte(desk: Desk) -> None:
    sources = ["--sources", str(desk.folder / "sources.yaml")]
    book = desk.send()
    fill_in(book)
    desk.take(desk.back(book))
    made = len(acts.log(desk.ledger)[0])
    run(desk, "export", "--form", "attest", "--at", "2026-11-25T10:00", "-o", str(desk.file), *sources)
    first = desk.file.read_bytes()
    put(fill_in(book), ROWS["budget"], 分子=4_763_100)
    assert desk.take(desk.back(book)).rows[0].act is not None
    run(desk, "export", "--again", str(made + 1), "-o", str(desk.folder / "again.xlsx"), *sources)
    assert (desk.folder / "again.xlsx").read_bytes() == first


# --- LibreOffice ------------------------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_workbook_that_libreoffice_rewrote_is_taken_like_the_one_that_was_sent(desk: Desk) -> None:
    office = servers.program("soffice", "libreoffice-calc")
    book = desk.send()
    put(fill_in(book), ROWS["budget"], 分子="=4763000+0.5")
    book.save(desk.file)
    out = desk.folder / "out"
    profile = f"-env:UserInstallation=file://{desk.folder / 'profile'}"
    convert = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(desk.file)]
    subprocess.run(convert, check=True, capture_output=True, timeout=120)
    shutil.move(out / desk.file.name, desk.file)
    returned = desk.back()
    assert [str(problem) for problem in returned.problems] == []
    assert returned.missing == []
    taken = desk.take(returned)
    said = {outcome.claim.indicator.id: outcome.claim.body for outcome in taken.rows}
    assert said["budget"]["numerator"] == "4763000.5"  # LibreOffice worked the formula out
    assert said["满意度"]["survey"] == {"sent": 500, "returned": 420, "valid": 400}
    assert len(said) == 4
    assert filled(acts.log(desk.ledger)[0])[(2026, "ops")]["填报人"] == "王某"


@pytest.mark.server
def test_the_shipped_rows_print_on_a4_landscape_without_a_page_too_many(tmp_path: Path) -> None:
    office, info = servers.program("soffice", "libreoffice-calc"), servers.program("pdfinfo", "poppler-utils")
    config = load([ROOT / "targets.yaml"], None, collectors=COLLECTORS)
    with_ledger = Ledger.open(tmp_path / "ledger.db")
    plan, first, last = config.plans[0], date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal()
    verdicts = Board(config, with_ledger, lambda plan, now: (custom(plan.days, first, last),)).refresh(NOW).verdicts
    with_ledger.close()
    sheets = sheets_of(plan, verdicts, {}, TODAY)
    (tmp_path / "f.xlsx").write_bytes(workbook(sheets))
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    convert = [
        office,
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "f.xlsx"),
    ]
    subprocess.run(convert, check=True, capture_output=True, timeout=120)
    told = subprocess.run([info, str(tmp_path / "f.pdf")], check=True, capture_output=True, text=True).stdout
    pages = int(told.split("Pages:")[1].split()[0])
    assert len(sheets.owners) == 5
    assert pages <= 2 + 5 + 2
    assert "841.89 x 595.3" in told
