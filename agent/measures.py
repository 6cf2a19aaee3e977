"""The measures: how one record counts toward an indicator, and what the sums of such counts are worth.

A measure never looks at a target's verdict and never at the clock on the wall. Each kind is one class: its fields are
the keys it has in targets.yaml, `observer` says how a record counts, `value` what the sums are worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent.conditions import Condition, predicate
from agent.model import AMOUNT_SCALE, SECOND_US, Day, Instant, Observation, Outcome, Pairs, Record, Tally, Unit
from agent.worktime import (
    CalendarUnknown,
    Clock,
    Duration,
    Hours,
    LocalDays,
    WorkCalendar,
    cut_at_midnight,
    make_clock,
    parse_duration,
)

Observer = Callable[[Record], tuple[Observation, ...]]
WITHDRAWN = "withdrawn"
LARGEST_AMOUNT = 10**15  # in ledger units, a thousand million CNY: nine thousand of them sum within 64 bits


class Limit(BaseModel):
    """How long may pass: one duration, a number in a field, or a duration by the value of a field."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    fixed: Duration | None = None
    field: str | None = None
    unit: str = "workdays"
    by: str | None = None
    table: Mapping[str, Duration] = {}

    def of(self, record: Record) -> Duration | None:
        """The limit for this record, or None where its field names none."""
        if self.fixed is not None:
            return self.fixed
        if self.by is not None:
            return self.table.get(record.fields.get(self.by, ""))
        number = record.fields.get(self.field or "", "")
        return parse_duration(f"{number} {self.unit}") if number.isdigit() else None

    def names(self) -> set[str]:
        """The fields it reads."""
        return {name for name in (self.field, self.by) if name}


def _parse_limit(raw: object) -> object:
    if isinstance(raw, Limit):
        return raw
    if isinstance(raw, str):
        return Limit(fixed=parse_duration(raw))
    if isinstance(raw, Mapping) and set(raw) == {"by", "table"} and isinstance(raw["table"], Mapping):
        return Limit(by=raw["by"], table={str(key): parse_duration(str(text)) for key, text in raw["table"].items()})
    if isinstance(raw, Mapping) and "field" in raw and set(raw) <= {"field", "unit"}:
        parse_duration(f"1 {raw.get('unit', 'workdays')}")
        return Limit(field=raw["field"], unit=raw.get("unit", "workdays"))
    raise ValueError("expected a duration, {field: days, unit: workdays} or {by: field, table: {value: duration}}")


LimitKey = Annotated[Limit, BeforeValidator(_parse_limit)]


class Exclusion(BaseModel):
    """A rule that takes records out, with the reason that is printed beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    when: Condition
    reason: str


class PausePair(BaseModel):
    """The two times between which the clock stands still."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    start: str = Field(alias="from")
    to: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a measure needs to know of the site: days, calendar, opening hours, and the limit its target implies."""

    year: int
    days: LocalDays
    calendar: WorkCalendar
    hours: Mapping[str, Hours] = field(default_factory=dict)
    maintenance: Mapping[str, Sequence[tuple[Instant, Instant]]] = field(default_factory=dict)
    limits: Sequence[tuple[Day | None, int]] = ()  # target limits in microseconds with the day each begins
    deadline: Instant | None = None  # the end of the day a `by` target names

    def limit_on(self, day: Day) -> int | None:
        """The limit the target sets on a day."""
        found = None
        for begins, limit in self.limits:
            if begins is None or begins <= day:
                found = limit
        return found

    def first_day(self) -> Day:
        """1 January of the plan's year: where records that name no day stand."""
        return date(self.year, 1, 1).toordinal()


class Count(NamedTuple):
    """What a window holds at an instant: final sums, and the open records by how their clock stands."""

    tally: Tally
    waiting: int = 0  # open, in time or paused
    overdue: int = 0  # open past their limit: bad
    lapsed: int = 0  # open error checks whose time passed without an error: good
    elapsed: int = 0  # microseconds the overdue ones have taken so far
    down: int = 0  # microseconds of intervals still open
    known: int = 0  # microseconds of time the sources covered, for measures that need it
    due_days: int = 0  # days the calendar demanded so far
    kept_days: int = 0  # … and that had a record


