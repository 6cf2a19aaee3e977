"""An acknowledgement: said by one account, in force through its last day or lifted, seen wherever the verdict is."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest

from agent import acts, words
from agent.book import Book, Delivery, definitions, register
from agent.evaluate import Board
from agent.ledger import Ledger
from agent.metrics import Exposition
from agent.model import ConfigError, Mapped
from agent.status import status_answer
from tests.commands import dabiao
from tests.plans import at, case, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
NOW = at("2026-03-10T10:00")
DAY = date(2026, 3, 15).toordinal()


class Office:
    """One indicator that misses, and its acts."""

    def __init__(self, folder, ledger):
        self.config = site(folder, {"x": SHARE})
        self.ledger = ledger
        self.plan = self.config.plans[0]
        self.row = self.plan.projects[0].indicators[0]
        book = Book(ledger, register(ledger, definitions(self.config)).keys)
        records = [case("bad", accepted_at="2026-03-02T10:00", state="open")]
        told = Mapped(records, [], [], None)
        book.deliver(Delivery("cases", "case", told, NOW, finished=True, covers=(0, at("2030-01-01"))))
        self.board = Board(self.config, ledger)

    def acknowledge(self, until=DAY, reason="升级期间已知", now=NOW):
        return acts.acknowledge(self.ledger, self.plan, self.row, until, reason, now, "wang")

    def verdict(self, now=NOW):
        self.snapshot = self.board.refresh(now)
        return next(v for v in self.snapshot.verdicts if v.system is None and v.window.name == "ytd")

    def series(self):
        lines = Exposition(self.config).render(self.snapshot, {}).text.decode().splitlines()
        return [line for line in lines if line.startswith("dabiao_indicator_acknowledged_until_timestamp_seconds{")]


@pytest.fixture
def office(tmp_path):
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        yield Office(tmp_path, ledger)


def test_a_known_miss_is_flagged_with_who_why_and_until_when_and_stays_a_miss(office):
    assert office.verdict().flags == ("unconfirmed",)
    office.acknowledge()
    verdict = office.verdict()
    assert (verdict.state, verdict.flags) == ("missed", ("unconfirmed", "acknowledged"))
    assert words.flags(verdict)[-1] == "已知晓至2026-03-15"
    (told,) = [one for one in status_answer(office.snapshot, office.config)["indicators"] if one["system"] is None]
    assert told["acknowledged"] == {
        "act": 1, "at": "2026-03-10T10:00:00+08:00", "account": "wang", "reason": "升级期间已知", "until": "2026-03-15",
    }  # fmt: skip


def test_it_ends_at_the_midnight_after_its_last_day(office):
    office.acknowledge()
    assert "acknowledged" in office.verdict(at("2026-03-15T23:59:59")).flags
    ends = at("2026-03-16T00:00") // 1_000_000
    assert office.series() == [
        f'dabiao_indicator_acknowledged_until_timestamp_seconds{{project="ops",indicator="x"}} {ends}.0'
    ]
    assert "acknowledged" not in office.verdict(at("2026-03-16T00:00")).flags
    assert office.series() == []


def test_a_verdict_at_an_earlier_time_knows_nothing_of_it(office):
    office.acknowledge()
    assert "acknowledged" not in office.verdict(at("2026-03-09T10:00")).flags


def test_the_last_word_holds(office):
    office.acknowledge()
    office.acknowledge(DAY + 5, "再延五天")
    known = office.verdict().acknowledged
    assert (known.until, known.reason) == (DAY + 5, "再延五天")


def test_it_can_be_lifted_once(office):
    office.acknowledge()
    acts.lift(office.ledger, office.plan, office.row, "已恢复", NOW, "li")
    assert office.verdict().acknowledged is None
    with pytest.raises(ConfigError, match="ops/x：没有登记为已知晓，无可取消"):
        acts.lift(office.ledger, office.plan, office.row, "已恢复", NOW, "li")


def test_one_that_is_over_cannot_be_lifted(office):
    office.acknowledge()
    with pytest.raises(ConfigError, match="无可取消"):
        acts.lift(office.ledger, office.plan, office.row, "已恢复", at("2026-03-16T08:00"), "li")


@pytest.mark.parametrize("day", [date(2026, 3, 9), date(2027, 1, 1)])
def test_it_holds_from_today_and_never_beyond_the_year(office, day):
    with pytest.raises(ConfigError, match=f"--until：应在 2026-03-10 至 2026-12-31 之间，现为 {day}"):
        office.acknowledge(day.toordinal())
    assert acts.log(office.ledger)[0] == []


def test_it_needs_a_reason(office):
    with pytest.raises(ConfigError, match="--reason：应写明理由，现为空"):
        office.acknowledge(reason=" ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("x", "--reason", "y"), "--until 与 --lift：应给出其中一个"),
        (("x", "--reason", "y", "--until", "2026-12-31", "--lift"), "--until 与 --lift：应给出其中一个"),
        (("x", "--reason", "y", "--until", "tomorrow"), "--until：应为日期，如 2026-12-31，现为“tomorrow”"),
        (("x", "--reason", "y", "--lift"), "ops/x：没有登记为已知晓，无可取消"),
        (("z", "--reason", "y", "--lift"), "指标“z”：应写作 项目/指标"),
    ],
)
def test_the_command_says_what_is_wrong(office, tmp_path, arguments, complaint):
    ended = dabiao(tmp_path, "acknowledge", *arguments, "--ledger", "ledger.db")
    assert (ended.code, complaint in ended.complained) == (2, True), ended.complained
    assert acts.log(office.ledger)[0] == []
