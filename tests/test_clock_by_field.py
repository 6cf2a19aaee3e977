"""A clock by the value of a field: every record runs on its own, in limits, pauses, sums and the countdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.book import Book, Delivery, definitions, recompute, register
from agent.book.revival import revived
from agent.config import Config
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.measures import MEASURES
from agent.model import SECOND_US, Instant, Mapped, Record, Stage, Verdict
from agent.worktime import ClockKind, make_clock
from tests.drawing import examples
from tests.plans import CASE_SOURCE, at, case, site

KINDS: dict[str, ClockKind] = {"1": "always", "3": "service_hours"}
BY_LEVEL = {"by": "level", "table": KINDS}
LIMITS = {"by": "level", "table": {"1": "1h", "3": "4h"}}
TIMED = {"of": "case", "from": "accepted_at", "to": "finished_at", "clock": BY_LEVEL}
MEASURES_HERE: dict[str, dict[str, Any]] = {
    "on-time": TIMED | {"kind": "on_time", "limit": LIMITS, "cohort": "accepted_at"},
    "mean": TIMED | {"kind": "duration", "limit": LIMITS},
    "longest": TIMED | {"kind": "duration", "limit": LIMITS, "statistic": "max"},
    "paused": TIMED | {"kind": "duration", "limit": LIMITS, "pause": {"from": "stop_at", "to": "go_at"}},
}
PAUSED_SOURCE = CASE_SOURCE | {
    "times": {name: name for name in ("accepted_at", "due_at", "finished_at", "stop_at", "go_at")}
}
FRIDAY = "2026-03-06"  # service hours 09:00-11:30 and 13:30-17:00


class Desk:
    def __init__(self, config: Config, ledger: Ledger) -> None:
        self.config, self.ledger = config, ledger
        self.keys = register(ledger, definitions(config)).keys
        self.book, self.board = Book(ledger, self.keys), Board(config, ledger)

    def tell(self, *records: Record) -> None:
        told = Mapped(list(records), [], [], None)
        self.book.deliver(Delivery("cases", "case", told, 0, finished=True, covers=(0, at("2030-01-01"))))

    def verdict(self, indicator: str, now: Instant) -> Verdict:
        found = self.board.refresh(now).verdicts
        return next(v for v in found if (v.indicator, v.window.name, v.system) == (indicator, "ytd", None))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return site(tmp_path_factory.mktemp("site"), MEASURES_HERE, sources={"cases": PAUSED_SOURCE})


@pytest.fixture
def desk(config: Config, tmp_path: Path) -> Iterator[Desk]:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        yield Desk(config, ledger)


def test_each_record_is_held_to_its_limit_on_its_own_clock(desk: Desk) -> None:
    over_noon = {"accepted_at": f"{FRIDAY}T11:00", "finished_at": f"{FRIDAY}T14:30"}
    desk.tell(case("a", level="1", **over_noon), case("b", level="3", **over_noon), case("c", level="2", **over_noon))
    verdict = desk.verdict("on-time", at("2026-03-09T10:00"))
    assert (verdict.good, verdict.bad, verdict.excluded) == (1, 1, 1)
    assert desk.verdict("mean", at("2026-03-09T10:00")).value == (3.5 + 1.5) * 3600 / 2
    snapshot = desk.board.refresh(at("2026-03-09T10:00"))
    told = explain(desk.config, desk.ledger, snapshot, "ops", "on-time")
    assert [group.reason for group in told.excluded] == ["未规定时钟:2"]
    assert [(one.id, one.taken_seconds, one.late_seconds) for one in told.missed] == [("a", 3.5 * 3600, 2.5 * 3600)]
    assert "1为自然时间、3为工作日的服务时段" in {rule.label: rule.text for rule in told.formula.rules}["时钟"]
    assert told.wall_clock is False


def test_overdue_records_take_time_on_their_own_clocks_through_the_weekend(desk: Desk) -> None:
    desk.tell(case("a", level="1", accepted_at=f"{FRIDAY}T09:00"), case("b", level="3", accepted_at=f"{FRIDAY}T09:00"))
    friday, monday = at(f"{FRIDAY}T16:30"), at("2026-03-09T09:30")
    assert desk.verdict("mean", friday).value == (7.5 + 5.5) * 3600 / 2
    assert desk.verdict("mean", monday).value == (72.5 + 6.5) * 3600 / 2
    assert desk.verdict("longest", monday).value == 72.5 * 3600
    told = explain(desk.config, desk.ledger, desk.board.refresh(monday), "ops", "mean")
    assert told.numbers is not None
    assert "未完成已用 284,400" in told.numbers.expression
    assert recompute(desk.ledger, desk.keys).differences == ()


def test_the_countdown_runs_on_the_records_own_clock(desk: Desk) -> None:
    at_night = at(f"{FRIDAY}T20:00")
    desk.tell(case("a", level="1", accepted_at=f"{FRIDAY}T19:30"), case("b", level="3", accepted_at=f"{FRIDAY}T16:00"))
    found = {one.id: one for one in desk.board.refresh(at_night).open if one.indicator == "on-time"}
    assert (found["a"].left_us, found["a"].due) == (None, at(f"{FRIDAY}T20:30"))
    assert (found["b"].left_us, found["b"].due) == (3 * 3600 * SECOND_US, at("2026-03-09T14:00"))


def test_a_pause_stops_the_records_own_clock(desk: Desk) -> None:
    pause = {"stop_at": f"{FRIDAY}T11:00", "go_at": f"{FRIDAY}T14:00"}
    desk.tell(*(case(level, level=level, accepted_at=f"{FRIDAY}T10:00", **pause) for level in "13"))
    now = at(f"{FRIDAY}T17:00")  # 4 hours each but for the hours of the other clock
    assert {one.id: one.stage for one in desk.board.refresh(now).open if one.indicator == "paused"} == {
        "1": Stage.OVERDUE,
        "3": Stage.IN_TIME,
    }
    assert desk.verdict("paused", at("2026-03-09T09:01")).value is not None


def test_a_record_that_changes_its_level_changes_its_clock(desk: Desk) -> None:
    now = at("2026-03-09T09:30")
    for level, hours in (("3", 6.5), ("1", 72.5), ("3", 6.5)):
        desk.tell(case("a", level=level, accepted_at=f"{FRIDAY}T09:00"))
        assert desk.verdict("mean", now).value == hours * 3600
        assert Board(desk.config, desk.ledger).refresh(now).verdicts == desk.board.refresh(now).verdicts


def test_the_rule_is_derived_from_its_stored_text_and_reads_its_field(config: Config) -> None:
    for one in definitions(config):
        again = revived(one, one.spec)
        assert again is not None
        assert (again.hash, again.measure) == (one.hash, one.measure)
        assert "level" in one.measure.names()


@pytest.mark.parametrize(
    "clock", ["sundial", {"by": "level"}, {"by": "level", "table": {}}, {"by": "level", "table": {"1": "sundial"}}]
)
def test_a_clock_that_is_none_is_refused(clock: object) -> None:
    with pytest.raises(ValidationError):
        MEASURES["on_time"].model_validate({**MEASURES_HERE["on-time"], "clock": clock})


@st.composite
def begun(draw: Callable[[Any], Any]) -> Record:
    day, minute = draw(st.integers(2, 8)), draw(st.integers(0, 24 * 60 - 1))
    moment = f"2026-03-{day:02d}T{minute // 60:02d}:{minute % 60:02d}"
    return case(draw(st.sampled_from("abcdefgh")), level=draw(st.sampled_from(["1", "3", "9"])), accepted_at=moment)


def check_elapsed_sums(config: Config, batches: list[list[Record]], step: int) -> None:
    plan, now, current = config.plans[0], at("2026-03-09T09:00"), dict[str, Record]()
    with TemporaryDirectory() as folder, closing(Ledger.open(Path(folder) / "ledger.db")) as ledger:
        desk = Desk(config, ledger)
        for batch in batches:
            desk.tell(*{one.id: one for one in batch}.values())
            current |= {one.id: one for one in batch}
            now += step * 60 * SECOND_US
            taken = []
            for one in current.values():
                if (kind := KINDS.get(one.fields["level"])) is not None:
                    clock = make_clock(kind, plan.calendar)
                    used = clock.elapsed(one.times["accepted_at"], now)
                    due = clock.due(one.times["accepted_at"], (1 if kind == "always" else 4) * 3600 * SECOND_US)
                    taken += [used] if due is not None and now > due else []
            wanted = Fraction(sum(taken), len(taken) * SECOND_US) if taken else None
            assert desk.verdict("mean", now).value == wanted


HISTORIES = st.lists(st.lists(begun(), max_size=4), max_size=4)
PATIENT = settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@PATIENT
@given(batches=HISTORIES, step=st.integers(1, 2000))
def test_elapsed_sums_equal_a_walk_over_the_records_after_any_history(
    config: Config, batches: list[list[Record]], step: int
) -> None:
    check_elapsed_sums(config, batches, step)


@pytest.mark.long
@settings(PATIENT, max_examples=10_000)
@given(batches=HISTORIES, step=st.integers(1, 2000))
def test_ten_thousand_histories_have_elapsed_sums_that_equal_a_walk_over_the_records(
    config: Config, batches: list[list[Record]], step: int
) -> None:
    check_elapsed_sums(config, batches, step)