class Measure(BaseModel):
    """The keys all measures share."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    unit_of: ClassVar[Unit | None] = Unit.RATIO
    from_records: ClassVar[bool] = True
    kind: str
    of: str = ""
    among: Condition | None = None
    exclude: tuple[Exclusion, ...] = ()
    clock: Literal["always", "service_hours", "workdays"] = "always"
    pause: PausePair | str | None = None
    start: Literal["next_workday", "same_day"] = "next_workday"
    unfinished: Literal["count", "leave_out"] = "count"
    cohort: str | None = None
    sources: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit | None:
        """The unit of its value; None where the YAML decides."""
        return self.unit_of

    @property
    def percentile(self) -> Fraction | None:
        """The rank (0–1) its value is read at, where it is not a sum."""
        return None

    def names(self) -> set[str]:
        """Times, fields and pairs it reads, for the check against what the sources map."""
        names = {self.cohort} if self.cohort else set()
        for condition in self._conditions():
            names |= set(condition)
        if isinstance(self.pause, PausePair):
            names |= {self.pause.start, self.pause.to}
        elif self.pause:
            names.add(self.pause)
        return names | self._own_names()

    def seen_at(self, record: Record, until: Instant) -> Record | None:
        """The record without what happened after an instant; None if nothing had happened. Planned times stay."""
        events = self.names() - self._plans()
        if all(moment <= until or name not in events for name, moment in record.times.items()) and not record.pairs:
            return record
        happened = [moment for name, moment in record.times.items() if name in events]
        if happened and min(happened) > until:
            return None
        times = {name: moment for name, moment in record.times.items() if name not in events or moment <= until}
        pairs = {
            name: tuple((a, b if b is not None and b <= until else None) for a, b in stretches if a <= until)
            for name, stretches in record.pairs.items()
        }
        return record._replace(times=times, pairs=pairs)

    def observer(self, setting: Setting) -> Observer:
        """How a record counts, as a function compiled for this site."""
        count = self._count(setting)
        among = predicate(self.among or {})
        exclusions = [(predicate(rule.when), rule.reason) for rule in self.exclude]
        systems = frozenset(self.systems)

        def observe(record: Record) -> tuple[Observation, ...]:
            if systems and record.system not in systems:
                return ()
            if not among(record):
                return ()
            reason = WITHDRAWN if record.withdrawn else None
            if reason is None:
                for matches, why in exclusions:
                    if matches(record):
                        reason = why
                        break
            if reason is not None:
                return (self._excluded(record, setting, reason),)
            return count(record)

        return observe

    def value(self, count: Count) -> Fraction | None:
        """What the sums are worth; None where there is nothing to divide by."""
        good = count.tally.good + count.lapsed
        total = good + count.tally.bad + count.overdue
        return Fraction(good, total) if total else None

    def _count(self, setting: Setting) -> Observer:
        raise TypeError(f"a measure of kind {self.kind} reads no records")

    def _own_names(self) -> set[str]:
        return set()

    def _plans(self) -> set[str]:
        return set()

    def _conditions(self) -> list[Mapping[str, Any]]:
        return [self.among or {}, *(rule.when for rule in self.exclude)]

    def _day_time(self) -> str | None:
        """The time that says on which day a record counts."""
        return self.cohort

    def _excluded(self, record: Record, setting: Setting, reason: str) -> Observation:
        """An excluded record stands on its cohort day, or where it lacks that, on the day of its earliest time."""
        moment = record.times.get(self._day_time() or "")
        if moment is None:
            moment = min(record.times.values(), default=record.changed_at)
        day = setting.first_day() if moment is None else setting.days.day_of(moment)
        return Observation(day, record.system or "", Outcome.EXCLUDED, reason)

    def _missing(self, record: Record, setting: Setting, name: str) -> tuple[Observation, ...]:
        return (self._excluded(record, setting, f"no {name}"),)

    def pauses(self, record: Record) -> Pairs:
        """The stretches in which this record's clock stands still."""
        if self.pause is None:
            return ()
        if isinstance(self.pause, str):
            return record.pairs.get(self.pause, ())
        begun = record.times.get(self.pause.start)
        return () if begun is None else ((begun, record.times.get(self.pause.to)),)


