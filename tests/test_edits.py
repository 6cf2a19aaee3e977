"""What sources do to records that were booked before: the rules of docs/edits.md, one test each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agent.book import Book, Delivery, definitions, recompute, register
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.model import Mapped, Record, State, Verdict
from agent.terminal.explained import explanation
from tests.plans import at, case, site

ON_TIME = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
BY_LEVEL = {
    "kind": "on_time",
    "of": "case",
    "from": "accepted_at",
    "to": "finished_at",
    "limit": {"by": "level", "table": {"1": "1h", "2": "8h"}},
}
GRAVE = ON_TIME | {"among": {"level": "1"}}


class Desk:
    """A ledger that is told what the source says, and asked how the indicator stands."""

    def __init__(self, folder: Path, **measures: Any) -> None:
        self.config = site(folder, measures)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.keys = register(self.ledger, definitions(self.config)).keys
        self.book = Book(self.ledger, self.keys)
        self.board = Board(self.config, self.ledger)

    def say(self, *records: Record, complete: bool = False) -> None:
        delivery = Delivery("cases", "case", Mapped(list(records), [], [], None), 0, finished=True, covers=(0, 1 << 60))
        delivery.seen = set() if complete else None
        self.book.deliver(delivery)
        if complete:
            delivery.mapped = Mapped([], [], [], None)
            self.book.withdraw_missing(delivery, allow="wang")

    def verdict(self, now: str, system: str | None = None, indicator: str = "x", window: str = "year") -> Verdict:
        verdicts = self.board.refresh(at(now)).verdicts
        (found,) = [v for v in verdicts if (v.indicator, v.window.name, v.system) == (indicator, window, system)]
        return found

    def counts(self, now: str, system: str | None = None, indicator: str = "x") -> tuple[int, int, int, int]:
        """Good, bad, open and excluded."""
        verdict = self.verdict(now, system, indicator)
        return verdict.good, verdict.bad, verdict.open, verdict.excluded

    def revisions(self) -> list[tuple[Any, ...]]:
        with self.ledger.read() as session:
            return session.rows("SELECT system, withdrawn, body FROM revision ORDER BY record, n")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def build(**measures: Any) -> Desk:
        made.append(Desk(tmp_path, **(measures or {"x": ON_TIME})))
        return made[-1]

    yield build
    for one in made:
        assert recompute(one.ledger, one.keys).differences == ()
        one.ledger.close()


def one_case(changed: str | None = None, system: str = "archive", **values: str) -> Record:
    times = {"accepted_at": "2026-03-02T09:00", "due_at": "2026-03-05T17:00"}
    return case("1", system=system, changed=changed, **(times | values))


NOW = "2026-03-09T12:00"


def test_a_record_that_arrives_late_counts_on_the_day_it_belongs_to(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(case("2", accepted_at="2026-03-08T09:00", due_at="2026-03-09T10:00", finished_at="2026-03-08T10:00"))
    assert desk.verdict(NOW, window="30d").good == 1
    desk.say(case("1", accepted_at="2026-01-05T09:00", due_at="2026-01-06T17:00", finished_at="2026-01-07T10:00"))
    assert desk.counts(NOW) == (1, 1, 0, 0)
    assert desk.verdict(NOW, window="30d").bad == 0
    assert desk.revisions() == []


def test_an_edited_record_counts_as_it_now_is_and_what_it_was_is_kept(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-06T10:00", finished_at="2026-03-06T10:00"))
    assert desk.counts(NOW) == (0, 1, 0, 0)
    desk.say(one_case("2026-03-07T10:00", finished_at="2026-03-05T10:00"))
    assert desk.counts(NOW) == (1, 0, 0, 0)
    assert len(desk.revisions()) == 1
    desk.say(one_case("2026-03-06T10:00", finished_at="2026-03-06T10:00"))  # the older version comes again
    assert desk.counts(NOW) == (1, 0, 0, 0)
    assert len(desk.revisions()) == 1


def test_a_reopened_record_is_open_again_and_runs_from_its_first_start(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-02T09:00"))
    assert desk.counts("2026-03-03T12:00") == (0, 0, 1, 0)
    desk.say(one_case("2026-03-03T10:00", finished_at="2026-03-03T10:00"))
    assert desk.counts("2026-03-03T12:00") == (1, 0, 0, 0)
    desk.say(one_case("2026-03-04T10:00"))  # the source removes the time
    assert desk.counts("2026-03-04T12:00") == (0, 0, 1, 0)
    assert desk.counts(NOW) == (0, 1, 0, 0)  # its time was up meanwhile
    desk.say(one_case("2026-03-09T11:00", finished_at="2026-03-09T11:00"))
    assert desk.counts(NOW) == (0, 1, 0, 0)
    assert len(desk.revisions()) == 3


def test_a_relevelled_record_is_held_to_the_limit_of_its_level_now(make: Callable[..., Desk]) -> None:
    desk = make(x=BY_LEVEL, grave=GRAVE)
    done = {"finished_at": "2026-03-02T12:00"}
    desk.say(one_case("2026-03-02T12:00", level="2", **done))
    assert desk.counts(NOW) == (1, 0, 0, 0)
    assert desk.counts(NOW, indicator="grave") == (0, 0, 0, 0)
    desk.say(one_case("2026-03-03T12:00", level="1", **done))
    assert desk.counts(NOW) == (0, 1, 0, 0)
    assert desk.counts(NOW, indicator="grave") == (1, 0, 0, 0)
    desk.say(one_case("2026-03-04T12:00", level="3", **done))  # a level without a limit
    assert desk.counts(NOW) == (0, 0, 0, 1)
    assert desk.counts(NOW, indicator="grave") == (0, 0, 0, 0)


def test_a_record_moved_to_another_system_leaves_the_first_and_the_total_stays(make: Callable[..., Desk]) -> None:
    desk = make()
    other = case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-05T17:00", finished_at="2026-03-03T10:00")
    desk.say(other, one_case("2026-03-03T10:00", finished_at="2026-03-06T10:00"))
    assert [desk.counts(NOW, system) for system in ("archive", None)] == [(1, 1, 0, 0), (1, 1, 0, 0)]
    desk.say(one_case("2026-03-07T10:00", system="portal", finished_at="2026-03-06T10:00"))
    assert [desk.counts(NOW, system) for system in ("archive", "portal", None)] == [
        (1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)
    ]  # fmt: skip
    assert [system for system, _, _ in desk.revisions()] == ["archive"]


def test_an_open_record_moved_to_another_system_is_open_there(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-02T09:00"))
    assert desk.verdict("2026-03-03T12:00", "archive").open == 1
    desk.say(one_case("2026-03-02T10:00", system="portal"))
    assert desk.verdict("2026-03-03T12:00", "archive").open == 0
    assert desk.verdict("2026-03-03T12:00", "portal").open == 1


def test_a_soft_deleted_record_is_excluded_as_withdrawn(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-06T10:00", finished_at="2026-03-06T10:00"))
    desk.say(one_case("2026-03-07T10:00", finished_at="2026-03-06T10:00")._replace(withdrawn=True))
    assert desk.counts(NOW) == (0, 0, 0, 1)
    (group,) = explain(desk.config, desk.ledger, desk.board.refresh(at(NOW)), "ops", "x").excluded
    assert (group.reason, group.records) == ("已从来源撤回", 1)


def test_a_record_the_source_withdraws_while_open_is_waited_for_no_longer(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-02T09:00"))
    desk.say(one_case("2026-03-03T09:00")._replace(withdrawn=True))
    assert desk.counts(NOW) == (0, 0, 0, 1)
    assert desk.board.refresh(at(NOW)).open == ()


def test_what_vanishes_is_withdrawn_by_a_complete_read_alone_and_may_come_back(make: Callable[..., Desk]) -> None:
    desk = make()
    stays = case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-05T17:00", finished_at="2026-03-03T10:00")
    late = one_case(finished_at="2026-03-06T10:00")
    desk.say(stays, late)
    desk.say(stays)  # an ordinary poll tells what changed: silence about the other says nothing
    assert desk.counts(NOW) == (1, 1, 0, 0)
    desk.say(stays, complete=True)
    assert desk.counts(NOW) == (1, 0, 0, 1)
    desk.say(late)
    assert desk.counts(NOW) == (1, 1, 0, 0)
    assert [bool(withdrawn) for _, withdrawn, _ in desk.revisions()] == [False, True]


def test_a_due_time_rewritten_by_the_source_wins_and_the_first_one_is_shown_beside_it(
    make: Callable[..., Desk],
) -> None:
    desk = make()
    late = {"finished_at": "2026-03-20T10:00"}
    desk.say(one_case("2026-03-02T09:00"))
    desk.say(one_case("2026-03-04T09:00", due_at="2026-03-10T17:00"))
    assert desk.counts(NOW) == (0, 0, 1, 0)
    told = explain(desk.config, desk.ledger, desk.board.refresh(at(NOW)), "ops", "x", "year")
    (waiting,) = told.open
    assert waiting.first_due is not None
    assert (f"{waiting.first_due:%m-%d %H:%M}", f"{waiting.due:%m-%d %H:%M}") == ("03-05 17:00", "03-10 17:00")
    desk.say(one_case("2026-03-20T10:00", due_at="2026-03-12T17:00", **late))
    told = explain(desk.config, desk.ledger, desk.board.refresh(at("2026-03-21T10:00")), "ops", "x")
    assert told.verdict.state is State.MISSED
    (missed,) = told.missed
    assert (f"{missed.first_due:%m-%d}", f"{missed.due:%m-%d}") == ("03-05", "03-12")
    out = StringIO()
    Console(file=out, width=300).print(explanation(told))
    assert "首次时限 2026-03-05 17:00:00，现时限 2026-03-12 17:00:00" in out.getvalue()


def test_a_due_time_that_never_moved_is_not_shown_twice(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.say(one_case("2026-03-02T09:00"))
    desk.say(one_case("2026-03-03T09:00", state="seen"))
    (case_,) = explain(desk.config, desk.ledger, desk.board.refresh(at("2026-03-04T12:00")), "ops", "x", "year").open
    assert case_.first_due is None
