"""Verdicts: states, stages, coverage and percentiles, judged on full precision at an instant that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.book import Book, Delivery, definitions, register
from agent.config import Config
from agent.evaluate import Board, custom, named
from agent.evaluate.coverage import common, gaps, joined, share
from agent.evaluate.percentiles import percentile
from agent.ledger import Ledger
from agent.model import Mapped, Record, Snapshot, Stage, State, Verdict
from agent.shown import shown
from agent.worktime import LocalDays
from tests.plans import CASE_SOURCE, at, case, site

ON_TIME = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
ANSWERED = {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "mean"}
SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
PAUSED_TIMES = {name: name for name in ("accepted_at", "finished_at", "paused_at", "resumed_at")}
EVERYTHING = (0, at("2030-01-01"))


class Site:
    """A ledger with one indicator `x`, told about cases, and judged at instants of the test's choosing."""

    def __init__(self, folder: Path, measure: Mapping[str, Any], **more: Any) -> None:
        self.config: Config = site(folder, {"x": measure}, **more)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)
        self.board = Board(self.config, self.ledger)

    def tell(self, *records: Record, covers: tuple[int, int] | None = EVERYTHING) -> None:
        self.book.deliver(
            Delivery("cases", "case", Mapped(list(records), [], [], None), 0, finished=True, covers=covers)
        )

    def snapshot(self, now: str) -> Snapshot:
        return self.board.refresh(at(now))

    def verdict(self, now: str, window: str = "ytd", system: str | None = None) -> Verdict:
        (found,) = [v for v in self.snapshot(now).verdicts if v.window.name == window and v.system == system]
        return found


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def build(measure: Mapping[str, Any], **more: Any) -> Site:
        made.append(Site(tmp_path, measure, **more))
        return made[-1]

    yield build
    for one in made:
        one.ledger.close()


def many(good: int, bad: int) -> list[Record]:
    return [
        case(str(n), accepted_at="2026-03-02T10:00", state="done" if n < good else "open") for n in range(good + bad)
    ]


