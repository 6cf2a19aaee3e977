"""Definitions: how an indicator of a plan is derived from records, with a hash that changes when its meaning does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from agent.config import Config, Indicator, Plan
from agent.measures import DurationMeasure, Measure, Milestone, Observer, OnTime, Setting, Timed, Uptime
from agent.model import Instant, Observation, Record, Target


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator as it is derived: which records, and how each counts."""

    year: int
    project: str
    indicator: str
    kind: str  # the kind of record it reads
    sources: frozenset[str]  # empty: every source of that kind
    spec: str  # canonical text of everything its observations depend on
    hash: str
    observe: Observer
    percentile: bool
    seen_at: Callable[[Record, Instant], Record | None]
    order: tuple[str, str] | None  # the times between which it measures: the second should not come first

    def reads(self, source: str, kind: str) -> bool:
        """Whether records of this source and kind take part."""
        return kind == self.kind and (not self.sources or source in self.sources)

    def judged_at(self, until: Instant) -> Definition:
        """The same definition with everything that happened after an instant left out of every record."""

        def observe(record: Record) -> tuple[Observation, ...]:
            seen = self.seen_at(record, until)
            return self.observe(seen) if seen is not None else ()

        return replace(self, observe=observe)


def definitions(config: Config) -> tuple[Definition, ...]:
    """The definition of every indicator and evidence measure that reads records."""
    return tuple(_definition(plan, indicator) for plan in config.plans for indicator in measured(plan))


def measured(plan: Plan) -> Iterator[Indicator]:
    """The indicators of a plan, evidence measures included, whose values come from records."""
    for indicator in all_indicators(plan):
        if indicator.measure.from_records:
            yield indicator


def all_indicators(plan: Plan) -> Iterator[Indicator]:
    """Every indicator of a plan, each followed by its evidence measures."""
    for project in plan.projects:
        for indicator in project.indicators:
            yield indicator
            yield from indicator.evidence


def _definition(plan: Plan, indicator: Indicator) -> Definition:
    measure, setting = indicator.measure, setting_for(plan, indicator)
    spec = json.dumps(_meaning(plan, indicator, setting), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return Definition(
        year=plan.year,
        project=indicator.project,
        indicator=indicator.id,
        kind=measure.of,
        sources=frozenset(measure.sources),
        spec=spec,
        hash=hashlib.sha256(spec.encode()).hexdigest()[:16],
        observe=measure.observer(setting),
        percentile=measure.percentile is not None,
        seen_at=measure.seen_at,
        order=(measure.start_name, measure.to) if isinstance(measure, Timed) else None,
    )


def setting_for(plan: Plan, indicator: Indicator) -> Setting:
    """What a measure needs to know of the site the plan is for."""
    return Setting(
        year=plan.year,
        days=plan.days,
        calendar=plan.calendar,
        hours={id: system.hours for id, system in plan.systems.items() if system.hours is not None},
        maintenance={id: system.maintenance for id, system in plan.systems.items() if system.maintenance},
        limits=_limits(indicator.targets),
        deadline=_deadline(plan, indicator.targets),
    )


def _limits(targets: Sequence[tuple[int | None, Target]]) -> tuple[tuple[int | None, int], ...]:
    """The limit a duration target sets for one record: the target itself."""
    return tuple(
        (begins, int(target.value * 1_000_000))
        for begins, target in targets
        if target.unit == "seconds" and target.op in {"<=", "="} and target.value is not None
    )


def _deadline(plan: Plan, targets: Sequence[tuple[int | None, Target]]) -> int | None:
    for _, target in targets:
        if target.op == "by" and target.value is not None:
            return plan.days.start_of(int(target.value) + 1) - 1
    return None


def _meaning(plan: Plan, indicator: Indicator, setting: Setting) -> dict[str, object]:
    """Everything the observations of an indicator depend on."""
    measure = indicator.measure
    meaning: dict[str, object] = {
        "measure": measure.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "timezone": plan.timezone,
    }
    if _uses_calendar(measure):
        meaning["calendar"] = plan.calendar.fingerprint
    if isinstance(measure, DurationMeasure) and measure.limit is None:
        meaning["limits"] = [list(limit) for limit in setting.limits]
    if isinstance(measure, Milestone):
        meaning["deadline"], meaning["year"] = setting.deadline, plan.year
    if isinstance(measure, Uptime):
        meaning["hours"] = {id: one.hours_texts for id, one in sorted(plan.systems.items()) if one.hours_texts}
        meaning["maintenance"] = {
            id: [list(pair) for pair in pairs] for id, pairs in sorted(setting.maintenance.items())
        }
    return meaning


def _uses_calendar(measure: Measure) -> bool:
    if measure.clock != "always":
        return True
    limit = measure.limit if isinstance(measure, OnTime | DurationMeasure) else None
    if limit is None:
        return False
    durations = [limit.fixed] if limit.fixed else list(limit.table.values())
    return limit.field is not None or any(duration.workdays is not None for duration in durations)
