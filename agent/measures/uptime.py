"""`uptime`: the share of the promised time in which a system was up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from agent.conditions import Condition, predicate
from agent.measures.measure import Count, Observer, Timed
from agent.measures.setting import Setting
from agent.model import Day, Instant, Observation, Outcome, Record
from agent.worktime import cut_at_midnight


class Uptime(Timed):
    """`uptime`: the share of known time not in a down interval, opening hours only.

    Records that carry `state` (a probe's) are up or down intervals and together are the known time; records without are
    down intervals, and the known time is what their sources covered. Such an interval's observations keep where they
    begin (`starts`) and end (`due`): one outage told twice counts once, which sums could not know.
    """

    down_when: Condition | None = None

    def _conditions(self) -> list[Mapping[str, Any]]:
        return [*super()._conditions(), self.down_when or {}]

    def seen_at(self, record: Record, until: Instant) -> Record | None:
        """An interval of known state is cut at the instant: what a probe saw until then it had seen."""
        if record.times.get(self.start_name, until) > until:
            return None
        if self.states().isdisjoint(record.fields) or self.to not in record.times:
            return super().seen_at(record, until)
        return record._replace(times={**record.times, self.to: min(record.times[self.to], until)})

    def states(self) -> set[str]:
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
        begin, end, is_down, stated_by = self.start_name, self.to, self.is_down(), self.states()

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
        outcome = Outcome.BAD if down else Outcome.GOOD
        if stated:
            return Observation(day, system, outcome, num=up, den=open_time)
        begins, ends = (a, b) if down else (None, None)
        return Observation(day, system, outcome, starts=begins, due=ends, num=up - open_time)


def promised_microseconds(setting: Setting, system: str, a: Instant, b: Instant) -> int:
    """The part of [a, b) in which a system is promised: within its hours, outside its maintenance."""
    hours = setting.hours.get(system)
    stretches: Iterable[tuple[Instant, Instant]] = [(a, b)] if hours is None else hours.clip(a, b)
    closed = setting.maintenance.get(system, ())
    return sum(end - begin - sum(_overlap(begin, end, x, y) for x, y in closed) for begin, end in stretches)


def _overlap(a: Instant, b: Instant, x: Instant, y: Instant) -> int:
    return max(0, min(b, y) - max(a, x))
