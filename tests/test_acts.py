"""Acts of people: two accounts to take a record out, a log that cannot be changed unnoticed, readings confirmed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from agent import acts, terminal, words
from agent.book import Book, Delivery, definitions, ledger_at, recompute, register
from agent.cli.making import FORMS
from agent.config import Config
from agent.evaluate import Board
from agent.export.logged import log_export
from agent.ledger import Ledger
from agent.model import ConfigError, Mapped, Record, Verdict
from tests import servers
from tests.plans import at, case, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
NOW = at("2026-03-10T10:00")


class Desk:
    """Two cases, one of them bad, and everything needed to act on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config: Config = site(folder, {"x": SHARE, "y": SHARE | {"among": {"level": "1"}}})
        self.ledger = Ledger.open(folder / "ledger.db")
        self.keys = register(self.ledger, definitions(self.config)).keys
        self.book = Book(self.ledger, self.keys)
        self.board = Board(self.config, self.ledger)
        self.tell("good", "done")
        self.tell("bad", "open")

    def tell(self, id: str, state: str) -> None:
        record = case(id, accepted_at="2026-03-02T10:00", state=state, level="1")
        self.book.deliver(
            Delivery("cases", "case", Mapped([record], [], [], None), NOW, finished=True, covers=(0, at("2030-01-01")))
        )

    def verdict(self, indicator: str = "x") -> Verdict:
        snapshot = self.board.refresh(NOW)
        (found,) = [v for v in snapshot.verdicts if (v.indicator, v.window.name, v.system) == (indicator, "ytd", None)]
        return found

    def counts(self, indicator: str = "x") -> tuple[int, int, int]:
        verdict = self.verdict(indicator)
        return verdict.good, verdict.bad, verdict.excluded


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_exclusion_counts_once_another_account_has_approved_it(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    assert desk.counts() == (1, 1, 0)
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    assert desk.counts() == (1, 0, 1)
    assert recompute(desk.ledger, desk.keys).differences == ()


def test_nobody_approves_a_request_of_their_own(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "bad", "", "误报", NOW, "wang")
    with pytest.raises(ConfigError, match="第1条：申请人就是 wang，须由另一账号批准"):
        acts.approve(desk.ledger, desk.book, asked.n, NOW, "wang")
    assert desk.counts() == (1, 1, 0)


def test_an_exclusion_may_concern_one_indicator_alone(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "ops/y", "不属本项", NOW, "wang")
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    assert (desk.counts("x"), desk.counts("y")) == ((1, 1, 0), (1, 0, 1))


def test_an_excluded_record_stays_out_when_its_source_changes_it(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    desk.tell("bad", "done")
    assert desk.counts() == (1, 0, 1)
    assert recompute(desk.ledger, desk.keys).differences == ()


def test_an_exclusion_can_be_taken_back_by_two_accounts(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    back = acts.request_return(desk.ledger, "cases/bad", "", "复核属实", NOW, "li")
    acts.approve(desk.ledger, desk.book, back.n, NOW, "wang")
    assert desk.counts() == (1, 1, 0)
    assert len(acts.log(desk.ledger)[0]) == 4


def test_as_of_a_time_before_the_approval_the_record_still_counts(desk: Desk) -> None:
    wanted, before = definitions(desk.config), NOW
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    later = case("late", accepted_at="2026-03-02T10:00", state="done", level="1")
    desk.book.deliver(Delivery("cases", "case", Mapped([later], [], [], None), NOW + 2))

    def seen(instant: int) -> tuple[int, int]:
        with ledger_at(desk.ledger, wanted, instant, known_then=True) as scratch:
            board = Board(desk.config, scratch).refresh(instant)
            verdict = next(v for v in board.verdicts if v.window.name == "ytd" and v.system is None)
            return verdict.good, verdict.excluded

    assert seen(before + 2) == (2, 1)
    assert seen(before) == (1, 1)  # acts of the same batch order count, those of later batches do not
    with desk.ledger.write() as session:  # an approval learned after the last batch known then
        session.run("UPDATE act SET seq = seq + 100")
    assert seen(before) == (1, 0)


def test_a_reading_is_unconfirmed_until_confirmed_and_again_when_it_changes(desk: Desk) -> None:
    assert "unconfirmed" in desk.verdict().flags
    row = desk.config.plans[0].projects[0].indicators[0]
    acts.confirm(desk.ledger, row, NOW, "wang")
    assert "unconfirmed" not in desk.verdict().flags
    with pytest.raises(ConfigError, match="ops/x：wang 已确认（第1条）"):
        acts.confirm(desk.ledger, row, NOW, "li")
    stricter = site(desk.folder, {"x": SHARE, "y": SHARE | {"among": {"level": "1"}}}, target=">= 99 %")
    register(desk.ledger, definitions(stricter))
    changed = Board(stricter, desk.ledger).refresh(NOW)
    assert all("unconfirmed" in verdict.flags for verdict in changed.verdicts)


@pytest.mark.parametrize(
    ("column", "value"),
    [("body", "'{}'"), ("account", "'root'"), ("at", "1"), ("kind", "'approve'"), ("former", "''")],
)
def test_a_changed_entry_breaks_the_chain(desk: Desk, column: str, value: str) -> None:
    for id in ("good", "bad"):
        acts.request_exclusion(desk.ledger, id, "", "误报", NOW, "wang")
    assert acts.log(desk.ledger)[1] is None
    with desk.ledger.write() as session:
        session.run(f"UPDATE act SET {column} = {value} WHERE n = 1")
    broken = acts.log(desk.ledger)[1]
    assert broken is not None
    assert broken.n == 1


def test_a_removed_entry_breaks_the_chain(desk: Desk) -> None:
    for id in ("good", "bad"):
        acts.request_exclusion(desk.ledger, id, "", "误报", NOW, "wang")
    with desk.ledger.write() as session:
        session.run("DELETE FROM act WHERE n = 1")
    broken = acts.log(desk.ledger)[1]
    assert broken is not None
    assert broken.n == 2


@pytest.mark.parametrize(
    ("record", "reason", "message"),
    [
        ("cases/none", "误报", "记录“cases/none”：没有这条记录；应写作 数据源/编号，如 dabiao explain 所列"),
        ("cases/bad", " ", "--reason：应写明理由，现为空"),
    ],
)
def test_a_request_that_cannot_be_made_says_why(desk: Desk, record: str, reason: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        acts.request_exclusion(desk.ledger, record, "", reason, NOW, "wang")
    assert str(refused.value) == message
    assert acts.log(desk.ledger)[0] == []


def test_a_request_waits_only_once(desk: Desk) -> None:
    acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    with pytest.raises(ConfigError, match="wang 已提出申请（第1条），等待批准"):
        acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "li")


# What the commands import on demand; the other account may not be able to read this installation.
LOAD = (
    "import agent.acts, agent.poll, collectors; from pathlib import Path; from agent.cli import app; "
    "from agent.cli.opening import load; "
    "app(['acts'], standalone_mode=False); "
    "load([Path(os.environ['DABIAO_TARGETS'])], Path(os.environ['DABIAO_SOURCES']))"
)


def dabiao(desk: Desk, *arguments: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    """The command as an account of the system would run it."""
    become = f"{LOAD}; os.setuid({user}); " if user is not None else ""
    run = f"import os, sys; from agent.cli import main; {become}sys.argv = ['dabiao', *{list(arguments)!r}]; main()"
    files = {"DABIAO_TARGETS": "targets.yaml", "DABIAO_SOURCES": "sources.yaml", "DABIAO_LEDGER": "ledger.db"}
    environment = os.environ | {name: str(desk.folder / file) for name, file in files.items()}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", run], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.server
def test_the_account_is_the_systems_own(desk: Desk) -> None:
    asked = dabiao(desk, "exclude", "cases/bad", "--reason", "误报")
    assert asked.returncode == 0, asked.stderr
    own = dabiao(desk, "approve", "1")
    assert own.returncode == 2
    assert "须由另一账号批准" in own.stderr
    assert acts.log(desk.ledger)[0][0].account == acts.account()
    shown = dabiao(desk, "acts")
    assert "链式校验通过" in shown.stdout


@pytest.mark.server
def test_another_account_of_the_system_can_approve() -> None:
    if os.getuid() != 0:
        servers.lacking("only root can run a command as another account")
    with tempfile.TemporaryDirectory() as made:  # pytest's own folders are closed to others
        desk = Desk(Path(made))
        dabiao(desk, "exclude", "cases/bad", "--reason", "误报")
        for path in [desk.folder, *desk.folder.rglob("*")]:
            path.chmod(0o777)
        done = dabiao(desk, "approve", "1", user=65534)
        assert done.returncode == 0, done.stderr
        assert desk.counts() == (1, 0, 1)


def test_a_request_is_taken_back_by_its_own_account_alone_and_may_be_made_again(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    with pytest.raises(ConfigError, match="第1条：申请人是 wang，只有该账号可以撤回"):
        acts.retract(desk.ledger, asked.n, NOW, "li")
    acts.retract(desk.ledger, asked.n, NOW, "wang")
    with pytest.raises(ConfigError, match="第1条：不是等待批准的申请（等待批准的有：无）"):
        acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    again = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    acts.approve(desk.ledger, desk.book, again.n, NOW, "li")
    assert desk.counts() == (1, 0, 1)
    with pytest.raises(ConfigError, match="等待批准的有：无"):
        acts.retract(desk.ledger, again.n, NOW, "wang")


def test_a_record_is_taken_out_only_of_what_reads_its_kind(desk: Desk) -> None:
    wanted = definitions(desk.config)
    task = Record("task", "tasks", "t1", None, {}, {})
    desk.book.deliver(Delivery("tasks", "task", Mapped([task], [], [], None), NOW))
    with pytest.raises(ConfigError, match="ops/x 不计入 tasks 的 task 记录（计入的是：case）"):
        acts.request_exclusion(desk.ledger, "tasks/t1", "ops/x", "误报", NOW, "wang", wanted)
    with pytest.raises(ConfigError, match="tasks/t1：没有指标计入 tasks 的 task 记录"):
        acts.request_exclusion(desk.ledger, "tasks/t1", "", "误报", NOW, "wang", wanted)
    assert acts.request_exclusion(desk.ledger, "cases/bad", "ops/x", "误报", NOW, "wang", wanted).n == 1


def test_the_log_is_told_in_chinese_with_the_form_that_was_exported_and_the_act_that_was_approved(desk: Desk) -> None:
    asked = acts.request_exclusion(desk.ledger, "cases/bad", "", "误报", NOW, "wang")
    acts.approve(desk.ledger, desk.book, asked.n, NOW, "li")
    log_export(desk.ledger, NOW, "wang", "monitoring", {"file": "监控表.xlsx"})
    out = io.StringIO()
    Console(file=out, width=80).print(terminal.acts(*acts.log(desk.ledger)))
    said = [line.split()[4:6] for line in out.getvalue().splitlines()[1:4]]
    assert said == [["申请剔除", "cases/bad"], ["批准", "第1条"], ["导出", "监控表"]]
    assert words.FORMS.keys() == FORMS.keys()
