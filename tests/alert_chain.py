"""The whole way of an alert with everything real: source systems over HTTP, `dabiao run`, Prometheus, Alertmanager with
the shipped routes, a chat robot behind the agent's webhook, a mail server, and a webhook of the test's own beside them.

Rules, routes and what silences what are those `dabiao render` writes. Only their times are shorter: a minute takes
three seconds, and working hours are all day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import yaml

from tests.mailbox import Mailbox, mailbox
from tests.robots import KEY, Robot, wecom
from tests.servers import HOST, alertmanager, free_port, prometheus
from tests.sites import Site, wait_until
from tests.web_serving import Asked, Reply, web

ROOT = Path(__file__).parents[1]
QUICKER = 20
CHATS = ("duty", "lead", "director", "office", "office-home-sales")
PORTAL, ARCHIVE = "房地产交易网站", "档案管理系统"
ALL_DAY = [{"name": "working-hours", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]}]
Row = dict[str, str | None]


class Platform:
    """The source systems: a fault desk and a case desk in JSON, and the front pages that are probed."""

    def __init__(self) -> None:
        self.faults: dict[str, Row] = {}
        self.cases: list[Row] = []
        self.broken: set[str] = set()  # paths that answer 503

    def __call__(self, asked: Asked) -> Reply:
        if asked.path in self.broken:
            return Reply(status=503)
        match asked.path:
            case "/faults":
                return Reply(list(self.faults.values()))
            case "/cases":
                return Reply(self.cases)
        return Reply("网签")

    def report(self, ticket: str, seconds_ago: float, system: str = "portal") -> datetime:
        """A fault that was reported some time ago is typed in now; gives when its five minutes are over."""
        reported = datetime.now(UTC) - timedelta(seconds=seconds_ago)
        self.faults[ticket] = {"id": ticket, "system": system, "reported_at": _text(reported), "responded_at": None}
        return reported + timedelta(minutes=5)

    def answer(self, ticket: str) -> None:
        """The fault is answered now."""
        self.faults[ticket] = self.faults[ticket] | {"responded_at": _text(datetime.now(UTC))}

    @contextmanager
    def failing(self, *paths: str) -> Iterator[None]:
        """These paths answer 503 for a while."""
        self.broken |= set(paths)
        try:
            yield
        finally:
            self.broken -= set(paths)

    def case(self, id: str, system: str, finished_late: bool) -> None:
        """A case that was due an hour ago."""
        due = datetime.now(UTC) - timedelta(hours=1)
        done = due + timedelta(minutes=10 if finished_late else -10)
        taken = due - timedelta(hours=1)
        self.cases.append(
            {"id": id, "system": system, "taken": _text(taken), "due": _text(due), "finished": _text(done)}
        )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Told:
    """One alert as a receiver was told of it."""

    at: datetime
    receiver: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass
class Receivers:
    """The webhooks of the test: every notification, alert by alert."""

    told: list[Told] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        at = datetime.now(UTC)
        for alert in json.loads(asked.body)["alerts"]:
            self.told.append(Told(at, asked.path.strip("/"), alert["status"], alert["labels"], alert["annotations"]))
        return Reply()

    def of(self, status: str, **labels: str) -> list[Told]:
        """What was told of alerts with these labels."""
        return [one for one in list(self.told) if one.status == status and labels.items() <= one.labels.items()]


@dataclass
class Chain:
    """Everything at work; `start` and `kill` are the agent's."""

    site: Site
    platform: Platform
    receivers: Receivers
    chat: Robot
    mailbox: Mailbox
    agent: str
    alertmanager: str
    prometheus: str
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start the agent and wait until Prometheus has seen it."""
        self.process = self.running.enter_context(self.site.started("run", "--listen", self.agent))
        wait_until(lambda: self.ask('up{job="dabiao"} == 1') != [], lambda: self.site.log)
        wait_until(lambda: len(self.ask("dabiao_source_up == 1")) == 4, lambda: self.site.log)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The answer of Prometheus: metric and value."""
        answer = requests.get(f"{self.prometheus}/api/v1/query", params={"query": query}, timeout=30)
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def status(self, **asked: str) -> str:
        """What the agent answers of how things stand, sooner than a command could be started."""
        return requests.get(f"http://{self.agent}/api/v1/status", params=asked, timeout=30).text

    def standing(self, **labels: str) -> list[dict[str, Any]]:
        """The alerts Alertmanager holds, told or silenced."""
        alerts = requests.get(f"{self.alertmanager}/api/v2/alerts", timeout=30).json()
        return [one for one in alerts if labels.items() <= one["labels"].items()]

    def awaited(self, status: str, **labels: str) -> Told:
        """The first a receiver was told of alerts with these labels, once it was."""
        wait_until(lambda: bool(self.receivers.of(status, **labels)), self.seen)
        return self.receivers.of(status, **labels)[0]

    def read(self, ticket: str, number: int) -> list[str]:
        """The messages of the chat group that name this ticket, once there are so many."""
        wait_until(lambda: sum(ticket in text for text in self.chat.received) == number, self.seen)
        return [text for text in self.chat.received if ticket in text]

    def seen(self) -> str:
        """What there is to see when something did not come."""
        told = [(f"{one.at:%T}", one.receiver, one.status, one.annotations["summary"]) for one in self.receivers.told]
        standing = [(one["status"]["state"], one["annotations"]["summary"]) for one in self.standing()]
        ended = f"agent ended with {self.process.poll()}"
        return "\n".join(map(str, ["told:", *told, "standing:", *standing, ended, self.site.log]))


