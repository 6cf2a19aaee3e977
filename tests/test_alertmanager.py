"""Alertmanager: its configuration is accepted, alerts reach whom they concern, working hours are the calendar's."""

from __future__ import annotations

import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
import requests
import yaml

from agent.config import load
from agent.model import ConfigError
from agent.render import alertmanager
from tests.sites import wait_until

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "deploy" / "generated" / "alertmanager" / "alertmanager.yml"
ROUTES = [
    ("alertname=DabiaoWatchdog severity=info", "mail"),
    ("alertname=DabiaoAgentDown severity=critical", "outside"),
    ("alertname=DabiaoScheduleStalled severity=critical", "outside"),
    ("alertname=DabiaoNotificationsFailed severity=critical route=duty", "outside"),
    ("alertname=DabiaoAlertsNotPosted severity=critical", "outside"),
    ("alertname=DabiaoRecordDueSoon severity=critical escalation=duty", "duty"),
    ("alertname=DabiaoRecordOverdue severity=critical escalation=duty", "duty"),
    ("alertname=DabiaoRecordOverdue severity=critical escalation=lead", "lead"),
    ("alertname=DabiaoRecordOverdue severity=critical escalation=director", "director"),
    ("alertname=DabiaoRecordsPileUp severity=critical", "duty"),
    ("alertname=DabiaoRecordsDueToday severity=info", "office"),
    ("alertname=DabiaoOpenRecordsDueSoon severity=critical", "duty"),
    ("alertname=DabiaoOpenRecordsOverdue severity=critical", "duty"),
    ("alertname=DabiaoTargetMissed severity=warning project=platform-ops", "office"),
    ("alertname=DabiaoTargetMissed severity=warning project=home-sales", "office-home-sales"),
    ("alertname=DabiaoTargetAtRisk severity=warning project=platform-ops", "office"),
    ("alertname=DabiaoTargetAcknowledged severity=info", "nobody"),
    ("alertname=DabiaoNoData severity=warning project=platform-ops", "office"),
    ("alertname=DabiaoSystemDown severity=critical system=portal", "duty"),
    ("alertname=DabiaoCertificateEnds severity=warning", "office"),
    ("alertname=DabiaoSourceDown severity=warning", "duty"),
    ("alertname=DabiaoSourceStale severity=warning", "duty"),
    ("alertname=DabiaoRowsRejected severity=info", "office"),
    ("alertname=DabiaoClockSkew severity=warning", "duty"),
    ("alertname=DabiaoCalendarEnds severity=warning", "office"),
    ("alertname=DabiaoAttestationDue severity=info owner=x", "office"),
]


@pytest.mark.server
def test_amtool_accepts_the_configuration(amtool):
    ran = subprocess.run([amtool, "check-config", SHIPPED], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.server
@pytest.mark.parametrize(("labels", "receiver"), ROUTES, ids=[labels for labels, _ in ROUTES])
def test_an_alert_reaches_whom_it_concerns(amtool, labels, receiver):
    command = [amtool, "config", "routes", "test", f"--config.file={SHIPPED}", *labels.split()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.strip()) == (0, receiver), ran.stderr


def test_every_alert_there_is_has_a_route_tested():
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("Dabiao*.md")}
    assert {labels.split()[0].removeprefix("alertname=") for labels, _ in ROUTES} == pages


def test_what_reports_that_the_agent_or_its_messages_fail_does_not_pass_through_the_agent():
    configuration = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    ways = {one["name"]: one.keys() - {"name"} for one in configuration["receivers"]}
    assert (ways["mail"], ways["outside"]) == ({"email_configs"}, {"email_configs", "wechat_configs"})


def test_value_alerts_repeat_weekly_and_what_was_told_is_remembered_longer_than_that():
    configuration = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    (values,) = [route for route in configuration["route"]["routes"] if "DabiaoTargetMissed" in route["matchers"][0]]
    assert (values["receiver"], values["repeat_interval"]) == ("office", "1w")
    compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text(encoding="utf-8"))
    (kept,) = [part for part in compose["services"]["alertmanager"]["command"] if "data.retention" in part]
    hours = re.fullmatch(r"--data\.retention=(\d+)h", kept)
    assert hours is not None
    assert int(hours[1]) > 2 * 7 * 24
    for told in (SHIPPED, ROOT / "docs" / "alert-rules.md"):
        assert kept in told.read_text(encoding="utf-8")