class Timed(Measure):
    """A measure of the time between two events, on a clock that may stand still."""

    start_name: str = Field(alias="from")
    to: str

    def _own_names(self) -> set[str]:
        return {self.start_name, self.to}

    def _day_time(self) -> str | None:
        return self.cohort or self.start_name

    def banked(self, clock: Clock, begun: Instant, pauses: Pairs) -> tuple[Instant, int]:
        """When the clock's current run began, and the microseconds worked before it."""
        ended = [end for _, end in pauses if end is not None and end > begun]
        if not ended:
            return begun, 0
        resumed = max(ended)
        return resumed, clock.elapsed(begun, resumed, pauses)


class OnTime(Timed):
    """`on_time`: the share finished by the due time."""

    due: str | None = None
    limit: LimitKey | None = None

    @model_validator(mode="after")
    def _one_of_due_and_limit(self) -> OnTime:
        if (self.due is None) == (self.limit is None):
            raise ValueError("expected exactly one of due (a time) and limit (a duration)")
        return self

    def _own_names(self) -> set[str]:
        return (
            super()._own_names() | ({self.due} if self.due else set()) | (self.limit.names() if self.limit else set())
        )

    def _plans(self) -> set[str]:
        return {self.due} if self.due else set()

    def _day_time(self) -> str | None:
        return self.cohort or self.due or self.start_name

    def _count(self, setting: Setting) -> Observer:
        day_of, clock = setting.days.day_of, make_clock(self.clock, setting.calendar)
        begin, end, cohort, due_name, paused = self.start_name, self.to, self.cohort, self.due, self.pause is not None

        def count(record: Record) -> tuple[Observation, ...]:
            times = record.times
            begun = times.get(begin)
            if begun is None:
                return self._missing(record, setting, begin)
            pauses = self.pauses(record) if paused else ()
            reason = None
            if due_name is not None:
                due: Instant | None = times.get(due_name)
                if due is None:
                    return self._missing(record, setting, due_name)
            else:
                due, reason = self._due(record, begun, pauses, clock, setting)
                if due is None and reason and reason.startswith("no limit"):
                    return (self._excluded(record, setting, reason),)
            finished = times.get(end)
            if finished is None and pauses and pauses[-1][1] is None:
                due, reason = None, None
            moment = times.get(cohort) if cohort is not None else (due if due is not None else begun)
            if moment is None:
                return self._missing(record, setting, cohort or begin)
            day, system = day_of(moment), record.system or ""
            if finished is not None and due is not None:
                return (Observation(day, system, Outcome.GOOD if finished <= due else Outcome.BAD),)
            if finished is not None and reason is None:
                return (Observation(day, system, Outcome.GOOD),)
            starts, worked = self.banked(clock, begun, pauses) if pauses else (begun, 0)
            return (Observation(day, system, Outcome.OPEN, reason, starts, due, worked),)

        return count

    def _due(
        self, record: Record, begun: Instant, pauses: Pairs, clock: Clock, setting: Setting
    ) -> tuple[Instant | None, str | None]:
        assert self.limit is not None
        limit = self.limit.of(record)
        if limit is None:
            return None, f"no limit for {record.fields.get(self.limit.by or self.limit.field or '', '')}"
        try:
            if limit.workdays is not None:
                return setting.calendar.workday_due(begun, limit.workdays, pauses, self.start), None
            assert limit.microseconds is not None
            return clock.due(begun, limit.microseconds, pauses), None
        except CalendarUnknown as unknown:
            return None, f"calendar {unknown.year} not published"


