"""What a measure needs to know of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from agent.model import Day, Instant
from agent.worktime import Hours, LocalDays, WorkCalendar


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
