"""Where an indicator's year is heading, all systems together: its daily sums for the forecast, and the answer kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from agent.config import Indicator, Plan
from agent.evaluate.openwork import OpenWork
from agent.forecast import DayKinds, History, Ordered, Outlook, Standing, outlook, reading_of
from agent.measures import Days, DurationMeasure
from agent.model import Day, Instant, Stage, Tally, Target
from agent.worktime import CalendarUnknown

DAYS_BEFORE = 364  # of the year before, which teach what a season is like
MINUTE_US = 60_000_000
JUDGED_WINDOWS = ("ytd", "year")  # what is said of the year belongs to these


def day_kinds(plan: Plan) -> DayKinds:
    """The days of a plan's year and of the one before, told apart."""
    return DayKinds(
        plan.calendar, date(plan.year, 1, 1).toordinal() - DAYS_BEFORE, date(plan.year, 12, 31).toordinal() + 1
    )


class Pending(NamedTuple):
    """What the open records of one day add to its sums at an instant."""

    waiting: int = 0
    overdue: int = 0
    lapsed: int = 0  # error checks whose time passed without an error
    elapsed: int = 0  # microseconds the overdue ones have taken, where that counts

    def plus(self, other: Pending) -> Pending:
        """Both together."""
        return Pending(*map(int.__add__, self, other))


class Prospect:
    """The rest of the year of one indicator. It is worked out again when sums, open records or the day have changed."""

    def __init__(self, plan: Plan, indicator: Indicator, kinds: DayKinds) -> None:
        """Nothing is known yet. An indicator that promises no number has no prospect, and `outlook` is None."""
        self._plan, self._measure = plan, indicator.measure
        self._days: dict[Day, Tally] = {}
        self._first, self._last = date(plan.year, 1, 1).toordinal(), date(plan.year, 12, 31).toordinal()
        reading = reading_of(indicator.measure)
        self._history = None if reading is None else History(reading, kinds, self._first, self._last)
        self._kept: tuple[object, Outlook | None] | None = None

    def load(self, tallies: Mapping[tuple[str, Day], Tally]) -> None:
        """The sums of every day and system, where none is known yet."""
        if self._history is None:
            return
        parts: dict[Day, list[Tally]] = {}
        for (_, day), tally in tallies.items():
            parts.setdefault(day, []).append(tally)
        self._days = {day: Tally(*map(sum, zip(*part, strict=True))) for day, part in parts.items()}
        self._kept = None
        if not isinstance(self._measure, Days):
            self._history.set_all(self._days)

    def add(self, day: Day, change: Tally) -> None:
        """A day's sums have moved by this much."""
        if self._history is None:
            return
        self._days[day] = self._days.get(day, Tally()).plus(change)
        self._kept = None
        if not isinstance(self._measure, Days):
            self._history.set(day, self._days[day])

    def outlook(
        self, target: Target | None, work: OpenWork, now: Instant, today: Day, ordered: Callable[[], Ordered] | None
    ) -> Outlook | None:
        """What follows for the year as things stand now; the values so far are asked for where they are looked at."""
        if self._history is None or target is None:
            return None
        return self.follows(target, self.pending(work, now), today, ordered)

    def follows(
        self, target: Target, pending: Mapping[Day, Pending], today: Day, ordered: Callable[[], Ordered] | None = None
    ) -> Outlook | None:
        """The same from what the open records of each day add."""
        if self._history is None:
            return None
        standing = self._standing(pending, today)
        asked = (target, today, standing)
        if self._kept is None or self._kept[0] != asked:
            left = self._days_left(today) if isinstance(self._measure, Days) else None
            self._kept = asked, outlook(self._history, target, min(today, self._last), standing, left, ordered)
        return self._kept[1]

    @property
    def sums(self) -> Mapping[Day, Tally]:
        """The sums of every day, all systems together; empty where nothing is foreseen."""
        return self._days

    def pending(self, work: OpenWork, now: Instant) -> dict[Day, Pending]:
        """What the open records of each day of the year add; it grows all the time, and a minute is fine enough."""
        found: dict[Day, Pending] = {}
        timed = isinstance(self._measure, DurationMeasure) and self._measure.unfinished != "leave_out"
        for (_, day), count in work.places.items():
            if self._first <= day <= self._last:
                overdue = count.stages[Stage.OVERDUE]
                elapsed = work.elapsed(count.running, count.banked, now - now % MINUTE_US) if timed and overdue else 0
                one = Pending(count.waiting, overdue, count.lapsed, elapsed)
                found[day] = one if day not in found else found[day].plus(one)
        return found

    def _standing(self, pending: Mapping[Day, Pending], today: Day) -> Standing:
        waiting = sum(one.waiting for day, one in pending.items() if day <= today)
        ahead = sum(one.waiting for day, one in pending.items() if day > today)
        overdue, lapsed, elapsed = (
            sum(column) for column in zip((0, 0, 0), *(one[1:] for one in pending.values()), strict=True)
        )
        if self._measure.unfinished == "leave_out":
            return Standing(waiting + overdue, ahead, 0, lapsed)
        return Standing(waiting, ahead, overdue, lapsed, elapsed)

    def _days_left(self, today: Day) -> int | None:
        """Tell the history of the days kept and missed; how many are still to come, None where that is unknown."""
        assert isinstance(self._measure, Days)
        assert self._history is not None
        calendar = self._plan.calendar
        try:
            due = self._measure.days_due(calendar, self._first, self._last + 1)
        except CalendarUnknown:
            return None
        for day in due:
            kept = bool(self._days.get(day, Tally()).good)
            if day < today or (day == today and kept):
                self._history.set(day, Tally(int(kept), int(not kept)))
        return sum(day > today or (day == today and not self._days.get(day, Tally()).good) for day in due)
