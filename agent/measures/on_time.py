"""`on_time`: the share finished by the due time."""

from __future__ import annotations

from pydantic import model_validator

from agent.measures.clocks import Clocks
from agent.measures.limits import LimitKey
from agent.measures.measure import Observer, Timed, stands_still
from agent.measures.setting import Setting
from agent.model import Instant, Observation, Outcome, Record


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
        day_of, clocks = setting.days.day_of, Clocks(self.clock, setting.calendar)
        begin, end, cohort, due_name, paused = self.start_name, self.to, self.cohort, self.due, self.pause is not None

        def count(record: Record) -> tuple[Observation, ...]:
            times = record.times
            begun = times.get(begin)
            if begun is None:
                return self._missing(record, setting, begin)
            clock = clocks.only or clocks.of(record)
            if clock is None:
                return self._no_clock(record, setting)
            pauses = self.pauses(record) if paused else ()
            reason = None
            if due_name is not None:
                due: Instant | None = times.get(due_name)
                if due is None:
                    return self._missing(record, setting, due_name)
            else:
                limit = self.limit.of(record) if self.limit else None
                if limit is None:
                    return (self._excluded(record, setting, f"no limit for {self._limited_by(record)}"),)
                due, reason = self.time_up(begun, limit, pauses, clock, setting)
            finished = times.get(end)
            if due_name is not None and finished is None and due is not None and stands_still(pauses, due):
                due = None  # the source has not yet said when it is due once the pause has ended
            moment = times.get(cohort) if cohort is not None else (due if due is not None else begun)
            if moment is None:
                return self._missing(record, setting, cohort or begin)
            day, system = day_of(moment), record.system or ""
            if finished is not None and due is not None:
                return (Observation(day, system, Outcome.GOOD if finished <= due else Outcome.BAD),)
            if finished is not None and reason is None:
                return (Observation(day, system, Outcome.GOOD),)
            starts, worked, why = self.banked(clock, begun, pauses) if pauses else (begun, 0, None)
            return (Observation(day, system, Outcome.OPEN, reason or why, starts, due, worked),)

        return count

    def _limited_by(self, record: Record) -> str:
        """The value that named no limit."""
        name = (self.limit.by or self.limit.field) if self.limit else None
        return record.fields.get(name or "", "")
