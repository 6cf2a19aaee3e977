"""Every record behind a verdict in a CSV file: as many as the verdict counts, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import acts
from agent.book import Book, Delivery, definitions, register
from agent.explain import KINDS, explain, listing, safe
from agent.explain.outcome import named, outcome
from agent.ledger import Ledger
from agent.model import ConfigError, Mapped
from tests.commands import invoke
from tests.plans import at, case, site

pytestmark = pytest.mark.whole

SHARE = {
    "kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "limit": "1h", "cohort": "accepted_at",
}  # fmt: skip
NOW = at("2026-03-10T10:00")


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = site(folder, {"x": SHARE, "y": SHARE | {"clock": "service_hours"}})
        self.ledger = Ledger.open(folder / "ledger.db")
        self.book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)
        records = [
            case("good", accepted_at="2026-03-02T10:00", finished_at="2026-03-02T10:30"),
            case("=late", accepted_at="2026-03-02T16:30", finished_at="2026-03-03T10:45"),
            case("running", accepted_at="2026-03-02T10:00"),
            case("new", accepted_at="2026-03-10T09:50"),
            case("lost", finished_at="2026-03-02T10:30"),
            case("out", accepted_at="2026-03-02T10:00", finished_at="2026-03-02T12:30"),
        ]
        told = Mapped(records, [], [], None)
        self.book.deliver(Delivery("cases", "case", told, NOW, finished=True, covers=(0, at("2030-01-01"))))
        asked = acts.request_exclusion(self.ledger, "cases/out", "", "误报", NOW, "wang")
        acts.approve(self.ledger, self.book, asked.n, NOW, "li")
        acts.request_exclusion(self.ledger, "cases/=late", "ops/x", "第三方原因", NOW, "wang")

    def command(self, *arguments: str) -> None:
        files = {"targets": "targets.yaml", "sources": "sources.yaml", "ledger": "ledger.db"}
        options = [part for name, file in files.items() for part in (f"--{name}", str(self.folder / file))]
        invoke(*arguments, *options)

    def listed(self, kind: str, indicator: str = "x") -> list[dict[str, str]]:
        path = self.folder / f"{kind}.csv"
        self.command("explain", indicator, "--at", "2026-03-10T10:00", "--records", kind, "-o", str(path))
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def test_the_lines_are_the_records_the_verdict_counts(desk: Desk) -> None:
    found = {kind: [line["编号"] for line in desk.listed(kind)] for kind in KINDS}
    assert found["missed"] == ["'=late", "running"]
    assert (found["open"], found["excluded"]) == (["new"], ["lost", "out"])
    assert sorted(found["all"]) == ["'=late", "good", "lost", "new", "out", "running"]


def test_a_line_tells_both_clocks_and_who_took_it_out_or_wants_to(desk: Desk) -> None:
    lines = {line["编号"]: line for line in desk.listed("all", "y")}
    late, out = lines["'=late"], lines["out"]
    assert (late["用时秒(按时钟)"], late["超时秒(自然时间)"]) == ("8100", "4500")
    assert (out["结果"], out["剔除事项"]) == ("剔除", "第1条 wang：误报")
    assert late["待批准申请"] == ""
    asked = {line["编号"]: line["待批准申请"] for line in desk.listed("missed")}
    assert asked == {"'=late": "第3条 wang 申请剔除：第三方原因", "running": ""}


def test_the_explanation_tells_what_waits_for_another_account(desk: Desk) -> None:
    from agent.evaluate import Board

    snapshot = Board(desk.config, desk.ledger).refresh(NOW)
    assert explain(desk.config, desk.ledger, snapshot, "ops", "x").requests == (
        "第3条 wang 申请剔除 cases/=late：第三方原因",
    )
    told = explain(desk.config, desk.ledger, snapshot, "ops", "y")
    assert (told.requests, told.wall_clock) == ((), False)
    with pytest.raises(ConfigError, match="expected an indicator of the plan in force"):
        list(listing(desk.config, desk.ledger, snapshot, "ops", "z", "ytd", None, "all"))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
    assert safe("2026-03-02") == "2026-03-02"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--records", "some", "-o", "f.csv"], "--records: expected one of all, missed, open, excluded, got 'some'"),
        (["--records", "all"], "--records and --output: expected both or none"),
        (["--records", "all", "-o", "none/f.csv"], "--output: none/f.csv: No such file or directory"),
    ],
)
def test_what_cannot_be_listed_is_said(desk: Desk, options: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        desk.command("explain", "x", *options)
    assert str(refused.value) == message


def test_the_explanation_names_what_was_taken_out_and_marks_what_somebody_wants_to_take_out(desk: Desk) -> None:
    from agent.evaluate import Board

    snapshot = Board(desk.config, desk.ledger).refresh(NOW)
    told = explain(desk.config, desk.ledger, snapshot, "ops", "x")
    assert {group.reason: named(group) for group in told.excluded} == {
        "缺少时间或字段 accepted_at": "cases/lost",
        "误报": "cases/out",
    }
    assert {one.id: outcome(one) for one in (*told.missed, *told.open)} == {
        "=late": "超时17小时15分；第3条 wang 申请剔除：第三方原因，待批准",
        "running": "超时7天23小时，尚未完成",
        "new": "还剩50分00秒",
    }
    acts.request_return(desk.ledger, "cases/out", "", "不是误报", NOW, "li")
    told = explain(desk.config, desk.ledger, snapshot, "ops", "x")
    assert [named(group) for group in told.excluded][1] == "cases/out(第4条 li 申请恢复：不是误报，待批准)"


def test_how_late_a_record_was_is_told_on_its_own_clock_beside_the_time_it_took(desk: Desk) -> None:
    from agent.evaluate import Board

    over_night = case("night", accepted_at="2026-03-02T10:00", finished_at="2026-03-03T10:00")
    desk.book.deliver(Delivery("cases", "case", Mapped([over_night], [], [], None), NOW))
    told = explain(desk.config, desk.ledger, Board(desk.config, desk.ledger).refresh(NOW), "ops", "y")
    assert [(one.taken_seconds, one.late_on_clock_seconds) for one in told.missed if one.id == "=late"] == [
        (8100, 4500)
    ]
    assert {one.id: outcome(one) for one in (*told.missed, *told.open)} == {
        "night": "超时5小时00分(计时时间，自然时间23小时00分)",
        "=late": "超时1小时15分(计时时间)",  # due next morning at nine: on either clock
        "running": "超时1天11小时(计时时间，自然时间7天23小时)，尚未完成",
        "new": "还剩50分00秒(计时时间)",
    }


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--at", "回到 2026-03-10 10:00:00：用今天所知、按今天的目标，其后发生的不计(--at)"),
        ("--as-of", "回到 2026-03-10 10:00:00：只用当时已经获知的内容、按当时的目标(--as-of)"),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["explain", "x"]])
def test_an_answer_about_the_past_says_by_what_knowledge_it_is_judged(
    desk: Desk, capsys: pytest.CaptureFixture[str], command: list[str], option: str, says: str
) -> None:
    desk.command(*command, option, "2026-03-10T10:00")
    assert capsys.readouterr().out.splitlines()[0] == says
