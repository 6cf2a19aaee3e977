"""What if: other files than the ledger serves answer what the figures would be, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.asking import asked
from agent.book import Book, Delivery, catch_up, changes, definitions, register
from agent.config import Config
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.model import Mapped, Verdict
from agent.status import Question
from tests.commands import invoke
from tests.plans import at, case, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
ANSWERED = {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "limit": "5 min"}
CHANGED = SHARE | {"good_when": {"state": "open"}}
NOW = at("2026-03-10T10:00")


class Desk:
    """A ledger that serves one set of files, and a folder with others."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.other = folder, folder / "other"
        self.other.mkdir()
        self.config = site(folder, {"x": SHARE, "y": ANSWERED})
        self.ledger = Ledger.open(folder / "ledger.db")
        book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)
        states = ("done", "done", "done", "open")
        records = [
            case(str(n), accepted_at="2026-03-02T10:00", finished_at="2026-03-02T10:03", state=state)
            for n, state in enumerate(states)
        ]
        book.deliver(
            Delivery("cases", "case", Mapped(records, [], [], None), NOW, finished=True, covers=(0, at("2030-01-01")))
        )

    def tried(self, measures: dict[str, dict[str, Any]], **more: Any) -> Config:
        return site(self.other, measures, **more)

    def written(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the ledger that a registration would touch."""
        tables = ("definition", "tally", "observation", "act", "counter")
        with self.ledger.read() as session:
            return {table: session.rows(f"SELECT * FROM {table}") for table in tables}

    def command(self, *arguments: str) -> int:
        files = ["--targets", str(self.other / "targets.yaml"), "--sources", str(self.folder / "sources.yaml")]
        result = invoke(*arguments, *files, "--ledger", str(self.folder / "ledger.db"))
        return int(result or 0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def of(verdicts: tuple[Verdict, ...], indicator: str) -> Verdict:
    (found,) = [v for v in verdicts if (v.indicator, v.window.name, v.system) == (indicator, "ytd", None)]
    return found


def test_other_files_are_tried_on_the_records_there_are_and_write_nothing(desk: Desk) -> None:
    config, before = desk.tried({"x": CHANGED, "y": ANSWERED}), desk.written()
    with asked(config, desk.ledger, Question(), NOW) as (_, snapshot, tried):
        assert tried == ("ops/x",)
        assert (of(snapshot.verdicts, "x").good, of(snapshot.verdicts, "x").bad) == (1, 3)
        assert of(snapshot.verdicts, "y").good == 4
    assert desk.written() == before


def test_what_was_tried_is_what_registering_it_gives(desk: Desk) -> None:
    config = desk.tried({"x": CHANGED, "y": ANSWERED | {"limit": "2 min"}})
    with asked(config, desk.ledger, Question(), NOW) as (_, would_be, _):
        pass
    catch_up(desk.ledger, register(desk.ledger, definitions(config)))
    assert Board(config, desk.ledger).refresh(NOW).verdicts == would_be.verdicts


def test_files_the_ledger_serves_are_answered_by_the_ledger_itself(desk: Desk) -> None:
    with asked(desk.config, desk.ledger, Question(), NOW) as (board, _, tried):
        assert tried == ()
        assert board.ledger is desk.ledger


def test_a_target_alone_is_compared_with_the_figures_there_are(desk: Desk) -> None:
    config = desk.tried({"x": SHARE}, target=">= 70 %")
    with asked(config, desk.ledger, Question(), NOW) as (board, snapshot, tried):
        assert (tried, board.ledger is desk.ledger) == (("ops/x",), True)
        assert of(snapshot.verdicts, "x").state == "met"
        explained = explain(config, board.ledger, snapshot, "ops", "x", tried=tried)
        assert (explained.target, explained.why.endswith("75% 满足 ≥70%")) == ("≥70%", True)


def test_status_says_that_it_only_tried(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.tried({"x": CHANGED, "y": ANSWERED})
    assert desk.command("status", "--at", "2026-03-10") == 0
    assert "试算：ops/x 1 项口径与账本不同，未写入" in capsys.readouterr().out
    assert desk.command("explain", "x", "--at", "2026-03-10") == 0
    assert "试算：ops/x" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--json"),
        ("explain", "x"),
        ("check", "--diff"),
        ("recompute",),
        ("rejects", "list"),
        ("rejects", "retry"),
    ],
    ids=" ".join,
)
def test_a_command_that_only_reads_registers_nothing(desk: Desk, command: tuple[str, ...]) -> None:
    desk.tried({"x": CHANGED, "z": SHARE})
    before = desk.written()
    assert desk.command(*command) == 0
    assert desk.written() == before


def test_a_diff_shows_old_and_new_of_every_key(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    measures: dict[str, dict[str, Any]] = {"x": SHARE, "y": ANSWERED | {"limit": "10 min"}, "z": SHARE}
    path = desk.other / "targets.yaml"
    desk.tried(measures)
    plan = json.loads(path.read_text(encoding="utf-8"))
    row = plan["projects"]["ops"]["indicators"]["x"]
    row |= {"target": ">= 90 %", "note": "按结果计", "weight": {"mof-2020": "5"}}
    path.write_text(json.dumps(plan), encoding="utf-8")
    assert desk.command("check", "--diff") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "与账本相比：3 项指标有变化" in shown
    for line in ("目标 >= 95 % >= 90 %", "口径说明 — 按结果计", "分值 mof-2020 — 5", "measure.limit 5 min 10 min"):
        assert line in shown
    assert "新增" in shown


def test_a_diff_names_what_is_gone_and_is_empty_where_nothing_changes(desk: Desk) -> None:
    assert changes(desk.ledger, definitions(desk.config)) == ()
    (gone,) = changes(desk.ledger, definitions(desk.tried({"x": SHARE})))
    assert (gone.place, gone.new) == ((2026, "ops", "y"), None)
