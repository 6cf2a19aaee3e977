"""The work calendar against the published arrangements, the site's overlay, its mistakes and its fingerprint."""

from __future__ import annotations

from datetime import date

import chinese_calendar
import holidays
import pytest

from agent.worktime import (
    CalendarUnknown,
    LocalDays,
    WorkCalendar,
    YearArrangement,
)
from tests.test_worktime import SHANGHAI, day

EXTENDED = {"mon": "17:00-19:00", "fri": "17:00-19:00"}
CHINA = WorkCalendar(SHANGHAI, extended=EXTENDED)
ARRANGEMENT_2027 = YearArrangement(
    holidays=(date(2026, 12, 31), date(2027, 1, 1), date(2027, 2, 5)), makeup=(date(2026, 12, 27), date(2027, 2, 20))
)


def year_days(year: int) -> tuple[int, int]:
    return day(f"{year}-01-01"), day(f"{year + 1}-01-01")


# --- which days are working days ------------------------------------------------------------------------------------


def test_every_day_from_2004_to_2026_is_as_chinesecalendar_says():
    for each in range(day("2004-01-01"), day("2027-01-01")):
        assert CHINA.is_workday(each) == chinese_calendar.is_workday(date.fromordinal(each)), date.fromordinal(each)


def test_holidays_agrees_on_every_day_but_the_last_of_2005():
    china = holidays.country_holidays("CN", years=range(2004, 2027))
    different = [
        date.fromordinal(each)
        for each in range(day("2004-01-01"), day("2027-01-01"))
        if CHINA.is_workday(each) != china.is_working_day(date.fromordinal(each))
    ]
    # A Saturday worked for the New Year of 2006, says holidays; a day off, says chinesecalendar, and so do we.
    assert different == [date(2005, 12, 31)]


@pytest.mark.parametrize(
    ("year", "workdays"),
    [(2019, 250), (2020, 249), (2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)],
)
def test_a_year_has_its_number_of_workdays(year, workdays):
    first, end = year_days(year)
    assert len(CHINA.working_days(first, end)) == workdays
    assert CHINA.workday_number(end - 1) - CHINA.workday_number(first - 1) == workdays


