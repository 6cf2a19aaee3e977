"""From a source system to the people: what rings, whom it reaches, what it says, and what must not ring."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.alert_chain import PORTAL, Chain, chain
from tests.sites import wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain(tmp_path_factory.mktemp("chain")) as running:
        yield running


def test_a_fault_rings_while_there_are_minutes_left_and_a_second_one_of_its_system_rings_too(whole: Chain) -> None:
    due = {"F1": whole.platform.report("F1", seconds_ago=245)}
    whole.awaited("firing", ticket="F1")
    due["F2"] = whole.platform.report("F2", seconds_ago=185)  # reported a minute after the first
    whole.awaited("firing", ticket="F2")
    whole.platform.answer("F1")
    whole.awaited("resolved", ticket="F1")
    assert not whole.receivers.of("resolved", ticket="F2")
    whole.platform.answer("F2")
    whole.awaited("resolved", ticket="F2")
    for ticket, end in due.items():
        (told,) = whole.receivers.of("firing", ticket=ticket)
        assert told.at < end
        assert (told.labels["alertname"], told.receiver) == ("DabiaoRecordDueSoon", "duty")
        begun, over = whole.read(ticket, 2)
        assert re.match(rf"【紧急】{PORTAL} 故障单{ticket} \S+报修，还剩\S+秒未响应，请立即在故障台受理", begun)
        assert over.startswith(f"【解除】{PORTAL} 故障单{ticket}")


def test_the_rule_behind_a_records_own_alert_is_silenced_by_it_until_it_has_ended_itself(whole: Chain) -> None:
    whole.platform.report("F3", seconds_ago=200)
    behind = "DabiaoOpenRecordsDueSoon"
    wait_until(
        lambda: [one["status"]["state"] for one in whole.standing(alertname=behind)] == ["suppressed"], whole.seen
    )
    whole.platform.answer("F3")
    wait_until(lambda: not whole.standing(alertname=behind), whole.seen)
    assert whole.standing(ticket="F3")
    assert not whole.receivers.of("firing", alertname=behind)


def test_a_fault_that_is_known_rings_although_its_desk_cannot_be_read_any_more(whole: Chain) -> None:
    whole.platform.report("F4", seconds_ago=145)  # due soon in more than half a minute
    wait_until(lambda: "F4" in whole.status(open="1"), whole.seen)
    with whole.platform.failing("/faults"):
        wait_until(lambda: whole.ask('dabiao_source_up{source="fault-desk"} == 0') != [], whole.seen)
        assert not whole.receivers.of("firing", ticket="F4")
        whole.awaited("firing", ticket="F4")
    whole.platform.answer("F4")


def test_a_system_that_goes_down_is_one_alert_and_none_while_it_is_closed(whole: Chain) -> None:
    with whole.platform.failing("/portal", "/archive"):
        told = whole.awaited("firing", alertname="DabiaoSystemDown")
        wait_until(lambda: whole.ask('dabiao_system_failed_samples{system="archive"} > 4') != [], whole.seen)
    whole.awaited("resolved", alertname="DabiaoSystemDown")
    assert told.receiver == "duty"
    assert told.annotations["summary"].startswith(f"【紧急】{PORTAL}中断，已约")
    assert [one.labels["system"] for one in whole.receivers.of("firing", alertname="DabiaoSystemDown")] == ["portal"]


def test_a_missed_target_is_told_with_the_figures_of_status(whole: Chain) -> None:
    told = whole.awaited("firing", alertname="DabiaoTargetMissed")
    answered = json.loads(whole.site.run("status", "--json").out)["indicators"]
    (verdict,) = [one for one in answered if one["indicator"] == "cases" and one["system"] is None]
    assert (verdict["good"], verdict["bad"], verdict["state"]) == (5, 2, "missed")
    assert (told.receiver, told.labels["indicator"]) == ("office", "cases")
    said = told.annotations["description"]
    assert f"当前值{100 * verdict['value']:.2f}%，目标≥95%" in said
    assert ("全年容许的超时件数已超" in said) == ((verdict["allowance_left"] or 0) < 0)
    assert ("年内已无法达标" in said) == (verdict["reachable"] is False)


def test_a_source_that_dies_is_one_alert_and_silences_what_follows_from_it(whole: Chain) -> None:
    whole.awaited("firing", alertname="DabiaoRowsRejected", source="case-desk")
    wait_until(lambda: not whole.standing(alertname="DabiaoSourceDown"), whole.seen)  # that of another test's desk
    before = len(whole.receivers.told)
    with whole.platform.failing("/cases"):
        told = whole.awaited("firing", alertname="DabiaoSourceDown", source="case-desk")
        no_data = 'dabiao_indicator_state{indicator="cases",window="ytd",state="no_data"}'
        wait_until(lambda: whole.ask(f"{no_data} == 1 and {no_data} offset 2s == 1") != [], whole.seen)
        standing = {one["labels"]["alertname"]: one["status"]["state"] for one in whole.standing(source="case-desk")}
        assert standing == {"DabiaoSourceDown": "active", "DabiaoRowsRejected": "suppressed"}
        assert not whole.ask('ALERTS{alertname="DabiaoNoData"}')
    assert told.annotations["summary"].startswith("【重要】数据源办件台(case-desk)无法读取，已")
    # All sources that are down are told of together, and told of again once another has joined them; on a busy machine
    # one may be late for a moment. Of this one and of what follows from it there is one alert.
    begun = {tuple(sorted(one.labels.items())) for one in whole.receivers.told[before:] if one.status == "firing"}
    about = [dict(labels) for labels in begun if dict(labels).get("source", "case-desk") == "case-desk"]
    assert [labels["alertname"] for labels in about] == ["DabiaoSourceDown"]


def test_the_agents_death_is_told_by_mail_though_its_own_webhook_is_dead(whole: Chain) -> None:
    dead, alive = (f"【{word}】监测程序没有应答，倒计时提醒全部停止" for word in ("紧急", "解除"))
    whole.platform.report("F5", seconds_ago=200)
    whole.awaited("firing", ticket="F5")
    chats, mails = len(whole.chat.received), len(whole.mailbox.mails)  # one told of it before it had started at all
    whole.kill()
    wait_until(lambda: dead in whole.mailbox.subjects()[mails:], whole.seen)
    assert "systemctl status dabiao" in dict(whole.mailbox.mails[mails:])[dead]
    assert len(whole.chat.received) == chats
    active = {one["labels"]["alertname"] for one in whole.standing() if one["status"]["state"] == "active"}
    assert {"DabiaoAgentDown"} <= active <= {"DabiaoAgentDown", "DabiaoWatchdog"}
    whole.start()
    wait_until(lambda: alive in whole.mailbox.subjects()[mails:], whole.seen)
