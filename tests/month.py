"""A month of the demonstration, replayed against the shipped rules and routes: every alert that rings, once each.

1. The simulated systems go through the month in steps: at every change of a fault, at every limit that runs out,
   minute by minute through every incident, and otherwise every 20 minutes. Each step polls what changed, judges, and
   notes which records ring by themselves and what the series say.
2. The series go into a real Prometheus, which answers every rule over the whole month.
3. An alert rings when it has stood for its `for`, is not silenced by another one, and somebody is told at that hour.
"""

from __future__ import annotations

import heapq
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import requests
import yaml

from agent.alerts import Standing
from agent.book import Book, catch_up, definitions, register
from agent.cli.demonstrating import state_for_show
from agent.config import Config, load
from agent.demo import beside
from agent.demo.platform import SOURCES, Platform
from agent.demo.seasons import SHANGHAI
from agent.demo.world import World
from agent.ledger import Ledger
from agent.metrics import Exposition
from agent.model import Instant, Snapshot, instant_of, utc_of
from agent.poll import Publisher, Round, Schedule
from collectors import COLLECTORS
from tests.servers import program

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "deploy" / "generated"
SEED = 2026
MINUTE = timedelta(minutes=1)
STEP, HOLD = 20 * MINUTE, 4 * MINUTE  # a sample is repeated before Prometheus takes it for stale
DIGEST = timedelta(hours=8, minutes=45)
SHORT_US = 4 * 3600 * 1_000_000
DESKS = ("fault-desk", "video-desk")
MORNING = "DabiaoRecordsDueToday"  # is told before the office opens
ROUTED = ("alertname", "severity", "project", "escalation")  # the labels the routes look at
NOT_REPLAYED = ("DabiaoWatchdog", "DabiaoAgentDown", "DabiaoScheduleStalled")  # of the agent's own process


@dataclass(frozen=True)
class Incident:
    """A stretch in which a system does not answer, or the source of that name."""

    begins: datetime
    ends: datetime
    what: str


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass(frozen=True, order=True)
class Stood:
    """An alert that stood from `begins` until `ends`."""

    begins: datetime
    ends: datetime
    labels: tuple[tuple[str, str], ...]
    text: str

    def label(self, name: str) -> str:
        return dict(self.labels).get(name, "")


class Replayed(Platform):
    """The platform in a month that has passed: what happened is known, and time goes where it is told to."""

    def __init__(self, folder: Path, begin: datetime, end: datetime, incidents: Sequence[Incident]) -> None:
        super().__init__(folder, SEED, begin)
        self.world = World(SEED, end)
        self.at, self._incidents = begin, incidents

    def now(self) -> datetime:
        return self.at

    def advance(self, now: datetime) -> None:
        self.at = now
        super().advance(now)
        broken = {one.what for one in self._incidents if one.begins <= now < one.ends}
        if self.sites is not None and self._services is not None:
            self.sites.set_down(broken)
            services: Any = self._services.server
            services.token = "another" if "fault-desk" in broken else self._token


