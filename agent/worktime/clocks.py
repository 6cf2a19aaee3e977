"""Clocks that measure working time and can be paused.

A clock rests on W(t), the working time from its beginning to `t`. W is a look-up, so elapsed time is a difference of
two, and the elapsed time of many open records is `n * W(now) - sum of W(start)`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Protocol

from agent.model import Day, Instant
from agent.worktime.duration import DAY_US
from agent.worktime.hours import merge
from agent.worktime.local import Interval, LocalDays
from agent.worktime.workdays import CalendarUnknown, Workdays

Pause = tuple[Instant, Instant | None]
"""The time a clock stands still; without an end it stands still until now."""

GROWTH_DAYS = 366


class Timeline(Protocol):
    """Cumulated working time and its inverse."""

    def worked(self, instant: Instant) -> int:
        """W(instant) in microseconds."""

    def known(self, instant: Instant) -> int:
        """The same as far as anybody knows."""

    def reached(self, worked: int) -> Instant:
        """The earliest instant at which W is `worked`."""


class Unbroken:
    """All time is working time."""

    def worked(self, instant: Instant) -> int:
        """W(t) = t."""
        return instant

    def known(self, instant: Instant) -> int:
        """W(t) = t."""
        return instant

    def reached(self, worked: int) -> Instant:
        """The instant itself."""
        return worked


class OpenTimes:
    """Working time is what `opening` says of each working day; W is 0 where the calendar begins.

    Instants up to the end of the calendar's last known day have a W; others raise CalendarUnknown.
    """

    def __init__(self, local: LocalDays, workdays: Workdays, opening: Callable[[Day], list[Interval]]) -> None:
        self._local = local
        self._workdays = workdays
        self._opening = opening
        self._from = local.start_of(workdays.first)
        self._until = local.start_of(workdays.covered_until)
        self._grown_to = workdays.first
        self._opens: list[Instant] = []
        self._closes: list[Instant] = []
        self._levels: list[int] = []  # W at each close
        self._rows: dict[int, tuple[list[Instant], list[int]]] = {}
        self._growing = Lock()

    def worked(self, instant: Instant) -> int:
        """W(instant): within a UTC day a search among a handful of edges."""
        try:
            edges, values = self._rows[instant // DAY_US]
        except KeyError:
            edges, values = self._row(instant)
        place = bisect_right(edges, instant)
        # After an odd number of edges the time is open and the value is t - W(t); otherwise it is W itself.
        return instant - values[place] if place & 1 else values[place]

    def known(self, instant: Instant) -> int:
        """W(instant); beyond the end of the calendar W stands still, as far as anybody knows."""
        return self.worked(min(instant, self._until))

    def reached(self, worked: int) -> Instant:
        """The earliest instant at which W is `worked`."""
        if worked <= 0:
            return self._from
        while not self._levels or self._levels[-1] < worked:
            if self._grown_to == self._workdays.covered_until:
                raise self._workdays.unknown(self._grown_to)
            self._grow(self._grown_to + 1)
        place = bisect_left(self._levels, worked)
        return self._closes[place] - (self._levels[place] - worked)

    def _row(self, instant: Instant) -> tuple[list[Instant], list[int]]:
        """Edges within the UTC day of `instant`, and one value for the time before, between and after them."""
        if not self._from <= instant <= self._until:
            raise self._workdays.unknown(self._local.day_of(instant))
        utc_day = instant // DAY_US
        start, end = utc_day * DAY_US, (utc_day + 1) * DAY_US
        self._grow(self._local.day_of(end) + 1)
        first, after = bisect_right(self._closes, start), bisect_left(self._opens, end)
        level = self._levels[first - 1] if first else 0
        edges, values = [], [level]
        for place in range(first, after):
            edges += [self._opens[place], self._closes[place]]
            values += [self._opens[place] - level, self._levels[place]]
            level = self._levels[place]
        if self._from <= start and end <= self._until:
            self._rows[utc_day] = edges, values
        return edges, values

    def _grow(self, day: Day) -> None:
        """Lay out opening times at least up to `day` or the calendar's end; collector threads share a clock."""
        with self._growing:
            while self._grown_to < min(day, self._workdays.covered_until):
                until = min(self._grown_to + GROWTH_DAYS, self._workdays.covered_until)
                level = self._levels[-1] if self._levels else 0
                for day_open in map(self._opening, self._workdays.between(self._grown_to, until)):
                    for opens, closes in day_open:
                        level += closes - opens
                        self._opens.append(opens)
                        self._closes.append(closes)
                        self._levels.append(level)
                self._grown_to = until


class Clock:
    """Working time with pauses. Pauses are pairs in any order; overlapping ones count once, empty ones not at all."""

    def __init__(self, kind: str, timeline: Timeline) -> None:
        self.kind = kind
        self.worked = timeline.worked
        """W(t): cumulated working microseconds; CalendarUnknown where the calendar does not reach."""
        self.known = timeline.known
        """The same, which stands still where the calendar ends: what an open record has taken as far as is known."""
        self._reached = timeline.reached

    def elapsed(self, start: Instant, end: Instant, pauses: Iterable[Pause] = ()) -> int:
        """Working time of `[start, end)` outside the pauses; times out of order give W(end) - W(start), negative."""
        worked = self.worked
        ran = worked(end) - worked(start)
        if not pauses:
            return ran
        for stopped, resumed in stops(pauses):
            still_from, still_until = max(stopped, start), end if resumed is None else min(resumed, end)
            if still_from < still_until:
                ran -= worked(still_until) - worked(still_from)
        return ran

    def due(self, start: Instant, amount_us: int, pauses: Iterable[Pause] = ()) -> Instant | None:
        """The earliest instant from `start` on at which `amount_us` have elapsed; None if a running pause comes first.

        So `elapsed(start, due)` is the amount and less at any earlier instant: an amount used up at closing time is
        due at closing time, not at the next opening. Nothing to elapse is due at the start.
        """
        if amount_us <= 0:
            return start
        target = self.worked(start) + amount_us
        for stopped, resumed in stops(pauses):
            if resumed is not None and resumed <= start:
                continue
            if self._reached_by(target, stopped):
                break
            if resumed is None:
                return None
            target += self.worked(resumed) - self.worked(max(stopped, start))
        return self._reached(target)

    def _reached_by(self, target: int, instant: Instant) -> bool:
        try:
            return self.worked(instant) >= target
        except CalendarUnknown:
            return True  # or the target lies beyond the calendar as well, which the inverse will say


def stops(pauses: Iterable[Pause]) -> list[Pause]:
    """The pauses in order, overlapping and touching ones joined; only the last may lack an end."""
    pauses = list(pauses)
    running = [stopped for stopped, resumed in pauses if resumed is None]
    ended = merge((stopped, resumed) for stopped, resumed in pauses if resumed is not None)
    if not running:
        return [*ended]
    last = min(running)
    while ended and ended[-1][1] >= last:
        last = min(last, ended.pop()[0])
    return [*ended, (last, None)]