class DurationMeasure(Timed):
    """`duration`: mean, percentile or maximum of the time taken, in seconds."""

    unit_of: ClassVar[Unit | None] = Unit.SECONDS
    statistic: Literal["mean", "p50", "p95", "max"] = "mean"
    limit: LimitKey | None = None

    @property
    def percentile(self) -> Fraction | None:
        """The rank of its statistic; None for the mean, which is a sum."""
        return {"mean": None, "p50": Fraction(1, 2), "p95": Fraction(19, 20), "max": Fraction(1)}[self.statistic]

    def _own_names(self) -> set[str]:
        return super()._own_names() | (self.limit.names() if self.limit else set())

    def value(self, count: Count) -> Fraction | None:
        """The mean in seconds; overdue open records count with the time they have taken so far."""
        total = count.tally.den + count.overdue
        return Fraction(count.tally.num + count.elapsed, total * SECOND_US) if total else None

    def _count(self, setting: Setting) -> Observer:
        day_of, clock = setting.days.day_of, make_clock(self.clock, setting.calendar)
        begin, end, cohort, paused = self.start_name, self.to, self.cohort or self.start_name, self.pause is not None
        always = self.clock == "always" and not paused

        def count(record: Record) -> tuple[Observation, ...]:
            begun, moment = record.times.get(begin), record.times.get(cohort)
            if begun is None or moment is None:
                return self._missing(record, setting, begin if begun is None else cohort)
            day, system = day_of(moment), record.system or ""
            finished = record.times.get(end)
            limit = self._limit(record, day, setting)
            if finished is not None and always:
                taken = finished - begun if finished > begun else 0
                met = limit is None or limit.microseconds is None or taken <= limit.microseconds
                return (Observation(day, system, Outcome.GOOD if met else Outcome.BAD, None, None, None, 0, taken, 1),)
            pauses = self.pauses(record) if paused else ()
            due, reason = self._due(begun, limit, pauses, clock, setting)
            if finished is not None:
                try:
                    taken = max(0, clock.elapsed(begun, finished, pauses))
                except CalendarUnknown as unknown:
                    why = f"calendar {unknown.year} not published"
                    return (Observation(day, system, Outcome.OPEN, why, begun),)
                met = limit is None or (due is not None and finished <= due) or (due is None and reason is None)
                return (Observation(day, system, Outcome.GOOD if met else Outcome.BAD, None, None, None, 0, taken, 1),)
            if pauses and pauses[-1][1] is None:
                due = None
            starts, worked = self.banked(clock, begun, pauses) if pauses else (begun, 0)
            return (Observation(day, system, Outcome.OPEN, reason, starts, due, worked),)

        return count

    def _limit(self, record: Record, day: Day, setting: Setting) -> Duration | None:
        if self.limit is not None:
            return self.limit.of(record)
        implied = setting.limit_on(day)
        return None if implied is None else Duration(implied, None)

    def _due(
        self, begun: Instant, limit: Duration | None, pauses: Pairs, clock: Clock, setting: Setting
    ) -> tuple[Instant | None, str | None]:
        if limit is None:
            return None, None
        try:
            if limit.workdays is not None:
                return setting.calendar.workday_due(begun, limit.workdays, pauses, self.start), None
            assert limit.microseconds is not None
            return clock.due(begun, limit.microseconds, pauses), None
        except CalendarUnknown as unknown:
            return None, f"calendar {unknown.year} not published"


class Share(Measure):
    """`share`: the share for which a condition holds (or, for an error rate, fails to hold)."""

    good_when: Condition | None = None
    bad_when: Condition | None = None
    judge_after: Annotated[Duration | None, BeforeValidator(lambda raw: parse_duration(str(raw)))] = None
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True)

    @model_validator(mode="after")
    def _one_condition(self) -> Share:
        if (self.good_when is None) == (self.bad_when is None):
            raise ValueError("expected exactly one of good_when and bad_when")
        if self.cohort is None:
            raise ValueError("expected cohort: the time by which a record belongs to a day")
        if self.judge_after is not None and self.judge_after.microseconds is None:
            raise ValueError("judge_after: expected a duration of clock time, e.g. 24 h")
        return self

    def _conditions(self) -> list[Mapping[str, Any]]:
        return [*super()._conditions(), self.good_when or self.bad_when or {}]

    def value(self, count: Count) -> Fraction | None:
        """The share of good records, or of bad ones where `bad_when` makes it an error rate."""
        share = super().value(count)
        return 1 - share if share is not None and self.bad_when is not None else share

    def _count(self, setting: Setting) -> Observer:
        day_of, cohort = setting.days.day_of, self.cohort or ""
        holds = predicate(self.good_when or self.bad_when or {})
        hit, other, waiting = Outcome.GOOD, Outcome.BAD, Outcome.OPEN
        if self.bad_when is not None:
            hit, other, waiting = Outcome.BAD, Outcome.GOOD, Outcome.OPEN_THEN_GOOD
        wait = self.judge_after.microseconds if self.judge_after else None

        def count(record: Record) -> tuple[Observation, ...]:
            moment = record.times.get(cohort)
            if moment is None:
                return self._missing(record, setting, cohort)
            day, system = day_of(moment), record.system or ""
            if holds(record):
                return (Observation(day, system, hit),)
            if wait is None:
                return (Observation(day, system, other),)
            return (Observation(day, system, waiting, None, moment, moment + wait),)

        return count


