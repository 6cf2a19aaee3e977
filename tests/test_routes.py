"""Messages on their way to people: robots that check what real ones check, gateways, fallbacks, and the webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Route

from agent.notify import KINDS, Item, Message, Notifier, Outbox, delivered
from agent.notify.webhook import MOST_BYTES
from agent.poll import now_instant
from agent.web.notifying import Webhook
from tests import servers
from tests.proxying import proxy
from tests.robots import KEY, SECRET, TOKEN, Robot, dingtalk, feishu, wecom
from tests.showing import served
from tests.sites import Site, promised
from tests.web_serving import (
    Answering,
    Asked,
    Handler,
    Reply,
    Script,
    closed_port,
    make_certificates,
    web,
)

pytestmark = pytest.mark.server

NO_CODE = "refused: errcode None"
NOW = 1_772_000_000_000_000
ONE = Message((Item("【紧急】存量房网签 故障单7 14:30:05报修，还剩1分50秒未响应", "https://dabiao.example/"),))
MANY = Message(
    tuple(Item(f"【紧急】档案管理系统 故障单{number} 已超时，请立即在故障台受理" * 3) for number in range(300)),
    "共300条",
)
ROBOTS: Mapping[str, tuple[Any, dict[str, str]]] = {
    "wecom": (wecom, {"key": KEY}),
    "dingtalk": (dingtalk, {"token": TOKEN, "secret": SECRET}),
    "feishu": (feishu, {"token": TOKEN, "secret": SECRET}),
}


@dataclass
class Counted:
    """A notifier's counter."""

    counts: dict[tuple[str, ...], float] = field(default_factory=dict)

    def __call__(self, name: str, by: float, *labels: str) -> None:
        self.counts[(name, *labels)] = self.counts.get((name, *labels), 0) + by


def notifier(counted: Counted | None = None, **routes: Mapping[str, Any]) -> Notifier:
    made = {name: KINDS[keys["kind"]].model_validate(keys) for name, keys in routes.items()}
    return Notifier(made, Outbox(), now_instant, counted)


def reason(sender: Notifier, message: Message = ONE) -> str | None:
    """Why the route `a` does not deliver; None: it does."""
    return sender.send("a", message, NOW)[0].reason


def always(answer: Reply | Script) -> Answering:
    return lambda _: answer


# --- robots -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["markdown", "text"])
@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_takes_a_message_and_many_at_once(kind, form):
    make, keys = ROBOTS[kind]
    robot: Robot = make()
    with web(robot) as server:
        sender = notifier(a={"kind": kind, "api_url": server.url, "format": form, **keys})
        assert [reason(sender), reason(sender, MANY)] == [None, None]
    one, many = robot.received
    assert "存量房网签 故障单7" in one
    assert "https://dabiao.example/" in one
    assert many.startswith("共300条\n\n【紧急】档案管理系统 故障单0 ")
    shown = many.count("【紧急】") // 3
    assert many.endswith(f"\n\n另有{300 - shown}条")


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_that_refuses_inside_its_200_has_not_delivered(kind):
    make, keys = ROBOTS[kind]
    wrong = dict.fromkeys(keys, "0ther")
    with web(make()) as server:
        said = reason(notifier(a={"kind": kind, "api_url": server.url, **wrong}))
    assert said is not None
    assert said.startswith("refused: ")
    assert "0ther" not in said


def test_a_robot_signed_with_the_wrong_secret_says_so():
    with web(dingtalk()) as server:
        said = reason(notifier(a={"kind": "dingtalk", "api_url": server.url, "token": TOKEN, "secret": "SECwrong"}))
    assert said == "refused: errcode 310000 (sign not match)"


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_robot_that_cannot_be_reached_gives_its_secret_away_to_nobody(kind):
    _, keys = ROBOTS[kind]
    said = reason(notifier(a={"kind": kind, "api_url": f"http://127.0.0.1:{closed_port()}", "deadline": "1s", **keys}))
    assert said is not None
    assert said.endswith(": connection refused")
    assert not any(secret in said for secret in keys.values())


def test_a_passing_fault_is_tried_again():
    robot = wecom()
    robot.failures = [Reply(status=503), Reply(status=502)]
    with web(robot) as server:
        assert reason(notifier(a={"kind": "wecom", "key": KEY, "api_url": server.url})) is None
    assert len(robot.received) == 1


def test_a_robot_that_hangs_or_talks_nonsense_ends_by_the_deadline():
    hanging = {"kind": "wecom", "key": KEY, "deadline": "300 ms"}
    for script in (Handler.hang, Handler.trickle):
        with web(always(script)) as server:
            assert "answer within" in str(reason(notifier(a=hanging | {"api_url": server.url})))
    for body, said in ((b"<html>", "answered no JSON"), (b"[]", NO_CODE), (b"{}", NO_CODE)):
        with web(always(Reply(body))) as server:
            assert reason(notifier(a={"kind": "wecom", "key": KEY, "api_url": server.url})) == said


