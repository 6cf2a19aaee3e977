"""Durations, local days, opening hours and maintenance."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model import EPOCH, MICROSECOND
from agent.worktime import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    Duration,
    Hours,
    LocalDays,
    Maintenance,
    WorkCalendar,
    cut_at_midnight,
    parse_duration,
)
from tests.drawing import examples

SHANGHAI, AMSTERDAM = LocalDays("Asia/Shanghai"), LocalDays("Europe/Amsterdam")


def at(text: str, local: LocalDays = SHANGHAI) -> int:
    return local.instant_of(datetime.fromisoformat(text))


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


# --- durations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "microseconds", "printed"),
    [
        ("90s", 90 * SECOND_US, "90 s"),
        ("5 min", 5 * MINUTE_US, "5 min"),
        ("2h", 2 * HOUR_US, "2 h"),
        ("48 hours", 2 * DAY_US, "2 d"),
        ("1d", DAY_US, "1 d"),
        ("500ms", 500_000, "500 ms"),
        ("1.5 h", 90 * MINUTE_US, "90 min"),
        ("0.0001 s", 100, "0.0001 s"),
        ("0 min", 0, "0 s"),
    ],
)
def test_a_duration_is_read_and_printed(text, microseconds, printed):
    assert parse_duration(text) == Duration(microseconds, None)
    assert parse_duration(text).text == printed
    assert parse_duration(printed) == parse_duration(text)


def test_working_days_are_no_length_of_time():
    assert parse_duration("3 workdays") == Duration(None, 3)
    assert parse_duration("1workday").text == "1 workday"
    with pytest.raises(ValueError, match="exactly one"):
        Duration(5, 3)


@pytest.mark.parametrize(
    "text", ["", "5", "min", "-5 min", "5 fortnights", "5 min 3 s", "1e3 s", "5 Min", "٣ h", "nan s"]
)
def test_another_spelling_is_refused_with_what_was_expected(text):
    with pytest.raises(ValueError) as refused:
        parse_duration(text)
    assert str(refused.value) == (
        f"expected a duration such as '90s', '5 min', '2h', '1d' or '3 workdays', got {text!r}"
    )


@pytest.mark.parametrize("text", ["999999999999d", "36525.000001 d", "36526 workdays"])
def test_more_than_a_hundred_years_is_refused(text):
    assert parse_duration("36525 d").microseconds == 36525 * 86_400_000_000
    with pytest.raises(ValueError) as refused:
        parse_duration(text)
    assert str(refused.value) == f"expected a duration of at most 100 years (36525 d), got {text!r}"


@pytest.mark.parametrize("text", ["1.5 workdays", "0.0000001 s", "0.00001 ms"])
def test_what_does_not_come_out_whole_is_refused(text):
    with pytest.raises(ValueError):
        parse_duration(text)


# --- local days -----------------------------------------------------------------------------------------------------

ZONES = [
    "Asia/Shanghai",
    "Europe/Amsterdam",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]


@pytest.mark.parametrize("zone", ZONES)
@given(instant=st.integers(0, 2_000_000_000 * SECOND_US))
def test_local_days_and_times_are_those_of_the_zone(zone, instant):
    local = LocalDays(zone)
    moment = (EPOCH + instant * MICROSECOND).astimezone(ZoneInfo(zone))
    each = local.day_of(instant)
    assert each == moment.toordinal()
    assert local.date_of(each) == moment.date()
    assert local.start_of(each) <= instant < local.start_of(each + 1)
    assert local.day_of(local.start_of(each)) == each
    if moment.fold == 0:
        assert local.instant_of(moment.replace(tzinfo=None)) == instant


def test_days_of_23_and_25_hours_in_amsterdam():
    lengths = {
        text: (AMSTERDAM.start_of(day(text) + 1) - AMSTERDAM.start_of(day(text))) // HOUR_US
        for text in ("2026-03-28", "2026-03-29", "2026-10-25")
    }
    assert lengths == {"2026-03-28": 24, "2026-03-29": 23, "2026-10-25": 25}


def test_a_time_shown_twice_is_the_first_and_a_time_skipped_runs_on():
    assert at("2026-10-25 02:30", AMSTERDAM) == at("2026-10-25 00:30", LocalDays("UTC"))
    assert AMSTERDAM.instant_of(datetime.fromisoformat("2026-10-25 02:30").replace(fold=1)) == at(
        "2026-10-25 02:30", AMSTERDAM
    )
    assert at("2026-03-29 02:30", AMSTERDAM) == at("2026-03-29 03:30", AMSTERDAM)


def test_a_day_a_zone_left_out_is_empty():
    samoa = LocalDays("Pacific/Apia")
    assert samoa.start_of(day("2011-12-30")) == samoa.start_of(day("2011-12-31"))
    assert samoa.day_of(samoa.start_of(day("2011-12-30"))) == day("2011-12-31")
    assert samoa.day_of(samoa.start_of(day("2011-12-30")) - 1) == day("2011-12-29")


def test_the_days_divide_time_where_the_clock_goes_back_over_midnight():
    newfoundland = LocalDays("America/St_Johns")  # 2010-11-07 00:01 became 2010-11-06 23:01
    begun = newfoundland.start_of(day("2010-11-07"))
    assert [newfoundland.day_of(begun + minutes * MINUTE_US) for minutes in (-1, 0, 30, 90)] == [
        day("2010-11-06"),
        *[day("2010-11-07")] * 3,
    ]


def test_the_ends_of_the_calendar_used_as_never_are_instants_too():
    for local in (SHANGHAI, AMSTERDAM):
        for never in ("9999-12-31 23:59:59", "0001-01-01 00:00", "1753-01-01 00:00"):
            assert local.day_of(at(never, local)) == day(never[:10])


def test_an_aware_time_is_not_taken_for_a_local_one():
    with pytest.raises(TypeError, match="without zone"):
        SHANGHAI.instant_of(EPOCH)


@pytest.mark.parametrize("zone", ["Asia/Beijing", "", "../etc", "Asia"])
def test_an_unknown_zone_is_named(zone):
    with pytest.raises(ValueError, match="expected an IANA name such as 'Asia/Shanghai'"):
        LocalDays(zone)


def test_an_interval_over_midnight_is_cut():
    start, end = at("2026-03-01 23:59"), at("2026-03-03 00:00")
    assert list(cut_at_midnight(start, end, SHANGHAI)) == [
        (day("2026-03-01"), start, at("2026-03-02 00:00")),
        (day("2026-03-02"), at("2026-03-02 00:00"), end),
    ]
    assert list(cut_at_midnight(start, start, SHANGHAI)) == []
    assert list(cut_at_midnight(end, start, SHANGHAI)) == []


# --- opening hours and maintenance ----------------------------------------------------------------------------------


def test_opening_hours_take_the_night_out():
    hours = Hours("06:00-23:00", SHANGHAI)
    start, end = at("2026-03-01 22:00"), at("2026-03-02 07:00")
    assert hours.clip(start, end) == [(start, at("2026-03-01 23:00")), (at("2026-03-02 06:00"), end)]
    assert hours.open_microseconds(start, end) == 2 * HOUR_US
    assert hours.clip(end, start) == []
    assert hours.open_microseconds(at("2026-03-01 23:00"), at("2026-03-02 06:00")) == 0


def test_opening_hours_may_cross_midnight():
    hours = Hours(["22:00-02:00", "10:00-11:00"], SHANGHAI)
    start, end = at("2026-03-01 12:00"), at("2026-03-02 12:00")
    assert hours.clip(start, end) == [
        (at("2026-03-01 22:00"), at("2026-03-02 02:00")),
        (at("2026-03-02 10:00"), at("2026-03-02 11:00")),
    ]


def test_a_system_open_all_day_is_open_on_the_day_of_25_hours():
    hours = Hours("00:00-24:00", AMSTERDAM)
    start = at("2026-10-25 00:00", AMSTERDAM)
    assert hours.open_microseconds(start, at("2026-10-26 00:00", AMSTERDAM)) == 25 * HOUR_US


def test_hours_that_end_where_they_start_are_refused():
    with pytest.raises(ValueError, match="expected an end other than the start"):
        Hours("06:00-06:00", SHANGHAI)


def test_hours_within_the_lost_hour_keep_their_order():
    start = at("2026-03-29 00:00", AMSTERDAM)
    hours = Hours(["01:00-02:30", "03:00-04:00"], AMSTERDAM)
    assert hours.clip(start, start + DAY_US) == [(at("2026-03-29 01:00", AMSTERDAM), at("2026-03-29 04:00", AMSTERDAM))]
    calendar = WorkCalendar(AMSTERDAM, None, hours=["01:00-02:30", "03:00-04:00"], open=[date(2026, 3, 29)])
    assert calendar.clock("service_hours").elapsed(start, start + DAY_US) == 2 * HOUR_US


def test_maintenance_is_taken_out_once():
    windows = Maintenance([(10, 20), (15, 30), (50, 60)])
    assert windows.outside(0, 100) == [(0, 10), (30, 50), (60, 100)]
    assert windows.outside(12, 28) == []
    assert windows.outside(55, 40) == windows.outside(5, 5) == []
    assert Maintenance([]).outside(1, 2) == [(1, 2)]
    with pytest.raises(ValueError, match="must be after"):
        Maintenance([(20, 10)])


# No edge within the hour the clock skips: there the reading of an edge is a rule of its own, tested above.
EDGES = st.lists(st.integers(0, 287).map(lambda n: n * 5), min_size=2, max_size=6, unique=True).map(
    lambda edges: [edge if not 115 <= edge <= 185 else 110 for edge in sorted(edges)]
)


def spelled(edges: list[int]) -> list[str]:
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]
    return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs] or ["08:00-16:45"]


def minutes_of(texts):
    spans = [[int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-")] for text in texts]
    return {minute for opens, closes in spans for minute in range(opens, closes)}


@given(
    edges=EDGES,
    start=st.integers(0, 5 * 1440),
    length=st.integers(0, 2 * 1440),
    local=st.sampled_from([SHANGHAI, AMSTERDAM]),
)
@settings(max_examples=examples(60))
def test_opening_hours_are_those_of_counting_minutes(edges, start, length, local):
    texts = spelled(edges)
    opened, zone = minutes_of(texts), ZoneInfo(local.timezone)
    first = at("2026-03-27", local) + start * MINUTE_US
    readings = [
        (EPOCH + timedelta(microseconds=first + minute * MINUTE_US)).astimezone(zone) for minute in range(length)
    ]
    inside = sum(reading.hour * 60 + reading.minute in opened for reading in readings)
    assert Hours(texts, local).open_microseconds(first, first + length * MINUTE_US) == inside * MINUTE_US
