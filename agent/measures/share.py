"""`share`: the share that meets a condition, or the error rate of those that fail."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, model_validator

from agent.conditions import Condition, predicate
from agent.measures.measure import Count, Measure, Observer
from agent.measures.setting import Setting
from agent.model import Observation, Outcome, Record
from agent.worktime import Duration, parse_duration


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
