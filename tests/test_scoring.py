"""Scores: every worked example of the rules, on full precision, printed with two decimals."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import parse_target
from agent.export.scoring import (
    Attention,
    Grade,
    Reverse,
    Rules,
    as_printed,
    attention,
    budget,
    grade,
    quality,
    quantity,
    rescaled,
)
from agent.model import Band
from agent.shown import shown

RATIO, LINEAR = Reverse.RATIO, Reverse.LINEAR
NATIONAL = (
    Grade("优", Fraction(90)),
    Grade("良", Fraction(80)),
    Grade("中", Fraction(60)),
    Grade("差", Fraction(0)),
)
SHANGHAI = (
    Grade("优", Fraction(90)),
    Grade("良", Fraction(75)),
    Grade("合格", Fraction(60)),
    Grade("不合格", Fraction(0)),
)


def exact(number: str | int) -> Fraction:
    return Fraction(str(number))


def rules(over: int = 30, over_for_reverse: bool = False) -> Rules:
    return Rules(RATIO, Fraction(over, 100), over_for_reverse, NATIONAL)


@pytest.mark.parametrize(
    ("target", "value", "points", "score"),
    [
        # forward
        (">= 95 %", "0.95", "7", "7"),
        (">= 95 %", "1", "7", "7"),
        (">= 95 %", "0.76", "10", "8"),
        (">= 95 %", "0.9", "10", "9.47"),
        (">= 12", "10", "8", "6.67"),
        (">= 12", "0", "8", "0"),
        # equals, judged as at least: 97 % of "=95%" is full marks
        ("= 95 %", "0.97", "5", "5"),
        ("= 95 %", "0.9", "5", "4.74"),
        # equals nothing
        ("= 0", "0", "5", "5"),
        ("= 0", "-1", "5", "5"),
        ("= 0", "1", "5", "0"),
        # a negative value counts as 0
        (">= 95 %", "-0.5", "5", "0"),
        (">= 0", "-0.5", "5", "0"),
        # interval: inside, below the lower end, above the upper one
        ("95..98 %", "0.96", "10", "10"),
        ("95..98 %", "0.95", "10", "10"),
        ("95..98 %", "0.98", "10", "10"),
        ("95..98 %", "0.76", "10", "8"),
        ("50..80", "100", "10", "8"),
        # a date
        ("by 2026-12-31", "739981", "7", "7"),
        ("by 2026-12-31", "739982", "7", "0"),
    ],
)
def test_a_number_is_scored_by_how_much_of_its_target_was_reached(target, value, points, score):
    assert quantity(parse_target(target), exact(value), exact(points), RATIO) == exact(score)


@pytest.mark.parametrize(
    ("value", "by_ratio", "linear"),
    [("5", "10", "10"), ("6", "8.33", "8"), ("9", "5.56", "2"), ("10", "5", "0"), ("12", "4.17", "0")],
)
def test_more_than_a_limit_is_scored_by_the_formula_that_is_set(value, by_ratio, linear):
    limit = parse_target("<= 5")
    assert quantity(limit, exact(value), Fraction(10), RATIO) == exact(by_ratio)
    assert quantity(limit, exact(value), Fraction(10), LINEAR) == exact(linear)


def test_minutes_are_scored_as_the_seconds_they_are():
    limit = parse_target("<= 5 min")
    assert quantity(limit, Fraction(6 * 60), Fraction(10), RATIO) == exact("8.33")
    assert quantity(limit, Fraction(6 * 60), Fraction(10), LINEAR) == exact("8")


@pytest.mark.parametrize("reverse", [RATIO, LINEAR])
def test_anything_beyond_a_limit_of_nothing_scores_nothing(reverse):
    assert quantity(parse_target("<= 0"), Fraction(2), Fraction(10), reverse) == 0
    assert quantity(parse_target("<= 0"), Fraction(0), Fraction(10), reverse) == 10


def test_the_formula_that_is_set_holds_above_an_interval_too():
    assert quantity(parse_target("50..80"), Fraction(100), Fraction(10), LINEAR) == exact("7.5")


def test_a_rate_that_rounds_to_its_target_fails_and_is_printed_so():
    target, value = parse_target(">= 95 %"), exact("0.94996")
    assert attention(target, value, rules()) is Attention.BELOW
    assert shown(value, target.unit, target) == "94.996%"
    assert quantity(target, value, Fraction(5), RATIO) == exact("5.00")  # by the rule: 0.94996 / 0.95 × 5 = 4.9998


def test_halves_are_rounded_up():
    assert as_printed(exact("2.345")) == exact("2.35")
    assert as_printed(exact("2.3449999")) == exact("2.34")


@pytest.mark.parametrize(
    ("band", "share", "score"),
    [
        (Band.ACHIEVED, "1", "5"),
        (Band.ACHIEVED, "0.8", "4"),
        (Band.ACHIEVED, None, "5"),
        (Band.PARTLY, "0.6", "3"),
        (Band.PARTLY, "0.79", "3.95"),
        (Band.PARTLY, None, None),
        (Band.NOT_ACHIEVED, "0.59", "2.95"),
        (Band.NOT_ACHIEVED, "0", "0"),
        (Band.NOT_ACHIEVED, None, None),
    ],
)
def test_a_quality_is_scored_within_its_band(band, share, score):
    found = quality(band, None if share is None else exact(share), Fraction(5))
    assert found == (None if score is None else exact(score))


@pytest.mark.parametrize(
    ("band", "share", "said"),
    [
        (Band.ACHIEVED, "0.79", "得分率应在80%(含)至100%(含)之间，现为79%"),
        (Band.PARTLY, "0.8", "得分率应在60%(含)至80%之间，现为80%"),
        (Band.NOT_ACHIEVED, "0.6", "得分率应在0%(含)至60%之间，现为60%"),
        (Band.ACHIEVED, "1.1", "得分率应在80%(含)至100%(含)之间，现为110%"),
    ],
)
def test_a_score_outside_its_band_is_refused_with_the_range(band, share, said):
    with pytest.raises(ValueError, match="得分率") as refused:
        quality(band, exact(share), Fraction(5))
    assert str(refused.value) == said


def test_the_budget_is_scored_by_what_was_spent_and_never_above_its_points():
    assert budget(Fraction(4_763_873), Fraction(4_763_873), Fraction(10)) == 10
    assert budget(Fraction(4_287_486), Fraction(4_763_873), Fraction(10)) == exact("9")
    assert budget(Fraction(5_000_000), Fraction(4_763_873), Fraction(10)) == 10
    assert budget(Fraction(-5), Fraction(10), Fraction(10)) == 0
    with pytest.raises(ValueError, match="全年预算数应大于0"):
        budget(Fraction(1), Fraction(0), Fraction(10))


@pytest.mark.parametrize(
    ("target", "value", "found"),
    [
        (">= 100", "129", None),
        (">= 100", "130", Attention.ABOVE),
        (">= 100", "99", Attention.BELOW),
        ("= 100", "130", Attention.ABOVE),
        (">= 95 %", "1", None),  # a rate near its ceiling is never far above
        (">= 0", "29", None),
        (">= 0", "30", Attention.ABOVE),
        ("<= 5", "1", None),  # 80 % better means nothing: off by default
        ("<= 5", "6", Attention.BELOW),
        ("= 0", "0", None),
        ("= 0", "1", Attention.BELOW),
        ("95..98 %", "0.96", None),
        ("by 2026-12-31", "700000", None),
    ],
)
def test_a_reason_is_owed_below_a_target_and_far_above_it(target, value, found):
    assert attention(parse_target(target), exact(value), rules()) is found


def test_how_far_is_far_is_set_and_may_hold_for_limits():
    assert attention(parse_target(">= 100"), Fraction(120), rules(over=20)) is Attention.ABOVE
    better = rules(over_for_reverse=True)
    assert attention(parse_target("<= 5"), exact("3.5"), better) is Attention.ABOVE
    assert attention(parse_target("<= 5"), exact("3.6"), better) is None


def test_points_of_rows_left_out_go_to_the_others_in_proportion():
    assert rescaled([Fraction(10), Fraction(50), Fraction(30)]) == [exact("11.11"), exact("55.56"), exact("33.33")]
    assert sum(rescaled([exact("16.5")] * 3 + [Fraction(17)])) == 100
    with pytest.raises(ValueError, match="没有一行"):
        rescaled([Fraction(0)])


@given(st.lists(st.integers(1, 400).map(lambda half: Fraction(half, 4)), min_size=1, max_size=40))
def test_rescaled_points_are_100_whatever_was_left_out(points):
    found = rescaled(points)
    assert sum(found) == 100
    assert all(as_printed(one) == one for one in found)


@pytest.mark.parametrize(
    ("total", "national", "shanghai"),
    [
        ("100", "优", "优"),
        ("90", "优", "优"),
        ("89.99", "良", "良"),
        ("80", "良", "良"),
        ("79.99", "中", "良"),
        ("75", "中", "良"),
        ("60", "中", "合格"),
        ("59.99", "差", "不合格"),
        ("0", "差", "不合格"),
    ],
)
def test_a_total_has_the_grade_whose_least_it_reaches(total, national, shanghai):
    assert grade(exact(total), NATIONAL) == national
    assert grade(exact(total), SHANGHAI) == shanghai


@given(
    st.sampled_from([">= 95 %", "<= 5", "= 95 %", "= 0", "50..80", "<= 0", ">= 0"]),
    st.fractions(min_value=-200, max_value=200),
    st.integers(0, 100).map(Fraction),
    st.sampled_from([RATIO, LINEAR]),
)
def test_a_score_lies_between_nothing_and_its_points_and_is_full_where_the_target_is_met(
    target, value, points, reverse
):
    read = parse_target(target)
    found = quantity(read, value, points, reverse)
    assert 0 <= found <= points
    if read.holds(value):
        assert found == points


def test_nothing_promised_is_met_by_nothing_alone():
    none = parse_target("= 0")
    assert none.is_limit
    assert none.holds(Fraction(0))
    assert not none.holds(Fraction(1))