class Uptime(Timed):
    """`uptime`: the share of known time not in a down interval, opening hours only.

    Records that carry `state` (a probe's) are up or down intervals and together are the known time; records without are
    down intervals, and the known time is what their sources covered.
    """

    down_when: Condition | None = None

    def _conditions(self) -> list[Mapping[str, Any]]:
        return [*super()._conditions(), self.down_when or {}]

    def seen_at(self, record: Record, until: Instant) -> Record | None:
        """An interval of known state is cut at the instant: what a probe saw until then it had seen."""
        if record.times.get(self.start_name, until) > until:
            return None
        if self._states().isdisjoint(record.fields) or self.to not in record.times:
            return super().seen_at(record, until)
        return record._replace(times={**record.times, self.to: min(record.times[self.to], until)})

    def _states(self) -> set[str]:
        """The fields that say whether an interval is up or down."""
        return set(self.down_when or ("state",))

    def value(self, count: Count) -> Fraction | None:
        """Up time over known time."""
        known = count.tally.den + count.known
        return Fraction(count.tally.num + count.known - count.down, known) if known else None

    def is_down(self) -> Callable[[Record], bool]:
        """Whether a record is a down interval."""
        if self.down_when is not None:
            return predicate(self.down_when)
        return lambda record: record.fields.get("state", "down") != "up"

    def _count(self, setting: Setting) -> Observer:
        begin, end, is_down, stated_by = self.start_name, self.to, self.is_down(), self._states()

        def count(record: Record) -> tuple[Observation, ...]:
            begun, ended, system = record.times.get(begin), record.times.get(end), record.system or ""
            if begun is None:
                return self._missing(record, setting, begin)
            if ended is None:
                return (Observation(setting.days.day_of(begun), system, Outcome.OPEN, None, begun),)
            down, stated = is_down(record), not stated_by.isdisjoint(record.fields)
            return tuple(
                self._piece(day, a, b, system, down, stated, setting)
                for day, a, b in cut_at_midnight(begun, ended, setting.days)
            )

        return count

    def _piece(
        self, day: Day, a: Instant, b: Instant, system: str, down: bool, stated: bool, setting: Setting
    ) -> Observation:
        open_time = promised_microseconds(setting, system, a, b)
        if open_time == 0 and b > a:
            return Observation(day, system, Outcome.EXCLUDED, "outside opening hours")
        up = 0 if down else open_time
        num, den = (up, open_time) if stated else (-open_time, 0)
        return Observation(day, system, Outcome.BAD if down else Outcome.GOOD, None, None, None, 0, num, den)


def promised_microseconds(setting: Setting, system: str, a: Instant, b: Instant) -> int:
    """The part of [a, b) in which a system is promised: within its hours, outside its maintenance."""
    hours = setting.hours.get(system)
    stretches: Iterable[tuple[Instant, Instant]] = [(a, b)] if hours is None else hours.clip(a, b)
    closed = setting.maintenance.get(system, ())
    return sum(end - begin - sum(_overlap(begin, end, x, y) for x, y in closed) for begin, end in stretches)


def _overlap(a: Instant, b: Instant, x: Instant, y: Instant) -> int:
    return max(0, min(b, y) - max(a, x))


class Amount(Measure):
    """`amount`: the sum of one field over the sum of another, from the same records."""

    unit_of: ClassVar[Unit | None] = Unit.RATIO
    numerator: str
    denominator: str

    @model_validator(mode="after")
    def _needs_cohort(self) -> Amount:
        if self.cohort is None:
            raise ValueError("expected cohort: the time by which a record belongs to a day")
        return self

    def _own_names(self) -> set[str]:
        return {self.numerator, self.denominator}

    def value(self, count: Count) -> Fraction | None:
        """Sum over sum."""
        return Fraction(count.tally.num, count.tally.den) if count.tally.den else None

    def _count(self, setting: Setting) -> Observer:
        cohort, names = self.cohort or "", (self.numerator, self.denominator)

        def count(record: Record) -> tuple[Observation, ...]:
            moment = record.times.get(cohort)
            for name in (cohort, *names):
                if name not in record.times and name not in record.fields:
                    return self._missing(record, setting, name)
            assert moment is not None
            num, den = (scaled(record.fields[name]) for name in names)
            if num is None or den is None:
                return (self._excluded(record, setting, "amount out of range"),)
            day = setting.days.day_of(moment)
            return (Observation(day, record.system or "", Outcome.GOOD, None, None, None, 0, num, den),)

        return count