@contextmanager
def chain(folder: Path) -> Iterator[Chain]:
    """All servers at work; the agent has read its sources, among them what misses a target from the start."""
    platform, receivers, chat = Platform(), Receivers(), wecom()
    for number in range(7):
        platform.case(f"C{number}", "portal", finished_late=number in (2, 5))
    platform.case("C9", "a system nobody knows", finished_late=False)  # a row that cannot be read
    agent = f"{HOST}:{free_port()}"
    site = Site(folder)
    with ExitStack() as running:
        sources, hooks, robot = (running.enter_context(web(one)) for one in (platform, receivers, chat))
        post = running.enter_context(mailbox())
        site.write(targets(), polled(sources.url), None)
        site.run("render", "--into", "generated", "--from", str(ROOT / "deploy"))
        generated = folder / "generated"
        routes = (generated / "alertmanager/alertmanager.yml").read_text(encoding="utf-8")
        template = (generated / "alertmanager/templates/dabiao.tmpl").read_text(encoding="utf-8")
        told = running.enter_context(
            alertmanager(
                _routes(routes, agent, hooks.url, post.address),
                files={"dabiao.tmpl": template},
            )
        )
        site.write(targets(), polled(sources.url), told_by(told, robot.url))
        rules = (generated / "prometheus/rules.yml").read_text(encoding="utf-8")
        shipped = (ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")
        asked = running.enter_context(
            prometheus(
                _scraping(shipped, agent, told), files={"rules.yml": yaml.safe_dump(_quicker(yaml.safe_load(rules)))}
            )
        )
        made = Chain(site, platform, receivers, chat, post, agent, told, asked, running)
        made.start()
        yield made


# --- what was promised, and where it is measured ----------------------------------------------------------------------


@cache
def noon() -> ZoneInfo:
    """A time zone in which the tests began within the hour after noon: no day ends under them."""
    behind = datetime.now(UTC).hour - 12  # POSIX counts these zones westward
    return ZoneInfo(f"Etc/GMT{behind:+d}" if behind else "Etc/GMT")


def targets() -> dict[str, Any]:
    """Two systems, of which the archive is closed at noon, and two rows."""
    answered = {"kind": "duration", "of": "fault", "from": "reported_at", "to": "responded_at"}
    on_time = {"kind": "on_time", "of": "case", "from": "taken", "to": "finished", "due": "due"}
    row = {"level": ["产出目标", "时效"], "owner": "运维科"}
    return {
        "year": datetime.now(noon()).year,
        "organisation": "交易中心",
        "timezone": noon().key,
        "systems": {"portal": PORTAL, "archive": {"name": ARCHIVE, "hours": "17:00-08:00"}},
        "projects": {
            "ops": {
                "name": "平台运维",
                "indicators": {
                    "response": row
                    | {"name": "故障响应", "text": "<=5分钟", "target": "<= 5 min", "warn_before": "2 min"}
                    | {"measure": answered},
                    "cases": row
                    | {
                        "name": "办件及时率",
                        "text": ">=95%",
                        "target": ">= 95 %",
                        "alert_volume": 3,
                        "coverage_min": 0.9998,
                    }
                    | {"measure": on_time},
                },
            }
        },
    }


def polled(url: str) -> dict[str, Any]:
    """The sources of the platform at this address."""
    desk = {"collector": "http", "every": "1s", "retries": 0, "id": "id", "name": "故障台"}
    today = f"{datetime.now(noon()):%Y-%m-%d}"
    system = {"column": "system", "map": {"portal": "portal", "archive": "archive"}}

    def probe(of: str) -> dict[str, Any]:
        page = {"url": f"{url}/{of}", "status": 200, "body": "网签", "within": "3s"}
        return {"collector": "probe", "every": "1s", "system": {"is": of}, "http": page}

    return {
        "fault-desk": desk
        | {"url": f"{url}/faults", "record": "fault", "system": system, "measured_from": today}
        | {"times": {name: name for name in ("reported_at", "responded_at")}},
        "case-desk": desk
        | {"url": f"{url}/cases", "record": "case", "system": system, "measured_from": today, "name": "办件台"}
        | {"times": {name: name for name in ("taken", "due", "finished")}},
        "portal-up": probe("portal"),
        "archive-up": probe("archive"),
    }


def told_by(alertmanager_url: str, robot_url: str) -> dict[str, Any]:
    """Who is told: Alertmanager of open records, the robot of what the webhook is asked to pass on."""
    robot = {"kind": "wecom", "key": KEY, "api_url": robot_url, "format": "text"}
    return {"alertmanager": {"url": alertmanager_url}, "routes": dict.fromkeys(CHATS, robot)}


# --- the shipped settings, quicker ------------------------------------------------------------------------------------


def _quicker(content: Any) -> Any:
    """The same with every length of time that somebody waits for a twentieth of it."""
    if isinstance(content, list):
        return [_quicker(one) for one in content]
    if not isinstance(content, dict):
        return content
    waits = ("for", "group_wait", "group_interval", "interval", "scrape_interval", "evaluation_interval")
    return {key: _twentieth(value) if key in waits else _quicker(value) for key, value in content.items()}


def _twentieth(duration: str) -> str:
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()  # type: ignore[union-attr]
    return f"{int(number) * {'s': 1, 'm': 60, 'h': 3600}[unit] * 1000 // QUICKER}ms"


def _routes(shipped: str, agent: str, hooks: str, smtp: str) -> str:
    """The shipped routes with this site's addresses: every receiver also tells the test."""
    content = _quicker(yaml.safe_load(shipped))
    for receiver in content["receivers"]:
        name = receiver["name"]
        webhooks = receiver.get("webhook_configs", [])
        assert [one["url"] for one in webhooks] == ([f"http://127.0.0.1:8046/notify/{name}"] if name in CHATS else [])
        here = [{"url": f"http://{agent}/notify/{name}", "send_resolved": True}] if webhooks else []
        receiver.pop("wechat_configs", None)  # tried in test_outside.py
        receiver.pop("wechat_configs", None)  # there is no WeCom here; mail goes the same way
        receiver["webhook_configs"] = [*here, {"url": f"{hooks}/{name}", "send_resolved": True}]
    content["global"] = {"smtp_smarthost": smtp, "smtp_from": "dabiao@mail.example", "smtp_require_tls": False}
    content |= {"templates": ["dabiao.tmpl"], "time_intervals": ALL_DAY}
    return yaml.safe_dump(content)


def _scraping(shipped: str, agent: str, told: str) -> str:
    text = shipped.replace("../generated/prometheus/rules.yml", "rules.yml")
    text = text.replace("127.0.0.1:9093", told.removeprefix("http://")).replace("127.0.0.1:8046", agent)
    return yaml.safe_dump(_quicker(yaml.safe_load(text)))
