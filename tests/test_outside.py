"""What Alertmanager tells by itself while the agent is gone: a mail, and a message of the WeCom application."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.mailbox import mailbox
from tests.sites import wait_until
from tests.web_serving import Asked, Reply, web

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]
ALERTMANAGER = ROOT / "deploy" / "generated" / "alertmanager"
TEMPLATE = (ALERTMANAGER / "templates" / "dabiao.tmpl").read_text(encoding="utf-8")
GOLDEN = (ROOT / "tests" / "golden" / "alert_texts.txt").read_text(encoding="utf-8")
RULES = yaml.safe_load((ROOT / "deploy" / "generated" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
WITHIN_SECONDS = 30
GONE = "监测程序没有应答，倒计时提醒全部停止"
DEAD, ALIVE = f"【紧急】{GONE}", f"【解除】{GONE}"
MOST_BYTES = 2048  # of a text that the WeCom application takes


def shipped(mail: str, wecom: str) -> str:
    """The configuration as it is rendered, with the addresses of the test's own servers, and without waits."""
    configuration = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text(encoding="utf-8"))
    kept = {"smtp_from": configuration["global"]["smtp_from"], "smtp_smarthost": mail, "smtp_require_tls": False}
    configuration["global"] = kept | {"wechat_api_url": f"{wecom}/cgi-bin/", "wechat_api_corp_id": "ww1"}
    configuration["templates"] = ["dabiao.tmpl"]
    configuration["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    return yaml.safe_dump(configuration, allow_unicode=True)


class Application:
    """The server side of WeCom's applications: a token first, then messages with it."""

    def __init__(self) -> None:
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/cgi-bin/gettoken" and asked.query == {"corpid": "ww1", "corpsecret": "change-me"}:
            return Reply({"errcode": 0, "errmsg": "ok", "access_token": "t0ken"})
        if asked.path == "/cgi-bin/message/send" and asked.query["access_token"] == "t0ken":
            self.received.put(json.loads(asked.body))
            return Reply({"errcode": 0, "errmsg": "ok"})
        return Reply({"errcode": 40001, "errmsg": "invalid credential"})


def alert(name: str, ends: str | None = None, **labels: str) -> dict[str, Any]:
    """An alert of a rule, with the texts it is listed with."""
    (rule,) = [rule for group in RULES["groups"] for rule in group["rules"] if rule["alert"] == name]
    summary, description = GOLDEN.partition(f"== {name}\n")[2].splitlines()[:2]
    texts = rule["annotations"] | {"summary": summary, "description": description}
    made = {"labels": {"alertname": name, **rule["labels"], **labels}, "annotations": texts}
    return made | ({} if ends is None else {"endsAt": ends})


def test_that_the_agent_is_gone_reaches_people_by_mail_and_by_wecom_without_it_and_so_does_its_return(
    start_alertmanager,
):
    application = Application()
    with mailbox() as mail, web(application) as wecom:
        url = f"{start_alertmanager(shipped(mail.address, wecom.url), files={'dabiao.tmpl': TEMPLATE})}/api/v2/alerts"
        requests.post(url, json=[alert("DabiaoAgentDown")], timeout=10).raise_for_status()
        note = application.received.get(timeout=WITHIN_SECONDS)
        wait_until(lambda: len(mail.mails) == 1)
        ((subject, text),) = mail.mails
        assert (subject, text.splitlines()[0]) == (DEAD, DEAD)
        assert "systemctl status dabiao" in text
        assert "处置：http://127.0.0.1:8046/runbooks/DabiaoAgentDown.md" in text
        assert (note["agentid"], note["toparty"], note["msgtype"]) == ("1000002", "2", "text")
        assert note["text"]["content"].startswith(f"{DEAD}\n已超过一分钟读不到监测程序")
        over = alert("DabiaoAgentDown", ends="2026-01-02T00:00:00Z") | {"startsAt": "2026-01-01T00:00:00Z"}
        requests.post(url, json=[over], timeout=10).raise_for_status()
        content = application.received.get(timeout=WITHIN_SECONDS)["text"]["content"]
        assert content.rstrip() == ALIVE
        wait_until(lambda: mail.subjects()[1:] == [ALIVE])


def test_many_failing_routes_are_one_message_that_the_application_takes(start_alertmanager):
    application = Application()
    with mailbox() as mail, web(application) as wecom:
        url = f"{start_alertmanager(shipped(mail.address, wecom.url), files={'dabiao.tmpl': TEMPLATE})}/api/v2/alerts"
        failing = [alert("DabiaoNotificationsFailed", route=f"route-{number:02}") for number in range(20)]
        requests.post(url, json=failing, timeout=10).raise_for_status()
        # Without a wait of the group Alertmanager may tell the first few before it has read all of them.
        texts = iter(lambda: application.received.get(timeout=WITHIN_SECONDS)["text"]["content"], None)
        text = next(text for text in texts if text.startswith("共20条"))
        assert text.startswith("共20条，列出前2条\n\n【紧急】值班群近10分钟有1次提醒没有送达\n")
        assert len(text.encode()) <= MOST_BYTES
        wait_until(lambda: any(subject.endswith(" 等20条") for subject in mail.subjects()))
