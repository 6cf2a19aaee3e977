"""`milestone`: the date by which all that was planned is done."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, ClassVar

from agent.conditions import Condition, predicate
from agent.measures.measure import Count, Measure, Observer
from agent.measures.setting import Setting
from agent.model import Observation, Outcome, Record, Unit


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