def test_what_a_robot_says_of_a_refusal_is_told_without_the_secret_it_repeats():
    refusal = {"errcode": 93000, "errmsg": f"invalid key\n{KEY} " + "x" * 500}
    with web(always(Reply(refusal))) as server:
        said = str(reason(notifier(a={"kind": "wecom", "key": KEY, "api_url": server.url})))
    assert said.startswith("refused: errcode 93000 (invalid key … xxx")
    assert KEY not in said
    assert len(said) < 150


def test_a_private_address_is_reached_through_a_proxy_and_with_an_authority_of_ones_own(tmp_path):
    certificates, robot = make_certificates(servers.program("openssl", "openssl"), tmp_path), wecom()
    with proxy() as between, web(robot, certificates.server()) as server:
        route = {"kind": "wecom", "key": KEY, "api_url": server.url, "proxy": between.url}
        assert "certificate not accepted" in str(reason(notifier(a=route)))
        assert reason(notifier(a=route | {"ca": certificates.path("ca.pem")})) is None
    assert {(method, target) for method, target, _ in between.asked} == {
        ("CONNECT", server.url.removeprefix("https://"))
    }
    assert len(robot.received) == 1


# --- gateways and apprise ---------------------------------------------------------------------------------------------


def sent_to(route: dict[str, Any], message: Message = ONE, answer: object = b'{"code": 0}') -> Asked:
    with web(lambda _: Reply(answer)) as server:
        assert reason(notifier(a={"kind": "gateway", "url": f"{server.url}/sms", **route}), message) is None
        (asked,) = server.asked
    return asked


def test_a_gateway_gets_a_form_or_json_with_the_text_where_it_was_asked_for():
    form = sent_to({"form": {"to": "10086", "msg": "[{title}] {text}"}, "headers": {"X-App": "dabiao"}})
    assert parse_qs(form.body) == {"to": ["10086"], "msg": [f"[{ONE.title}] {text_of(ONE)}"]}
    assert form.headers["X-App"] == "dabiao"
    nested = sent_to({"body": {"to": ["10086"], "params": {"content": "{text}"}}, "auth": {"bearer": "t0ken"}})
    assert json.loads(nested.body) == {"to": ["10086"], "params": {"content": text_of(ONE)}}
    assert nested.headers["Authorization"] == "Bearer t0ken"
    spelled = sent_to({"body": '{"level": 3, "content": "{text}"}'}, Message((Item('有"引号"\n第二行'),)))
    assert json.loads(spelled.body) == {"level": 3, "content": '有"引号"\n第二行'}


def text_of(message: Message) -> str:
    return "\n".join(filter(None, message.items[0]))


def test_what_a_message_says_is_never_taken_for_a_placeholder():
    asked = sent_to({"body": {"a": "{title}{text}"}}, Message((Item("{text}{title}"),)))
    assert json.loads(asked.body) == {"a": "{text}{title}" * 2}


def test_a_gateways_limit_is_kept_and_its_refusal_is_seen():
    asked = sent_to({"body": {"content": "{text}"}, "max_bytes": "200"}, MANY)
    assert len(json.loads(asked.body)["content"].encode()) <= 200
    with web(lambda _: Reply({"result": {"code": 7}})) as server:
        route = {"kind": "gateway", "url": server.url, "form": {"m": "{text}"}, "ok": {"result.code": "0"}}
        assert reason(notifier(a=route)) == "refused: expected result.code to be '0', got '7'"


def test_every_other_receiver_goes_through_apprise():
    with web(lambda _: Reply()) as server:
        url = server.url.replace("http", "json")
        assert reason(notifier(a={"kind": "apprise", "url": f"{url}/hook", "max_bytes": "300"}), MANY) is None
        (asked,) = server.asked
    body = json.loads(asked.body)
    assert len(body["message"].encode()) <= 300
    assert (asked.path, body["title"]) == ("/hook", "共300条")
    with web(lambda _: Reply(status=500)) as server:
        failing = {"kind": "apprise", "url": f"{server.url.replace('http', 'json')}/s3cret"}
        assert reason(notifier(a=failing)) == "apprise could not deliver it"
    with web(always(Handler.hang)) as server:
        slow = {"url": server.url.replace("http", "json"), "deadline": "200 ms"}
        assert reason(notifier(a=failing | slow)) == "no answer in time"


# --- fallbacks, and what is kept of it all ----------------------------------------------------------------------------


