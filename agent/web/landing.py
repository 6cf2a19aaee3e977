"""The landing page: how the indicators stand this year, what is running out of time, what is up and what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent import words
from agent.config import Config
from agent.metrics import is_fresh
from agent.model import Instant, OpenRecord, Snapshot, SourceStatus, State, Verdict
from agent.shown import NOTHING, countdown, moment, shown
from agent.status import zone_of

WINDOW = "ytd"
NEAREST = 20
FINDINGS = 10
SECONDS_TO_REFRESH = 10
UP = {True: ("up", "正常"), False: ("down", "中断"), None: ("unknown", "未知")}  # colour and word


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator on the page."""

    name: str
    target: str
    value: str
    state: str  # names the colour
    word: str
    notes: str
    counts: str
    is_evidence: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The indicators of one project."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open record with its countdown."""

    indicator: str
    system: str
    ticket: str
    stage: str
    word: str
    due: str
    countdown: str


@dataclass(frozen=True, slots=True)
class Light:
    """A system or a source: up, down or unknown."""

    name: str
    state: str
    word: str
    notes: str = ""
    last: str = ""
    records: int = 0
    rejects: int = 0


class Landing:
    """Writes the page of a Snapshot."""

    def __init__(self, config: Config, demo: bool) -> None:
        """`demo` marks everything as 演示数据."""
        self._config, self._demo, self._zone = config, demo, zone_of(config)
        self._systems = {system.id: system.name for plan in config.plans for system in plan.systems.values()}
        self._names = {
            (one.project, one.id): one.name
            for plan in config.plans
            for project in plan.projects
            for one in project.indicators
        }
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("landing.html")

    def page(self, snapshot: Snapshot | None) -> str:
        """The page as HTML; before the first Snapshot it says so."""
        shared = {
            "organisation": self._config.plans[0].organisation,
            "demo": words.DEMO if self._demo else None,
            "refresh": SECONDS_TO_REFRESH,
            "snapshot": snapshot,
        }
        if snapshot is None:
            return self._template.render(shared)
        totals = [one for one in snapshot.verdicts if one.window.name == WINDOW and one.system is None]
        promised = [one for one in totals if "/" not in one.indicator]
        states = Counter(one.state for one in promised)
        return self._template.render(
            shared,
            as_of=moment(snapshot.as_of, self._zone),
            window=words.WINDOWS[WINDOW],
            promised=len(promised),
            states=[(state.value, words.STATES[state], states[state]) for state in State if states[state]],
            tables=self._tables(totals),
            waiting=[self._waiting(one, snapshot.as_of) for one in nearest(snapshot.open, snapshot.as_of)],
            systems=self._lights(snapshot),
            sources=[self._source(source) for source in snapshot.sources],
            findings=[
                (moment(one.at, self._zone), words.finding(one.kind), f"{one.subject}：{one.text}")
                for one in snapshot.findings[:FINDINGS]
            ],
            finding_count=len(snapshot.findings),
        )

    def _tables(self, totals: Sequence[Verdict]) -> list[Table]:
        names = {project.id: project.name for plan in self._config.plans for project in plan.projects}
        return [
            Table(names.get(project, project), tuple(row(one) for one in totals if one.project == project))
            for project in dict.fromkeys(one.project for one in totals)
        ]

    def _waiting(self, one: OpenRecord, as_of: Instant) -> Waiting:
        return Waiting(
            indicator=self._names.get((one.project, one.indicator), one.indicator),
            system=self._systems.get(one.system or "", NOTHING),
            ticket=one.id,
            stage=one.stage.value,
            word=words.STAGES[one.stage],
            due=moment(one.due, self._zone),
            countdown=countdown(one.due, as_of, one.left_us),
        )

    def _lights(self, snapshot: Snapshot) -> list[Light]:
        """The systems as their probes saw them lately; one probe that fails is enough."""
        seen: dict[str, list[bool]] = {}
        for source in snapshot.sources:
            if source.collector == "probe" and "up" in source.signals and is_fresh(source, snapshot.as_of):
                for system in source.systems:
                    seen.setdefault(system, []).append(bool(source.signals["up"]))
        return [
            Light(name, *UP[all(seen[system]) if system in seen else None]) for system, name in self._systems.items()
        ]

    def _source(self, source: SourceStatus) -> Light:
        state, word = UP[source.up]
        return Light(
            name=source.source,
            state=state,
            word=word,
            notes=source.reason or "",
            last=moment(source.last_success, self._zone),
            records=source.records,
            rejects=source.rejects,
        )


def nearest(records: Sequence[OpenRecord], as_of: Instant) -> list[OpenRecord]:
    """The open records closest to their limit on either side of it, in the order of their due times.

    Half of the places are kept for those past it, so that much that is due soon never hides what is late.
    """
    due = sorted(((one.due, one.id, one) for one in records if one.due is not None), key=lambda item: item[:2])
    late = [one for at, _, one in due if at < as_of][-NEAREST // 2 :]
    ahead = [one for at, _, one in due if at >= as_of]
    return late + ahead[: NEAREST - len(late)]


def row(verdict: Verdict) -> Row:
    """One indicator in words."""
    word = words.STATES[verdict.state]
    if verdict.state is State.MISSED and verdict.reachable is False:
        word = words.UNREACHABLE
    notes = [words.REASONS.get(verdict.reason, verdict.reason)] if verdict.reason else []
    notes += [words.FLAGS.get(flag, flag) for flag in verdict.flags]
    numbers = {"good": verdict.good, "bad": verdict.bad, "open": verdict.open, "excluded": verdict.excluded}
    return Row(
        name=verdict.name,
        target=verdict.target.text if verdict.target else NOTHING,
        value=shown(verdict.value, verdict.unit, verdict.target, verdict.text),
        state=verdict.state.value,
        word=word,
        notes="；".join(notes),
        counts=" ".join(f"{words.OUTCOMES[name]}{number}" for name, number in numbers.items() if number),
        is_evidence="/" in verdict.indicator,
    )
