"""Open records as countdowns: which one stands first, what is said of it, and a clock that stands still at night."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.config import load
from agent.evaluate import is_chased
from agent.model import OpenRecord, Stage, instant_of
from agent.web.countdowns import Countdowns, nearest
from agent.web.pages import Names
from tests.example_snapshot import MINUTE, NOW, TARGETS, make_config

HOUR = 60 * MINUTE
DAY = 24 * HOUR


def record(id: str, due: int | None, indicator: str = "fault-response", left_us: int | None = None) -> OpenRecord:
    return OpenRecord("ops", indicator, "desk", id, "portal", Stage.IN_TIME, NOW - 2 * MINUTE, due, left_us)


@pytest.fixture
def countdowns(tmp_path: Path) -> Countdowns:
    config = make_config(tmp_path)
    return Countdowns(config, Names(config))


def test_the_records_shown_are_those_nearest_to_their_limit_on_either_side():
    shown = [int(one.id) for one in nearest([record(str(n), NOW + n * MINUTE) for n in range(-30, 31)], NOW, 20)]
    assert shown == sorted(shown)
    assert len(shown) == 20
    assert {abs(minute) for minute in shown[1:]} <= set(range(11))
    assert shown[0] == -30  # the worst is not hidden by those that are a little late


@pytest.mark.parametrize("places", [2, 5, 6, 20])
def test_what_is_due_soon_does_not_hide_what_is_late(places):
    late = record("late", NOW - 300 * DAY)
    shown = nearest([*(record(str(n), NOW + n * MINUTE) for n in range(50)), late], NOW, places)
    assert shown[0] is late
    assert len(shown) == places


def test_a_fault_late_by_minutes_stands_before_one_due_in_hours(countdowns):
    late, soon = record("late", NOW - 5 * MINUTE), record("soon", NOW + 2 * HOUR)
    assert countdowns.foremost([soon, late], NOW) is late


def test_what_can_still_be_saved_stands_before_what_is_late_for_longer(countdowns):
    late, soon = record("late", NOW - 5 * MINUTE), record("soon", NOW + 3 * MINUTE)
    assert countdowns.foremost([late, soon], NOW) is soon


def test_a_case_due_in_days_takes_no_place_from_what_is_chased_by_the_minute(countdowns):
    case, fault = record("case", NOW + MINUTE, "permits-on-time"), record("fault", NOW + 4 * MINUTE)
    assert countdowns.foremost([case, fault], NOW) is fault
    assert countdowns.foremost([case], NOW) is None


def test_where_no_such_promise_exists_the_nearest_of_all_stands_first(tmp_path):
    path = tmp_path / "targets.yaml"
    path.write_text(TARGETS.replace('target: "<= 5 min"', 'target: "<= 5 h"'), encoding="utf-8")
    config = load([path], None, collectors={})
    slow = Countdowns(config, Names(config))
    case, fault = record("case", NOW + MINUTE, "permits-on-time"), record("fault", NOW + 4 * MINUTE)
    assert slow.foremost([case, fault], NOW) is case
    assert slow.none_open() == "当前没有计时中的事项"


def test_nothing_open_is_said_in_the_words_of_what_is_measured(countdowns):
    assert countdowns.foremost([], NOW) is None
    assert countdowns.foremost([record("paused", None)], NOW) is None
    assert countdowns.none_open() == "当前无未响应故障"


@pytest.mark.parametrize(
    ("limit", "short"),
    [
        ("5 min", True), ("239 min", True), ("4 h", False), ("1 workdays", False),
        ("{by: level, table: {a: 1 d, b: 30 min}}", True), ("{field: days}", False),
    ],
)  # fmt: skip
def test_what_is_chased_by_the_minute_is_told_by_the_limit(tmp_path, limit, short):
    path = tmp_path / "targets.yaml"
    due = "due: due_at}"
    path.write_text(TARGETS.replace(due, f"limit: {limit}}}"), encoding="utf-8")
    indicators = Names(load([path], None, collectors={})).indicators
    assert is_chased(indicators[("ops", "permits-on-time")]) is short
    assert not is_chased(indicators[("ops", "features")])


def test_a_record_says_what_is_not_done_where_since_when_and_how_long_is_left(countdowns):
    shown = countdowns.waiting(record("F-9", NOW + 3 * MINUTE), NOW, NOW)
    assert (shown.system_name, shown.kind, shown.ticket, shown.undone) == ("房地产交易网站", "故障", "F-9", "未响应")
    assert (shown.begun, shown.due, shown.countdown) == ("09:58:00报修", "10:03:00", "还剩3分00秒")
    assert (shown.left_ms, shown.runs, shown.is_worktime) == (180_000, True, False)


def test_the_countdown_is_of_now_and_not_of_the_last_tick(countdowns):
    shown = countdowns.waiting(record("F-9", NOW + 3 * MINUTE), NOW, NOW + 4_000_000)
    assert (shown.left_ms, shown.countdown) == (176_000, "还剩2分56秒")
    assert countdowns.waiting(record("F-9", NOW), NOW, NOW + MINUTE).countdown == "已超时1分00秒"


def test_a_time_of_another_day_has_its_date(countdowns):
    assert countdowns.waiting(record("F-9", NOW + DAY), NOW, NOW).due == "2026-11-24 10:00:00"


def test_a_record_without_a_due_time_says_that_its_clock_is_stopped(countdowns):
    shown = countdowns.waiting(replace(record("P-1", None), stage=Stage.PAUSED), NOW, NOW)
    assert (shown.left_ms, shown.runs, shown.countdown, shown.due) == (None, False, "计时暂停", "—")


@pytest.mark.parametrize(
    ("clock", "left_ms", "runs"),
    [("16:58:00", 3_480_000, True), ("17:00:00", 3_360_000, False), ("23:30:00", 3_360_000, False)],
)
def test_a_clock_that_stands_still_at_night_loses_nothing_then(countdowns, clock, left_ms, runs):
    """An hour of service time is left at 16:56; the day ends at 17:00."""
    as_of = instant_of(datetime(2026, 11, 23, 16, 56, tzinfo=ZoneInfo("Asia/Shanghai")))
    hour, minute, second = map(int, clock.split(":"))
    now = instant_of(datetime(2026, 11, 23, hour, minute, second, tzinfo=ZoneInfo("Asia/Shanghai")))
    shown = countdowns.waiting(record("F-9", as_of + DAY, left_us=HOUR), as_of, now)
    assert (shown.left_ms, shown.runs, shown.is_worktime) == (left_ms, runs, True)
    assert shown.countdown == f"还剩{left_ms // 60_000}分00秒(工作时间)"