class Month:
    """The agent in that month, step by step."""

    def __init__(self, folder: Path, begin: datetime, end: datetime, incidents: Sequence[Incident]) -> None:
        self.begin, self.end, self.incidents = begin, end, incidents
        self.folder = folder
        self.platform = Replayed(folder / "platform", begin, end, incidents)
        self.stood: list[Stood] = []
        self._standing: dict[tuple[tuple[str, str], ...], tuple[datetime, str]] = {}
        self._values: dict[str, str] = {}
        self._steps: list[datetime] = []

    def replay(self) -> Config:
        """Go through it; afterwards `stood` has the records' own alerts and the file `series` what the series said."""
        self.platform.open()
        sources = self.folder / "sources.yaml"
        written = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
        for id, one in written["sources"].items():
            one["every"] = "20 min" if id in DESKS or one["collector"] == "probe" else "1h"
        sources.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
        environ = self.platform.environment
        config = load([ROOT / "targets.yaml"], sources, collectors=COLLECTORS, environ=environ)
        with ExitStack() as running:
            running.callback(self.platform.stop)
            ledger = Ledger.open(self.folder / "ledger.db")
            running.callback(ledger.close)
            state_for_show(config, ledger, instant_of(self.begin))
            registered = register(ledger, definitions(config))
            catch_up(ledger, registered)
            book = Book(ledger, registered.known)
            rounds = {one.id: Round(one, COLLECTORS[one.collector](one.options), book) for one in config.sources}
            schedule = Schedule(config, ledger, list(rounds.values()), Publisher(), self._now)
            with (self.folder / "series").open("w", encoding="utf-8") as series:
                self._go(config, rounds, schedule, series)
                series.write("# EOF\n")
        for labels, (began, text) in self._standing.items():
            self.stood.append(Stood(began, self.end, labels, text))
        return config

    def _now(self) -> Instant:
        return instant_of(self.platform.at)

    def _go(self, config: Config, rounds: Mapping[str, Round], schedule: Schedule, series: TextIO) -> None:
        probes = [id for id, one in rounds.items() if one.source.collector == "probe"]
        standing, exposition = Standing(config), Exposition(config)
        self._steps = [*self._regular(), *self._changes(), *self._minutes()]
        heapq.heapify(self._steps)
        former = None
        while self._steps and self._steps[0] < self.end:
            at = heapq.heappop(self._steps)
            if at == former:
                continue
            self.platform.advance(at)
            whole = former is None or (at.minute, at.second) == (0, 0)
            watched = at.minute % 20 == 0 or any(one.begins <= at <= one.ends + MINUTE for one in self.incidents)
            for id in rounds if whole else [*DESKS, *probes] if watched else DESKS:
                outcome = rounds[id].run(instant_of(at), forced=True)
                if outcome.reason is not None:  # a source is really asked again within seconds
                    heapq.heappush(self._steps, at + MINUTE)
            snapshot = schedule.tick()
            self._note_records(standing, snapshot, at)
            self._note_series(exposition.render(snapshot, {}).text.decode(), former, at, series)
            for limit in _limits(snapshot):
                if limit > at:
                    heapq.heappush(self._steps, limit)
            former = at
        assert former is not None
        self._hold(former, self.end, series)

    def _regular(self) -> Iterator[datetime]:
        at = self.begin
        while at < self.end:
            yield at
            at += STEP
        day = self.begin
        while day < self.end:
            yield day + DIGEST
            day += timedelta(days=1)

    def _changes(self) -> Iterator[datetime]:
        for change in World(SEED, self.end).advance(self.end):
            if change.table in ("faults", "desk-log") and self.begin <= change.at < self.end:
                yield change.at

    def _minutes(self) -> Iterator[datetime]:
        for one in self.incidents:
            at = one.begins
            while at < one.ends + 5 * MINUTE:
                yield at
                at += MINUTE

    def _note_records(self, standing: Standing, snapshot: Snapshot, at: datetime) -> None:
        stands = standing.at(snapshot)
        for labels, alert in stands.items():
            self._standing.setdefault(labels, (at, alert.annotations["summary"]))
        for labels in [labels for labels in self._standing if labels not in stands]:
            began, text = self._standing.pop(labels)
            self.stood.append(Stood(began, at, labels, text))

    def _note_series(self, text: str, former: datetime | None, at: datetime, series: TextIO) -> None:
        if former is not None:
            self._hold(former, at, series)
        now = dict(line.rpartition(" ")[::2] for line in text.splitlines() if is_needed(line))
        for name in self._values.keys() - now.keys():  # it would be held for five minutes
            if name.startswith("dabiao_ringing_records"):
                series.write(f"{name} 0 {at.timestamp()}\n")
        self._values = now
        self._write(at, series)

    def _hold(self, former: datetime, at: datetime, series: TextIO) -> None:
        while (former := former + HOLD) < at:
            self._write(former, series)

    def _write(self, at: datetime, series: TextIO) -> None:
        stamp = at.timestamp()
        series.writelines(f"{name} {value} {stamp}\n" for name, value in self._values.items())


def _limits(snapshot: Snapshot) -> Iterator[datetime]:
    """When what is open on a short clock is due soon, late, and late for a quarter of an hour."""
    for one in snapshot.open:
        if one.due is not None and one.limit_us is not None and one.limit_us < SHORT_US:
            due = utc_of(one.due).astimezone(SHANGHAI)
            yield from (due - timedelta(minutes=2), due + timedelta(seconds=1), due + timedelta(minutes=15))


