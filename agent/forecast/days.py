"""The kinds of days that differ in volume: each weekday, apart for working days and days off."""

from __future__ import annotations

from agent.model import Day
from agent.worktime import CalendarUnknown, WorkCalendar

KINDS = 14  # Monday to Sunday worked, then Monday to Sunday off


class DayKinds:
    """The kind of each day in `[first, end)`, made once for all indicators of a plan.

    From `assumed_from` on the arrangement is not published: those days count as an ordinary week (None: all known).
    """

    def __init__(self, calendar: WorkCalendar, first: Day, end: Day) -> None:
        self.first, self.end = first, end
        self.assumed_from: Day | None = None
        self._kinds = bytes(self._kind(calendar, day) for day in range(first, end))

    def _kind(self, calendar: WorkCalendar, day: Day) -> int:
        weekday = (day + 6) % 7
        try:
            works = calendar.is_workday(day)
        except CalendarUnknown:
            if day >= calendar.covered_until and self.assumed_from is None:
                self.assumed_from = day
            works = weekday < 5
        return weekday if works else weekday + 7

    def between(self, first: Day, end: Day) -> bytes:
        """The kinds of the days in `[first, end)`, each below `KINDS`; both must lie within its own."""
        if not self.first <= first <= end <= self.end:
            raise ValueError(f"days {first} to {end}: expected days within {self.first} to {self.end}")
        return self._kinds[first - self.first : end - self.first]
