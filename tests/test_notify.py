"""Messages to people: how long they may be, what is made of a notification, and what is kept of them."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import load
from agent.model import CollectError, ConfigError
from agent.notify import KINDS, Item, Message, Outbox, Sent
from agent.notify.message import fitted, markdown, plain
from agent.notify.robots import DingTalkRoute, FeishuRoute, Robot, WeComRoute
from agent.notify.webhook import message_of, read
from tests.example_snapshot import make_config

LETTERS = st.characters(codec="utf-8") | st.sampled_from('故障响应时限\U0001f6d1#*"\\\n')
TEXTS = st.text(LETTERS, min_size=1, max_size=60)
LINK = "https://dabiao.example/indicators"
ITEMS = st.lists(st.builds(Item, TEXTS, st.none() | st.just(LINK)), min_size=1, max_size=12)
STARTED = "2026-03-02T06:30:05Z"


def test_the_outbox_keeps_the_newest_messages_and_gives_them_newest_first():
    outbox = Outbox(most=3)
    for at in range(5):
        outbox.add(Sent(at, "duty", "题", f"第{at}条", delivered=at % 2 == 0))
    assert [sent.at for sent in outbox.recent()] == [4, 3, 2]


# --- the longest text a receiver takes --------------------------------------------------------------------------------


@given(ITEMS, st.integers(0, 50), st.integers(60, 4096), st.sampled_from([plain, markdown]))
def test_a_text_never_exceeds_its_bytes_and_counts_what_it_leaves_out(items, left_out, most, style):
    text = fitted(Message(tuple(items), "共多条", left_out), style, lambda text: len(text.encode()) <= most)
    assert len(text.encode("utf-8")) <= most
    said = re.search(r"\n\n另有(\d+)条$", text)
    rest = int(said[1]) if said else 0
    shown = len(items) + left_out - rest
    assert 1 <= shown <= len(items)
    body = text.removesuffix(said[0]) if said else text
    whole = "\n\n".join(["共多条", *(style(item) for item in items[:shown])])
    if body != whole:  # then not even the first fits as it is
        assert shown == 1
        assert body.endswith("…")
        assert style(items[0]).startswith(body.removesuffix("…"))
    elif rest > left_out:  # and one more would not have fitted
        rest_then = [f"另有{rest - 1}条"] if rest > 1 else []
        more = "\n\n".join(["共多条", *(style(item) for item in items[: shown + 1]), *rest_then])
        assert len(more.encode()) > most


def test_nothing_is_left_out_where_all_fits():
    text = fitted(Message((Item("甲", "https://a.example/x"), Item("乙"))), plain, lambda text: True)
    assert text == "甲\nhttps://a.example/x\n\n乙"


def test_markdown_takes_nothing_from_a_source_for_markup():
    item = Item("故障单<@all>`x`[点我](http://evil.example)\n第二行", "https://dabiao.example/")
    assert (
        markdown(item)
        == "故障单＜@all＞｀x｀[点我］(http://evil.example)  \n第二行  \n[查看详情](https://dabiao.example/)"
    )


def test_half_a_character_is_replaced_rather_than_sent():
    assert plain(Item("故障\ud83d单")).encode() == "故障?单".encode()


@given(ITEMS, st.integers(0, 50))
def test_what_goes_to_a_robot_keeps_its_limit(items, left_out):
    message = Message(tuple(items * 15), "共多条", left_out)
    robots: dict[str, type[Robot]] = {"wecom": WeComRoute, "dingtalk": DingTalkRoute, "feishu": FeishuRoute}
    for kind, model in robots.items():
        for form in ("markdown", "text"):
            keys = {"key": "k"} if kind == "wecom" else {"token": "t", "secret": "s"}
            sent = model.model_validate({"kind": kind, "format": form, **keys}).request(message, 0).data
            if kind == "wecom":
                assert len(json.loads(sent)[form]["content"].encode()) <= WeComRoute.most_bytes[form]
            else:
                assert len(sent) <= 20_000


# --- apprise, which is an extra ---------------------------------------------------------------------------------------


def test_where_apprise_is_not_installed_check_says_so_and_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)  # so that importing it fails as if it were not there
    document = """\
sources: {}
alerting:
  routes:
    post: {kind: apprise, url: "mailto://u:p@mail.example"}
    else: {kind: apprise, url: "mailto://u:p@mail.example"}
    duty: {kind: outbox}