RULES = [
    rule
    for group in yaml.safe_load((GENERATED / "prometheus" / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
    if rule["alert"] not in NOT_REPLAYED
]
NAMES = {name for rule in RULES for name in re.findall(r"dabiao_\w+", rule["expr"])}


def is_needed(line: str) -> bool:
    """Whether a rule reads this sample: of windows only the year so far, of rows only those of the tables."""
    name, _, labels = line.partition("{")
    if name not in NAMES or ('window="' in labels and 'window="ytd"' not in labels):
        return False
    if re.search(r'indicator="[^"]*/', labels):
        return False
    return name != "dabiao_indicator_state" or any(
        f'state="{one}"' in labels for one in ("missed", "at_risk", "no_data")
    )


# --- what Prometheus makes of it --------------------------------------------------------------------------------------


def rung_by_rules(folder: Path, begin: datetime, end: datetime) -> list[Stood]:
    """Every alert of the rules that stood for its `for`."""
    data = folder / "prometheus" / "data"
    data.mkdir(parents=True)
    command = [program("promtool", "prometheus"), "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, "--max-block-duration=744h", folder / "series", data], check=True)
    long = replace(beside.PROMETHEUS, arguments=(*beside.PROMETHEUS.arguments, "--storage.tsdb.retention.time=100y"))
    with beside.started(long, folder / "prometheus", {beside.CONFIG: "global: {}\n"}) as url:
        return [alert for rule in RULES for alert in _answered(url, rule, begin, end)]


def _answered(url: str, rule: Mapping[str, Any], begin: datetime, end: datetime) -> Iterator[Stood]:
    waits = _duration(rule["for"])
    step = timedelta(minutes=5 if waits >= timedelta(minutes=10) else 1)
    points: dict[tuple[tuple[str, str], ...], list[datetime]] = {}
    while begin < end:
        until = min(end, begin + timedelta(days=7))
        asked = {
            "query": rule["expr"],
            "start": begin.timestamp(),
            "end": until.timestamp(),
            "step": step.total_seconds(),
        }
        answer = requests.post(f"{url}/api/v1/query_range", data=asked, timeout=600).json()
        assert answer["status"] == "success", answer
        for one in answer["data"]["result"]:
            labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
            whole = labels | rule["labels"] | {"alertname": rule["alert"]}
            points.setdefault(tuple(sorted(whole.items())), []).extend(
                datetime.fromtimestamp(stamp, SHANGHAI) for stamp, _ in one["values"]
            )
        begin = until + step
    for alert, times in points.items():
        for first, last in _runs(times, step):
            if last - first >= waits:
                yield Stood(first + waits, last, alert, rule["alert"])


def _runs(times: Sequence[datetime], step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    first = times[0]
    for one, following in pairwise(times):
        if following - one > step:
            yield first, one
            first = following
    yield first, times[-1]


def _duration(text: str) -> timedelta:
    number, unit = int(text[:-1]), text[-1]
    return timedelta(seconds=number * {"s": 1, "m": 60, "h": 3600}[unit])


# --- what Alertmanager makes of it ------------------------------------------------------------------------------------


class Matchers:
    """Matchers as Alertmanager's configuration spells them."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = [
            re.fullmatch(r'(\w+) *(=~|!~|=|!=) *"(.*)"', part.strip()) for text in texts for part in text.split(", ")
        ]
        self._all = [one.groups() for one in found if one is not None]
        assert len(self._all) == len(found)

    def match(self, alert: Stood) -> bool:
        return all(self._holds(alert.label(name), sign, value) for name, sign, value in self._all)

    def _holds(self, value: str, sign: str, wanted: str) -> bool:
        equal = bool(re.fullmatch(wanted, value)) if "~" in sign else value == wanted
        return equal != sign.startswith("!")


class Routes:
    """The shipped routes and what silences what."""

    def __init__(self) -> None:
        self._path = GENERATED / "alertmanager" / "alertmanager.yml"
        written = yaml.safe_load(self._path.read_text(encoding="utf-8"))
        self._inhibits = [
            (Matchers(one["source_matchers"]), Matchers(one["target_matchers"]), one.get("equal", []))
            for one in written["inhibit_rules"]
        ]
        self._receivers: dict[tuple[tuple[str, str], ...], str] = {}

    def told(self, alerts: Sequence[Stood], config: Config) -> list[tuple[datetime, str, Stood]]:
        """When each alert is first told, and to whom; what is silenced, or over before somebody is there, is not."""
        rung = []
        for alert in alerts:
            receiver = self.receiver(alert)
            at = self._unsilenced(alert, alerts)
            if at is not None and receiver.startswith("office") and alert.label("alertname") != MORNING:
                at = _working(config, at, alert.ends)
            if at is not None and receiver != "nobody":
                rung.append((at, receiver, alert))
        return sorted(rung)

    def receiver(self, alert: Stood) -> str:
        """Whom Alertmanager tells."""
        decisive = tuple(pair for pair in alert.labels if pair[0] in ROUTED)
        if decisive not in self._receivers:
            pairs = [f"{name}={value}" for name, value in decisive]
            command = [program("amtool", "prometheus-alertmanager"), "config", "routes", "test"]
            ran = subprocess.run(
                [*command, f"--config.file={self._path}", *pairs], capture_output=True, check=True, text=True
            )
            self._receivers[decisive] = ran.stdout.strip()
        return self._receivers[decisive]

    def _unsilenced(self, alert: Stood, alerts: Sequence[Stood]) -> datetime | None:
        """The first instant at which no other alert silences this one."""
        at = alert.begins
        over = sorted(
            (other.begins, other.ends)
            for source, target, equal in self._inhibits
            if target.match(alert)
            for other in alerts
            if other is not alert and source.match(other) and all(other.label(n) == alert.label(n) for n in equal)
        )
        for begins, ends in over:
            if begins <= at < ends:
                at = ends
        return at if at < alert.ends or at == alert.begins else None


def _working(config: Config, at: datetime, ends: datetime) -> datetime | None:
    """The first minute of service hours from then on."""
    plan = config.plans[-1]
    while at <= ends:
        day = at.date().toordinal()
        if plan.calendar.working_days(day, day + 1):
            for opens, closes in plan.calendar.service_spans(day):
                minute = at.hour * 60 + at.minute
                if minute < closes:
                    opening = at.replace(hour=0, minute=0, second=0) + timedelta(minutes=opens)
                    return max(at, opening) if max(at, opening) <= ends else None
        at = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    return None
