"""Which days are working days, numbered, so that counting and adding them are look-ups.

China's arrangement of holidays and make-up days (调休) is known for the years chinesecalendar publishes and for those
supplied beside it. A day of any other year is refused, never guessed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate

import chinese_calendar

from agent.model import DabiaoError, Day

PLAIN_YEARS = range(2000, 2100)
"""What a calendar without national holidays covers: it needs no notice, only an end."""


class CalendarUnknown(DabiaoError):
    """Asked about a day no published arrangement covers; carries the year and the first day not known."""

    def __init__(self, year: int, first_unknown: Day) -> None:
        self.year = year
        self.first_unknown = first_unknown
        day = date.fromordinal(first_unknown)
        super().__init__(f"the working days of {year} are not known: no arrangement covers {day} (calendar.years)")


@dataclass(frozen=True)
class YearArrangement:
    """One year's notice: the days off beside weekends, and the Saturdays and Sundays worked in exchange.

    Days of the December before may stand here too, as notices have it.
    """

    holidays: tuple[date, ...] = ()
    makeup: tuple[date, ...] = ()

    def check(self, year: int) -> None:
        """Raise ValueError naming the first date that cannot be meant."""
        for day in (*self.holidays, *self.makeup):
            if day.year != year and (day.year, day.month) != (year - 1, 12):
                raise ValueError(f"arrangement of {year}: expected dates of {year} or December before, got {day}")
        for day in self.makeup:
            if day.weekday() < 5 or day in self.holidays:
                raise ValueError(f"arrangement of {year}: make-up day {day} is no Saturday or Sunday, or a holiday too")


Years = tuple[tuple[int, YearArrangement], ...]


class Workdays:
    """The working days of an unbroken run of years `[first, covered_until)`, each with its number."""

    def __init__(
        self,
        country: str | None,
        years: Mapping[int, YearArrangement],
        closed: Iterable[date] = (),
        opened: Iterable[date] = (),
    ) -> None:
        rest, extra, known = _national(country, years)
        self.first, self.covered_until = _unbroken(known, years)
        rest, extra = rest | set(closed), (extra - set(closed)) | set(opened)
        resting, working = {day.toordinal() for day in rest}, {day.toordinal() for day in extra}
        run = range(self.first, self.covered_until)
        works = [day in working or ((day + 6) % 7 < 5 and day not in resting) for day in run]
        self.days: list[Day] = [day for day, work in zip(run, works, strict=True) if work]
        self._numbers = list(accumulate(works, initial=0))

    @classmethod
    def resolved(cls, first: Day, covered_until: Day, days: Iterable[Day]) -> Workdays:
        """Working days that were worked out before: those of [first, covered_until), whatever is published here."""
        told = cls.__new__(cls)
        told.first, told.covered_until, told.days = first, covered_until, sorted(days)
        working = set(told.days)
        told._numbers = list(accumulate((day in working for day in range(first, covered_until)), initial=0))
        return told

    def unknown(self, day: Day) -> CalendarUnknown:
        """The refusal of a day outside the run."""
        first_unknown = day if day < self.first else self.covered_until
        return CalendarUnknown(date.fromordinal(first_unknown).year, first_unknown)

    def number(self, day: Day) -> int:
        """How many working days there are from the first covered day through `day`."""
        if not self.first - 1 <= day < self.covered_until:
            raise self.unknown(day)
        return self._numbers[day - self.first + 1]

    def numbered(self, number: int) -> Day:
        """The working day that has this number, counted from 1."""
        if number < 1:
            raise self.unknown(self.first - 1)
        if number > len(self.days):
            raise self.unknown(self.covered_until)
        return self.days[number - 1]

    def between(self, first: Day, end: Day) -> list[Day]:
        """The working days in `[first, end)`."""
        if first >= end:
            return []
        for day in (first, end - 1):
            if not self.first <= day < self.covered_until:
                raise self.unknown(day)
        return self.days[bisect_left(self.days, first) : bisect_left(self.days, end)]


@lru_cache(maxsize=16)
def workdays(
    country: str | None,
    years: tuple[tuple[int, YearArrangement], ...],
    closed: frozenset[date],
    opened: frozenset[date],
) -> Workdays:
    """The working days of these rules, worked out once for all calendars that have them."""
    return Workdays(country, dict(years), closed, opened)


def _national(country: str | None, years: Mapping[int, YearArrangement]) -> tuple[set[date], set[date], Iterable[int]]:
    """Days off, days worked all the same, and the years the country publishes; a supplied year replaces its own."""
    rest: set[date] = set()
    extra: set[date] = set()
    published: Iterable[int] = PLAIN_YEARS
    if country == "CN":
        of_package = [day.year for day in chinese_calendar.holidays]
        published = range(min(of_package), max(of_package) + 1)
        rest = {day for day in chinese_calendar.holidays if day.year not in years}
        extra = {day for day in chinese_calendar.workdays if day.year not in years}
    for year, arrangement in sorted(years.items()):
        arrangement.check(year)
        rest |= set(arrangement.holidays)
        extra = (extra - set(arrangement.holidays)) | set(arrangement.makeup)
    return rest, extra, published


def _unbroken(published: Iterable[int], supplied: Iterable[int]) -> tuple[Day, Day]:
    """The run of known years around the published ones: a year missing between ends it."""
    known = {*published, *supplied}
    first, last = min(published), max(published)
    while first - 1 in known:
        first -= 1
    while last + 1 in known:
        last += 1
    return date(first, 1, 1).toordinal(), date(last + 1, 1, 1).toordinal()
