"""`days`: the share of the days on which a record was owed that had one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from agent.measures.measure import Count, Measure, Observer
from agent.measures.setting import Setting
from agent.model import Day, Observation, Outcome, Record
from agent.worktime import WorkCalendar


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