def test_a_fallback_takes_what_its_route_could_not_deliver(caplog):
    counted = Counted()
    dead = {"kind": "wecom", "key": KEY, "api_url": f"http://127.0.0.1:{closed_port()}", "deadline": "200 ms"}
    sender = notifier(counted, a=dead | {"fallback": "b"}, b=dead | {"fallback": "c"}, c={"kind": "outbox"}, d=dead)
    attempts = sender.send("a", ONE, NOW)
    assert [(one.route, one.reason is None) for one in attempts] == [("a", False), ("b", False), ("c", True)]
    assert delivered(attempts)
    assert not delivered(sender.send("d", ONE, NOW + 1))
    sender.send("d", ONE, NOW + 2)
    assert counted.counts == {
        ("notifications", "a", "failed"): 1,
        ("notifications", "b", "failed"): 1,
        ("notifications", "c", "delivered"): 1,
        ("notifications", "d", "failed"): 2,
    }
    assert [(one.at - NOW, one.route, one.delivered) for one in sender.outbox.recent()] == [
        (2, "d", False), (1, "d", False), (0, "c", True)
    ]  # fmt: skip
    told = [record.getMessage().partition(" reason")[0] for record in caplog.records if record.name == "dabiao.notify"]
    assert told == [f"route={name} event=not-delivered" for name in "abd"]  # the second time is no news


# --- the webhook ------------------------------------------------------------------------------------------------------


@contextmanager
def webhook(sender: Notifier) -> Iterator[str]:
    route = Route("/notify/{route}", Webhook(sender, lambda: NOW).notify, methods=["POST"])
    with served(Starlette(routes=[route])) as url:
        yield f"{url}/notify"


def posted(**said: str) -> dict[str, Any]:
    firing = {"status": "firing", "labels": {"severity": said.pop("severity", "critical")}, "annotations": said}
    return {"version": "4", "alerts": [firing | {"startsAt": "2026-03-02T06:30:05Z"}]}


def test_a_notification_of_alertmanagers_reaches_the_group():
    robot = wecom()
    with web(robot) as server, webhook(notifier(duty={"kind": "wecom", "key": KEY, "api_url": server.url})) as url:
        answer = requests.post(f"{url}/duty", json=posted(summary="【紧急】门户 故障单7 已超时"), timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"attempts": [{"route": "duty", "reason": None}]})
    assert robot.received == ["【紧急】门户 故障单7 已超时"]


def test_the_webhook_asks_for_another_try_only_where_one_may_help():
    dead = {"kind": "wecom", "key": KEY, "api_url": f"http://127.0.0.1:{closed_port()}", "deadline": "200 ms"}
    sender = notifier(dead=dead, kept=dead | {"fallback": "page"}, page={"kind": "outbox"})
    with webhook(sender) as url:

        def status(route: str, **said: Any) -> int:
            return requests.post(f"{url}/{route}", **said, timeout=10).status_code

        assert status("dead", json=posted(summary="甲")) == 503
        assert status("kept", json=posted(summary="甲")) == 200
        assert status("nobody", json=posted(summary="甲")) == 404
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            sent = {"data": json.dumps(posted(summary="别处的网页")), "headers": {"Content-Type": kind}}
            assert status("page", **sent) == 415  # what a browser sends for any page without asking first
        json_kind = {"Content-Type": "application/json; charset=utf-8"}
        assert status("page", data=b"no json", headers=json_kind) == 400
        assert status("page", data=b" " * (MOST_BYTES + 1), headers=json_kind) == 413
        assert status("page", json={"version": "4", "alerts": []}) == 200
        assert requests.get(f"{url}/page", timeout=10).status_code == 405
    assert [sent.text for sent in sender.outbox.recent()] == ["【紧急】甲"] * 2


# --- dabiao notify test -----------------------------------------------------------------------------------------------


def test_a_route_can_be_tried_from_the_command_line(tmp_path):
    robot, site = wecom(), Site(tmp_path)
    measure = {"kind": "on_time", "of": "fault", "from": "reported_at", "to": "responded_at", "limit": "5 min"}
    times = {"reported_at": "reported", "responded_at": "responded"}
    desk = {"collector": "file", "path": "none.csv", "record": "fault", "id": "ticket", "times": times}
    with web(robot) as server:
        duty = {"kind": "wecom", "key": KEY, "api_url": server.url}
        site.write(
            promised("Asia/Shanghai", {}, {"answered": (">= 95 %", measure)}),
            {"desk": desk},
            {"routes": {"duty": duty, "dead": duty | {"key": "s3cret", "fallback": "duty"}}},
        )
        done, failed = site.run("notify", "test", "duty"), site.run("notify", "test", "dead", code=1)
        unknown = site.run("notify", "test", "duti", code=2)
    assert done.out == "duty: delivered\n"
    assert failed.out == "dead: not delivered: refused: errcode 93000 (invalid webhook url)\nduty: delivered\n"
    assert unknown.err == "dabiao: unknown route 'duti'; did you mean 'duty'?\n"
    assert ["【测试】交易中心 " in text for text in robot.received] == [True, True]
