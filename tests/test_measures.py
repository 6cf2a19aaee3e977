"""How one record counts: a worked example for each kind of measure and each of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.book import definitions
from agent.measures import Count, Measure
from agent.model import AMOUNT_SCALE, SECOND_US, Observation, Outcome, Record, Tally
from tests.plans import CASE_SOURCE, at, case, site

CASE = {"of": "case", "from": "accepted_at", "to": "finished_at"}
ON_TIME = {"kind": "on_time", **CASE, "due": "due_at"}
IN_TWO_HOURS = {"kind": "on_time", **CASE, "limit": "2h"}
TAKEN = {"kind": "duration", **CASE, "statistic": "mean", "limit": "2h"}
DONE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"finished_at": "present"}}
WRONG = {"kind": "share", "of": "case", "cohort": "accepted_at", "bad_when": {"state": "wrong"}}


def observe(folder: Path, measure: Mapping[str, Any], record: Record) -> tuple[Observation, ...]:
    (one,) = definitions(site(folder, {"x": measure}))
    return one.observe(record)


def only(observations: tuple[Observation, ...]) -> Observation:
    (one,) = observations
    return one


@pytest.mark.parametrize(
    ("measure", "record", "outcome"),
    [
        (ON_TIME, case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-09", finished_at="2026-03-09"), "GOOD"),
        (
            ON_TIME,
            case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-09", finished_at="2026-03-09T00:00:01"),
            "BAD",
        ),
        (ON_TIME, case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-09"), "OPEN"),
        (ON_TIME, case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-09"), "EXCLUDED"),
        (ON_TIME, case("1", due_at="2026-03-09", finished_at="2026-03-09"), "EXCLUDED"),
        (ON_TIME, case("1", accepted_at="2026-03-02", due_at="2026-03-09", finished_at="2026-03-01"), "GOOD"),
        (IN_TWO_HOURS, case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-02T11:00"), "GOOD"),
        (IN_TWO_HOURS, case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-02T11:00:00.000001"), "BAD"),
        (TAKEN, case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-02T11:00"), "GOOD"),
        (TAKEN, case("1", accepted_at="2026-03-02T09:00", finished_at="2026-03-02T12:00"), "BAD"),
        (TAKEN, case("1", accepted_at="2026-03-02T09:00"), "OPEN"),
        (DONE, case("1", accepted_at="2026-03-02", finished_at="2026-03-05"), "GOOD"),
        (DONE, case("1", accepted_at="2026-03-02"), "BAD"),
        (DONE | {"judge_after": "24 h"}, case("1", accepted_at="2026-03-02"), "OPEN"),
        (WRONG, case("1", accepted_at="2026-03-02", state="wrong"), "BAD"),
        (WRONG, case("1", accepted_at="2026-03-02", state="right"), "GOOD"),
        (WRONG | {"judge_after": "24 h"}, case("1", accepted_at="2026-03-02"), "OPEN_THEN_GOOD"),
        (DONE, case("1", accepted_at="2026-03-02", finished_at="2026-03-05")._replace(withdrawn=True), "EXCLUDED"),
        (
            DONE | {"exclude": [{"when": {"state": "duplicate"}, "reason": "重复"}]},
            case("1", accepted_at="2026-03-02", state="duplicate"),
            "EXCLUDED",
        ),
    ],
)
def test_a_record_counts_as_the_rule_says(
    tmp_path: Path, measure: Mapping[str, Any], record: Record, outcome: str
) -> None:
    assert only(observe(tmp_path, measure, record)).outcome is Outcome[outcome]


def test_a_record_that_does_not_take_part_is_not_observed(tmp_path: Path) -> None:
    record = case("1", accepted_at="2026-03-02", level="2")
    assert observe(tmp_path, DONE | {"among": {"level": "1"}}, record) == ()
    assert observe(tmp_path, DONE | {"systems": ["portal"]}, record) == ()


def test_a_case_belongs_to_the_day_it_is_due_unless_a_cohort_is_named(tmp_path: Path) -> None:
    record = case("1", accepted_at="2026-03-02T23:59", due_at="2026-03-09T12:00", finished_at="2026-03-04")
    assert only(observe(tmp_path, ON_TIME, record)).day == 739684  # 2026-03-09
    assert only(observe(tmp_path, ON_TIME | {"cohort": "accepted_at"}, record)).day == 739677


def test_an_excluded_record_says_why_and_stands_on_a_day_of_its_own(tmp_path: Path) -> None:
    found = only(observe(tmp_path, ON_TIME, case("1", finished_at="2026-03-09")))
    assert (found.reason, found.day) == ("no accepted_at", 739684)


def test_an_open_record_carries_its_clock(tmp_path: Path) -> None:
    found = only(observe(tmp_path, IN_TWO_HOURS, case("1", accepted_at="2026-03-02T09:00")))
    assert (found.starts, found.due, found.worked) == (at("2026-03-02T09:00"), at("2026-03-02T11:00"), 0)


def test_a_limit_by_field_and_a_limit_in_a_field_are_counted_in_workdays(tmp_path: Path) -> None:
    record = case("1", accepted_at="2026-09-30T10:00", level="a", days="1")  # the National Day week follows
    by_level = {"kind": "on_time", **CASE, "limit": {"by": "level", "table": {"a": "1 workdays", "b": "3 workdays"}}}
    in_field = {"kind": "on_time", **CASE, "limit": {"field": "days", "unit": "workdays"}}
    for measure in (by_level, in_field):
        assert only(observe(tmp_path, measure, record)).due == at("2026-10-09") - 1
    unknown = only(observe(tmp_path, by_level, case("1", accepted_at="2026-09-30", level="z")))
    assert (unknown.outcome, unknown.reason) == (Outcome.EXCLUDED, "no limit for z")


@pytest.mark.parametrize("days", ["²", "٣", "-1", "1.5", "1234567", "999999", ""])
def test_a_field_that_holds_no_usable_number_of_days_is_no_limit(tmp_path: Path, days: str) -> None:
    measure = {"kind": "on_time", **CASE, "limit": {"field": "days", "unit": "workdays"}}
    found = only(observe(tmp_path, measure, case("1", accepted_at="2026-09-30", days=days)))
    assert found.outcome is Outcome.EXCLUDED
    assert (found.reason or "").startswith("no ")


def test_a_year_without_a_published_calendar_leaves_the_record_open_with_that_reason(tmp_path: Path) -> None:
    measure = {"kind": "on_time", **CASE, "limit": "10 workdays"}
    found = only(observe(tmp_path, measure, case("1", accepted_at="2026-12-30T10:00")))
    assert (found.outcome, found.due, found.reason) == (Outcome.OPEN, None, "calendar 2027 not published")


@pytest.mark.parametrize("kind", ["on_time", "duration"])
@pytest.mark.parametrize("freed_at", [{}, {"freed_at": "2027-01-06T10:00"}], ids=["runs", "over"])
def test_a_pause_that_reaches_into_a_year_without_a_calendar_leaves_the_record_open_with_that_reason(
    tmp_path: Path, kind: str, freed_at: dict[str, str]
) -> None:
    pause = {"from": "held_at", "to": "freed_at"}
    measure = {"kind": kind, **CASE, "clock": "service_hours", "limit": "100h", "pause": pause}
    mapped = {"accepted_at": "a", "finished_at": "f", "held_at": "h", "freed_at": "e"}
    (one,) = definitions(site(tmp_path, {"x": measure}, sources={"cases": CASE_SOURCE | {"times": mapped}}))
    times = {"accepted_at": "2026-12-30T10:00", "held_at": "2027-01-05T10:00", **freed_at}
    found = only(one.observe(case("1", **times)))
    assert (found.outcome, found.due, found.worked) == (Outcome.OPEN, None, 0)
    assert found.reason == "calendar 2027 not published"


def test_a_pause_that_has_ended_moves_the_due_time_and_one_that_runs_stops_it(tmp_path: Path) -> None:
    measure = {"kind": "on_time", **CASE, "limit": "2h", "pause": {"from": "due_at", "to": "changed"}}
    source_times = {
        "accepted_at": "accepted_at",
        "finished_at": "finished_at",
        "due_at": "due_at",
        "changed": "changed",
    }
    config = site(tmp_path, {"x": measure}, sources={"cases": CASE_SOURCE | {"times": source_times}})
    (one,) = definitions(config)
    running = case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-02T10:00")
    assert only(one.observe(running)).due is None
    ended = running._replace(times={**running.times, "changed": at("2026-03-02T15:00")})
    found = only(one.observe(ended))
    assert (found.due, found.starts, found.worked) == (at("2026-03-02T16:00"), at("2026-03-02T15:00"), 3600 * SECOND_US)


def test_a_pause_that_begins_after_the_time_was_up_excuses_nothing(tmp_path: Path) -> None:
    times = {
        "accepted_at": "accepted_at",
        "finished_at": "finished_at",
        "due_at": "due_at",
        "held_at": "a",
        "freed_at": "b",
    }
    pause = {"pause": {"from": "held_at", "to": "freed_at"}}
    late = case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-02T11:00", held_at="2026-03-05T10:00")
    for measure in (IN_TWO_HOURS | pause, ON_TIME | pause, TAKEN | pause):
        config = site(tmp_path, {"x": measure}, sources={"cases": CASE_SOURCE | {"times": times}})
        found = only(definitions(config)[0].observe(late))
        assert found.due == at("2026-03-02T11:00")
        assert (found.starts, found.worked) == (None, (3 * 24 + 1) * 3600 * SECOND_US)  # its clock stands still since


def test_a_number_that_is_none_meets_no_comparison(tmp_path: Path) -> None:
    measure = WRONG | {"bad_when": {"days": {"ge": 50}}}
    for text in ("nan", "sNaN", "Infinity", "-Infinity", "", "x"):
        assert only(observe(tmp_path, measure, case("1", accepted_at="2026-03-02", days=text))).outcome is Outcome.GOOD


def test_service_hours_leave_out_lunch_night_and_holiday(tmp_path: Path) -> None:
    measure = TAKEN | {"clock": "service_hours", "limit": "8h"}
    record = case("1", accepted_at="2026-04-03T16:00", finished_at="2026-04-07T10:00")  # Qingming lies between
    found = only(observe(tmp_path, measure, record))
    assert (found.num, found.den) == (2 * 3600 * SECOND_US, 1)


def test_uptime_counts_opening_hours_only_and_cuts_at_midnight(tmp_path: Path) -> None:
    uptime = {
        "kind": "uptime",
        "of": "case",
        "from": "accepted_at",
        "to": "finished_at",
        "down_when": {"state": "down"},
    }
    down = case("1", system="portal", accepted_at="2026-03-02T21:00", finished_at="2026-03-03T07:30", state="down")
    first, second = observe(tmp_path, uptime, down)
    assert [(one.outcome, one.num, one.den) for one in (first, second)] == [
        (Outcome.BAD, 0, 3600 * SECOND_US),
        (Outcome.BAD, 0, 5400 * SECOND_US),
    ]
    night = case("2", system="portal", accepted_at="2026-03-02T23:00", finished_at="2026-03-02T23:30", state="down")
    assert only(observe(tmp_path, uptime, night)).outcome is Outcome.EXCLUDED


def test_amounts_are_summed_in_millionths(tmp_path: Path) -> None:
    measure = {"kind": "amount", "of": "case", "cohort": "accepted_at", "numerator": "made", "denominator": "owed"}
    record = case("1", accepted_at="2026-03-02", made="0.1", owed="0.3")
    found = only(observe(tmp_path, measure, record))
    assert (found.num, found.den) == (AMOUNT_SCALE // 10, 3 * AMOUNT_SCALE // 10)
    assert only(observe(tmp_path, measure, case("1", accepted_at="2026-03-02", made="1"))).reason == "no owed"


def test_a_milestone_stands_on_the_first_day_of_the_year_and_is_open_until_done(tmp_path: Path) -> None:
    measure = {"kind": "milestone", "of": "case", "to": "finished_at", "planned": {"planned": "2026"}}
    (one,) = definitions(site(tmp_path, {"x": measure}, target="by 2026-12-31"))
    waiting, done = (
        only(one.observe(case("1", planned="2026"))),
        only(one.observe(case("1", planned="2026", finished_at="2026-05-04T12:00"))),
    )
    assert (waiting.outcome, waiting.day, waiting.due) == (Outcome.OPEN, 739617, at("2027-01-01") - 1)
    assert (done.outcome, done.num) == (Outcome.GOOD, 739740)
    assert one.observe(case("2", planned="2025")) == ()


def measure_of(folder: Path, raw: Mapping[str, Any]) -> Measure:
    config = site(folder, {"x": raw})
    return config.plans[0].projects[0].indicators[0].measure


@pytest.mark.parametrize(
    ("raw", "count", "value"),
    [
        (ON_TIME, Count(Tally(95, 4), overdue=1, waiting=7), Fraction(95, 100)),
        (ON_TIME, Count(Tally(0, 0, excluded=3), waiting=5), None),
        (TAKEN, Count(Tally(2, 0, 0, 100 * SECOND_US, 2), overdue=1, elapsed=50 * SECOND_US), Fraction(50)),
        (WRONG, Count(Tally(97, 3)), Fraction(3, 100)),
        (WRONG | {"judge_after": "1h"}, Count(Tally(0, 1), lapsed=1), Fraction(1, 2)),
    ],
)
def test_sums_are_divided_once(tmp_path: Path, raw: Mapping[str, Any], count: Count, value: Fraction | None) -> None:
    assert measure_of(tmp_path, raw).value(count) == value