@pytest.mark.server
def test_what_is_acknowledged_is_told_to_nobody_and_what_is_not_is(start_alertmanager):
    configuration = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    configuration["global"] = {"smtp_smarthost": "127.0.0.1:1", "smtp_from": "a@mail.example"}
    configuration |= {"templates": [], "receivers": [{"name": one["name"]} for one in configuration["receivers"]]}
    url = f"{start_alertmanager(yaml.safe_dump(configuration))}/api/v2/alerts"
    rows = [("DabiaoTargetMissed", "known"), ("DabiaoTargetAtRisk", "known"), ("DabiaoTargetMissed", "unknown")]
    labels = [{"alertname": name, "project": "p", "indicator": row} for name, row in rows]
    known = {"alertname": "DabiaoTargetAcknowledged", "project": "p", "indicator": "known", "severity": "info"}
    requests.post(url, json=[{"labels": one} for one in [*labels, known]], timeout=10).raise_for_status()

    def states() -> dict[tuple[str, str], str]:
        found = requests.get(url, timeout=10).json()
        return {(one["labels"]["alertname"], one["labels"]["indicator"]): one["status"]["state"] for one in found}

    wait_until(lambda: "unprocessed" not in states().values() and len(states()) == 4)
    assert states() == dict(zip(rows, ["suppressed", "suppressed", "active"], strict=True)) | {
        ("DabiaoTargetAcknowledged", "known"): "active"
    }
    lifted = {"labels": known, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2026-01-02T00:00:00Z"}
    requests.post(url, json=[lifted], timeout=10).raise_for_status()
    wait_until(lambda: states().get(rows[0]) == "active")


def test_no_secret_stands_in_the_configuration():
    text = SHIPPED.read_text(encoding="utf-8")
    assert "password:" not in text
    assert re.findall("secret: *(.*)", text) == ["change-me"]


@pytest.fixture
def config():
    return load([ROOT / "targets.yaml"], None, collectors={})


def test_working_hours_are_those_of_the_calendar_with_its_days_off_and_make_up_days(config):
    known = [one for one in alertmanager.intervals(config) if "days_of_month" in one]
    days = {
        date(int(one["years"][0]), int(one["months"][0]), int(day)).toordinal()
        for one in known
        for day in one["days_of_month"]
    }
    plan = config.plans[0]
    first, end = date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal()
    assert days == set(plan.calendar.working_days(first, end))
    assert date(2026, 10, 1).toordinal() not in days
    assert any(date.fromordinal(day).weekday() >= 5 for day in days)
    for one in known:
        assert one["times"] == [
            {"start_time": "09:00", "end_time": "11:30"},
            {"start_time": "13:30", "end_time": "17:00"},
        ]
        assert one["location"] == "Asia/Shanghai"


def test_after_the_last_known_year_monday_to_friday_are_working_days(config):
    *_, last = alertmanager.intervals(config)
    assert (last["weekdays"], last["years"]) == (["monday:friday"], ["2027:2077"])
    assert last["times"][0] == {"start_time": "09:00", "end_time": "11:30"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "expected the routes written by hand: No such file or directory"),
        ("route: [", "expected YAML"),
        ("time_intervals: []", "expected a configuration without time_intervals"),
    ],
)
def test_routes_that_cannot_be_completed_are_refused(config, tmp_path, text, complaint):
    (tmp_path / "alertmanager").mkdir()
    if text is not None:
        (tmp_path / "alertmanager" / "alertmanager.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        alertmanager.files(config, tmp_path)


@pytest.mark.server
def test_promtool_accepts_the_configuration_of_prometheus(promtool):
    path = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    ran = subprocess.run([promtool, "check", "config", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
