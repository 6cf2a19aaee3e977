"""The JSON object of the status: its keys, what is unknown, and the questions it is asked with."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from agent.model import ConfigError, instant_of
from agent.status import Question, question, status_answer
from tests.example_snapshot import make_config, make_snapshot

INDICATOR_KEYS = {
    "project", "indicator", "name", "system", "window", "start", "end", "value", "unit", "target", "state", "flags",
    "good", "bad", "open", "excluded", "coverage", "reachable", "allowance_left", "forecast",
}  # fmt: skip
SOURCE_KEYS = {"source", "up", "last_success", "records", "rejects", "reason"}


@pytest.fixture
def config(tmp_path):
    return make_config(tmp_path)


@pytest.fixture
def answer(config):
    return status_answer(make_snapshot(config), config)


def one(answer, indicator, system=None):
    (found,) = [row for row in answer["indicators"] if row["indicator"] == indicator and row["system"] == system]
    return found


def test_a_verdict_with_everything_known(answer):
    assert answer["as_of"] == "2026-11-23T10:00:00+08:00"
    assert one(answer, "fault-response") == {
        "project": "ops",
        "indicator": "fault-response",
        "name": "故障响应及时率",
        "system": None,
        "window": "ytd",
        "start": "2026-01-01T00:00:00+08:00",
        "end": "2026-11-24T00:00:00+08:00",
        "value": 182.4,
        "unit": "seconds",
        "target": {"op": "<=", "value": 300.0, "high": None, "text": "<=5分钟"},
        "state": "met",
        "flags": ["partial", "unconfirmed"],
        "good": 120,
        "bad": 3,
        "open": 1,
        "excluded": 2,
        "coverage": 0.998,
        "reachable": True,
        "allowance_left": 4,
        "forecast": {"value": 175.0, "low": 160.2, "high": 191.7, "chance": 0.97},
        "rate_needed": None,
        "unreachable_on": None,
        "course": None,
        "reason": None,
        "stages": {"in_time": 0, "due_soon": 1, "overdue": 2, "paused": 0},
        "next_due": "2026-11-23T10:03:00+08:00",
        "definition": None,
        "definition_waiting": None,
        "stated": None,
        "acknowledged": None,
        "objection": None,
    }


def test_every_key_is_always_there(answer):
    assert all(row.keys() >= INDICATOR_KEYS for row in answer["indicators"])
    assert len({frozenset(row) for row in answer["indicators"]}) == 1
    assert all(row.keys() >= SOURCE_KEYS for row in answer["sources"])


def test_what_is_unknown_is_null(answer):
    funds = one(answer, "funds")
    assert [funds[key] for key in ("value", "coverage", "reachable", "forecast", "next_due")] == [None] * 5
    assert one(answer, "fault-response/within-5min")["target"] is None
    assert answer["sources"][0]["signals"] == {"clock_offset_seconds": None, "duration_seconds": 0.25}
    assert answer["sources"][3]["up"] is None


def test_dates_are_iso_text_and_words_are_words(answer):
    features = one(answer, "features")
    assert (features["unit"], features["value"]) == ("date", "2026-11-20")
    assert features["target"] == {"op": "by", "value": "2026-12-31", "high": None, "text": "2026年年底前"}
    rules = one(answer, "rules")
    assert (rules["unit"], rules["value"], rules["target"]["value"]) == ("text", "健全", "健全")


def test_a_value_just_below_its_target_keeps_its_digits(answer):
    assert one(answer, "permits-on-time")["value"] == 0.94996


def test_the_order_is_that_of_the_snapshot_and_only_the_window_asked_for_is_there(config):
    snapshot = make_snapshot(config)
    for window in ("ytd", "year"):
        rows = status_answer(snapshot, config, window)["indicators"]
        assert [(row["indicator"], row["system"]) for row in rows] == [
            (verdict.indicator, verdict.system) for verdict in snapshot.verdicts if verdict.window.name == window
        ]


def test_one_system_alone(config):
    answer = status_answer(make_snapshot(config), config, system="archive", with_open=True)
    assert {row["system"] for row in answer["indicators"]} == {"archive"}
    assert [row["id"] for row in answer["open"]] == ["F-9"]


def test_one_indicator_alone(config):
    answer = status_answer(make_snapshot(config), config, project="ops", indicator="fault-response")
    assert [row["system"] for row in answer["indicators"]] == [None, "archive"]


def test_open_records_come_when_asked_for(config):
    assert "open" not in status_answer(make_snapshot(config), config)
    open_records = status_answer(make_snapshot(config), config, with_open=True)["open"]
    assert [row["stage"] for row in open_records] == ["overdue", "due_soon", "paused"]
    assert open_records[2]["due"] is None


def test_json_can_carry_it(answer):
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_a_question_without_parameters_is_of_this_year_until_now(config):
    assert question({}, config) == Question()
    assert question({"window": "7d", "system": "portal", "open": "1"}, config).is_of_now


def test_days_and_times_are_local_unless_they_name_a_zone(config):
    asked = question({"from": "2026-01-01", "to": "2026-02-01", "at": "2026-03-01T10:00"}, config)
    assert (asked.first, asked.last) == (date(2026, 1, 1).toordinal(), date(2026, 2, 1).toordinal())
    assert asked.at == instant_of(datetime(2026, 3, 1, 2, 0, tzinfo=UTC))
    assert not asked.is_of_now
    assert question({"as_of": "2026-03-01T02:00:00Z"}, config).as_of == asked.at


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"window": "week"}, "window: expected one of today, 7d, 30d, month, quarter, ytd, year, got 'week'"),
        ({"system": "portl"}, "system: unknown system 'portl'; known: archive, portal"),
        ({"at": "noon"}, "at: expected a date or time such as 2026-11-23 or 2026-11-23T10:00, got 'noon'"),
        ({"at": "0001-01-01"}, "at: expected a date from 1900 to 2200, got '0001-01-01'"),
        ({"at": "9999-12-31T23:59:59Z"}, "at: expected a date from 1900 to 2200, got '9999-12-31T23:59:59Z'"),
        ({"as_of": "2201-01-01"}, "as_of: expected a date from 1900 to 2200, got '2201-01-01'"),
        ({"from": "0001-01-01", "to": "2026-01-01"}, "from: expected a date from 1900 to 2200, got '0001-01-01'"),
        ({"from": "2026-01-01", "to": "9999-12-31"}, "to: expected a date from 1900 to 2200, got '9999-12-31'"),
        ({"open": "yes"}, "open: expected 1 or 0, got 'yes'"),
        ({"from": "2026-01-01"}, "from and to: expected both or none; the window is [from, to)"),
        (
            {"from": "2026-02-01", "to": "2026-02-01"},
            "from and to: expected from before to, the first day that no longer belongs to the window",
        ),
        (
            {"from": "2026-01-01T09:00", "to": "2026-02-01"},
            "from: expected a date such as 2026-11-23, got a time of day",
        ),
        (
            {"window": "ytd", "from": "2026-01-01", "to": "2026-02-01"},
            "window: expected either a window or from and to, got both",
        ),
        ({"at": "2026-01-01", "as_of": "2026-01-01"}, "at and as_of: expected one of them, got both"),
        ({"sytem": "x"}, "unknown parameter 'sytem'; known: window, from, to, at, as_of, system, open"),
    ],
)
def test_a_wrong_parameter_is_named(config, asked, said):
    with pytest.raises(ConfigError) as refused:
        question(asked, config)
    assert str(refused.value) == said


def test_all_mistakes_are_named_at_once(config):
    with pytest.raises(ConfigError) as refused:
        question({"window": "week", "system": "x", "at": "noon"}, config)
    assert len(refused.value.problems) == 3
