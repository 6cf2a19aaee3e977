"""Deadlines in working days: golden cases, pauses, and the rule against counting days one by one."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.worktime import (
    DAY_US,
    HOUR_US,
    CalendarUnknown,
    Pause,
    StartRule,
    WorkCalendar,
)
from tests.drawing import examples
from tests.test_worktime import SHANGHAI, at, day

CHINA = WorkCalendar(SHANGHAI)


def end_of(text: str) -> int:
    return at(text) + DAY_US - 1


@pytest.mark.parametrize(
    ("accepted", "n", "rule", "due"),
    [
        ("2026-03-02 09:00", 3, "next_workday", "2026-03-05"),
        ("2026-03-02 09:00", 3, "same_day", "2026-03-04"),
        ("2026-03-02 23:59", 1, "next_workday", "2026-03-03"),
        ("2026-03-02 23:59", 1, "same_day", "2026-03-02"),
        ("2026-03-02 23:59", 0, "next_workday", "2026-03-02"),  # 即办件
        ("2026-03-07 10:00", 1, "next_workday", "2026-03-09"),  # a Saturday
        ("2026-03-07 10:00", 1, "same_day", "2026-03-09"),
        ("2026-02-12 10:00", 2, "next_workday", "2026-02-14"),  # a make-up Saturday before Spring Festival
        ("2026-02-13 10:00", 2, "next_workday", "2026-02-24"),  # over the festival
        ("2026-02-26 10:00", 2, "next_workday", "2026-02-28"),  # a make-up Saturday after it
        ("2020-01-17 10:00", 1, "next_workday", "2020-01-19"),  # a make-up Sunday
        ("2020-01-22 10:00", 2, "next_workday", "2020-02-03"),  # the festival that was made longer
        ("2026-09-29 10:00", 2, "next_workday", "2026-10-08"),  # the deadline would fall on the National Day
        ("2024-02-28 10:00", 1, "next_workday", "2024-02-29"),  # a leap day
        ("2025-12-31 10:00", 1, "next_workday", "2026-01-04"),  # the first week of January
        ("2026-12-30 10:00", 1, "next_workday", "2026-12-31"),
    ],
)
def test_a_deadline_is_the_end_of_its_workday(accepted, n, rule, due):
    assert CHINA.due_end_of_workday(at(accepted), n, rule) == end_of(due)
    assert CHINA.workday_due(at(accepted), n, (), rule) == end_of(due)


def test_a_deadline_in_a_year_not_published_is_refused():
    with pytest.raises(CalendarUnknown) as refused:
        CHINA.due_end_of_workday(at("2026-12-30 10:00"), 2)
    assert refused.value.year == 2027


def test_finished_in_the_last_microsecond_of_the_day_is_on_time():
    due = CHINA.due_end_of_workday(at("2026-03-02 09:00"), 1)
    assert at("2026-03-03 23:59:59.999999") <= due < at("2026-03-04 00:00")
    assert due == CHINA.end_of_day(day("2026-03-03"))


@pytest.mark.parametrize(
    ("pauses", "next_workday", "same_day"),
    [
        ([("2026-03-03 10:00", "2026-03-03 15:00")], "2026-03-05", "2026-03-04"),  # within a day
        ([("2026-03-03 10:00", "2026-03-04 15:00")], "2026-03-06", "2026-03-04"),  # counts on from the day after
        ([("2026-03-03 10:00", "2026-03-05 15:00")], "2026-03-09", "2026-03-05"),
        (
            [("2026-03-03 10:00", "2026-03-04 11:00"), ("2026-03-04 10:00", "2026-03-05 15:00")],
            "2026-03-09",
            "2026-03-05",
        ),
        ([("2026-03-06 10:00", "2026-03-09 15:00")], "2026-03-05", "2026-03-04"),  # after the deadline
        ([("2026-03-03 10:00", None)], None, None),
        ([("2026-03-03 10:00", "2026-03-04 10:00"), ("2026-03-04 10:00", None)], None, None),  # one after the other
        ([("2026-03-06 10:00", None)], "2026-03-05", "2026-03-04"),
        ([("2026-03-03 10:00", "2026-03-08 09:00")], "2026-03-10", "2026-03-09"),  # told on Tuesday, in on Sunday
    ],
)
def test_a_pause_moves_the_deadline_by_the_days_it_takes(pauses, next_workday, same_day):
    given_pauses = [(at(stopped), None if resumed is None else at(resumed)) for stopped, resumed in pauses]
    expected: dict[StartRule, str | None] = {"next_workday": next_workday, "same_day": same_day}
    for rule, due in expected.items():
        assert CHINA.workday_due(at("2026-03-02 09:00"), 3, given_pauses, rule) == (due and end_of(due)), rule


def test_a_pause_open_at_year_end_leaves_no_deadline_and_one_over_it_an_unknown_one():
    accepted, stopped = at("2026-12-25 10:00"), at("2026-12-28 10:00")
    assert CHINA.workday_due(accepted, 5, [(stopped, None)]) is None
    assert CHINA.workdays_elapsed(accepted, at("2026-12-31 12:00"), [(stopped, None)]) == 1
    with pytest.raises(CalendarUnknown):
        CHINA.workday_due(accepted, 5, [(stopped, at("2027-01-05 10:00"))])
    assert CHINA.workday_due(accepted, 1, [(stopped, at("2027-01-05 10:00"))]) == end_of("2026-12-28")
    assert CHINA.workday_due(accepted, 1, [(at("2027-05-01 10:00"), None)]) == end_of("2026-12-28")


def test_no_working_day_has_elapsed_before_the_start():
    assert CHINA.workdays_elapsed(at("2026-03-10 10:00"), at("2026-03-02 10:00")) == 0


def test_adding_workdays_and_counting_them_are_inverse():
    worked = CHINA.working_days(day("2025-01-01"), day("2027-01-01"))
    for before, after in pairwise(worked):
        assert CHINA.add_workdays(before, 1) == after
        assert CHINA.add_workdays(after, -1) == before
        assert {CHINA.add_workdays(each, 1) for each in range(before, after)} == {after}
        assert {CHINA.add_workdays(each, -1) for each in range(before + 1, after + 1)} == {before}
    assert CHINA.add_workdays(day("2026-03-07"), 0) == day("2026-03-07")


# --- against counting one by one ------------------------------------------------------------------------------------

FIRST = day("2026-01-01")
MOMENTS = st.integers(0, 70 * 24).map(lambda hours: SHANGHAI.start_of(FIRST) + hours * HOUR_US)
PAUSES = st.lists(st.tuples(MOMENTS, st.none() | MOMENTS), max_size=4).map(
    lambda pairs: [(a, None if b is None else max(a, b)) for a, b in pairs]
)
OVERLAYS = st.sets(st.integers(0, 120).map(lambda days: date(2026, 1, 1) + timedelta(days)), max_size=6)


def stands_on(each: int, stopped: int, resumed: int | None, rule: StartRule) -> bool:
    """Whether one pause takes the day out, said in the words of the rule."""
    if resumed is None:
        return SHANGHAI.day_of(stopped) < each
    if rule == "next_workday":
        return SHANGHAI.day_of(stopped) < each <= SHANGHAI.day_of(resumed)
    return SHANGHAI.day_of(stopped) < each < SHANGHAI.day_of(resumed)


def joined(pauses: list[Pause]) -> list[Pause]:
    """The pauses with every overlap joined, by trying all pairs until none is left."""
    left = [pair for pair in pauses if pair[1] is None or pair[0] < pair[1]]
    for one in left:
        for other in left:
            if one is not other and one[0] <= other[0] and (one[1] is None or other[0] <= one[1]):
                ends = (one[1], other[1])
                end = None if None in ends else max(e for e in ends if e is not None)
                rest = [pair for pair in left if pair is not one and pair is not other]
                return joined([*rest, (one[0], end)])
    return left


def counted_days(calendar: WorkCalendar, start: int, pauses: list[Pause], rule: StartRule) -> list[int]:
    """The days that count, found by looking at each of 200."""
    begun = SHANGHAI.day_of(start)
    single = joined(pauses)
    return [
        each
        for each in range(begun if rule == "same_day" else begun + 1, begun + 200)
        if calendar.is_workday(each) and not any(stands_on(each, *pause, rule) for pause in single)
    ]


def check_workday_due(closed, opened, start, n, pauses, rule):
    calendar = WorkCalendar(SHANGHAI, closed=closed - opened, open=opened)
    counted = counted_days(calendar, start, pauses, rule)
    due = calendar.workday_due(start, n, pauses, rule)
    if n == 0:
        assert due == calendar.end_of_day(SHANGHAI.day_of(start))
    elif len(counted) < n:
        assert due is None
    else:
        assert due == calendar.end_of_day(counted[n - 1])
        assert calendar.workdays_elapsed(start, due, pauses, rule) == n
        before = calendar.end_of_day(counted[n - 1] - 1)
        if before >= start:
            assert calendar.workdays_elapsed(start, before, pauses, rule) == n - 1


@pytest.mark.parametrize("rule", ["next_workday", "same_day"])
@given(closed=OVERLAYS, opened=OVERLAYS, start=MOMENTS, n=st.integers(0, 20), pauses=PAUSES)
@settings(max_examples=examples(60))
def test_a_paused_deadline_is_the_day_found_by_counting(rule, closed, opened, start, n, pauses):
    check_workday_due(closed, opened, start, n, pauses, rule)


@pytest.mark.long
@pytest.mark.parametrize("rule", ["next_workday", "same_day"])
@given(closed=OVERLAYS, opened=OVERLAYS, start=MOMENTS, n=st.integers(0, 20), pauses=PAUSES)
@settings(max_examples=20_000)
def test_twenty_thousand_paused_deadlines_are_the_days_found_by_counting(rule, closed, opened, start, n, pauses):
    check_workday_due(closed, opened, start, n, pauses, rule)
