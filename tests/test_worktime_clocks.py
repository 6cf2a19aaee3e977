"""Clocks and pauses: golden cases, and every look-up against counting minute by minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model import EPOCH
from agent.worktime import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    CalendarUnknown,
    Clock,
    WorkCalendar,
    YearArrangement,
    make_clock,
)
from tests.drawing import examples
from tests.test_worktime import AMSTERDAM, EDGES, SHANGHAI, at, minutes_of, spelled

EXTENDED = {"mon": "17:00-19:00", "fri": "17:00-19:00"}
CHINA = WorkCalendar(SHANGHAI, extended=EXTENDED)
SERVICE = CHINA.clock("service_hours")


# --- clocks: golden cases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-03-02 09:00", "2026-03-02 11:30", 150),
        ("2026-03-02 11:00", "2026-03-02 14:00", 60),  # over lunch
        ("2026-03-02 12:00", "2026-03-02 13:00", 0),
        ("2026-03-02 23:59", "2026-03-03 09:01", 1),
        ("2026-03-06 16:59", "2026-03-09 09:01", 2),  # over a weekend
        ("2026-02-13 16:00", "2026-02-24 10:00", 60 + 360 + 60),  # the make-up Saturday 02-14, then Spring Festival
        ("2024-02-28 16:00", "2024-03-01 10:00", 60 + 360 + 60),  # a leap day
        ("2025-12-31 16:59", "2026-01-04 09:01", 2),  # the New Year, ended by a make-up Sunday
    ],
)
def test_service_hours_elapse_only_on_working_days(start, end, minutes):
    assert SERVICE.elapsed(at(start), at(end)) == minutes * MINUTE_US


def test_extended_hours_count_where_the_clock_says_so():
    monday = at("2026-03-02 16:00"), at("2026-03-02 20:00")
    assert SERVICE.elapsed(*monday) == HOUR_US
    assert CHINA.clock("service_hours", extended=True).elapsed(*monday) == 3 * HOUR_US
    assert (
        make_clock("service_hours", CHINA, extended=True).elapsed(at("2026-03-03 16:00"), at("2026-03-03 20:00"))
        == HOUR_US
    )


def test_the_workday_clock_runs_all_day_on_working_days():
    clock = CHINA.clock("workdays")
    assert clock.elapsed(at("2026-03-06 12:00"), at("2026-03-09 12:00")) == DAY_US
    european = WorkCalendar(AMSTERDAM, None, open=[date(2026, 3, 29)]).clock("workdays")
    assert european.elapsed(at("2026-03-28 12:00", AMSTERDAM), at("2026-03-30 01:00", AMSTERDAM)) == 24 * HOUR_US


def test_the_always_clock_needs_no_calendar_year():
    clock = CHINA.clock("always")
    start = at("2031-01-01 00:00")
    assert clock.elapsed(start, start + 5) == 5
    assert clock.due(start, 300 * SECOND_US) == start + 300 * SECOND_US


def test_an_amount_used_up_at_closing_time_is_due_at_closing_time():
    assert SERVICE.due(at("2026-03-02 09:00"), 150 * MINUTE_US) == at("2026-03-02 11:30")
    assert SERVICE.due(at("2026-03-02 09:00"), 150 * MINUTE_US + 1) == at("2026-03-02 13:30") + 1
    assert SERVICE.due(at("2026-03-02 12:00"), MINUTE_US) == at("2026-03-02 13:31")
    assert SERVICE.due(at("2026-03-02 12:00"), 0) == at("2026-03-02 12:00")


def test_a_pause_moves_the_due_time_by_the_working_time_it_takes():
    start, lunch = at("2026-03-02 11:00"), (at("2026-03-02 11:30"), at("2026-03-02 13:30"))
    assert SERVICE.due(start, HOUR_US, [lunch]) == at("2026-03-02 14:00")
    paused = (at("2026-03-02 11:10"), at("2026-03-02 13:40"))
    assert SERVICE.due(start, HOUR_US, [paused]) == at("2026-03-02 14:30")
    assert SERVICE.due(start, HOUR_US, [paused, lunch]) == at("2026-03-02 14:30")
    before = (at("2026-03-01 09:00"), at("2026-03-02 10:00"))
    assert SERVICE.due(start, HOUR_US, [before]) == at("2026-03-02 14:00")


def test_a_pause_that_has_not_ended_stands_still_until_now():
    start, stopped = at("2026-03-02 09:00"), at("2026-03-02 10:00")
    assert SERVICE.due(start, 2 * HOUR_US, [(stopped, None)]) is None
    assert SERVICE.elapsed(start, at("2026-12-31 17:00"), [(stopped, None)]) == HOUR_US
    assert SERVICE.due(start, HOUR_US, [(stopped, None)]) == stopped, "used up as the pause begins"
    both = [(stopped, None), (at("2026-03-02 09:30"), at("2026-03-02 10:30")), (at("2026-04-02 09:30"), None)]
    assert SERVICE.elapsed(start, at("2026-03-02 17:00"), both) == 30 * MINUTE_US


def test_times_out_of_order_elapse_negatively_and_reversed_pauses_not_at_all():
    start, end = at("2026-03-02 10:00"), at("2026-03-02 09:00")
    assert SERVICE.elapsed(start, end) == -HOUR_US
    assert SERVICE.elapsed(start, end, [(end, start)]) == -HOUR_US
    assert SERVICE.elapsed(end, start, [(start, end)]) == HOUR_US


def test_a_year_not_published_has_no_working_time():
    eve = at("2026-12-31 16:00")
    assert SERVICE.worked(at("2004-01-01 00:00")) == 0
    assert SERVICE.elapsed(eve, at("2027-01-01 00:00")) == HOUR_US
    for refused in (
        lambda: SERVICE.worked(at("2027-01-01 00:00") + 1),
        lambda: SERVICE.due(eve, HOUR_US + 1),
        lambda: SERVICE.due(eve, HOUR_US, [(eve, at("2027-01-02 00:00"))]),
        lambda: SERVICE.worked(at("2004-01-01 00:00") - 1),
    ):
        with pytest.raises(CalendarUnknown):
            refused()
    assert SERVICE.due(eve, HOUR_US) == at("2026-12-31 17:00")
    assert SERVICE.due(eve, HOUR_US, [(at("2027-05-01 00:00"), None)]) == at("2026-12-31 17:00")
    assert SERVICE.due(eve, 2 * HOUR_US, [(at("2026-12-31 16:30"), None)]) is None, "a pause open at year end"


def test_what_is_known_of_working_time_stands_still_where_the_calendar_ends():
    assert SERVICE.known(at("2026-12-31 16:00")) == SERVICE.worked(at("2026-12-31 16:00"))
    assert SERVICE.known(at("2027-06-01 10:00")) == SERVICE.worked(at("2027-01-01 00:00"))
    assert CHINA.clock("always").known(at("2027-06-01 10:00")) == at("2027-06-01 10:00")


def test_a_year_supplied_extends_the_clock_without_moving_what_was_before():
    longer = WorkCalendar(SHANGHAI, years={2027: YearArrangement(holidays=(date(2027, 1, 1),))}).clock("service_hours")
    eve = at("2026-12-31 16:00")
    assert longer.worked(eve) == SERVICE.worked(eve)
    assert longer.due(eve, HOUR_US + MINUTE_US) == at("2027-01-04 09:01")


def test_many_open_records_are_summed_without_looking_at_each():
    starts = [at("2026-03-02 09:00") + hours * HOUR_US for hours in range(200)]
    now = at("2026-03-20 15:00")
    assert sum(SERVICE.elapsed(start, now) for start in starts) == (
        len(starts) * SERVICE.worked(now) - sum(map(SERVICE.worked, starts))
    )


# --- clocks against counting minute by minute -----------------------------------------------------------------------

DAYS = 12
FIRST = datetime.fromisoformat(
    "2004-03-22"
)  # early, so that little is laid out; Amsterdam changes its clock on the 28th
MINUTES = st.integers(0, DAYS * 1440)


@st.composite
def sites(draw):
    """A calendar, and the same facts in the plainest form: minutes of the day open, by date."""
    dates = [FIRST.date() + timedelta(days) for days in range(-2, DAYS + 3)]
    hours = spelled(draw(EDGES))
    overlay = draw(
        st.dictionaries(st.sampled_from(dates), st.sampled_from(["closed", "open", "part", "short"]), max_size=6)
    )
    extended = draw(st.dictionaries(st.sampled_from(["mon", "wed", "fri"]), EDGES.map(spelled), max_size=3))
    local = draw(st.sampled_from([SHANGHAI, AMSTERDAM]))
    other = {each: spelled(draw(EDGES)) for each, what in overlay.items() if what in ("part", "short")}
    calendar = WorkCalendar(
        local,
        draw(st.sampled_from(["CN", None])),
        hours,
        extended,
        closed=[{d: other[d]} if what == "part" else d for d, what in overlay.items() if what in ("closed", "part")],
        open=[{d: other[d]} if what == "short" else d for d, what in overlay.items() if what in ("open", "short")],
    )
    opened = {
        each: minutes_open(calendar, each, overlay.get(each), other.get(each, []), hours, extended) for each in dates
    }
    return calendar, opened


def minutes_open(calendar, each, overlay, other, hours, extended):
    """Sets of minutes by clock kind; nothing here but sets."""
    usual = each.weekday() < 5  # China has neither a holiday nor a make-up day in these two weeks
    if overlay == "closed" or (not usual and overlay not in ("open", "short")):
        return {"plain": set(), "extended": set(), "workdays": set()}
    late = minutes_of(extended.get(f"{each:%a}".lower(), []))
    plain = minutes_of(hours)
    if overlay == "part":
        plain, late = plain - minutes_of(other), late - minutes_of(other)
    if overlay == "short":
        plain, late = minutes_of(other), set()
    return {"plain": plain, "extended": plain | late, "workdays": set(range(1440))}


def running(site, kind: str, start: int, end: int, pauses: list[tuple[int, int | None]]) -> list[int]:
    """The minutes of `[start, end)`, as instants, in which the clock runs: looked at one by one."""
    calendar, opened = site
    zone = ZoneInfo(calendar.local.timezone)
    minutes = []
    for instant in range(start, end, MINUTE_US):
        reading = (EPOCH + timedelta(microseconds=instant)).astimezone(zone)
        if reading.hour * 60 + reading.minute in opened[reading.date()][kind] and not any(
            stopped <= instant and (resumed is None or instant < resumed) for stopped, resumed in pauses
        ):
            minutes.append(instant)
    return minutes


@st.composite
def intervals(draw, days: int):
    """Minutes after the first midnight: a start, an end at most `days` later, pauses around them."""
    start = draw(MINUTES)
    end = draw(st.integers(start, min(start + days * 1440, DAYS * 1440)))
    around = st.integers(max(0, start - 600), min(end + 600, DAYS * 1440))
    pauses = draw(st.lists(st.tuples(around, st.none() | around), max_size=4))
    return start, end, pauses


KINDS = {"plain": ("service_hours", False), "extended": ("service_hours", True), "workdays": ("workdays", False)}


def clock_and_instants(site, kind, interval) -> tuple[Clock, int, int, list[tuple[int, int | None]]]:
    calendar = site[0]
    origin = calendar.local.instant_of(FIRST)
    start, end, pauses = interval
    placed = [(origin + a * MINUTE_US, None if b is None else origin + b * MINUTE_US) for a, b in pauses]
    name, extended = KINDS[kind]
    return calendar.clock(name, extended=extended), origin + start * MINUTE_US, origin + end * MINUTE_US, placed


def check_against_minutes(site, kind, interval):
    clock, start, end, pauses = clock_and_instants(site, kind, interval)
    minutes = running(site, kind, start, end, pauses)
    assert clock.elapsed(start, end, pauses) == len(minutes) * MINUTE_US
    for amount in {1, len(minutes) // 2, len(minutes)} - {0}:
        if amount <= len(minutes):
            assert clock.due(start, amount * MINUTE_US, pauses) == minutes[amount - 1] + MINUTE_US


def check_inverse(site, kind, interval, amount):
    clock, start, _, pauses = clock_and_instants(site, kind, interval)
    due = clock.due(start, amount, pauses)
    if due is None:
        running_from = min(stopped for stopped, resumed in pauses if resumed is None)
        assert clock.elapsed(start, max(start, running_from), pauses) < amount
    else:
        assert clock.elapsed(start, due, pauses) == amount
        assert amount == 0 or clock.elapsed(start, due - 1, pauses) == amount - 1


@given(site=sites(), kind=st.sampled_from([*KINDS]), interval=intervals(days=2))
@settings(max_examples=examples(30))
def test_elapsed_and_due_times_are_those_of_counting_minutes(site, kind, interval):
    check_against_minutes(site, kind, interval)


@given(site=sites(), kind=st.sampled_from([*KINDS]), interval=intervals(days=DAYS), amount=st.integers(0, 40 * HOUR_US))
@settings(max_examples=examples(40))
def test_due_times_are_inverse_to_elapsed_time(site, kind, interval, amount):
    check_inverse(site, kind, interval, amount)


@pytest.mark.long
@given(site=sites(), kind=st.sampled_from([*KINDS]), interval=intervals(days=2))
@settings(max_examples=20_000)
def test_twenty_thousand_elapsed_times_are_those_of_counting_minutes(site, kind, interval):
    check_against_minutes(site, kind, interval)


@pytest.mark.long
@given(
    site=sites(), kind=st.sampled_from([*KINDS]), interval=intervals(days=DAYS), amount=st.integers(0, 400 * HOUR_US)
)
@settings(max_examples=20_000)
def test_twenty_thousand_due_times_are_inverse_to_elapsed_time(site, kind, interval, amount):
    check_inverse(site, kind, interval, amount)
