"""What the findings are drawn from: one state of the ledger, its Snapshot, and what was read of it before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agent.book import all_indicators, setting_for
from agent.config import Config, Plan, Source
from agent.findings.arrivals import Arrivals
from agent.findings.recent import Recent
from agent.ledger import Session
from agent.measures import DurationMeasure, OnTime, Setting
from agent.model import Day, Instant, Snapshot, SourceStatus
from agent.worktime import LocalDays


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the ledger."""

    config: Config
    session: Session
    snapshot: Snapshot
    setting: Setting
    recent: Recent
    arrivals: Arrivals
    serving: dict[str, int]  # project/indicator → the key of its tallies

    @property
    def now(self) -> Instant:
        """The instant of the Snapshot."""
        return self.snapshot.as_of

    @property
    def days(self) -> LocalDays:
        """The local days."""
        return self.setting.days

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the days."""
        return ZoneInfo(self.days.timezone)

    @property
    def today(self) -> Day:
        """The local day of the Snapshot."""
        return self.days.day_of(self.now)

    def sources(self) -> Sequence[tuple[Source, SourceStatus]]:
        """Each source with how it is doing."""
        return list(zip(self.config.sources, self.snapshot.sources, strict=True))

    def system_name(self, id: str) -> str:
        """A system's name, or its id where no plan names it."""
        return next((plan.systems[id].name for plan in self.config.plans if id in plan.systems), id)


class Memory:
    """What is kept between looks: a look costs what changed since the one before."""

    def __init__(self, config: Config) -> None:
        """Nothing is read yet."""
        self._config = config
        self._plan = config.plans[-1]
        self._setting = setting_for(self._plan, next(all_indicators(self._plan)))
        self._recent = Recent(config, answered_kinds(config.plans))
        self._arrivals = Arrivals([one.id for one in config.sources if one.collector != "probe"])

    def look(self, session: Session, snapshot: Snapshot) -> Look:
        """Take in what the ledger learned since the last look."""
        self._recent.update(session, snapshot.as_of)
        self._arrivals.update(session)
        rows = session.rows("SELECT project, indicator, pk FROM definition WHERE state = 'active' ORDER BY year")
        serving = {f"{project}/{indicator}": pk for project, indicator, pk in rows}
        return Look(self._config, session, snapshot, self._setting, self._recent, self._arrivals, serving)


def answered_kinds(plans: Sequence[Plan]) -> dict[str, tuple[str, str, str]]:
    """Of each kind of record that somebody has to answer: where it is counted, its first time and its last."""
    found: dict[str, tuple[str, str, str]] = {}
    for plan in plans:
        for one in all_indicators(plan):
            measure = one.measure
            if isinstance(measure, OnTime | DurationMeasure) and measure.among is None:
                found.setdefault(measure.of, (one.subject, measure.start_name, measure.to))
    return found
