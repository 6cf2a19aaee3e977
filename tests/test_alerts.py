"""Open records as alerts: what they say, which stand, and how they reach Alertmanager."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from agent.alerts import Poster, Standing
from agent.alerts.telling import ENDS_LATE_US, Direct
from agent.metrics import Exposition
from agent.model import SECOND_US, OpenRecord, Snapshot, Stage
from agent.notify import KINDS, Notifier, Outbox
from agent.poll import now_instant
from agent.wire.access import Access
from tests.example_snapshot import make_config, make_snapshot
from tests.plans import at
from tests.web_serving import closed_port

NOW = at("2026-03-02T14:33:15")
MINUTE = 60 * SECOND_US


def fault(id: str, reported: str, stage: Stage = Stage.DUE_SOON, **more: Any) -> OpenRecord:
    starts = at(f"2026-03-02T{reported}")
    return OpenRecord(
        "ops", "fault-response", "desk", id, "portal", stage, starts, starts + 5 * MINUTE, limit_us=5 * MINUTE, **more
    )


@pytest.fixture
def config(tmp_path):
    return make_config(tmp_path)


@pytest.fixture
def standing(config):
    return Standing(config)


def snapshot(config, *records: OpenRecord, now: int = NOW) -> Snapshot:
    ordered = tuple(sorted(records, key=lambda one: one.due or 0))
    return replace(make_snapshot(config), as_of=now, open=ordered)


def said(alerts) -> list[str]:
    return [alert.annotations["summary"] for alert in alerts.values()]


def test_a_record_says_what_where_how_long_is_left_and_what_to_do(config, standing):
    alerts = standing.at(snapshot(config, fault("GZ0314-007", "14:30:05")))
    assert said(alerts) == ["【紧急】房地产交易网站 故障单GZ0314-007 14:30:05报修，还剩1分50秒未响应，请立即在desk受理"]


def test_the_tiers_of_a_record_add_up(config, standing):
    late = fault("7", "14:20:00", Stage.OVERDUE)
    seen = {}
    for minutes in (1, 15):
        alerts = standing.at(snapshot(config, late, now=(late.due or 0) + minutes * MINUTE))
        seen[minutes] = sorted(dict(labels)["escalation"] for labels in alerts)
    assert seen == {1: ["duty", "lead"], 15: ["director", "duty", "lead"]}


def test_a_long_clock_an_old_record_and_one_in_time_do_not_ring(config, standing):
    late = fault("7", "14:20:00", Stage.OVERDUE)
    assert not standing.at(snapshot(config, fault("1", "14:33:00", Stage.IN_TIME)))
    assert not standing.at(snapshot(config, replace(late, limit_us=4 * 60 * MINUTE)))
    assert not standing.at(snapshot(config, late, now=at("2026-03-03T14:30:00")))


def test_the_rule_behind_reads_a_series_that_counts_what_rings_and_nothing_else(config):
    late = fault("7", "14:20:00", Stage.OVERDUE)
    shown = snapshot(
        config,
        late,
        fault("8", "14:30:05"),
        fault("9", "14:30:06"),
        replace(late, id="of days", limit_us=24 * 60 * MINUTE),
        fault("in time", "14:33:00", Stage.IN_TIME),
    )
    text = Exposition(config).render(shown, {}).text.decode()
    assert [line.rpartition(",")[2] for line in text.splitlines() if line.startswith("dabiao_ringing_records{")] == [
        'stage="overdue"} 1',
        'stage="due_soon"} 2',
    ]


def test_of_a_burst_ten_ring_alone_and_one_alert_counts_the_rest(config, standing):
    burst = [fault(f"{n:02}", f"14:1{n // 6}:{n % 6}0", Stage.OVERDUE) for n in range(40)]
    alerts = standing.at(snapshot(config, *burst))
    assert len({dict(labels).get("ticket") for labels in alerts} - {None}) == 10
    assert sum(dict(labels)["alertname"] == "DabiaoRecordsPileUp" for labels in alerts) == 1


def test_without_alertmanager_a_route_is_told_once_of_each_and_that_it_is_over(config, standing):
    outbox = Outbox()
    notifier = Notifier({"a": KINDS["outbox"].model_validate({"kind": "outbox"})}, outbox, now_instant)
    direct, one, other = Direct("a", notifier, standing), fault("1", "14:30:00"), fault("2", "14:31:00")
    for records in ((one,), (one,), (one, other), (other,)):
        assert direct.tell(standing.at(snapshot(config, *records)), NOW)
    first, second, third = [sent.text for sent in reversed(outbox.recent())]
    assert "故障单1 " in first
    assert "故障单2 " in second
    assert "故障单1 " not in second
    assert third == "【解除】房地产交易网站 故障单1"


@pytest.mark.server
def test_alertmanager_has_each_record_of_its_own_and_ends_it_when_it_is_answered(config, standing, start_alertmanager):
    url = start_alertmanager("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    wall = [now_instant() - MINUTE]  # the test moves it on: an alert that ends has ended for Alertmanager too
    poster = Poster(Access(url=url), standing, lambda: wall[0], lambda *counted: None)

    def tickets() -> list[str]:
        return sorted(one["labels"]["ticket"] for one in requests.get(f"{url}/api/v2/alerts", timeout=10).json())

    one, other = fault("1", "14:30:00"), fault("2", "14:31:00")
    assert poster.tell(standing.at(snapshot(config, one)), NOW)
    assert tickets() == ["1"]
    assert poster.tell(standing.at(snapshot(config, one, other)), NOW)
    assert tickets() == ["1", "2"]
    assert poster.tell(standing.at(snapshot(config, other)), NOW)
    assert tickets() == ["1", "2"]  # until the rule behind it has noticed too
    wall[0] += ENDS_LATE_US
    assert poster.tell(standing.at(snapshot(config, other)), NOW)
    assert tickets() == ["2"]
    again = Poster(Access(url=url), standing, now_instant, lambda *counted: None)  # after a restart
    assert again.tell(standing.at(snapshot(config, other)), NOW)
    assert tickets() == ["2"]


@pytest.mark.server
def test_what_alertmanager_did_not_take_is_counted_and_told_again(config, standing):
    counts: list[tuple[object, ...]] = []
    poster = Poster(
        Access(url=f"http://127.0.0.1:{closed_port()}", retries=0),
        standing,
        now_instant,
        lambda *counted: counts.append(counted),
    )
    for _ in range(2):
        assert not poster.tell(standing.at(snapshot(config, fault("1", "14:30:00"))), NOW)
    assert counts == [("alerts_posted", 1, "failed")] * 2
