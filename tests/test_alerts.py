"""Open records as alerts: what they say, which stand, and how they reach Alertmanager."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from agent.alerts import Direct, Poster, Standing, Teller
from agent.alerts.telling import AGAIN_SECONDS, BATCH, ENDS_AFTER_US, ENDS_LATE_US
from agent.evaluate.board import SHOWN_OPEN
from agent.metrics import Exposition
from agent.model import SECOND_US, OpenRecord, Snapshot, Stage, Verdict, utc_of
from agent.notify import KINDS, Notifier, Outbox
from agent.poll import now_instant
from agent.wire.access import Access
from tests.example_snapshot import NO_STAGES, make_config, make_snapshot, make_verdict
from tests.plans import at
from tests.robots import KEY, wecom
from tests.web_serving import Asked, Reply, closed_port, web

WAIT_SECONDS = 20
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
    assert [line.rpartition(",")[2] for line in text.splitlines() if line.startswith("dabiao_ringing_")] == [
        'stage="overdue"} 1',
        'stage="due_soon"} 2',
        f'stage="overdue"}} {at("2026-03-02T14:25:00") / SECOND_US!r}',
        f'stage="due_soon"}} {at("2026-03-02T14:35:05") / SECOND_US!r}',
    ]


def test_of_a_burst_ten_ring_alone_and_one_alert_counts_the_rest(config, standing):
    burst = [fault(f"{n:02}", f"14:1{n // 6}:{n % 6}0", Stage.OVERDUE) for n in range(40)]
    alerts = standing.at(snapshot(config, *burst))
    assert len({dict(labels).get("ticket") for labels in alerts} - {None}) == 10
    assert sum(dict(labels)["alertname"] == "DabiaoRecordsPileUp" for labels in alerts) == 1


# --- the morning's digest ---------------------------------------------------------------------------------------------


def waiting(config, system: str, **counts: Any) -> Verdict:
    stages = NO_STAGES | {Stage.OVERDUE: counts.pop("overdue", 0)}
    return make_verdict(config, "permits-on-time", system, "year", stages=stages, **counts)


def digests(standing, config, when: str, *verdicts: Verdict, open_records: tuple[OpenRecord, ...] = ()):
    told = replace(make_snapshot(config), as_of=at(when), open=open_records, verdicts=verdicts)
    return [alert for alert in standing.at(told).values() if ("alertname", "DabiaoRecordsDueToday") in alert.labels]


@pytest.mark.parametrize(
    ("when", "rings"),
    [
        ("2026-03-02T08:44:59", False), ("2026-03-02T08:45:00", True), ("2026-03-02T09:29:59", True),
        ("2026-03-02T09:30:00", False), ("2026-03-01T08:45:00", False),  # a Sunday
        ("2026-10-01T08:45:00", False), ("2026-10-10T08:45:00", True),  # National Day; a Saturday worked for it
    ],
)  # fmt: skip
def test_the_digest_stands_from_a_quarter_to_nine_to_half_past_of_a_working_day(config, standing, when, rings):
    assert bool(digests(standing, config, when, waiting(config, "portal", due_today=2))) is rings


def test_a_digest_tells_a_system_what_is_due_and_what_is_late_and_what_to_do(config, standing):
    when, end = "2026-03-02T08:45:00", at("2026-03-02T17:00:00")
    near = OpenRecord("ops", "permits-on-time", "permits", "P-7", "portal", Stage.IN_TIME, end - MINUTE, end)
    told = digests(
        standing, config, when,
        waiting(config, "portal", due_today=2, overdue=1), waiting(config, "archive", overdue=3),
        open_records=(near,),
    )  # fmt: skip
    assert [(alert.annotations["summary"], alert.annotations["description"]) for alert in told] == [
        ("【提示】房地产交易网站 已超时1件，今日到期2件，请先办已超时的，其余在各自到期之前办结",
         '办件"按时"率\\：已超时1件；今日到期2件(P-7 17:00:00到期、另有1件)'),
        ("【提示】档案管理系统 已超时3件，请尽快办结", '办件"按时"率\\：已超时3件'),
    ]  # fmt: skip
    assert not digests(standing, config, when, waiting(config, "portal"))


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def direct(standing, outbox) -> Direct:
    return Direct(
        "a", Notifier({"a": KINDS["outbox"].model_validate({"kind": "outbox"})}, outbox, now_instant), standing
    )


def test_without_alertmanager_a_route_is_told_once_of_each_and_that_it_is_over(config, direct, outbox):
    one, other = fault("1", "14:30:00"), fault("2", "14:31:00")
    for records in ((one,), (one,), (one, other), (other,)):
        assert direct.tell(snapshot(config, *records))
    first, second, third = [sent.text for sent in reversed(outbox.recent())]
    assert "故障单1 " in first
    assert "故障单2 " in second
    assert "故障单1 " not in second
    assert third == "【解除】房地产交易网站 故障单1 已响应，或已撤回、不再计入"


ONE = "房地产交易网站 故障单1"


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ([], f"【解除】{ONE} 已响应，或已撤回、不再计入"),
        ([fault("1", "14:30:00", Stage.PAUSED)], f"【解除】{ONE} 计时已暂停，尚未响应；恢复计时后，快到期时再提醒"),
        (
            [fault("1", "14:32:50", Stage.IN_TIME)],
            f"【解除】{ONE} 时限已延后到 14:37:50，尚未响应，请在此之前响应；快到期时再提醒",
        ),
        (
            [*(fault(f"0{n}", "14:29:30") for n in range(10)), fault("1", "14:30:00")],
            (
                f"【不再提醒】{ONE} 尚未响应；同时未响应的过多，这一件不再单独提醒，"
                "请在监测大屏查看还剩多久，并立即在desk受理"
            ),
        ),
    ],
)
def test_of_a_record_that_rings_no_longer_it_is_said_what_became_of_it(config, direct, outbox, after, told):
    direct.tell(snapshot(config, fault("1", "14:30:00")))
    direct.tell(snapshot(config, *after))
    assert outbox.recent()[0].text.endswith(told)


def test_a_record_a_day_overdue_is_not_called_answered_but_left_to_the_digest(config, direct, outbox):
    late = fault("1", "14:30:00", Stage.OVERDUE)
    for hours in (23, 25):
        direct.tell(snapshot(config, late, now=NOW + hours * 60 * MINUTE))
    assert (
        outbox.recent()[0].text
        == f"【不再提醒】{ONE} 超时已满一天仍未响应，今后只列入工作日早上的汇总，请尽快在desk受理"
    )


def test_of_a_record_beyond_the_nearest_hundred_nobody_says_that_it_is_answered(config, standing):
    (alert, *_) = standing.at(snapshot(config, fault("1", "13:00:00", Stage.OVERDUE))).values()
    later = [replace(fault(f"0{n}", "13:30:00", Stage.OVERDUE), system="archive") for n in range(SHOWN_OPEN)]
    assert standing.ended(alert, snapshot(config, *later)) == (
        f"【不再提醒】{ONE} 同时未响应的过多，这一件不再单独提醒，是否已响应请在desk查看"
    )
    earlier = [replace(one, due=(alert.due or 0) - MINUTE) for one in later]
    assert standing.ended(alert, snapshot(config, *earlier)) == f"【解除】{ONE} 已响应，或已撤回、不再计入"
    assert standing.ended(alert, snapshot(config, *later[1:])) == f"【解除】{ONE} 已响应，或已撤回、不再计入"


def test_a_record_that_got_more_time_is_not_called_overdue_any_longer_nor_answered(config, standing):
    late = standing.at(snapshot(config, fault("1", "14:20:00", Stage.OVERDUE)))
    soon = snapshot(config, fault("1", "14:30:00"))
    (lead,) = [alert for labels, alert in late.items() if labels not in standing.at(soon)]
    said = f"【解除】{ONE} 时限已延后到 14:35:00，尚未响应，请在此之前响应；快到期时再提醒"
    assert standing.ended(lead, soon) == said


class Deaf:
    """Takes nothing; `asked` is set at the first try."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def tell(self, snapshot: Snapshot) -> bool:
        self.asked.set()
        return False


