"""Where an indicator's year is heading, all systems together: its daily sums for the forecast, and the answer kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date

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
        standing = self._standing(work, now, today)
        asked = (target, today, standing)
        if self._kept is None or self._kept[0] != asked:
            left = self._days_left(today) if isinstance(self._measure, Days) else None
            self._kept = asked, outlook(self._history, target, min(today, self._last), standing, left, ordered)
        return self._kept[1]

    def _standing(self, work: OpenWork, now: Instant, today: Day) -> Standing:
        waiting = ahead = overdue = lapsed = banked = 0
        running: Counter[str] = Counter()
        for (_, day), count in work.places.items():
            if not self._first <= day <= self._last:
                continue
            if day <= today:
                waiting += count.waiting
            else:
                ahead += count.waiting
            overdue += count.stages[Stage.OVERDUE]
            lapsed += count.lapsed
            banked += count.banked
            running.update(count.running)
        if self._measure.unfinished == "leave_out":
            return Standing(waiting + overdue, ahead, 0, lapsed)
        elapsed = 0
        if overdue and isinstance(self._measure, DurationMeasure):  # it grows all the time: a minute is fine enough
            elapsed = work.elapsed(running, banked, now - now % MINUTE_US)
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