def scaled(text: str) -> int | None:
    """An amount in millionths of its unit; None where it has more decimals or digits than the ledger keeps exactly."""
    amount = Decimal(text) * AMOUNT_SCALE
    whole = amount.to_integral_value()
    return int(whole) if whole == amount and abs(whole) < LARGEST_AMOUNT else None


class Days(Measure):
    """`days`: the share of the calendar's due days with at least one record."""

    due_days: Literal["working_days", "extended"]

    @model_validator(mode="after")
    def _needs_cohort(self) -> Days:
        if self.cohort is None:
            raise ValueError("expected cohort: the time that says which day a record keeps")
        return self

    def days_due(self, calendar: WorkCalendar, first: Day, last: Day) -> Sequence[Day]:
        """The days in [first, last) on which a record is owed."""
        return (calendar.working_days if self.due_days == "working_days" else calendar.extended_days)(first, last)

    def value(self, count: Count) -> Fraction | None:
        """Days kept over days due so far."""
        return Fraction(count.kept_days, count.due_days) if count.due_days else None

    def _count(self, setting: Setting) -> Observer:
        cohort = self.cohort or ""

        def count(record: Record) -> tuple[Observation, ...]:
            moment = record.times.get(cohort)
            if moment is None:
                return self._missing(record, setting, cohort)
            return (Observation(setting.days.day_of(moment), record.system or "", Outcome.GOOD),)

        return count


class Milestone(Measure):
    """`milestone`: the latest date, once all planned is done. Planned records stand on the year's first day."""

    unit_of: ClassVar[Unit | None] = Unit.DATE
    to: str
    planned: Condition

    @property
    def percentile(self) -> Fraction | None:
        """The latest."""
        return Fraction(1)

    def _conditions(self) -> list[Mapping[str, Any]]:
        return [*super()._conditions(), self.planned]

    def _own_names(self) -> set[str]:
        return {self.to}

    def value(self, count: Count) -> Fraction | None:
        """Nothing until all planned records are done; the latest date itself is read from the records."""
        return None

    def _count(self, setting: Setting) -> Observer:
        planned, to, day_of = predicate(self.planned), self.to, setting.days.day_of

        def count(record: Record) -> tuple[Observation, ...]:
            if not planned(record):
                return ()
            done, day, system = record.times.get(to), setting.first_day(), record.system or ""
            if done is None:
                return (Observation(day, system, Outcome.OPEN, None, None, setting.deadline),)
            met = setting.deadline is None or done <= setting.deadline
            outcome = Outcome.GOOD if met else Outcome.BAD
            return (Observation(day, system, outcome, None, None, None, 0, day_of(done), 1),)

        return count


class Stated(Measure):
    """A measure a person answers for: no record counts toward it."""

    from_records: ClassVar[bool] = False

    def value(self, count: Count) -> Fraction | None:
        """Nothing: the value is what a person stated."""
        return None


class Entered(Stated):
    """`entered`: a number a person states, as numerator and denominator."""

    unit_of: ClassVar[Unit | None] = None
    stated_unit: Unit = Field(alias="unit")

    @property
    def unit(self) -> Unit | None:
        """The unit the YAML states."""
        return self.stated_unit


class Attested(Stated):
    """`attested`: a person's word and band."""

    unit_of: ClassVar[Unit | None] = Unit.TEXT
    accept: tuple[str, ...]
    evidence_expected: str | None = None


MEASURES: dict[str, type[Measure]] = {
    "duration": DurationMeasure,
    "on_time": OnTime,
    "share": Share,
    "uptime": Uptime,
    "amount": Amount,
    "days": Days,
    "entered": Entered,
    "attested": Attested,
    "milestone": Milestone,
}
