"""Windows: half-open runs of whole local days, cut in the plan's time zone."""

from __future__ import annotations

from datetime import date

from agent.model import Day, Instant, Window
from agent.worktime import LocalDays

NAMES = ("today", "7d", "30d", "month", "quarter", "ytd", "year")


def windows(days: LocalDays, year: int, now: Instant) -> tuple[Window, ...]:
    """Every named window as it stands at an instant, for a plan of one year."""
    return tuple(named(name, days, year, now) for name in NAMES)


def named(name: str, days: LocalDays, year: int, now: Instant) -> Window:
    """One named window. `ytd` of a year that is over is the whole year; of one not begun, no day at all."""
    today = days.day_of(now)
    first, last = _bounds(name, year, today)
    return custom(days, first, last, name)


def custom(days: LocalDays, first: Day, last: Day, name: str = "custom") -> Window:
    """The window of the days [first, last)."""
    return Window(name, first, last, days.start_of(first), days.start_of(last))


def _bounds(name: str, year: int, today: Day) -> tuple[Day, Day]:
    on = date.fromordinal(today)
    begins, ends = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    match name:
        case "today":
            return today, today + 1
        case "7d":
            return today - 6, today + 1
        case "30d":
            return today - 29, today + 1
        case "month":
            return on.replace(day=1).toordinal(), _months_later(on.replace(day=1), 1)
        case "quarter":
            first = on.replace(month=(on.month - 1) // 3 * 3 + 1, day=1)
            return first.toordinal(), _months_later(first, 3)
        case "ytd":
            return begins, max(begins, min(today + 1, ends))
        case "year":
            return begins, ends
        case _:
            raise ValueError(f"unknown window {name!r}; known: {', '.join(NAMES)}")


def _months_later(first: date, months: int) -> Day:
    month = first.month - 1 + months
    return date(first.year + month // 12, month % 12 + 1, 1).toordinal()