def test_a_teller_that_waits_for_another_try_ends_at_once(config):
    deaf, hours = Deaf(), 3600.0
    teller = Teller("deaf", deaf, waits=(hours, hours))
    teller.start()
    teller(snapshot(config))
    assert deaf.asked.wait(WAIT_SECONDS)
    teller.end()
    teller.join(WAIT_SECONDS)
    assert not teller.is_alive()


@pytest.mark.server
def test_alertmanager_has_each_record_of_its_own_and_ends_it_when_it_is_answered(config, standing, start_alertmanager):
    url = start_alertmanager("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    wall = [now_instant() - MINUTE]  # the test moves it on: an alert that ends has ended for Alertmanager too
    poster = Poster(Access(url=url), standing, lambda: wall[0], lambda *counted: None)

    def tickets() -> list[str]:
        return sorted(one["labels"]["ticket"] for one in requests.get(f"{url}/api/v2/alerts", timeout=10).json())

    one, other = fault("1", "14:30:00"), fault("2", "14:31:00")
    assert poster.tell(snapshot(config, one))
    assert tickets() == ["1"]
    assert poster.tell(snapshot(config, one, other))
    assert tickets() == ["1", "2"]
    assert poster.tell(snapshot(config, other))
    assert tickets() == ["1", "2"]  # until the rule behind it has noticed too
    wall[0] += ENDS_LATE_US
    assert poster.tell(snapshot(config, other))
    assert tickets() == ["2"]
    again = Poster(Access(url=url), standing, now_instant, lambda *counted: None)  # after a restart
    assert again.tell(snapshot(config, other))
    assert tickets() == ["2"]


class Posts:
    """What is posted to an Alertmanager, request by request."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []

    def __call__(self, asked: Asked) -> Reply:
        assert (asked.method, asked.path) == ("POST", "/api/v2/alerts")
        self.requests.append(json.loads(asked.body))
        return Reply()


@pytest.mark.server
def test_what_stands_is_posted_again_before_alertmanager_takes_it_for_over(config, standing):
    posts, wall, open_now = Posts(), [now_instant()], snapshot(config, fault("1", "14:30:00"))
    with web(posts) as server:
        access = Access(url=server.url)
        often = Poster(access, standing, lambda: wall[0], lambda *counted: None, again_seconds=0)
        assert often.tell(open_now)
        wall[0] += MINUTE
        assert often.tell(open_now)
        seldom = Poster(access, standing, lambda: wall[0], lambda *counted: None)
        assert seldom.tell(open_now)
        assert seldom.tell(open_now)
    (first,), (second,), (third,) = posts.requests  # and no fourth: it is not a minute yet
    assert first["labels"] == second["labels"] == third["labels"]
    assert datetime.fromisoformat(second["endsAt"]) - datetime.fromisoformat(first["endsAt"]) == timedelta(minutes=1)
    assert AGAIN_SECONDS * SECOND_US * 2 < ENDS_AFTER_US


@pytest.mark.server
def test_what_ended_is_posted_with_how_it_ended(config, standing):
    posts, wall = Posts(), [now_instant()]
    with web(posts) as server:
        poster = Poster(Access(url=server.url), standing, lambda: wall[0], lambda *counted: None)
        poster.tell(snapshot(config, fault("1", "14:30:00")))
        for _ in range(2):
            poster.tell(snapshot(config))
            wall[0] += ENDS_LATE_US
    _, (ended,) = posts.requests
    assert ended["annotations"]["ended"] == f"【解除】{ONE} 已响应，或已撤回、不再计入"
    assert datetime.fromisoformat(ended["endsAt"]) <= utc_of(wall[0])


@pytest.mark.server
def test_many_alerts_go_in_several_requests_and_none_is_lost(config, standing):
    posts, counted = Posts(), list[tuple[object, ...]]()
    late = [
        replace(one, id=f"{number}", due=NOW - number * 7 * MINUTE)
        for number, one in enumerate([fault("0", "14:20:00", Stage.OVERDUE)] * 150, 1)
    ]
    with web(posts) as server:
        poster = Poster(Access(url=server.url), standing, now_instant, lambda *told: counted.append(told))
        assert poster.tell(snapshot(config, *late))
    posted = [(one["labels"]["ticket"], one["labels"]["escalation"]) for batch in posts.requests for one in batch]
    assert len(set(posted)) == len(posted)
    assert {ticket for ticket, tier in posted if tier == "lead"} == {one.id for one in late}
    assert max(map(len, posts.requests)) <= BATCH < len(posted)
    assert counted == [("alerts_posted", len(batch), "accepted") for batch in posts.requests]


@pytest.mark.server
def test_what_a_route_did_not_take_is_part_of_the_next_message(config, standing):
    robot = wecom()
    robot.failures.append(Reply({"errcode": 45009, "errmsg": "too many messages"}))
    with web(robot) as server:
        route = KINDS["wecom"].model_validate({"kind": "wecom", "key": KEY, "api_url": server.url, "format": "text"})
        direct = Direct("a", Notifier({"a": route}, Outbox(), now_instant), standing)
        assert not direct.tell(snapshot(config, fault("1", "14:30:00")))
        assert direct.tell(snapshot(config, fault("1", "14:30:00"), fault("2", "14:31:00")))
    (told,) = robot.received
    assert told.startswith("共2条：2条待处理")


def test_that_the_mornings_digest_is_over_is_told_to_nobody(config, direct, outbox):
    told = make_snapshot(config)
    for when in ("2026-03-02T08:45:00", "2026-03-02T12:00:00"):
        direct.tell(replace(told, as_of=at(when), open=(), verdicts=(waiting(config, "portal", due_today=2),)))
    assert ["今日到期2件" in sent.text for sent in outbox.recent()] == [True]


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
        assert not poster.tell(snapshot(config, fault("1", "14:30:00")))
    assert counts == [("alerts_posted", 1, "failed")] * 2
