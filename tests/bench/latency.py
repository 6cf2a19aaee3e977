"""From a record being visible in its source to the arrival of its alert, stage by stage, with the shipped settings.

The agent polls a fault desk every ten seconds, as deploy/sources.example.yaml does. It posts to one Alertmanager,
Prometheus to another, so that neither silences the other; both have the shipped routes. Faults of different systems
appear at every phase of the intervals. Each is due soon when it appears.
"""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.alert_chain import ROOT, Platform, Receivers, noon
from tests.bench.measuring import Reading
from tests.servers import HOST, alertmanager, free_port, prometheus
from tests.sites import Site, wait_until
from tests.web_serving import Asked, Reply, web

FAULTS, APART_SECONDS = 15, 2.3
OWN_SECONDS, BEHIND_SECONDS = 20, 45
LOOK_SECONDS = 0.02
Times = dict[str, float]  # by system, each of which has one fault


class Desk(Platform):
    """A fault desk that notes when it first told of a fault."""

    def __init__(self) -> None:
        super().__init__()
        self.visible: Times = {}
        self.polled: Times = {}

    def __call__(self, asked: Asked) -> Reply:
        known = list(self.faults)
        reply = super().__call__(asked)
        for system in known:
            self.polled.setdefault(system, time.time())
        return reply

    def appear(self, system: str) -> None:
        """A fault of this system is visible from now on."""
        self.report(system, seconds_ago=190, system=system)
        self.visible[system] = time.time()


def measure(folder: Path) -> list[Reading]:
    """The stages of a record's own alert, and those of the rule behind it."""
    desk, told = Desk(), Receivers()
    systems = [f"s{number:02}" for number in range(FAULTS)]
    agent, site = f"{HOST}:{free_port()}", Site(folder)
    with ExitStack() as running:
        source, hooks = (running.enter_context(web(one)) for one in (desk, told))
        site.write(_targets(systems), _sources(source.url, systems))
        site.run("render", "--into", "generated", "--from", str(ROOT / "deploy"))
        own, behind = (
            running.enter_context(alertmanager(_routes(folder, f"{hooks.url}/{name}"))) for name in ("own", "behind")
        )
        site.write(_targets(systems), _sources(source.url, systems), {"alertmanager": {"url": own}})
        asked = running.enter_context(prometheus(_scraping(agent, behind), files={"rules.yml": _rules(folder)}))
        running.enter_context(site.started("run", "--listen", agent))
        wait_until(lambda: bool(_query(asked, "dabiao_source_up == 1")), lambda: site.log)
        booked, judged = Watch(lambda: _booked(folder)), Watch(lambda: _judged(agent))
        for one in (booked, judged):
            running.enter_context(one)
        for system in systems:
            desk.appear(system)
            time.sleep(APART_SECONDS)
        wait_until(lambda: all(_arrived(told, where).keys() >= set(systems) for where in ("own", "behind")))
        scraped = _first(asked, "dabiao_ringing_records[5m]")
        rung = _first(asked, 'ALERTS{alertname="DabiaoOpenRecordsDueSoon",alertstate="firing"}[5m]')
    common = {"visible": desk.visible, "polled": desk.polled, "booked": booked.seen}
    own_course = common | {"judged, posted and arrived": _arrived(told, "own")}
    behind_course = common | {"judged": judged.seen, "scraped": scraped, "rung by the rule": rung}
    behind_course["arrived after the group wait"] = _arrived(told, "behind")
    return [
        *_readings("a record's own alert", own_course, OWN_SECONDS),
        *_readings("the rule behind it", behind_course, BEHIND_SECONDS),
    ]


class Watch(threading.Thread):
    """Notes when each system was first seen by a look that is taken again and again."""

    def __init__(self, look: Callable[[], set[str]]) -> None:
        super().__init__(daemon=True)
        self.seen: Times = {}
        self._look, self._over = look, threading.Event()

    def run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for system in self._look():
                self.seen.setdefault(system, time.time())

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def _booked(folder: Path) -> set[str]:
    with closing(sqlite3.connect(f"file:{folder / 'ledger.db'}?mode=ro", uri=True, timeout=30)) as ledger:
        return {id for (id,) in ledger.execute("SELECT id FROM record")}


def _judged(agent: str) -> set[str]:
    lines = requests.get(f"http://{agent}/metrics", timeout=30).text.splitlines()
    return {line.split('system="')[1].partition('"')[0] for line in lines if line.startswith("dabiao_ringing_records{")}


def _arrived(told: Receivers, where: str) -> Times:
    found: Times = {}
    for one in list(told.told):
        if one.receiver.startswith(f"{where}/") and one.status == "firing" and "system" in one.labels:
            found.setdefault(one.labels["system"], one.at.timestamp())
    return found


def _query(url: str, query: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=30).json()
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def _first(url: str, query: str) -> Times:
    """The time of the first sample of each system."""
    return {one["metric"]["system"]: float(one["values"][0][0]) for one in _query(url, query)}


def _readings(what: str, course: Mapping[str, Times], most: float) -> list[Reading]:
    """The whole way, then each stage of it."""
    stages = list(course)
    whole = _taken(course[stages[0]], course[stages[-1]])
    readings = [
        Reading(
            f"{what}: from visible in the source to the webhook, {len(whole)} faults",
            _shown(whole),
            f"≤ {most} s at worst",
            holds=max(whole) <= most,
        )
    ]
    for before, after in pairwise(stages):
        readings.append(Reading(f"– {before} → {after}", _shown(_taken(course[before], course[after]))))
    return readings


def _taken(before: Times, after: Times) -> list[float]:
    return [after[system] - before[system] for system in before]


def _shown(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s"


def _targets(systems: Sequence[str]) -> dict[str, Any]:
    measured = {"kind": "duration", "of": "fault", "from": "reported_at", "to": "responded_at"}
    row = {"name": "故障响应", "level": ["产出目标"], "text": "<=5分钟", "target": "<= 5 min", "warn_before": "2 min"}
    return {
        "year": datetime.now(noon()).year,
        "organisation": "交易中心",
        "timezone": noon().key,
        "systems": {system: system for system in systems},
        "projects": {"ops": {"name": "平台运维", "indicators": {"response": row | {"measure": measured}}}},
    }


def _sources(url: str, systems: Sequence[str]) -> dict[str, Any]:
    desk = {"collector": "http", "every": "10s", "url": f"{url}/faults", "record": "fault", "id": "id"}
    times = {name: name for name in ("reported_at", "responded_at")}
    return {"fault-desk": desk | {"system": {"column": "system", "map": {one: one for one in systems}}, "times": times}}


def _routes(folder: Path, hooks: str) -> str:
    """The shipped routes, every receiver being a webhook of the measurement."""
    text = (folder / "generated/alertmanager/alertmanager.yml").read_text(encoding="utf-8")
    written = yaml.safe_load(text)
    receivers = [
        {"name": one["name"], "webhook_configs": [{"url": f"{hooks}/{one['name']}"}]} for one in written["receivers"]
    ]
    kept = {key: written[key] for key in ("route", "inhibit_rules", "time_intervals")}
    return yaml.safe_dump(kept | {"receivers": receivers})


def _scraping(agent: str, told: str) -> str:
    """The shipped configuration of Prometheus with the addresses of the measurement."""
    text = (ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("../generated/prometheus/rules.yml", "rules.yml").replace("127.0.0.1:8046", agent)
    return text.replace("127.0.0.1:9093", told.removeprefix("http://"))


def _rules(folder: Path) -> str:
    return (folder / "generated/prometheus/rules.yml").read_text(encoding="utf-8")
