"""What all measures share: who takes part, who is excluded, on which day a record counts, what sums are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agent.conditions import Condition, predicate
from agent.measures.clocks import ClockBy
from agent.measures.limits import Exclusion, PausePair
from agent.measures.setting import Setting
from agent.model import Instant, Observation, Outcome, Pairs, Record, Tally, Unit
from agent.worktime import CalendarUnknown, Clock, ClockKind, Duration

Observer = Callable[[Record], tuple[Observation, ...]]
WITHDRAWN = "withdrawn"


class Count(NamedTuple):
    """What a window holds at an instant: final sums, and the open records by how their clock stands."""

    tally: Tally
    waiting: int = 0  # open, in time or paused
    overdue: int = 0  # open past their limit: bad
    lapsed: int = 0  # open error checks whose time passed without an error: good
    elapsed: int = 0  # microseconds the overdue ones have taken so far
    down: int = 0  # microseconds down that the tally lacks: of intervals still open, less those it should not have
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
    clock: ClockKind | ClockBy = "always"
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
        if isinstance(self.clock, ClockBy):
            names.add(self.clock.by)
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

        def each(record: Record) -> tuple[Observation, ...]:
            return (self._excluded(record, setting, WITHDRAWN),) if record.withdrawn else count(record)

        if not (systems or self.among or exclusions):
            return each

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

    def _no_clock(self, record: Record, setting: Setting) -> tuple[Observation, ...]:
        """Of a record whose field names no clock."""
        name = self.clock.by if isinstance(self.clock, ClockBy) else ""
        return (self._excluded(record, setting, f"no clock for {record.fields.get(name, '')}"),)

    def banked(self, clock: Clock, begun: Instant, pauses: Pairs) -> tuple[Instant | None, int, str | None]:
        """When the clock's current run began (None while it stands still), and the microseconds worked before it.

        Where the calendar does not say these, none are banked, with the reason.
        """
        running = [start for start, end in pauses if end is None]
        ended = [end for _, end in pauses if end is not None and end > begun]
        if not running and not ended:
            return begun, 0, None
        starts, stopped = (None, max(begun, min(running))) if running else (max(ended), max(ended))
        try:
            return starts, clock.elapsed(begun, stopped, pauses), None
        except CalendarUnknown as unknown:
            return starts, 0, not_published(unknown)

    def time_up(
        self, begun: Instant, limit: Duration | None, pauses: Pairs, clock: Clock, setting: Setting
    ) -> tuple[Instant | None, str | None]:
        """When a limit that began at `begun` is used up; None without a limit, or with the reason it cannot be told."""
        if limit is None:
            return None, None
        try:
            if limit.workdays is not None:
                return setting.calendar.workday_due(begun, limit.workdays, pauses, self.start), None
            assert limit.microseconds is not None
            return clock.due(begun, limit.microseconds, pauses), None
        except CalendarUnknown as unknown:
            return None, not_published(unknown)


def not_published(unknown: CalendarUnknown) -> str:
    """Why a record stays open that a calendar would have to decide."""
    return f"calendar {unknown.year} not published"


def stands_still(pauses: Pairs, due: Instant) -> bool:
    """Whether a pause that has not ended began before a due time: what was late by then stays late."""
    return any(end is None and start <= due for start, end in pauses)