"""
    (tmp_path / "sources.yaml").write_text(document, encoding="utf-8")
    make_config(tmp_path)
    with pytest.raises(ConfigError) as refused:
        load([tmp_path / "targets.yaml"], tmp_path / "sources.yaml", collectors={})
    said = [found[2] for problem in refused.value.problems if (found := problem.partition("sources.yaml:"))[1]]
    hint = "apprise is not installed: pip install 'dabiao[notify]'"
    assert said == [f"4: alerting.routes.post: {hint}", f"5: alerting.routes.else: {hint}"]


def test_a_route_through_apprise_that_went_missing_fails_and_is_not_an_error_of_ours(monkeypatch):
    route = KINDS["apprise"].model_validate({"kind": "apprise", "url": "mailto://u:p@mail.example"})
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(CollectError, match="apprise is not installed"):
        route.send(Message((Item("甲"),)), 0, 0.0)


# --- what Alertmanager posts ------------------------------------------------------------------------------------------


def alert(status: str = "firing", starts: str = STARTED, **said: str) -> dict[str, Any]:
    notes = ("summary", "description", "subject", "dashboard_url", "ended")
    annotations = {name: said.pop(name) for name in notes if name in said}
    return {"status": status, "labels": said, "annotations": annotations, "startsAt": starts, "endsAt": STARTED}


def told(*alerts: dict[str, Any], truncated: int = 0) -> str | None:
    posted = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "duty", "groupLabels": {}}
    message = message_of(read(json.dumps({**posted, "alerts": alerts, "truncatedAlerts": truncated}).encode()))
    return None if message is None else fitted(message, plain, lambda text: True)


def test_an_alert_alone_is_the_whole_message():
    link = "https://dabiao.example/"
    said = alert(
        severity="critical", summary="【紧急】门户 故障单7 已超时", description="应在 14:35 前响应", dashboard_url=link
    )
    assert told(said) == f"【紧急】门户 故障单7 已超时\n应在 14:35 前响应\n{link}"


def test_the_most_urgent_comes_first_and_what_has_ended_last():
    assert (
        told(
            alert(
                "resolved", severity="critical", summary="【紧急】甲 已超时", subject="甲", ended="【解除】甲 已响应"
            ),
            alert(severity="info", summary="丙"),
            alert(severity="warning", summary="乙2", starts="2026-03-02T06:31:00Z"),
            alert(severity="warning", summary="乙1"),
            alert(severity="critical", summary="丁"),
        )
        == "共5条：4条待处理，1条已解除\n\n【紧急】丁\n\n【重要】乙1\n\n【重要】乙2\n\n【提示】丙\n\n【解除】甲 已响应"
    )


def test_a_record_that_rings_for_several_people_is_one_item():
    same = {"summary": "【紧急】门户 故障单7 已超时"}
    assert told(alert(escalation="duty", **same), alert(escalation="lead", **same)) == same["summary"]


def test_what_ended_is_named_by_its_summary_without_the_severity():
    assert told(alert("resolved", summary="【重要】门户 中断")) == "【解除】门户 中断"
    assert told(alert("resolved", alertname="DabiaoSystemDown")) == "【解除】DabiaoSystemDown"


def test_what_is_told_of_no_more_without_being_over_is_not_called_over():
    over, left = "【解除】甲 已响应", "【不再提醒】乙 超时已满一天仍未响应"
    assert told(alert("resolved", subject="甲", ended=over), alert("resolved", subject="乙", ended=left)) == (
        f"共2条：1条已解除，1条不再提醒\n\n{over}\n\n{left}"
    )


def test_a_record_that_was_posted_no_more_is_not_called_answered():
    silent = alert("resolved", alertname="DabiaoRecordOverdue", summary="【紧急】甲 已超时", subject="甲")
    assert told(silent) == "【不再提醒】甲 监测程序没有再报来消息，是否已处理请在监测大屏查看"


def test_that_a_digest_no_longer_stands_is_not_told():
    assert told(alert("resolved", severity="info", summary="今日到期")) is None


def test_alerts_that_alertmanager_left_out_are_counted():
    assert told(alert(severity="critical", summary="甲"), truncated=7) == "共8条\n\n【紧急】甲\n\n另有7条"


def test_an_alert_of_somebody_elses_rule_is_told_by_its_name():
    assert told(alert(alertname="DiskFull")) == "【告警】DiskFull"
    assert told(alert(alertname="DiskFull", severity="page")) == "【page】DiskFull"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"{\"version\": \"4\", \"alerts\": [{\"status\": \"firing\", \"labels\": {\"x\": 1}}]}",
        b'{"version": "3", "alerts": []}',
        b'{"version": "4", "alerts": [{"status": "on", "labels": {}}]}',
        b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_notification_is_refused(body):
    with pytest.raises(ValueError):
        read(body)
