"""Definitions: how an indicator of a plan is derived from records, with a hash that changes when its meaning does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from agent.book.noticing import NOTHING, Watch
from agent.book.promise import canonical, promise_of, version_of, with_promise
from agent.config import Config, Indicator, Plan, Source
from agent.measures import Amount, DurationMeasure, Measure, Milestone, Observer, OnTime, Setting, Share, Timed, Uptime
from agent.model import Instant, Observation, Record, Target, utc_of
from agent.worktime import CalendarUnknown

Place = tuple[int, str, str]  # year, project, indicator


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator as it is derived: which records, and how each counts."""

    year: int
    project: str
    indicator: str
    kind: str  # the kind of record it reads; none where a person answers for the value
    sources: frozenset[str]  # empty: every source of that kind
    spec: str  # canonical text of everything its observations depend on, and of what was promised
    hash: str  # of the former part alone: a promise that changes leaves the observations as they are
    version: str  # … of that and of what judges: a verdict says by which version it was reached
    observe: Observer
    percentile: bool
    seen_at: Callable[[Record, Instant], Record | None]
    watch: Watch
    measure: Measure = field(compare=False, repr=False)
    setting: Setting = field(compare=False, repr=False)
    plan: Plan = field(compare=False, repr=False)

    @property
    def place(self) -> Place:
        """What it defines."""
        return self.year, self.project, self.indicator

    def reads(self, source: str, kind: str) -> bool:
        """Whether records of this source and kind take part."""
        return kind == self.kind and (not self.sources or source in self.sources)

    def promising(self, other: str) -> Definition:
        """The same rule with what another text promises."""
        spec = with_promise(self.spec, json.loads(other).get("promise"))
        return replace(self, spec=spec, version=version_of(spec))

    def judged_at(self, until: Instant) -> Definition:
        """The same definition with everything that happened after an instant left out of every record."""

        def observe(record: Record) -> tuple[Observation, ...]:
            seen = self.seen_at(record, until)
            return self.observe(seen) if seen is not None else ()

        return replace(self, observe=observe)


def definitions(config: Config) -> tuple[Definition, ...]:
    """The definition of every indicator and evidence measure. One a person answers for reads no records."""
    of_plans = [definition_of(plan, indicator) for plan in config.plans for indicator in all_indicators(plan)]
    return (*of_plans, *_counts(config))


def count_of(source: str, name: str | None) -> str:
    """What the records of one source are counted under, by the day of one of their times."""
    return f"count/{source}/{name}"


def _counts(config: Config) -> Iterator[Definition]:
    """Of two sources that should agree, how many records each tells of a day: tallies of no indicator's."""
    counted: dict[tuple[str, str], Source] = {}
    for source in config.sources:
        other = config.source(source.spec.agree_with.source) if source.spec.agree_with is not None else None
        name = source.shared_time(other) if other is not None else None
        if other is not None and name is not None:
            counted |= {(source.id, name): source, (other.id, name): other}
    plan = config.plans[0]
    for (id, name), source in counted.items():
        measure = Share.model_validate(
            {
                "kind": "share",
                "of": source.spec.record,
                "cohort": name,
                "good_when": {name: "present"},
                "sources": (id,),
            }
        )
        yield derived(plan, "", count_of(id, name), measure, Setting(plan.year, plan.days, plan.calendar), NOTHING)


def all_indicators(plan: Plan) -> Iterator[Indicator]:
    """Every indicator of a plan, each followed by its evidence measures."""
    for project in plan.projects:
        for indicator in project.indicators:
            yield indicator
            yield from indicator.evidence


def definition_of(plan: Plan, indicator: Indicator) -> Definition:
    """The definition of one of them."""
    setting = setting_for(plan, indicator)
    hours = {id: one.hours_texts for id, one in plan.systems.items() if one.hours_texts}
    meaning, watch = meaning_of(indicator.measure, setting, hours), _watch(plan, indicator)
    names = indicator.project, indicator.id
    return derived(plan, *names, indicator.measure, setting, watch, meaning, promise_of(indicator))


def derived(
    plan: Plan,
    project: str,
    name: str,
    measure: Measure,
    setting: Setting,
    watch: Watch,
    meaning: Mapping[str, object] | None = None,
    promise: object = None,
) -> Definition:
    """The definition of one place; `meaning` is what it is hashed by, `promise` what is told beside it."""
    meaning = meaning or {"measure": _keys(measure), "timezone": plan.timezone}
    spec = canonical({**meaning, "promise": promise} if promise is not None else meaning)
    return Definition(
        year=plan.year,
        project=project,
        indicator=name,
        kind=measure.of if measure.from_records else "",
        sources=frozenset(measure.sources),
        spec=spec,
        hash=hashlib.sha256(canonical(meaning).encode()).hexdigest()[:16],
        version=version_of(spec),
        observe=measure.observer(setting),
        percentile=measure.percentile is not None,
        seen_at=measure.seen_at,
        watch=watch,
        measure=measure,
        setting=setting,
        plan=plan,
    )


def _keys(measure: Measure) -> dict[str, object]:
    return measure.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _watch(plan: Plan, indicator: Indicator) -> Watch:
    """What may not add up in one record."""
    measure, zone = indicator.measure, ZoneInfo(plan.timezone)

    def entered_by(answered: Instant) -> Instant | None:
        try:
            return plan.calendar.workday_due(answered, 1)
        except CalendarUnknown:
            return None

    # A promise of more than 100 % is no promise about the part of a whole.
    is_share = isinstance(measure, Amount) and all(one.value is None or one.value <= 1 for _, one in indicator.targets)
    return Watch(
        order=(measure.start_name, measure.to) if isinstance(measure, Timed) else None,
        answer=measure.to if isinstance(measure, OnTime | DurationMeasure) else None,
        share=(measure.numerator, measure.denominator) if isinstance(measure, Amount) and is_share else None,
        entered_by=entered_by,
        local=lambda at: utc_of(at).astimezone(zone),
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


def meaning_of(measure: Measure, setting: Setting, hours: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Everything the observations of an indicator depend on; `hours` are those of the systems, as written."""
    meaning: dict[str, object] = {
        "measure": _keys(measure),
        "timezone": setting.days.timezone,
    }
    if _uses_calendar(measure):
        meaning["calendar"] = setting.calendar.fingerprint
    if isinstance(measure, DurationMeasure) and measure.limit is None:
        meaning["limits"] = [list(limit) for limit in setting.limits]
    if isinstance(measure, Milestone):
        meaning["deadline"], meaning["year"] = setting.deadline, setting.year
    if isinstance(measure, Uptime):
        meaning["hours"] = {id: list(texts) for id, texts in sorted(hours.items())}
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
