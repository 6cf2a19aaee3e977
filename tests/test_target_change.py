"""A target changed in a running year waits for another account too, and the past is judged by the targets of then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent import acts
from agent.asking import answer
from agent.book import Book, Delivery, Proposal, Registered, catch_up, current, definitions, recompute, register
from agent.book.statements import ATTEST
from agent.config import Config, load
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.ledger.acts import append
from agent.model import ConfigError, Instant, Mapped, State, Verdict
from agent.status import Json, Question
from collectors import COLLECTORS
from tests.plans import at, case, site

pytestmark = pytest.mark.whole

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
SOUND = {"kind": "attested", "accept": ["健全", "基本健全"]}
NOW = at("2026-03-10T10:00")


class Desk:
    """A ledger of four cases, three of them good, whose files change."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.ledger = Ledger.open(url or folder / "ledger.db")
        self.config: Config
        self.change(">= 70 %")
        self.tell(NOW, *("done", "done", "done", "open"))

    def change(self, target: Any, now: Instant = NOW, measure: dict[str, Any] = SHARE, **keys: Any) -> Registered:
        """Start `dabiao run` with another target for `x`."""
        self.config = site(self.folder, {"x": measure}, keys={"target": target, **keys})
        register(self.ledger, definitions(self.config), Proposal("wang", now))
        return current(self.ledger, definitions(self.config))

    def tell(self, now: Instant, *states: str, begin: int = 0) -> None:
        records = [
            case(str(n), accepted_at="2026-03-02T10:00", finished_at="2026-03-02T10:03", state=state)
            for n, state in enumerate(states, begin)
        ]
        book = Book(self.ledger, current(self.ledger, definitions(self.config)).known)
        mapped = Mapped(records, [], [], None)
        book.deliver(Delivery("cases", "case", mapped, now, finished=True, covers=(0, at("2030-01-01"))))

    def approve(self, number: int = 1, who: str = "li", now: Instant = NOW) -> None:
        registered = current(self.ledger, definitions(self.config))
        acts.approve(self.ledger, Book(self.ledger, registered.known), number, now, who)
        catch_up(self.ledger, current(self.ledger, definitions(self.config)))

    def verdict(self, now: Instant = NOW) -> Verdict:
        found = Board(self.config, self.ledger).refresh(now).verdicts
        return next(v for v in found if (v.indicator, v.window.name, v.system) == ("x", "ytd", None))

    def answer(self, question: Question, now: Instant) -> Json:
        rows = answer(self.config, self.ledger, question, now)["indicators"]
        return next(dict(row) for row in rows if (row["indicator"], row["system"]) == ("x", None))

    def versions(self) -> list[str]:
        return [one.version for one in definitions(self.config)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def judged(verdict: Verdict) -> tuple[State, str]:
    assert verdict.target is not None
    return verdict.state, f"{verdict.target.op} {verdict.target.value}"


def test_a_changed_target_judges_once_another_account_has_approved_it(desk: Desk) -> None:
    (former,) = desk.versions()
    desk.change(">= 80 %")
    waiting = desk.verdict()
    assert judged(waiting) == (State.MET, ">= 7/10")
    assert [waiting.definition, waiting.definition_waiting] == [former, *desk.versions()]
    (request,) = acts.log(desk.ledger)[0]
    assert (request.kind, request.subject, request.body["reason"]) == ("define", "ops/x", "target: >= 70 % → >= 80 %")
    with pytest.raises(ConfigError, match="须由另一账号批准"):
        desk.approve(who="wang")
    desk.approve()
    approved = desk.verdict()
    assert judged(approved) == (State.MISSED, ">= 4/5")
    assert [approved.definition, approved.definition_waiting] == [*desk.versions(), None]


def test_nothing_is_derived_anew_for_a_target(desk: Desk) -> None:
    keys = desk.change(">= 80 %").serving
    desk.approve()
    registered = current(desk.ledger, definitions(desk.config))
    assert (registered.building, registered.serving) == ((), keys)
    desk.tell(NOW, "done", begin=4)
    assert (desk.verdict().good, desk.verdict().value) == (4, Fraction(4, 5))
    assert recompute(desk.ledger, registered.known).differences == ()


def test_a_running_agent_judges_by_the_new_target_from_the_approval_on(desk: Desk) -> None:
    desk.change(">= 80 %")
    board = Board(desk.config, desk.ledger)
    assert all(verdict.state is not State.MISSED for verdict in board.refresh(NOW).verdicts)
    desk.approve()
    found = board.refresh(NOW + 1).verdicts
    assert {v.state for v in found if v.window.name == "ytd"} == {State.MISSED}


@pytest.mark.parametrize(
    "keys",
    [
        {"coverage_min": "50 %"},
        {"when_empty": "met"},
        {"accumulation": "cumulative", "plan": {"2026-06": "40 %"}},
        {"judged_on": "2026-11-30"},
        {"target": [{"target": ">= 70 %"}, {"from": "2026-07-01", "target": ">= 60 %"}]},
    ],
    ids=str,
)
def test_whatever_judges_waits(desk: Desk, keys: dict[str, Any]) -> None:
    changed = desk.change(**{"target": ">= 70 %", **keys})
    assert list(changed.waiting.values()) == desk.versions()


@pytest.mark.parametrize(
    "keys", [{"note": "另作说明"}, {"text": "不低于七成"}, {"weight": {"mof-2020": 5}}, {"warn_before": "1h"}], ids=str
)
def test_what_is_only_told_is_taken_over_at_once(desk: Desk, keys: dict[str, Any]) -> None:
    assert desk.change(">= 70 %", **keys).waiting == {}
    assert acts.log(desk.ledger)[0] == []


def test_a_target_changed_back_or_once_more_is_approved_no_more(desk: Desk) -> None:
    desk.change(">= 80 %")
    desk.change(">= 70 %")
    assert desk.verdict().definition_waiting is None
    with pytest.raises(ConfigError, match="这一更改已撤回"):
        desk.approve()
    desk.change(">= 80 %")
    desk.change(">= 90 %")
    with pytest.raises(ConfigError, match="不是等待批准的申请（等待批准的有：3）"):
        desk.approve(2)
    desk.approve(3)
    assert judged(desk.verdict()) == (State.MISSED, ">= 9/10")


def test_a_target_that_changes_with_its_measure_waits_with_it(desk: Desk) -> None:
    opposite = SHARE | {"good_when": {"state": "open"}}
    desk.change(">= 20 %", measure=opposite)
    assert judged(desk.verdict()) == (State.MET, ">= 7/10")
    desk.change(">= 30 %", measure=opposite)  # the same measure, another target: asked anew
    desk.approve(2)
    assert (judged(desk.verdict()), desk.verdict().value) == ((State.MISSED, ">= 3/10"), Fraction(1, 4))


def test_a_year_that_is_over_needs_no_approval(desk: Desk) -> None:
    assert desk.change(">= 80 %", at("2027-01-01T00:00")).waiting == {}
    assert judged(desk.verdict()) == (State.MISSED, ">= 4/5")


def test_what_a_person_answers_for_waits_as_soon_as_the_ledger_is_at_work(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:

        def change(target: str, accept: list[str]) -> Registered:
            site(tmp_path, {"x": SHARE, "y": SOUND})
            path = tmp_path / "targets.yaml"
            plan = json.loads(path.read_text(encoding="utf-8"))
            plan["projects"]["ops"]["indicators"]["y"] |= {"target": target, "measure": SOUND | {"accept": accept}}
            path.write_text(json.dumps(plan), encoding="utf-8")
            return register(ledger, definitions(loaded(tmp_path)), Proposal("wang", NOW))

        change("健全", ["健全"])
        registered = change("基本健全", ["健全", "基本健全"])
        assert registered.waiting == {}
        book = Book(ledger, registered.known)
        book.deliver(Delivery("cases", "case", Mapped([case("1", accepted_at="2026-03-02")], [], [], None), NOW))
        waiting = change("健全", ["健全"])
        assert list(waiting.waiting) == [(2026, "ops", "y")]
        acts.approve(ledger, Book(ledger, waiting.known), 1, NOW, "li")
        plan = loaded(tmp_path)
        taken = current(ledger, definitions(plan))
        assert (taken.waiting, taken.building) == ({}, ())
        indicator = plan.plans[0].projects[0].indicators[1]
        assert taken.judged(plan.plans[0], indicator).indicator.measure == indicator.measure


def loaded(folder: Path) -> Config:
    return load([folder / "targets.yaml"], folder / "sources.yaml", collectors=COLLECTORS)


def test_a_ledger_that_does_not_tell_what_judges_asks_for_nothing(desk: Desk) -> None:
    with desk.ledger.write() as session:
        ((spec,),) = session.rows("SELECT spec FROM definition")
        told = json.loads(spec)
        told["promise"] = {key: told["promise"][key] for key in ("name", "target", "weight", "note")}
        session.run("UPDATE definition SET spec = ?", (json.dumps(told),))
    assert desk.change(">= 70 %", coverage_min="50 %").waiting == {}
    assert list(desk.change(">= 70 %", coverage_min="60 %").waiting) == [(2026, "ops", "x")]


def test_a_request_that_waited_in_an_older_ledger_can_still_be_approved(desk: Desk) -> None:
    desk.change(">= 20 %", measure=SHARE | {"good_when": {"state": "open"}})
    with desk.ledger.write() as session:  # such requests named no version
        ((body,),) = session.rows("SELECT body FROM act")
        told = {key: value for key, value in json.loads(body).items() if key != "version"}
        session.run("UPDATE act SET body = ?", (json.dumps(told),))
    desk.approve()
    assert desk.verdict().value == Fraction(1, 4)


# --- the past ---------------------------------------------------------------------------------------------------------


def test_as_of_an_instant_the_target_known_then_judges(desk: Desk) -> None:
    later, last = NOW + 3_600_000_000, NOW + 7_200_000_000
    (former,) = desk.versions()
    desk.change(">= 80 %", later)
    desk.approve(now=later)
    desk.tell(last, "open", begin=4)
    then = desk.answer(Question(as_of=NOW), last)
    assert (then["target"]["value"], then["state"], then["definition"]) == (0.7, "met", former)
    today = desk.answer(Question(as_of=last), last)
    assert [today["target"]["value"], today["state"], today["definition"]] == [0.8, "missed", *desk.versions()]
    judged_then = desk.answer(Question(at=NOW), last)  # with what is known today
    assert (judged_then["target"]["value"], judged_then["bad"]) == (0.8, 2)


def test_as_of_an_instant_the_measure_known_then_counts(desk: Desk) -> None:
    later = NOW + 3_600_000_000
    desk.change(">= 20 %", later, measure=SHARE | {"good_when": {"state": "open"}})
    desk.approve(now=later)
    desk.tell(later, "open", begin=4)
    then = desk.answer(Question(as_of=NOW), later)
    assert (then["good"], then["bad"], then["target"]["value"]) == (3, 1, 0.7)


def test_a_rule_of_a_former_year_and_back_is_known_by_when_it_served(desk: Desk) -> None:
    hour = 3_600_000_000
    for n, target in enumerate((">= 80 %", ">= 70 %", ">= 90 %"), 1):
        desk.change(target, NOW + n * hour)
        desk.approve(2 * n - 1, now=NOW + n * hour)
        desk.tell(NOW + n * hour, "done", begin=10 + n)
    seen = [desk.answer(Question(as_of=NOW + n * hour), NOW + 9 * hour)["target"]["value"] for n in range(4)]
    assert seen == [0.7, 0.8, 0.7, 0.9]


def test_another_file_is_tried_on_the_past_as_well(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    desk.config = site(tmp_path / "other", {"x": SHARE}, target=">= 80 %")
    assert desk.answer(Question(as_of=NOW), NOW + 1)["target"]["value"] == 0.8
    assert current(desk.ledger, definitions(desk.config)).waiting == {}


def test_the_explanation_prints_the_version_and_what_waits(desk: Desk) -> None:
    (former,) = desk.versions()
    desk.change(">= 80 %")
    told = explain(desk.config, desk.ledger, Board(desk.config, desk.ledger).refresh(NOW), "ops", "x")
    assert told.version is not None
    assert (told.version.hash, told.target, told.verdict.definition_waiting) == (former, "≥70%", *desk.versions())


def test_an_attested_word_is_judged_by_its_rule_and_says_which(tmp_path: Path) -> None:
    config = site(tmp_path, {"x": SOUND})
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        register(ledger, definitions(config))
        with ledger.write() as session:
            said = {"year": 2026, "through": "2026-03-01", "word": "健全", "band": "achieved"}
            append(session, NOW, "wang", ATTEST, "ops/x", said)
        found = Board(config, ledger).refresh(NOW).verdicts
        verdict = next(v for v in found if v.window.name == "ytd" and v.system is None)
        assert (verdict.state, verdict.definition) == (State.MET, definitions(config)[0].version)


@pytest.mark.server
def test_a_target_waits_on_postgresql_too(tmp_path: Path, postgresql_url: str) -> None:
    desk = Desk(tmp_path, postgresql_url)
    desk.change(">= 80 %")
    assert judged(desk.verdict()) == (State.MET, ">= 7/10")
    desk.approve()
    assert judged(desk.verdict()) == (State.MISSED, ">= 4/5")
    assert desk.answer(Question(as_of=NOW), NOW)["target"]["value"] == 0.8
    desk.ledger.close()
