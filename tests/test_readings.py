"""口径确认: every reading of ours goes to an officer in a workbook and comes back as acts; twice changes nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from agent import acts
from agent.acts.readings import reading_of
from agent.asking import answer
from agent.book.standing import standing
from agent.cli.exporting import make_again
from agent.cli.options import DONE
from agent.config import Config, load
from agent.evaluate import Board
from agent.explain import explain
from agent.export import months, period_of
from agent.ledger import Ledger
from agent.ledger.acts import Act, read
from agent.model import ConfigError
from agent.roundtrip import lines_of, read_readings, workbook_of_readings
from agent.roundtrip.readings import AGREES, AS_PRINTED, COLUMNS, OBJECTION, OBJECTS, OPINION, OPTIONS, OURS, STANDS
from agent.status import Question
from collectors import COLLECTORS
from tests import servers
from tests.commands import invoke
from tests.form_site import PLAN, form_site
from tests.plans import at, site

pytestmark = pytest.mark.whole

NOW = at("2026-11-25T10:00")
MEASURES: dict[str, dict[str, Any]] = {
    "handled": {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}},
    "rules": {"kind": "attested", "accept": ["健全"]},
}
KEYS = {"note": "名为率，按件数考核", "options": ["按天数考核", "只计年内到期的"]}
TOP = {
    "readings": {"points": {"name": "分值", "text": "（未印）", "note": "类内平均分配", "options": ["由主管部门下达"]}}
}
FIRST = 5


class Desk:
    """A site with two rows and a reading of the whole table, and its workbook."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "口径.xlsx"
        self.config: Config = site(folder, MEASURES, keys=KEYS, top=TOP)
        Ledger.open(folder / "ledger.db").close()

    def run(self, *arguments: str) -> None:
        places = ["--targets", str(self.folder / "targets.yaml"), "--ledger", str(self.folder / "ledger.db")]
        invoke(*arguments, *places)

    def send(self) -> Workbook:
        sources = ["--sources", str(self.folder / "sources.yaml")]
        self.run("export", "--form", "readings", "-o", str(self.file), *sources)
        return load_workbook(self.file)

    def log(self) -> list[Act]:
        with_ledger = Ledger.open(self.folder / "ledger.db")
        try:
            return [act for act in acts.log(with_ledger)[0] if act.kind != "export"]
        finally:
            with_ledger.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def cell(book: Workbook, row: int, label: str, sheet: str = OURS) -> Any:
    return book[sheet].cell(row, [column.label for column in COLUMNS].index(label) + 1)


def put(book: Workbook, row: int, opinion: str | None, objection: str | None = None) -> None:
    cell(book, row, OPINION).value, cell(book, row, OBJECTION).value = opinion, objection


def test_every_reading_is_listed_with_what_else_could_be_meant(desk: Desk) -> None:
    book = desk.send()
    names = [cell(book, row, "三级指标").value for row in range(FIRST, FIRST + 3)]
    assert names == ["分值", "handled", "rules"]
    assert cell(book, FIRST, OPTIONS).value == "由主管部门下达"
    assert cell(book, FIRST + 1, OPTIONS).value == "按天数考核\n只计年内到期的"
    assert cell(book, FIRST + 1, "计量方式").value == "合格数 ÷ (合格数 + 不合格数)"
    assert cell(book, FIRST + 1, STANDS).value == "待确认"
    assert AS_PRINTED not in book.sheetnames


def test_opinions_become_acts_and_importing_twice_changes_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    book = desk.send()
    put(book, FIRST, AGREES)
    put(book, FIRST + 1, OBJECTS, "应按天数考核")
    put(book, FIRST + 2, AGREES)
    book.save(desk.file)
    desk.run("import", str(desk.file))
    said = capsys.readouterr().out
    assert "readings/points：口径已确认（第2条）" in said
    assert "ops/handled：有异议：应按天数考核（第3条）" in said
    assert "意见 3 行：3 行有改动，0 行与已有意见相同" in said
    made = desk.log()
    assert [(act.kind, act.subject, act.account) for act in made] == [
        ("confirm", "readings/points", acts.account()),
        ("object", "ops/handled", acts.account()),
        ("confirm", "ops/rules", acts.account()),
    ]
    desk.run("import", str(desk.file))
    assert "意见 3 行：0 行有改动，3 行与已有意见相同" in capsys.readouterr().out
    again = desk.send()
    assert (cell(again, FIRST + 1, OPINION).value, cell(again, FIRST + 1, OBJECTION).value) == (OBJECTS, "应按天数考核")
    assert cell(again, FIRST + 1, STANDS).value == f"{acts.account()}填“有异议”（第3条）"
    desk.run("import", str(desk.file))
    assert desk.log() == made