@pytest.mark.parametrize(
    ("year", "makeup"),
    [
        (2020, ["01-19", "04-26", "05-09", "06-28", "09-27", "10-10"]),
        (2026, ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
    ],
)
def test_the_weekend_days_worked_are_the_makeup_days(year, makeup):
    worked = [date.fromordinal(each) for each in CHINA.working_days(*year_days(year))]
    assert [f"{each:%m-%d}" for each in worked if each.weekday() >= 5] == makeup


@pytest.mark.parametrize(("year", "days"), [(2020, 95), (2026, 93)])
def test_extended_days_are_the_mondays_and_fridays_worked(year, days):
    extended = CHINA.extended_days(*year_days(year))
    assert len(extended) == days
    assert {date.fromordinal(each).weekday() for each in extended} == {0, 4}


def test_a_year_not_published_is_refused_with_its_first_unknown_day():
    assert CHINA.covered_until == day("2027-01-01")
    with pytest.raises(CalendarUnknown, match="the working days of 2027 are not known") as refused:
        CHINA.is_workday(day("2027-03-01"))
    assert (refused.value.year, refused.value.first_unknown) == (2027, day("2027-01-01"))
    with pytest.raises(CalendarUnknown) as refused:
        CHINA.is_workday(day("2003-12-31"))
    assert (refused.value.year, refused.value.first_unknown) == (2003, day("2003-12-31"))


def test_a_supplied_year_is_known_and_moves_december_before():
    supplied = WorkCalendar(SHANGHAI, years={2027: ARRANGEMENT_2027})
    assert supplied.covered_until == day("2028-01-01")
    for text in ("2026-12-31", "2027-01-01", "2027-02-05", "2027-02-21"):
        assert not supplied.is_workday(day(text)), text
    for text in ("2026-12-27", "2027-02-20", "2027-12-31", "2026-10-10"):
        assert supplied.is_workday(day(text)), text
    assert CHINA.is_workday(day("2026-12-31")), "until the notice a December Thursday is worked"


def test_a_supplied_year_replaces_the_published_one():
    replaced = WorkCalendar(SHANGHAI, years={2026: YearArrangement()})
    assert replaced.is_workday(day("2026-01-01"))
    assert not replaced.is_workday(day("2026-01-04"))


def test_a_year_missing_between_ends_the_calendar():
    assert WorkCalendar(SHANGHAI, years={2028: YearArrangement()}).covered_until == day("2027-01-01")


def test_without_a_country_monday_to_friday_are_worked():
    plain = WorkCalendar(SHANGHAI, country=None, closed=[date(2026, 1, 1)], open=[date(2027, 1, 2)])
    worked = {each for each in range(*year_days(2027)) if plain.is_workday(each)}
    assert worked == {
        each for each in range(*year_days(2027)) if date.fromordinal(each).weekday() < 5 or each == day("2027-01-02")
    }
    assert not plain.is_workday(day("2026-01-01"))
    assert plain.is_workday(day("2026-01-02"))


def test_the_site_closes_and_opens_single_days():
    site = WorkCalendar(SHANGHAI, closed=[date(2026, 3, 2)], open=[date(2026, 3, 7)])
    assert not site.is_workday(day("2026-03-02"))
    assert site.is_workday(day("2026-03-07"))
    assert len(site.working_days(*year_days(2026))) == 248


# --- hours of a day -------------------------------------------------------------------------------------------------


def test_half_days_and_extended_hours():
    site = WorkCalendar(
        SHANGHAI,
        extended=EXTENDED,
        closed=[{date(2026, 3, 2): "13:30-19:00"}],
        open=[{date(2026, 3, 6): "09:00-12:00", date(2026, 3, 7): ["09:00-11:30"]}],
    )
    hours = {text: site.service_spans(day(text), extended=True) for text in ("2026-03-02", "2026-03-06", "2026-03-07")}
    assert hours == {"2026-03-02": ((540, 690),), "2026-03-06": ((540, 720),), "2026-03-07": ((540, 690),)}
    half = WorkCalendar(SHANGHAI, extended=EXTENDED, closed=[{date(2026, 3, 2): "13:30-17:30"}])
    assert half.service_spans(day("2026-03-02"), extended=True) == ((540, 690), (1050, 1140)), (
        "open again in the evening"
    )
    assert half.service_spans(day("2026-03-02")) == ((540, 690),)
    assert site.service_spans(day("2026-03-09")) == ((540, 690), (810, 1020))
    assert site.service_spans(day("2026-03-09"), extended=True) == ((540, 690), (810, 1140))
    assert site.service_spans(day("2026-02-28"), extended=True) == ((540, 690), (810, 1020)), "a make-up Saturday"
    assert site.service_spans(day("2026-03-08"), extended=True) == ()
    assert site.extended_days(day("2026-03-01"), day("2026-03-10")) == [day("2026-03-09")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hours": "9-17"}, "expected hours such as '09:00-11:30' (the end at most 24:00), got '9-17'"),
        ({"hours": "09:00-24:30"}, "expected hours such as '09:00-11:30' (the end at most 24:00), got '09:00-24:30'"),
        ({"hours": "22:00-02:00"}, "hours '22:00-02:00': expected an end after the start, on the same day"),
        ({"hours": []}, "expected at least one span of hours such as '09:00-17:00', got none"),
        ({"extended": {"sat": "9:00-12:00"}}, "extended hours of 'sat': expected a weekday of mon, tue, wed, thu, fri"),
        (
            {"closed": [date(2026, 3, 2)], "open": [{date(2026, 3, 2): "09:00-10:00"}]},
            "2026-03-02 is both closed and open: expected one of them",
        ),
        (
            {"years": {2027: YearArrangement(holidays=(date(2028, 1, 1),))}},
            "arrangement of 2027: expected dates of 2027 or December before, got 2028-01-01",
        ),
        (
            {"years": {2027: YearArrangement(makeup=(date(2027, 2, 5),))}},
            "arrangement of 2027: make-up day 2027-02-05 is no Saturday or Sunday, or a holiday too",
        ),
    ],
)
def test_a_mistake_in_the_calendar_is_named(options, message):
    with pytest.raises(ValueError) as refused:
        WorkCalendar(SHANGHAI, **options)
    assert str(refused.value) == message


def test_the_fingerprint_changes_with_every_answer_and_with_nothing_else():
    same = WorkCalendar(
        LocalDays("Asia/Shanghai"),
        hours=["13:30-17:00", "09:00-10:00", "10:00-11:30"],
        extended=dict(reversed(EXTENDED.items())),
        closed=[date(2026, 3, 1), {date(2026, 3, 8): "09:00-10:00"}],  # Sundays
        open=[date(2026, 3, 3)],  # a Tuesday
    )
    assert same.fingerprint == CHINA.fingerprint
    others = [
        WorkCalendar(SHANGHAI),
        WorkCalendar(LocalDays("Asia/Urumqi"), extended=EXTENDED),
        WorkCalendar(SHANGHAI, extended=EXTENDED, hours="09:00-17:00"),
        WorkCalendar(SHANGHAI, extended=EXTENDED, closed=[date(2026, 3, 2)]),
        WorkCalendar(SHANGHAI, extended=EXTENDED, closed=[{date(2026, 3, 2): "09:00-10:00"}]),
        WorkCalendar(SHANGHAI, extended=EXTENDED, years={2027: ARRANGEMENT_2027}),
        WorkCalendar(SHANGHAI, extended=EXTENDED, country=None),
    ]
    assert len({each.fingerprint for each in [CHINA, *others]}) == 8
