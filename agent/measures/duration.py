"""`duration`: how long it took, as a mean, a percentile or a maximum."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, partial
from typing import ClassVar, Literal

from agent.measures.clocks import Clocks
from agent.measures.limits import LimitKey
from agent.measures.measure import Count, Observer, Timed, not_published
from agent.measures.setting import Setting
from agent.model import SECOND_US, Day, Observation, Outcome, Record, Unit
from agent.worktime import CalendarUnknown, Duration


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
        day_of, clocks = setting.days.day_of, Clocks(self.clock, setting.calendar)
        begin, end, cohort, paused = self.start_name, self.to, self.cohort or self.start_name, self.pause is not None
        always = self.clock == "always" and not paused
        implied = cache(partial(_implied, setting))

        def count(record: Record) -> tuple[Observation, ...]:
            begun, moment = record.times.get(begin), record.times.get(cohort)
            if begun is None or moment is None:
                return self._missing(record, setting, begin if begun is None else cohort)
            day, system = day_of(moment), record.system or ""
            finished = record.times.get(end)
            limit = implied(day) if self.limit is None else self.limit.of(record)
            if finished is not None and always:
                taken = finished - begun if finished > begun else 0
                met = limit is None or limit.microseconds is None or taken <= limit.microseconds
                return (Observation(day, system, Outcome.GOOD if met else Outcome.BAD, None, None, None, 0, taken, 1),)
            clock = clocks.only or clocks.of(record)
            if clock is None:
                return self._no_clock(record, setting)
            pauses = self.pauses(record) if paused else ()
            due, reason = self.time_up(begun, limit, pauses, clock, setting)
            if finished is not None:
                try:
                    taken = max(0, clock.elapsed(begun, finished, pauses))
                except CalendarUnknown as unknown:
                    return (Observation(day, system, Outcome.OPEN, not_published(unknown), begun),)
                met = limit is None or (due is not None and finished <= due) or (due is None and reason is None)
                return (Observation(day, system, Outcome.GOOD if met else Outcome.BAD, None, None, None, 0, taken, 1),)
            starts, worked, why = self.banked(clock, begun, pauses) if pauses else (begun, 0, None)
            return (Observation(day, system, Outcome.OPEN, reason or why, starts, due, worked),)

        return count


def _implied(setting: Setting, day: Day) -> Duration | None:
    """The limit that the target sets one record of a day."""
    limit = setting.limit_on(day)
    return None if limit is None else Duration(limit, None)
