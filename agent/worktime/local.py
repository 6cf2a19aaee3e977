"""Local days of one time zone as exact integers: which day an instant belongs to, and when a day begins.

The days divide all time without gap or overlap: day `d` is `[start_of(d), start_of(d + 1))`. Where a zone puts its
clock back over midnight, the repeated hour belongs to the day that has begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.model import EPOCH, Day, Instant, instant_of
from agent.worktime.duration import DAY_US, MINUTE_US

EPOCH_DAY = EPOCH.toordinal()
DAY_MINUTES = 24 * 60

Interval = tuple[Instant, Instant]
Spans = tuple[tuple[int, int], ...]
"""Times of day as (from, to) in minutes after local midnight, in order, apart from each other, within one day."""


class LocalDays:
    """The local calendar of one IANA time zone; every answer is a look-up once its day has been asked about."""

    def __init__(self, timezone: str) -> None:
        try:
            self._zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"unknown time zone {timezone!r}: expected an IANA name such as 'Asia/Shanghai'") from None
        self.timezone = timezone
        self._starts: dict[Day, Instant] = {}
        self._even_starts: dict[Day, Instant | None] = {}
        self._cuts: dict[int, tuple[Day, Instant, Day]] = {}

    def day_of(self, instant: Instant) -> Day:
        """The local day the instant belongs to, as a proleptic ordinal (`date.toordinal`)."""
        try:
            before, midnight, after = self._cuts[instant // DAY_US]
        except KeyError:
            before, midnight, after = self._cut(instant // DAY_US)
        return before if instant < midnight else after

    def start_of(self, day: Day) -> Instant:
        """Local midnight at which the day begins; where the clock skips midnight, the instant it does."""
        start = self._starts.get(day)
        if start is None:
            # Days no datetime can hold go on in steps of 24 hours, so that a year 9999 used as "never" still works.
            held = min(max(day, date.min.toordinal()), date.max.toordinal())
            start = self._first_reading(datetime.fromordinal(held)) + (day - held) * DAY_US
            self._starts[day] = start
        return start

    def instant_of(self, local: datetime) -> Instant:
        """The instant of a naive local time, read with fold=0 whatever its own fold.

        A time the clock shows twice is the earlier of the two; a time the clock skips is read as if it had not been
        moved yet (02:30 in the lost hour is 03:30 after it). An aware time raises TypeError.
        """
        if local.tzinfo is not None:
            raise TypeError("expected a local time without zone, got an aware one")
        day = local.toordinal()
        try:
            start = self._even_starts[day]
        except KeyError:
            start = self._even_start(day)
        if start is None:
            return self._first_reading(local)
        seconds = (local.hour * 60 + local.minute) * 60 + local.second
        return start + seconds * 1_000_000 + local.microsecond

    def date_of(self, day: Day) -> date:
        """The calendar date of a day."""
        return date.fromordinal(day)

    def opening(self, day: Day, spans: Spans) -> list[Interval]:
        """The spans of one day as instants, in order and apart, also on a day of 23 or 25 hours."""
        start = self._even_start(day)
        if start is not None:
            return [(start + opens * MINUTE_US, start + closes * MINUTE_US) for opens, closes in spans]
        intervals: list[Interval] = []
        latest = self.start_of(day + 1)
        # From the back: a skipped time is read past the jump and may not overtake what follows it.
        for opens, closes in reversed(spans):
            until = min(self._at(day, closes), latest)
            latest = min(self._at(day, opens), until)
            if latest < until:
                intervals.append((latest, until))
        return intervals[::-1]

    def _at(self, day: Day, minutes: int) -> Instant:
        if minutes == DAY_MINUTES:
            return self.start_of(day + 1)
        hour, minute = divmod(minutes, 60)
        return self._first_reading(datetime.fromordinal(day).replace(hour=hour, minute=minute))

    def _first_reading(self, local: datetime) -> Instant:
        return instant_of(local.replace(tzinfo=self._zone, fold=0))

    def _even_start(self, day: Day) -> Instant | None:
        """Midnight of a day of 24 hours, on which instants are midnight plus the clock's reading; else None."""
        if day not in self._even_starts:
            start = self.start_of(day)
            self._even_starts[day] = start if self.start_of(day + 1) - start == DAY_US else None
        return self._even_starts[day]

    def _cut(self, utc_day: int) -> tuple[Day, Instant, Day]:
        """The one local midnight within a UTC day, and the local days before and after it."""
        before = self._search(utc_day * DAY_US, utc_day + EPOCH_DAY)
        midnight = self.start_of(before + 1)
        cut = before, midnight, self._search(midnight, before + 1)
        self._cuts[utc_day] = cut
        return cut

    def _search(self, instant: Instant, guess: Day) -> Day:
        while self.start_of(guess) > instant:
            guess -= 1
        while self.start_of(guess + 1) <= instant:
            guess += 1
        return guess


@cache
def local_days(timezone: str) -> LocalDays:
    """The days of a zone, looked up once for all who ask; ValueError where there is no such zone."""
    return LocalDays(timezone)


def cut_at_midnight(start: Instant, end: Instant, local: LocalDays) -> Iterator[tuple[Day, Instant, Instant]]:
    """The parts of `[start, end)` by local day, in order; nothing where `end` is not after `start`."""
    day = local.day_of(start)
    while start < end:
        midnight = local.start_of(day + 1)
        until = min(midnight, end)
        if start < until:
            yield day, start, until
            start = until
        day += 1