def test_a_value_that_prints_as_the_target_but_lies_below_it_is_missed(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    one.tell(*many(968, 51))
    verdict = one.verdict("2026-03-03T10:00")
    assert verdict.value == Fraction(968, 1019)  # 94.9951 %
    assert shown(verdict.value, verdict.unit) == "95.00%"
    assert verdict.state is State.MISSED


def test_a_value_equal_to_the_target_is_met(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    one.tell(*many(95, 5))
    assert one.verdict("2026-03-03T10:00").state is State.MET


def test_nothing_happened_is_empty_and_nothing_read_is_no_data(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    unread = one.verdict("2026-03-03T10:00")
    assert (unread.state, unread.value, unread.reason, unread.coverage) == (State.NO_DATA, None, "not_measured", None)
    one.tell()
    quiet = one.verdict("2026-03-03T10:00")
    assert (quiet.state, quiet.value, quiet.coverage) == (State.EMPTY, None, 1.0)


def test_a_gap_in_what_was_read_is_told_and_too_large_a_gap_is_no_data(make: Callable[..., Site]) -> None:
    one = make(SHARE, keys={"coverage_min": "0.5"})
    one.tell(*many(9, 1), covers=(at("2026-01-01"), at("2026-03-03")))
    partial = one.verdict("2026-03-03T12:00")
    assert partial.state is State.MISSED
    assert "partial" in partial.flags
    assert partial.coverage == pytest.approx(61 / 61.5)
    later = one.verdict("2026-08-01T00:00")
    assert (later.state, later.value, later.reason) == (State.NO_DATA, None, "coverage")
    one.tell(covers=(at("2026-03-03"), at("2026-08-01")))  # catching up closes the gap
    assert one.verdict("2026-08-01T00:00").coverage == 1.0


def test_an_open_case_passes_through_its_stages_as_time_passes(make: Callable[..., Site]) -> None:
    one = make(ON_TIME, keys={"warn_before": "1h"})
    one.tell(case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-02T17:00"))

    def seen(now: str) -> tuple[Stage, int, int]:
        verdict = one.verdict(now)
        (stage,) = [stage for stage, number in verdict.stages.items() if number]
        return stage, verdict.open, verdict.bad

    assert seen("2026-03-02T15:59:59") == (Stage.IN_TIME, 1, 0)
    assert seen("2026-03-02T16:00") == (Stage.DUE_SOON, 1, 0)
    assert seen("2026-03-02T17:00") == (Stage.DUE_SOON, 1, 0)
    assert seen("2026-03-02T17:00:00.000001") == (Stage.OVERDUE, 0, 1)
    one.tell(case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-02T17:00", finished_at="2026-03-02T16:30"))
    verdict = one.verdict("2026-03-02T17:10")
    assert (verdict.good, verdict.bad, verdict.open, verdict.state) == (1, 0, 0, State.MET)


def test_what_is_due_today_is_counted_until_its_time_is_up(make: Callable[..., Site]) -> None:
    one = make(ON_TIME)
    one.tell(
        case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-04T10:00"),
        case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-04T17:00"),
        case("3", system="portal", accepted_at="2026-03-02T09:00", due_at="2026-03-04T23:59:59"),
        case("4", accepted_at="2026-03-02T09:00", due_at="2026-03-05"),
    )

    def due(now: str) -> list[int]:
        return [one.verdict(now, window="year", system=system).due_today for system in (None, "archive", "portal")]

    assert due("2026-03-03T12:00") == [0, 0, 0]
    assert due("2026-03-04T09:00") == [3, 2, 1]
    assert due("2026-03-04T12:00") == [2, 1, 1]
    one.tell(case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-04T17:00", finished_at="2026-03-04T13:00"))
    assert due("2026-03-04T14:00") == [1, 0, 1]
    assert due("2026-03-05T00:00") == [1, 1, 0]


def test_a_backlog_hides_nothing_that_still_has_time(make: Callable[..., Site]) -> None:
    one = make(ON_TIME)
    old = [case(f"old-{n}", accepted_at="2026-01-05", due_at="2026-01-06T12:00") for n in range(600)]
    one.tell(*old, case("late", accepted_at="2026-03-02", due_at="2026-03-04T09:00"))
    one.tell(case("soon", accepted_at="2026-03-04", due_at="2026-03-04T10:05"))
    listed = [record.id for record in one.snapshot("2026-03-04T10:00").open]
    assert len(listed) == 101
    assert listed[-2:] == ["late", "soon"]


def test_an_open_record_tells_how_long_it_may_take_in_all_on_its_own_clock(make: Callable[..., Site]) -> None:
    limited = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "limit": "3h"}
    one = make(limited | {"clock": "service_hours", "pause": {"from": "paused_at", "to": "resumed_at"}},
               sources={"cases": CASE_SOURCE | {"times": PAUSED_TIMES}})  # fmt: skip
    one.tell(
        case("1", accepted_at="2026-03-02T16:00"),  # 1 h until 17:00, and 2 h from 9:00 on the next morning
        case("2", accepted_at="2026-03-02T14:00", paused_at="2026-03-02T15:00", resumed_at="2026-03-02T16:00"),
        case("3", accepted_at="2026-03-02T14:00", paused_at="2026-03-02T15:00"),
    )
    second, first, third = one.snapshot("2026-03-02T16:30").open
    hours = 3600 * 1_000_000
    assert (first.due, first.limit_us, first.left_us, first.resumed) == (
        at("2026-03-03T11:00"),
        3 * hours,
        2.5 * hours,
        False,
    )
    assert (second.due, second.limit_us, second.left_us, second.resumed) == (
        at("2026-03-03T10:00"),
        3 * hours,
        1.5 * hours,
        True,
    )
    assert (third.due, third.limit_us, third.stage) == (None, None, Stage.PAUSED)


def test_an_error_check_that_passes_by_itself_is_never_due_soon(make: Callable[..., Site]) -> None:
    wrong = {
        "kind": "share",
        "of": "case",
        "cohort": "accepted_at",
        "bad_when": {"state": "wrong"},
        "judge_after": "24 h",
    }
    one = make(wrong, keys={"warn_before": "1h"})
    one.tell(case("1", accepted_at="2026-03-02T12:00"))
    verdict = one.verdict("2026-03-03T11:30", window="year")
    assert (verdict.stages[Stage.IN_TIME], verdict.stages[Stage.DUE_SOON], verdict.due_today) == (1, 0, 0)
    assert one.verdict("2026-03-03T12:01").good == 1


def test_an_overdue_fault_counts_with_the_time_it_has_taken_so_far(make: Callable[..., Site]) -> None:
    one = make(ANSWERED)
    done = case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-02T10:00")
    one.tell(done, case("2", accepted_at="2026-03-02T09:00"), case("3", accepted_at="2026-03-02T11:30"))
    assert one.verdict("2026-03-02T11:00").value == 3600  # both others are still in time
    assert one.verdict("2026-03-02T12:00").value == Fraction(3600 + 3 * 3600, 2)
    assert one.verdict("2026-03-02T13:00").value == Fraction(3600 + 4 * 3600, 2)


def test_a_year_without_a_published_calendar_is_lived_through_with_the_working_time_that_is_known(
    make: Callable[..., Site],
) -> None:
    one = make(ANSWERED | {"clock": "service_hours", "limit": "1h"})
    one.tell(case("1", accepted_at="2026-12-31T15:00"))  # the office closes at five, and nobody knows when it opens
    for now in ("2026-12-31T17:00", "2027-01-05T10:00", "2027-03-01T10:00"):
        verdict = one.verdict(now, window="year")
        assert (verdict.value, verdict.bad) == (Fraction(2 * 3600), 1)


def test_a_case_of_such_a_year_that_its_source_says_is_late_counts(make: Callable[..., Site]) -> None:
    one = make(ON_TIME | {"clock": "service_hours"})
    one.tell(case("1", accepted_at="2027-01-04T09:00", due_at="2027-01-05T09:00"))
    snapshot = one.snapshot("2027-01-05T08:00")
    assert [record.left_us for record in snapshot.open] == [None]  # by the clock on the wall, then
    assert one.verdict("2027-01-05T10:00", window="month").bad == 1


def test_unfinished_records_may_be_left_out(make: Callable[..., Site]) -> None:
    one = make(ON_TIME | {"unfinished": "leave_out"})
    late = case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-03")
    one.tell(case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-03", finished_at="2026-03-02T12:00"), late)
    verdict = one.verdict("2026-03-09T12:00")
    assert (verdict.value, verdict.good, verdict.bad, verdict.open) == (Fraction(1), 1, 0, 1)


def test_the_outcomes_add_up_to_all_records(make: Callable[..., Site]) -> None:
    one = make(ON_TIME)
    records = [
        case(str(n), accepted_at="2026-03-02T09:00", due_at=f"2026-03-{2 + n:02d}T17:00", **finished)
        for n, finished in enumerate([{"finished_at": "2026-03-02T10:00"}, {"finished_at": "2026-03-29"}, {}, {}, {}])
    ]
    one.tell(*records, case("9", accepted_at="2026-03-02T09:00"))
    verdict = one.verdict("2026-03-05T12:00", window="year")
    assert (verdict.good, verdict.bad, verdict.open, verdict.excluded) == (1, 2, 2, 1)


def test_every_system_has_a_verdict_of_its_own_and_the_whole_is_their_sum(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    one.tell(*many(3, 1), case("p", system="portal", accepted_at="2026-03-02T10:00", state="open"))
    now = "2026-03-03T10:00"
    assert [one.verdict(now, system=name).value for name in ("archive", "portal", None)] == [
        Fraction(3, 4),
        0,
        Fraction(3, 5),
    ]


def test_a_record_counts_in_every_window_that_holds_its_day(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    one.tell(*many(1, 0))
    names = ("today", "7d", "30d", "month", "quarter", "ytd", "year")
    assert [one.verdict("2026-03-02T23:59:59", window=name).good for name in names] == [1] * 7
    assert [one.verdict("2026-03-03T00:00", window=name).good for name in names] == [0, 1, 1, 1, 1, 1, 1]
    assert [one.verdict("2026-04-01T00:00", window=name).good for name in names] == [0, 0, 0, 0, 0, 1, 1]


def test_what_the_ledger_learns_between_two_ticks_is_in_the_next_one(make: Callable[..., Site]) -> None:
    one = make(SHARE)
    one.tell(*many(1, 1))
    assert one.verdict("2026-03-03T10:00").value == Fraction(1, 2)
    one.tell(
        case("1", accepted_at="2026-03-02T10:00", state="done"), case("7", accepted_at="2026-03-03T09:00", state="done")
    )
    fresh = Board(one.config, one.ledger).refresh(at("2026-03-03T10:00"))
    assert one.snapshot("2026-03-03T10:00").verdicts == fresh.verdicts
    assert one.verdict("2026-03-03T10:00").value == 1


def test_a_cumulative_row_below_its_target_is_not_due_until_it_is_judged(make: Callable[..., Site]) -> None:
    one = make(SHARE, keys={"accumulation": "cumulative"})
    one.tell(*many(1, 1))
    assert one.verdict("2026-12-31T23:00").state is State.NOT_DUE
    assert one.verdict("2027-01-01T00:00").state is State.MISSED


def test_a_milestone_has_no_value_until_everything_planned_is_done(make: Callable[..., Site]) -> None:
    one = make(
        {"kind": "milestone", "of": "case", "to": "finished_at", "planned": {"planned": "2026"}},
        keys={"accumulation": "cumulative"},
    )
    one.tell(case("1", planned="2026", finished_at="2026-05-04"), case("2", planned="2026"))
    waiting = one.verdict("2026-06-01T00:00")
    assert (waiting.value, waiting.reason, waiting.state) == (None, "unfinished", State.NOT_DUE)
    assert one.verdict("2027-01-01T00:00").state is State.MISSED
    one.tell(case("2", planned="2026", finished_at="2026-11-30"))
    done = one.verdict("2026-12-01T00:00")
    assert (done.value, done.state) == (Fraction(date(2026, 11, 30).toordinal()), State.MET)


def test_days_kept_are_counted_against_the_days_the_calendar_demands(make: Callable[..., Site]) -> None:
    one = make(
        {"kind": "days", "of": "case", "cohort": "accepted_at", "due_days": "extended"},
        top={"calendar": {"extended": {"mon": "17:00-19:00", "fri": "17:00-19:00"}}},
    )
    one.tell(case("1", accepted_at="2026-03-02T17:30"), case("2", accepted_at="2026-03-03T17:30"))  # Monday, Tuesday
    first, last = date(2026, 3, 2).toordinal(), date(2026, 3, 16).toordinal()
    monday = custom(one.config.plans[0].days, first, last)
    board = Board(one.config, one.ledger, lambda plan, now: (monday,))

    def seen(now: str) -> tuple[int, int, int]:
        verdict = next(v for v in board.refresh(at(now)).verdicts if v.system is None)
        return verdict.good, verdict.bad, verdict.open

    assert seen("2026-03-05T12:00") == (1, 0, 0)
    assert seen("2026-03-06T12:00") == (1, 0, 1)  # Friday is not over
    assert seen("2026-03-07T12:00") == (1, 1, 0)


def test_an_attested_row_is_not_due_and_then_owed(make: Callable[..., Site]) -> None:
    one = make({"kind": "attested", "accept": ["健全"]}, keys={"attest_by": "2027-01-20"})
    assert one.verdict("2027-01-19T23:00").state is State.NOT_DUE
    assert one.verdict("2027-01-20T00:00").state is State.PENDING


def test_a_down_interval_that_has_not_ended_counts_until_now(make: Callable[..., Site]) -> None:
    one = make({"kind": "uptime", "of": "case", "from": "accepted_at", "to": "finished_at", "systems": ["archive"]})
    one.tell(case("1", accepted_at="2026-01-01T12:00"))
    assert one.verdict("2026-01-02T00:00").value == Fraction(1, 2)
    one.tell(case("1", accepted_at="2026-01-01T12:00", finished_at="2026-01-01T18:00"))
    assert one.verdict("2026-01-02T00:00").value == Fraction(3, 4)


@given(numbers=st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40), rank=st.fractions(0, 1))
def test_percentiles_are_exact_and_interpolated_linearly(numbers: list[int], rank: Fraction) -> None:
    ordered = sorted(numbers)
    found = percentile(ordered, rank)
    below = int(rank * (len(ordered) - 1))
    above = min(below + 1, len(ordered) - 1)
    weight = rank * (len(ordered) - 1) - below
    assert found == ordered[below] * (1 - weight) + ordered[above] * weight
    assert ordered[0] <= found <= ordered[-1]
    assert percentile([], rank) is None


STRETCHES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple), max_size=8)


@given(left=STRETCHES, right=STRETCHES)
def test_coverage_equals_counting_minute_by_minute(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    both = common(joined(left), joined(right))
    minutes = {minute for minute in range(60) if all(any(a <= minute < b for a, b in side) for side in (left, right))}
    assert {minute for a, b in both for minute in range(a, b)} == minutes
    assert {minute for a, b in gaps(both, 10, 50) for minute in range(a, b)} == set(range(10, 50)) - minutes
    assert share(both, 10, 50) == pytest.approx(len(minutes & set(range(10, 50))) / 40)
    assert share(both, 10, 9) is None
    assert share(both, 10, 10) == float(any(a <= 10 <= b for a, b in both))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-05-31", "2026-06-01"),
        ("7d", "2026-05-25", "2026-06-01"),
        ("30d", "2026-05-02", "2026-06-01"),
        ("month", "2026-05-01", "2026-06-01"),
        ("quarter", "2026-04-01", "2026-07-01"),
        ("ytd", "2026-01-01", "2026-06-01"),
        ("year", "2026-01-01", "2027-01-01"),
    ],
)
def test_windows_are_whole_local_days(name: str, first: str, last: str) -> None:
    window = named(name, LocalDays("Asia/Shanghai"), 2026, at("2026-05-31T23:59"))
    assert (date.fromordinal(window.first).isoformat(), date.fromordinal(window.last).isoformat()) == (first, last)
    assert (window.start, window.end) == (at(first), at(last))


def test_the_year_to_date_of_a_past_year_is_the_whole_year_and_of_a_coming_one_nothing() -> None:
    days, now = LocalDays("Asia/Shanghai"), at("2026-05-31T23:59")
    past, coming = named("ytd", days, 2025, now), named("ytd", days, 2027, now)
    assert past.last - past.first == 365
    assert coming.last == coming.first


def test_what_is_due_tomorrow_and_comes_in_today_is_no_part_of_today(make: Callable[..., Site]) -> None:
    one = make(ON_TIME)
    one.tell(case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-02T17:00", finished_at="2026-03-02T10:00"))
    assert one.verdict("2026-03-02T12:00", "today").good == 1
    one.tell(case("2", accepted_at="2026-03-02T09:00", due_at="2026-03-03T17:00", finished_at="2026-03-02T11:00"))
    assert one.verdict("2026-03-02T12:01", "today").good == 1
    assert one.verdict("2026-03-02T12:01", "year").good == 2
