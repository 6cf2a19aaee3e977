"""The configuration as the rest of the program reads it: frozen, typed, without a dict of YAML left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel

from agent.config.links import Links
from agent.mapping import MappingSpec
from agent.measures import Measure
from agent.model import Day, Instant, Target
from agent.notify import Route
from agent.wire.access import Access
from agent.worktime import Hours, Interval, LocalDays, WorkCalendar


@dataclass(frozen=True, slots=True)
class System:
    """An application system: `hours` None is around the clock."""

    id: str
    name: str
    hours: Hours | None = None
    hours_texts: tuple[str, ...] = ()  # as written
    maintenance: tuple[Interval, ...] = ()
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of a table of targets, or an evidence measure of one, named `row/measure`."""

    project: str
    id: str
    name: str
    level: tuple[str, ...]
    text: str
    targets: tuple[tuple[Day | None, Target], ...]  # in the order of the days they begin; None: from the start
    measure: Measure
    note: str | None
    owner: str | None
    weight: Mapping[str, Decimal]
    evidence: tuple[Indicator, ...]
    warn_before_us: int
    alert_windows: tuple[str, ...]
    alert_volume: int  # judged records below which a value that misses, or may, is no alert
    accumulation: str
    judged_on: Day
    plan: Mapping[str, Fraction]  # month as 2026-06 → the share expected by its end
    attest_by: Day | None
    form: str
    coverage_min: float
    when_empty: str
    file: str
    line: int
    options: tuple[str, ...] = ()  # other ways to read what is printed

    @property
    def subject(self) -> str:
        """What acts and commands name it by: `project/row`, or `project/row/measure` of an evidence measure."""
        return f"{self.project}/{self.id}"

    @property
    def row(self) -> str:
        """The subject of the row, be this the row or an evidence measure of it."""
        return f"{self.project}/{self.id.partition('/')[0]}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How something is read that no single row of the tables says."""

    id: str
    name: str
    text: str  # as printed
    note: str  # as it is read
    options: tuple[str, ...]  # other ways to read it


@dataclass(frozen=True, slots=True)
class Project:
    """One table of targets with its money and the header of its forms."""

    id: str
    name: str
    funds: Mapping[str, Decimal]
    form: Mapping[str, str]
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One targets file: what was promised for a year."""

    path: Path
    year: int
    organisation: str
    timezone: str
    days: LocalDays
    calendar: WorkCalendar
    systems: Mapping[str, System]
    projects: tuple[Project, ...]
    links: Links
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One place to poll: its collector's options, its mapping, and when it is asked."""

    id: str
    collector: str
    options: BaseModel = field(repr=False)  # it holds secrets
    spec: MappingSpec
    every_us: int
    deadline_us: int
    timezone: str
    days: LocalDays
    measured_from: Instant | None
    since_start: datetime | None  # aware, in the source's zone
    systems: frozenset[str]  # those its rows may speak of; empty: none
    line: int
    name: str  # as people call it; its id where the file gives none

    @property
    def is_ordered(self) -> bool:
        """Whether the order of arrival changes nothing: its rows are ranked, or events of a log."""
        return self.spec.is_log or self.spec.version is not None or self.spec.changed_at is not None

    def shared_time(self, other: Source) -> str | None:
        """The first time both map: it says of which day a record is when the two are compared."""
        return next((name for name in self.spec.times if name in other.spec.times), None)


@dataclass(frozen=True, slots=True)
class Alerting:
    """Who is told of open records: Alertmanagers, or without one a route directly; and the routes there are."""

    alertmanagers: tuple[Access, ...] = field(default=(), repr=False)
    routes: Mapping[str, Route] = field(default_factory=dict, repr=False)
    direct: str | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything configured, checked as a whole."""

    plans: tuple[Plan, ...]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    alerting: Alerting = Alerting()

    def source(self, id: str) -> Source | None:
        """The source of this name."""
        return next((source for source in self.sources if source.id == id), None)