def test_an_objection_is_shown_wherever_the_reading_is_and_ends_with_a_confirmation(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    book = desk.send()
    put(book, FIRST + 1, OBJECTS, "应按天数考核")
    book.save(desk.file)
    desk.run("import", str(desk.file))
    with_ledger, row = Ledger.open(desk.folder / "ledger.db"), desk.config.plans[0].projects[0].indicators[0]
    who = acts.account()

    def told() -> tuple[Any, tuple[str, ...]]:
        indicators = answer(desk.config, with_ledger, Question(), NOW)["indicators"]
        one = next(one for one in indicators if one["indicator"] == "handled" and one["system"] is None)
        snapshot = Board(desk.config, with_ledger).refresh(NOW)
        return one, explain(desk.config, with_ledger, snapshot, "ops", "handled", "ytd").flags

    one, flags = told()
    assert "unconfirmed" in one["flags"]
    assert (one["objection"]["account"], one["objection"]["says"]) == (who, "应按天数考核")
    assert f"口径待确认（{who}有异议：应按天数考核）" in flags
    desk.run("status", "--sources", str(desk.folder / "sources.yaml"), "--at", "2026-11-25")
    assert "口径待确认：2 项，其中有异议：handled" in capsys.readouterr().out
    acts.confirm(with_ledger, row, NOW, "li")
    one, flags = told()
    assert (one["objection"], "unconfirmed" in one["flags"]) == (None, False)
    with with_ledger.read() as session:
        assert standing(read(session)).objected == {}
    with_ledger.close()


BAD = [
    (("同意", None), ["需确认的读法!K6：应为“确认”或“有异议”，现为“同意”"]),
    ((OBJECTS, None), ["需确认的读法!L6：有异议的应写明应如何读，现为空"]),
    ((AGREES, "但是"), ["需确认的读法!K6：写有异议内容，意见应为“有异议”，现为“确认”"]),
    ((None, "应按天数"), ["需确认的读法!K6：应为“确认”或“有异议”，现为空"]),
    (("=1+1", None), ["需确认的读法!K6：公式没有计算结果，请直接填写内容"]),
    ((OBJECTS, "长" * 1001), ["需确认的读法!L6：不应超过 1000 字，现为 1001 字"]),
]


@pytest.mark.parametrize(("said", "says"), BAD)
def test_a_bad_opinion_is_named_by_its_cell_and_nothing_is_taken(
    desk: Desk, said: tuple[str | None, str | None], says: list[str]
) -> None:
    book = desk.send()
    put(book, FIRST, AGREES)
    put(book, FIRST + 1, *said)
    book.save(desk.file)
    with pytest.raises(ConfigError) as refused:
        desk.run("import", str(desk.file))
    beside = desk.folder / "口径.有误.xlsx"
    assert list(refused.value.problems) == [*says, f"共 {len(says)} 处有误，整份均未入账；标红的表见 {beside}"]
    assert beside.exists()
    assert desk.log() == []


def test_a_reading_that_changed_since_is_not_confirmed_by_an_old_workbook(desk: Desk) -> None:
    book = desk.send()
    put(book, FIRST + 1, AGREES)
    book.save(desk.file)
    targets = json.loads((desk.folder / "targets.yaml").read_text(encoding="utf-8"))
    targets["projects"]["ops"]["indicators"]["handled"]["target"] = ">= 96 %"
    (desk.folder / "targets.yaml").write_text(json.dumps(targets, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        desk.run("import", str(desk.file))
    assert refused.value.problems[0] == "需确认的读法!K6：这一行的读法在导出之后已改，请重新导出口径确认表"


def test_a_workbook_of_readings_of_another_year_is_refused(desk: Desk) -> None:
    book = desk.send()
    book["_dabiao"]["C1"] = 2025
    book.save(desk.file)
    with pytest.raises(ConfigError) as refused:
        desk.run("import", str(desk.file))
    assert str(refused.value) == f"{desk.file}：应为 2026 年度的口径确认表，现为 2025 年度"


def test_a_deleted_row_is_missed_by_name(desk: Desk) -> None:
    book = desk.send()
    book[OURS].delete_rows(FIRST + 1)
    book.save(desk.file)
    assert read_readings(desk.file, desk.config).missing == ["运维 handled"]


def test_the_workbook_is_made_again_as_it_was(desk: Desk) -> None:
    desk.send()
    first = desk.file.read_bytes()
    book = load_workbook(desk.file)
    put(book, FIRST, AGREES)
    book.save(desk.file)
    desk.run("import", str(desk.file))
    with_ledger = Ledger.open(desk.folder / "ledger.db")
    again = desk.folder / "again.xlsx"
    order = (desk.config, with_ledger, 1, again, "mof-2020", [desk.folder / "targets.yaml"])
    assert make_again(*order) == DONE
    assert again.read_bytes() == first
    with_ledger.close()


def test_the_annex_of_the_form_prints_an_objection_beside_the_reading(tmp_path: Path) -> None:
    with form_site(tmp_path, PLAN) as made:
        row = next(row for row in made.config.plans[0].projects[0].indicators if row.id == "answered")
        acts.opine(made.ledger, [acts.Opinion(reading_of(row), "应按受理时间计")], NOW, "li")
        printed = made.made(ending=".csv").content.decode("utf-8-sig")
    assert "口径待确认\n有异议：应按受理时间计" in printed


@pytest.mark.server
def test_the_shipped_readings_come_back_from_libreoffice(tmp_path: Path) -> None:
    office, root = servers.program("soffice", "libreoffice-calc"), Path(__file__).parents[1]
    config = load([root / "targets.yaml"], None, collectors=COLLECTORS)
    (plan,), file = config.plans, tmp_path / "口径.xlsx"
    first, last = months(None, plan.year)
    file.write_bytes(
        workbook_of_readings(plan, list(lines_of(config, plan, period_of(plan, first, last))), standing([]))
    )
    book = load_workbook(file)
    for sheet in (OURS, AS_PRINTED):
        for row in range(FIRST, book[sheet].max_row + 1):
            cell(book, row, OPINION, sheet).value = AGREES
    book.save(file)
    convert = [office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*convert, "--outdir", tmp_path / "theirs", file], check=True, capture_output=True, timeout=120)
    returned = read_readings(tmp_path / "theirs" / file.name, config)
    assert returned.problems == []
    assert len(returned.opinions) == len(plan.readings) + sum(len(one.indicators) for one in plan.projects)
