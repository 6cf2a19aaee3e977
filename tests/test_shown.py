"""Values in words: Chinese units, and rounding that never hides a miss."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import SECOND_US, State, Target, Unit, instant_of
from agent.shown import between, countdown, in_unit, moment, round_to, shown, shown_target, shown_value
from tests.example_snapshot import make_config, make_verdict

AT_LEAST_95 = Target(">=", Fraction(95, 100), Unit.RATIO, ">=95%")
WITHIN_5_MIN = Target("<=", Fraction(300), Unit.SECONDS, "<=5分钟")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.95", "95.00%"),
        ("0.9533333", "95.33%"),
        ("0.94994", "94.99%"),
        ("0.94996", "94.996%"),
        ("0.9499999999", "94.99999999%"),
        ("0.95001", "95.00%"),
        ("1", "100.00%"),
        ("0", "0.00%"),
    ],
)
def test_a_share_is_printed_so_that_a_miss_shows(value, text):
    assert shown(Fraction(value), Unit.RATIO, AT_LEAST_95) == text


def test_a_verdict_is_written_so_that_a_miss_shows_and_a_word_as_it_is(tmp_path):
    config = make_config(tmp_path)
    missed = make_verdict(config, "permits-on-time", value=Fraction("0.94996"), state=State.MISSED)
    assert shown_value(missed) == "94.996%"
    assert shown_value(make_verdict(config, "rules", text="健全", state=State.MET)) == "健全"
    assert shown_value(make_verdict(config, "rules", state=State.PENDING)) == "—"


@pytest.mark.parametrize(
    ("value", "target", "number"),
    [
        ("0.9533333", AT_LEAST_95, ("95.33", "%")),
        ("0.94996", AT_LEAST_95, ("94.996", "%")),
        ("300.001", WITHIN_5_MIN, ("5.00002", "分钟")),
        ("182.4", WITHIN_5_MIN, ("3.04", "分钟")),
    ],
)
def test_a_bare_number_shows_a_miss_too(value, target, number):
    assert in_unit(Fraction(value), target) == number


@given(st.fractions(0, 1), st.fractions(0, 1))
def test_what_is_printed_falls_on_the_same_side_of_the_target(value, promised):
    target = Target(">=", promised, Unit.RATIO, "")
    printed = Fraction(shown(value, Unit.RATIO, target).removesuffix("%")) / 100
    assert target.holds(printed) == target.holds(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("0", "0秒"),
        ("12", "12秒"),
        ("12.24", "12.2秒"),
        ("59.97", "1分00.0秒"),
        ("182", "3分02秒"),
        ("182.4", "3分02秒"),
        ("3725", "1小时02分"),
        ("100800", "1天4小时"),
        ("259380", "3天0小时"),
        ("-95", "-1分35秒"),
    ],
)
def test_a_duration_is_printed_in_its_two_largest_units(seconds, text):
    assert shown(Fraction(seconds), Unit.SECONDS) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [("300", "5分00秒"), ("300.4", "5分00.4秒"), ("300.0004", "5分00.0004秒"), ("299.9", "5分00秒")],
)
def test_a_duration_just_over_its_limit_shows_it(seconds, text):
    assert shown(Fraction(seconds), Unit.SECONDS, WITHIN_5_MIN) == text


def test_a_long_duration_just_over_its_limit_goes_down_to_the_second():
    limit = Target("<=", Fraction(100_800), Unit.SECONDS, "")
    assert shown(Fraction(100_801), Unit.SECONDS, limit) == "1天4小时00分01秒"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Fraction(12), Unit.COUNT, "12"),
        (Fraction(12345), Unit.COUNT, "12,345"),
        (Fraction(7, 3), Unit.COUNT, "2.33"),
        (Fraction(4763873), Unit.CNY, "4,763,873元"),
        (Fraction("4763873.5"), Unit.CNY, "4,763,873.50元"),
        (Fraction(date(2026, 12, 31).toordinal()), Unit.DATE, "2026-12-31"),
        (None, Unit.RATIO, "—"),
        (None, Unit.TEXT, "—"),
    ],
)
def test_other_units(value, unit, text):
    assert shown(value, unit) == text


def test_a_word_stands_as_it_is():
    assert shown(None, Unit.TEXT, None, "健全") == "健全"


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (AT_LEAST_95, "≥95%"),
        (WITHIN_5_MIN, "≤5分钟"),
        (Target("<=", Fraction(90), Unit.SECONDS, ""), "≤1分30秒"),
        (Target("<=", Fraction(3 * 86_400), Unit.SECONDS, ""), "≤3天"),
        (Target("=", Fraction(1), Unit.RATIO, ""), "=100%"),
        (Target("in", Fraction("0.955"), Unit.RATIO, "", high=Fraction("0.98")), "95.5%～98%"),
        (Target("by", Fraction(date(2026, 12, 31).toordinal()), Unit.DATE, ""), "不晚于2026-12-31"),
        (Target("<=", Fraction(4763873), Unit.CNY, ""), "≤4,763,873元"),
        (Target("is", None, Unit.TEXT, "健全", word="健全"), "健全"),
        (None, "—"),
    ],
)
def test_a_target_is_printed_in_as_few_digits_as_say_it(target, text):
    assert shown_target(target) == text


def test_halves_round_away_from_zero():
    assert [round_to(Fraction(n, 2), Fraction(1)) for n in (1, 3, -1, -3)] == [1, 2, -1, -2]


def test_moments_and_the_time_between_them():
    start = instant_of(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    assert moment(start, ZoneInfo("Asia/Shanghai")) == "2026-11-23 10:00:00"
    assert moment(None, UTC) == "—"
    assert between(start, start + 182_900_000) == "3分02秒"


@pytest.mark.parametrize(
    ("due", "left", "words"),
    [
        (110, None, "还剩1分50秒"),
        (0, None, "还剩0秒"),
        (-180, None, "已超时3分00秒"),
        (86_400, 3600, "还剩1小时00分(工作时间)"),
        (-86_400, -3600, "已超时1小时00分(工作时间)"),
    ],
)
def test_a_countdown_tells_what_is_left_or_how_late_it_is(due, left, words):
    now = 1_000 * SECOND_US
    assert countdown(now + due * SECOND_US, now, left if left is None else left * SECOND_US) == words


def test_nothing_counts_down_to_no_due_time():
    assert countdown(None, 0) == "—"
