"""Cumulative rows against their plan: what is owed by when, and where the course leads."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from agent.config.target import parse_target
from agent.forecast import course

LAST = date(2026, 12, 31).toordinal()
PLAN = {"2026-06": Fraction(2, 5), "2026-09": Fraction(7, 10)}


def day(text):
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("today", "stated", "expected", "behind"),
    [
        ("2026-06-30", "0.3", None, False),
        ("2026-07-01", "0.41", Fraction(2, 5), False),
        ("2026-07-01", "0.39", Fraction(2, 5), True),
        ("2026-09-30", "0.45", Fraction(2, 5), False),
        ("2026-10-01", "0.45", Fraction(7, 10), True),
    ],
)
def test_a_cumulative_row_owes_what_its_plan_says_by_the_end_of_a_month(today, stated, expected, behind):
    values = [(day(today) - 1, Fraction(stated))]
    found = course(parse_target(">= 95 %"), PLAN, LAST, day(today), values)
    assert (found.expected, found.behind) == (expected, behind)


def test_a_cumulative_row_says_what_is_owed_next():
    found = course(parse_target(">= 95 %"), PLAN, LAST, day("2026-10-05"), [])
    assert (found.next_day, found.next_value) == (LAST, Fraction(19, 20))
    without = course(parse_target(">= 95 %"), {}, LAST, day("2026-03-05"), [])
    assert (without.expected, without.next_day, without.forecast) == (None, LAST, None)


def test_a_cumulative_count_owes_its_share_of_the_target():
    found = course(parse_target(">= 30"), PLAN, LAST, day("2026-08-01"), [(day("2026-07-31"), Fraction(12))])
    assert (found.expected, found.behind) == (Fraction(12), False)


def test_a_course_at_half_its_plan_is_foreseen_to_go_on_so():
    values = [(day(f"2026-{month:02}-28"), Fraction(month * 4, 120)) for month in range(1, 7)]
    found = course(parse_target(">= 95 %"), PLAN, LAST, day("2026-07-01"), values)
    forecast = found.forecast
    assert forecast is not None
    assert found.behind
    assert forecast.low < forecast.value < 0.6
    assert forecast.chance < 0.1
