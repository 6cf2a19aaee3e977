"""A rule changed in a running year waits for another account; until then records are counted by the former one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agent import acts, terminal
from agent.asking import answer
from agent.book import Book, Delivery, Proposal, Registered, catch_up, current, definitions, recompute, register
from agent.book.revival import revived
from agent.config import Config, load
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.measures import MEASURES
from agent.model import ConfigError, Mapped, Record, Unit, Verdict
from agent.poll import Publisher, Schedule
from agent.status import Question
from collectors import COLLECTORS
from tests.plans import at, case, site
from tests.sites import wait_until

pytestmark = pytest.mark.whole

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
CHANGED = SHARE | {"good_when": {"state": "open"}}
MEDIAN = {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "p50"}
NOW = at("2026-03-10T10:00")


class Desk:
    """A ledger whose files change."""

    def __init__(self, folder: Path, measure: dict[str, Any] | None = None, url: str | None = None) -> None:
        self.folder = folder
        self.ledger = Ledger.open(url or folder / "ledger.db")
        self.config: Config
        self.change(measure or SHARE)
        self.tell(case("1", accepted_at="2026-03-02T10:00", finished_at="2026-03-02T10:03", state="done"))

    def change(self, measure: dict[str, Any], now: int = NOW, **more: Any) -> Registered:
        """Start `dabiao run` with another rule for `x`."""
        self.config = site(self.folder, {"x": measure, "y": SHARE}, **more)
        self.registered = register(self.ledger, definitions(self.config), Proposal("wang", now))
        self.book = Book(self.ledger, self.registered.known)
        catch_up(self.ledger, self.registered)
        return current(self.ledger, definitions(self.config))

    def tell(self, *records: Record) -> None:
        mapped = Mapped(list(records), [], [], None)
        self.book.deliver(Delivery("cases", "case", mapped, NOW, finished=True, covers=(0, at("2030-01-01"))))

    def approve(self, number: int = 1, who: str = "li") -> None:
        registered = current(self.ledger, definitions(self.config))
        acts.approve(self.ledger, Book(self.ledger, registered.known), number, NOW, who)
        catch_up(self.ledger, current(self.ledger, definitions(self.config)))

    def verdict(self) -> Verdict:
        found = Board(self.config, self.ledger).refresh(NOW).verdicts
        return next(v for v in found if (v.indicator, v.window.name, v.system) == ("x", "ytd", None))

    def hash(self) -> str:
        return next(one.version for one in definitions(self.config) if one.indicator == "x")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def later(id: str, state: str = "done") -> Record:
    return case(id, accepted_at="2026-03-03T10:00", finished_at="2026-03-03T10:09", state=state)


def test_new_records_are_counted_by_the_former_rule_until_the_change_is_approved(desk: Desk) -> None:
    former = desk.hash()
    desk.change(CHANGED)
    desk.tell(later("2"), later("3", "open"))
    waiting = desk.verdict()
    assert (waiting.good, waiting.bad) == (2, 1)
    assert (waiting.definition, waiting.definition_waiting) == (former, desk.hash())
    assert recompute(desk.ledger, current(desk.ledger, definitions(desk.config)).known).differences == ()
    desk.approve()
    approved = desk.verdict()
    assert (approved.good, approved.bad) == (1, 2)
    assert (approved.definition, approved.definition_waiting) == (desk.hash(), None)


def test_a_question_about_the_past_is_answered_by_the_approved_rule(desk: Desk) -> None:
    former = desk.hash()
    desk.change(CHANGED)
    told = answer(desk.config, desk.ledger, Question(at=at("2026-03-05T10:00")), NOW)["indicators"]
    row = next(one for one in told if one["indicator"] == "x" and one["system"] is None)
    assert (row["good"], row["bad"], row["definition"]) == (1, 0, former)
    desk.approve()
    told = answer(desk.config, desk.ledger, Question(at=at("2026-03-05T10:00")), NOW)["indicators"]
    row = next(one for one in told if one["indicator"] == "x" and one["system"] is None)
    assert (row["good"], row["bad"], row["definition"]) == (0, 1, desk.hash())


def test_a_running_agent_goes_on_over_the_approval(desk: Desk) -> None:
    desk.change(CHANGED)
    board = Board(desk.config, desk.ledger)
    board.refresh(NOW)
    desk.approve()  # by another process; the book of the running one stays as it is
    desk.tell(later("2", "open"))
    found = board.refresh(NOW + 1).verdicts
    verdict = next(v for v in found if (v.indicator, v.window.name, v.system) == ("x", "ytd", None))
    assert (verdict.good, verdict.bad, verdict.definition) == (1, 1, desk.hash())
    assert recompute(desk.ledger, current(desk.ledger, definitions(desk.config)).known).differences == ()


def test_the_request_says_what_changes_and_nobody_approves_their_own(desk: Desk) -> None:
    desk.change(CHANGED)
    desk.change(CHANGED)  # started again: asked once
    (request,) = acts.log(desk.ledger)[0]
    assert (request.kind, request.account, request.subject) == ("define", "wang", "ops/x")
    assert request.body["reason"] == 'measure.good_when: {"state": "done"} → {"state": "open"}'
    with pytest.raises(ConfigError, match="须由另一账号批准"):
        desk.approve(who="wang")
    assert desk.verdict().good == 1


def test_a_change_taken_back_or_changed_again_is_approved_no_more(desk: Desk) -> None:
    desk.change(CHANGED)
    desk.change(SHARE)
    assert desk.verdict().definition_waiting is None
    with pytest.raises(ConfigError, match="这一更改已撤回"):
        desk.approve()
    desk.change(CHANGED)
    desk.change(SHARE | {"good_when": {"state": "closed"}})
    with pytest.raises(ConfigError, match="不是等待批准的申请（等待批准的有：3）"):
        desk.approve(2)
    desk.approve(3)
    assert (desk.verdict().definition, desk.verdict().bad) == (desk.hash(), 1)


def test_going_back_to_a_former_rule_is_a_change_too(desk: Desk) -> None:
    desk.change(CHANGED)
    desk.approve()
    desk.change(SHARE)
    assert desk.verdict().definition_waiting == desk.hash()


@pytest.mark.parametrize("when", ["2027-01-01T00:00", "2027-06-01T00:00"])
def test_a_year_that_is_over_needs_no_approval(desk: Desk, when: str) -> None:
    assert desk.change(CHANGED, at(when)).waiting == {}
    assert acts.log(desk.ledger)[0] == []


def test_a_rule_by_which_nothing_was_counted_yet_changes_at_once(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    for measure in (SHARE, CHANGED):
        wanted = definitions(site(tmp_path, {"x": measure}))
        registered = register(ledger, wanted, Proposal("wang", NOW))
    assert (registered.waiting, list(registered.known.values())) == ({}, list(wanted))
    ledger.close()


def test_a_change_of_kind_keeps_the_former_value_and_target(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.change(MEDIAN)
    verdict = desk.verdict()
    assert (verdict.value, verdict.unit) == (Fraction(1), Unit.RATIO)
    assert verdict.target is not None
    assert verdict.target.unit is Unit.RATIO
    desk.approve()
    assert (desk.verdict().value, desk.verdict().unit) == (Fraction(180), Unit.SECONDS)
    desk.ledger.close()


def test_percentiles_follow_while_a_change_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, MEDIAN)
    desk.change(MEDIAN | {"statistic": "max"})
    board = Board(desk.config, desk.ledger)
    for finished, seconds in (("10:05", 240), ("10:09", 360)):
        desk.tell(
            case(
                "2",
                accepted_at="2026-03-03T10:00",
                finished_at=f"2026-03-03T{finished}",
                changed=f"2026-03-03T{finished}",
            )
        )
        found = next(
            v for v in board.refresh(NOW).verdicts if (v.indicator, v.window.name, v.system) == ("x", "ytd", None)
        )
        assert found.value == seconds
    desk.ledger.close()


def test_published_holidays_change_figures_without_approval(tmp_path: Path) -> None:
    measure = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "limit": "1 workday"}
    desk = Desk(tmp_path, measure)
    arranged = {"calendar": {"years": {"2027": {"holidays": ["2027-01-01"]}}}}
    assert desk.change(measure, top=arranged).waiting == {}
    assert desk.verdict().definition == desk.hash()
    desk.change(measure | {"limit": "2 workdays"}, top={"calendar": {"years": {"2027": {"holidays": []}}}})
    desk.tell(later("2"))
    verdict = desk.verdict()
    assert (verdict.good, verdict.definition_waiting) == (2, desk.hash())
    assert recompute(desk.ledger, current(desk.ledger, definitions(desk.config)).known).differences == ()
    desk.ledger.close()


@pytest.mark.parametrize(
    "how",
    [
        {"limit": "1 workday"},
        {"limit": "6 h", "clock": "service_hours"},
        {"limit": {"by": "state", "table": {"done": "2 workdays", "open": "6 h"}}},
    ],
)
def test_a_changed_calendar_has_only_the_rules_that_use_it_derived_anew(tmp_path: Path, how: dict[str, Any]) -> None:
    desk = Desk(tmp_path, {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", **how})
    desk.change(
        {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", **how},
        top={"calendar": {"years": {"2027": {"holidays": ["2027-01-01"]}}}},
    )
    assert {desk.registered.known[pk].indicator for pk in desk.registered.building} == {"x"}  # and not `y`
    desk.ledger.close()


def test_the_answer_and_the_explanation_name_the_rule(desk: Desk) -> None:
    former = desk.hash()
    desk.change(CHANGED)
    told = answer(desk.config, desk.ledger, Question(), NOW)["indicators"]
    row = next(one for one in told if one["indicator"] == "x" and one["system"] is None)
    assert (row["definition"], row["definition_waiting"]) == (former, desk.hash())
    explained = explain(desk.config, desk.ledger, Board(desk.config, desk.ledger).refresh(NOW), "ops", "x")
    assert explained.version is not None
    assert (explained.version.hash, explained.version.in_force) == (former, False)
    assert json.dumps(explained.as_json()["verdict"], default=str).count(desk.hash()) == 1


@pytest.mark.server
def test_a_change_waits_on_postgresql_too(tmp_path: Path, postgresql_url: str) -> None:
    desk = Desk(tmp_path, url=postgresql_url)
    desk.change(CHANGED)
    desk.tell(later("2"), later("3", "open"))
    assert (desk.verdict().good, desk.verdict().bad) == (2, 1)
    desk.approve()
    assert (desk.verdict().good, desk.verdict().definition) == (1, desk.hash())
    desk.ledger.close()


def test_status_says_which_figures_follow_a_former_rule(desk: Desk) -> None:
    desk.change(CHANGED)
    printed = StringIO()
    Console(width=120, file=printed).print(
        terminal.status(Board(desk.config, desk.ledger).refresh(NOW), desk.config, "ytd")
    )
    assert "口径变更待另一账号批准，仍按原口径：x" in printed.getvalue()


def test_what_was_approved_while_the_approver_failed_is_derived_by_the_agent(desk: Desk) -> None:
    registered = desk.change(CHANGED)
    acts.approve(desk.ledger, Book(desk.ledger, registered.known), 1, NOW, "li")  # and no catching up
    schedule = Schedule(desk.config, desk.ledger, [], Publisher(), lambda: NOW)
    schedule.start()
    try:
        wait_until(lambda: not current(desk.ledger, definitions(desk.config)).building)
    finally:
        schedule.stop()
    assert (desk.verdict().bad, desk.verdict().definition) == (1, desk.hash())


def test_every_shipped_rule_is_derived_from_its_stored_text_as_from_the_file() -> None:
    root = Path(__file__).parents[1]
    shipped = definitions(load([root / "targets.yaml"], None, collectors=COLLECTORS))
    assert len({one.measure.kind for one in shipped}) >= len(MEASURES) - 3
    for one in shipped:
        again = revived(one, one.spec)
        assert again is not None
        assert (again.hash, again.spec, again.measure) == (one.hash, one.spec, one.measure)
