"""The work calendar of one site: its working days, its service hours, its clocks and its deadlines in working days."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date
from functools import cached_property, lru_cache, partial
from typing import Literal

from agent.model import Day, Instant
from agent.worktime.clocks import Clock, OpenTimes, Pause, Unbroken, stops
from agent.worktime.hours import merge, parse_spans, without
from agent.worktime.local import Interval, LocalDays, Spans
from agent.worktime.workdays import Workdays, YearArrangement, workdays

ClockKind = Literal["always", "service_hours", "workdays"]
StartRule = Literal["next_workday", "same_day"]
OverlayEntry = date | Mapping[date, str | Sequence[str]]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
DEFAULT_HOURS = ("09:00-11:30", "13:30-17:00")


class WorkCalendar:
    """Working days, hours and deadlines.

    `country` "CN" has China's holidays and make-up days; any other, or None, works Monday to Friday. `closed` and
    `open` change single days: a date alone closes the day or makes it a working day; with hours, `closed` takes
    those hours out of the day and `open` makes it a working day of exactly those hours. Make-up days have no
    `extended` hours, for they stand for no weekday. Calendars that answer alike are equal and share their clocks.
    """

    def __init__(
        self,
        local: LocalDays,
        country: str | None = "CN",
        hours: str | Sequence[str] = DEFAULT_HOURS,
        extended: Mapping[str, str | Sequence[str]] | None = None,
        closed: Iterable[OverlayEntry] = (),
        open: Iterable[OverlayEntry] = (),  # noqa: A002 - the file's own word
        years: Mapping[int, YearArrangement] | None = None,
    ) -> None:
        self.local = local
        self._hours = parse_spans(hours)
        self._extended = _by_weekday(extended or {})
        closed_days, closed_hours = _overlay(closed)
        open_days, open_hours = _overlay(open)
        both = closed_days & (open_days | open_hours.keys())
        if both:
            raise ValueError(f"{min(both)} is both closed and open: expected one of them")
        self._closed_hours = {day.toordinal(): spans for day, spans in closed_hours.items()}
        self._open_hours = {day.toordinal(): spans for day, spans in open_hours.items()}
        noticed = tuple(sorted((years or {}).items(), key=lambda item: item[0]))
        self._workdays = workdays(country, noticed, frozenset(closed_days), frozenset(open_days | open_hours.keys()))
        late = [tuple(merge([*self._hours, *self._extended.get(weekday, ())])) for weekday in range(7)]
        self._usual: dict[bool, list[Spans]] = {False: [self._hours] * 7, True: late}
        self._clocks: dict[tuple[ClockKind, bool], Clock] = {}

    def on_days(self, first: Day, covered_until: Day, days: Iterable[Day]) -> WorkCalendar:
        """The same hours on working days that were worked out before, whatever the notices known here say."""
        other = copy(self)
        other._workdays = Workdays.resolved(first, covered_until, days)
        other._clocks = {}
        other.__dict__.pop("fingerprint", None)
        return other

    # --- working days -----------------------------------------------------------------------------------------------

    @property
    def covered_from(self) -> Day:
        """The first day whose arrangement is known."""
        return self._workdays.first

    @property
    def covered_until(self) -> Day:
        """The first day not covered any more: 1 January of the first year without an arrangement."""
        return self._workdays.covered_until

    def is_workday(self, day: Day) -> bool:
        """Whether work is done on the day; CalendarUnknown outside the known years."""
        if day < self.covered_from:
            raise self._workdays.unknown(day)
        return self._workdays.number(day) > self._workdays.number(day - 1)

    def workday_number(self, day: Day) -> int:
        """How many working days there are from the calendar's beginning through `day`; differences count them."""
        return self._workdays.number(day)

    def add_workdays(self, day: Day, n: int) -> Day:
        """The n-th working day after `day`, for negative n the n-th before; for 0 `day` itself."""
        if n > 0:
            return self._workdays.numbered(self._workdays.number(day) + n)
        if n < 0:
            return self._workdays.numbered(self._workdays.number(day - 1) + 1 + n)
        return day

    def working_days(self, first: Day, end: Day) -> list[Day]:
        """The working days in `[first, end)`."""
        return self._workdays.between(first, end)

    def extended_days(self, first: Day, end: Day) -> list[Day]:
        """The working days in `[first, end)` that have extended hours; make-up days have none."""
        return [day for day in self.working_days(first, end) if self._extended_spans(day)]

    # --- hours and clocks -------------------------------------------------------------------------------------------

    def service_spans(self, day: Day, *, extended: bool = False) -> Spans:
        """The service hours of a day in minutes after midnight; none on a day off."""
        return self._workday_spans(day, extended=extended) if self.is_workday(day) else ()

    def clock(self, kind: ClockKind, *, extended: bool = False) -> Clock:
        """The clock of a kind; `extended` adds the weekday's extended hours to `service_hours`."""
        key = kind, extended
        if key not in self._clocks:
            self._clocks[key] = _wound(self, kind, extended)
        return self._clocks[key]

    def _wind(self, kind: ClockKind, *, extended: bool) -> Clock:
        match kind:
            case "always":
                return Clock(kind, Unbroken())
            case "workdays":
                return Clock(kind, OpenTimes(self.local, self._workdays, self._whole_day))
            case "service_hours":
                return Clock(kind, OpenTimes(self.local, self._workdays, partial(self._service, extended=extended)))

    def _whole_day(self, day: Day) -> list[Interval]:
        return [(self.local.start_of(day), self.local.start_of(day + 1))]

    def _service(self, day: Day, *, extended: bool) -> list[Interval]:
        return self.local.opening(day, self._workday_spans(day, extended=extended))

    def _workday_spans(self, day: Day, *, extended: bool) -> Spans:
        if day not in self._open_hours and day not in self._closed_hours:
            return self._usual[extended][(day + 6) % 7]
        spans = self._open_hours.get(day, self._hours)
        if day in self._closed_hours:
            spans = tuple(without(spans, self._closed_hours[day]))
        late = self._extended_spans(day) if extended else ()
        return tuple(merge([*spans, *late])) if late else spans

    def _extended_spans(self, day: Day) -> Spans:
        spans = () if day in self._open_hours else self._extended.get((day + 6) % 7, ())
        return tuple(without(spans, self._closed_hours.get(day, ())))

    # --- deadlines in working days ----------------------------------------------------------------------------------

    def end_of_day(self, day: Day) -> Instant:
        """The last microsecond of a day: what is finished by then is finished on that day."""
        return self.local.start_of(day + 1) - 1

    def due_end_of_workday(self, start_instant: Instant, n: int, start: StartRule = "next_workday") -> Instant:
        """The end of the n-th working day: of those after the day of the start, or from it on with `same_day`."""
        before = self._before_first(start_instant, start)
        return self._due(start_instant, self._workdays.number(before) + n)

    def workday_due(
        self, start: Instant, n: int, pauses: Iterable[Pause] = (), start_rule: StartRule = "next_workday"
    ) -> Instant | None:
        """The end of the n-th working day that counts; None if a pause still running comes first.

        Days count whole or not at all, and a restart follows the rule of the start. With `next_workday` the day on
        which the clock starts or restarts does not count (民法典 201条, 行政许可法 32条): a pause takes out the days
        after the one it begins on through the one it ends on. With `same_day` both these days count, and a pause
        takes out the days between them.
        """
        target = self._workdays.number(self._before_first(start, start_rule)) + n
        for stopped, resumed in self._skipped(start, pauses, start_rule):
            if stopped >= self.covered_until or self._workdays.number(stopped) >= target:
                break
            if resumed is None:
                return None
            target += self._workdays.number(resumed) - self._workdays.number(stopped)
        return self._due(start, target)

    def workdays_elapsed(
        self, start: Instant, at: Instant, pauses: Iterable[Pause] = (), start_rule: StartRule = "next_workday"
    ) -> int:
        """How many working days count from the start through the day of `at`, by the rule of `workday_due`."""
        last = self.local.day_of(at)
        count = self._workdays.number(last) - self._workdays.number(self._before_first(start, start_rule))
        for stopped, resumed in self._skipped(start, pauses, start_rule):
            until = last if resumed is None else min(resumed, last)
            if stopped < until:
                count -= self._workdays.number(until) - self._workdays.number(stopped)
        return max(count, 0)

    def _before_first(self, start: Instant, rule: StartRule) -> Day:
        """The day before the first that can count."""
        return self.local.day_of(start) - (1 if rule == "same_day" else 0)

    def _skipped(self, start: Instant, pauses: Iterable[Pause], rule: StartRule) -> list[tuple[Day, Day | None]]:
        """The days taken out by pauses: after the first of each pair, through the second."""
        floor = self._before_first(start, rule)
        skipped: list[tuple[Day, Day | None]] = []
        for stopped, resumed in stops(pauses):
            after = max(self.local.day_of(stopped), floor)
            through = None if resumed is None else self._before_first(resumed, rule)
            if through is None or through > after:
                skipped.append((after, through))
        return skipped

    def _due(self, start: Instant, number: int) -> Instant:
        day = self.local.day_of(start)
        if number > self._workdays.number(day):
            day = self._workdays.numbered(number)
        return self.end_of_day(day)

    # --- identity ---------------------------------------------------------------------------------------------------

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that can change an answer, the same on every machine."""
        special = sorted({*self._open_hours, *self._closed_hours} & set(self._workdays.days))
        content = [
            self.local.timezone,
            self.covered_from,
            self.covered_until,
            self._workdays.days,
            self._hours,
            sorted(self._extended.items()),
            [[day, self.service_spans(day), self._extended_spans(day)] for day in special],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkCalendar) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)


@lru_cache(maxsize=16)
def _wound(calendar: WorkCalendar, kind: ClockKind, extended: bool) -> Clock:
    """Two decades of opening times are laid out once for all plans that have this calendar."""
    return calendar._wind(kind, extended=extended)


def make_clock(kind: ClockKind, calendar: WorkCalendar, *, extended: bool = False) -> Clock:
    """The calendar's clock of a kind, for those who hold a kind and a calendar."""
    return calendar.clock(kind, extended=extended)


def _by_weekday(extended: Mapping[str, str | Sequence[str]]) -> dict[int, Spans]:
    unknown = sorted(extended.keys() - set(WEEKDAYS))
    if unknown:
        raise ValueError(f"extended hours of {unknown[0]!r}: expected a weekday of {', '.join(WEEKDAYS)}")
    return {WEEKDAYS.index(name): parse_spans(texts) for name, texts in extended.items()}


def _overlay(entries: Iterable[OverlayEntry]) -> tuple[set[date], dict[date, Spans]]:
    """Whole days, and days with hours."""
    days: set[date] = set()
    hours: dict[date, Spans] = {}
    for entry in entries:
        if isinstance(entry, Mapping):
            hours.update({day: parse_spans(texts) for day, texts in entry.items()})
        else:
            days.add(entry)
    return days, hours
