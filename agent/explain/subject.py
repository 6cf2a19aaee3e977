"""What an explanation is about: one indicator, window and system of a Snapshot, with all that its records need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from agent.book import all_indicators, current
from agent.book.definition import definition_of
from agent.config import Config, Indicator, Plan, Source
from agent.evaluate.board import reads
from agent.evaluate.openwork import OpenObservation, OpenWork, with_clocks
from agent.evaluate.ownership import plans_in_force, plans_of_days
from agent.ledger import Ledger, Session
from agent.measures import Clocks, Measure, Setting
from agent.model import ConfigError, Instant, Snapshot, Stage, Verdict, Window, utc_of

Waiting = Sequence[tuple[OpenObservation, Stage]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One indicator in one window, for one system or all. `definition` is its key in the ledger, if it has one."""

    config: Config
    snapshot: Snapshot
    plan: Plan
    indicator: Indicator
    window: Window
    system: str | None
    verdict: Verdict
    definition: int | None
    in_force: bool
    sources: tuple[Source, ...]
    setting: Setting
    spec: str | None  # the text of the rule it is judged by
    clocks: Clocks

    @property
    def measure(self) -> Measure:
        """How it is measured."""
        return self.indicator.measure

    @property
    def now(self) -> Instant:
        """The instant of the Snapshot."""
        return self.snapshot.as_of

    @property
    def zone(self) -> tzinfo:
        """The plan's time zone."""
        return ZoneInfo(self.plan.timezone)

    def local(self, instant: Instant) -> datetime:
        """An instant on the local clock."""
        return utc_of(instant).astimezone(self.zone)

    def verdicts(self, indicator: str) -> Iterator[Verdict]:
        """The Snapshot's verdicts on an indicator of the same project, in the same window."""
        for verdict in self.snapshot.verdicts:
            if (verdict.project, verdict.indicator, verdict.window) == (self.indicator.project, indicator, self.window):
                yield verdict

    def by_place(self) -> tuple[str, tuple[object, ...]]:
        """The end of a condition on observations, and its values: this definition, window and system."""
        values = (self.definition, self.window.first, self.window.last)
        if self.system is None:
            return "o.definition = ? AND o.day >= ? AND o.day < ?", values
        return "o.definition = ? AND o.day >= ? AND o.day < ? AND o.system = ?", (*values, self.system)

    def open_work(self) -> OpenWork:
        """What says where an open record stands."""
        return OpenWork(self.indicator.warn_before_us, self.clocks, self.plan.days.day_of)

    def waiting(self, session: Session) -> Waiting:
        """The open records with their stages, the nearest due first; decided error checks are left out."""
        stages = self.open_work()
        place, values = self.by_place()
        rows = session.rows(
            "SELECT o.record, r.source, r.id, o.day, o.system, o.outcome, o.reason, o.starts, o.due, o.worked "
            f"FROM observation o JOIN record r ON r.pk = o.record WHERE o.outcome >= 3 AND {place}",
            values,
        )
        found = with_clocks(session, self.clocks, [OpenObservation(*row) for row in rows])
        found.sort(key=lambda one: (one.due is None, one.due or 0, one.id))
        return [(one, stage) for one in found if (stage := stages.stage(one, self.now)) is not None]

    def overdue(self, waiting: Waiting) -> list[OpenObservation]:
        """The open records past their limit, where those count as missed."""
        return [one for one, stage in waiting if stage is Stage.OVERDUE] if self.measure.unfinished == "count" else []


def subject(
    config: Config,
    ledger: Ledger,
    snapshot: Snapshot,
    project: str,
    indicator: str,
    window: Window | str,
    system: str | None,
    tried: Collection[str] = (),
) -> Subject:
    """Find the indicator and its verdict; ConfigError where the Snapshot has none."""
    name = window if isinstance(window, str) else window.name
    verdict = next(
        (
            one
            for one in snapshot.verdicts
            if (one.project, one.indicator, one.window.name, one.system) == (project, indicator, name, system)
            and (isinstance(window, str) or one.window == window)
        ),
        None,
    )
    if verdict is None:
        _indicator(plans_in_force(config.plans, snapshot.as_of), project, indicator)
        place = name if system is None else f"{name} for system {system!r}"
        raise ConfigError(f"{project}/{indicator}: expected a window and system it is judged in, got {place}")
    first, last = verdict.window.first, verdict.window.last
    is_custom = verdict.window.name == "custom"
    plans = plans_of_days(config.plans, first, last) if is_custom else plans_in_force(config.plans, snapshot.as_of)
    plan, configured = _indicator(plans, project, indicator)
    registered = current(ledger, [definition_of(plan, configured)])
    judged = registered.judged(plan, configured, tried=f"{project}/{indicator}" in tried)
    found, pk = judged.indicator, judged.definition
    return Subject(
        config=config,
        snapshot=snapshot,
        plan=plan,
        indicator=found,
        window=verdict.window,
        system=system,
        verdict=verdict,
        definition=pk,
        in_force=pk in registered.keys,
        sources=_sources(config, found.measure),
        setting=judged.setting,
        spec=judged.spec,
        clocks=Clocks(found.measure.clock, plan.calendar),
    )


def _indicator(plans: Sequence[Plan], project: str, indicator: str) -> tuple[Plan, Indicator]:
    for plan in plans:
        for one in all_indicators(plan):
            if (one.project, one.id) == (project, indicator):
                return plan, one
    raise ConfigError(f"expected an indicator of the plan in force, got {project}/{indicator}")


def _sources(config: Config, measure: Measure) -> tuple[Source, ...]:
    wanted: Sequence[Source] = config.sources if measure.from_records else ()
    return tuple(source for source in wanted if reads(measure.of, measure.sources, source))
