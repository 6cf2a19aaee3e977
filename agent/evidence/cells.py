"""The text of one cell of a pack's tables: exact, readable in a spreadsheet, never a formula, and read back unchanged.

A text that a spreadsheet would take for a formula stands behind an apostrophe, and so does one that begins with one. An
empty cell is nothing; the empty text is a lone apostrophe. Numbers stand as they are.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timezone
from datetime import timedelta as length
from fractions import Fraction
from functools import cache

from agent.model import AMOUNT_SCALE, SECOND_US, Day, Instant, Pairs, instant_of, utc_of
from agent.worktime import DAY_US, LocalDays

GUARD = "'"
FORMULA = frozenset("=+-@\t\r\n＝＋－＠" + GUARD)
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
CLOCK = tuple(f"T{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
BEYOND = "us:"  # an instant no calendar date can name, in microseconds since 1970


def guarded(text: str | None) -> str:
    """A text as a cell."""
    if text is None:
        return ""
    if not text or (text[0] in FORMULA and not NUMBER.fullmatch(text)):
        return GUARD + text
    return text


def unguarded(cell: str) -> str | None:
    """The text of a cell."""
    return (cell[1:] if cell.startswith(GUARD) else cell) or (None if not cell else "")


def whole(number: int | None) -> str:
    """An integer as a cell."""
    return "" if number is None else str(number)


def seconds(microseconds: int) -> str:
    """A length of time in seconds, with every digit it has."""
    return decimal(microseconds, SECOND_US)


def amount(units: int) -> str:
    """An amount of the ledger in its own unit."""
    return decimal(units, AMOUNT_SCALE)


def decimal(units: int, scale: int) -> str:
    """`units ÷ scale` as a decimal number; the scale is a power of ten."""
    before, after = divmod(abs(units), scale)
    tail = str(scale + after)[1:].rstrip("0")
    return f"{'-' if units < 0 else ''}{before}{'.' if tail else ''}{tail}"


def fraction(value: Fraction | None) -> str:
    """An exact value: `3/4`, or a whole number."""
    return "" if value is None else str(value)


@cache
def day_text(day: Day) -> str:
    """A day as a date."""
    return date.fromordinal(day).isoformat()


class Moments:
    """Instants as local times with their distance from UTC, `2026-03-02T09:00:00+08:00`."""

    def __init__(self, days: LocalDays) -> None:
        """Of one time zone."""
        self._days = days
        self._known: dict[Day, tuple[Instant, str, str] | None] = {}

    def text(self, at: Instant | None) -> str:
        """An instant as a cell."""
        if at is None:
            return ""
        day = self._days.day_of(at)
        try:
            known = self._known[day]
        except KeyError:
            known = self._known[day] = self._day(day)
        if known is None:
            return self._slowly(at)
        start, written, offset = known
        passed, micro = divmod(at - start, SECOND_US)
        minute, second = divmod(passed, 60)
        part = f".{micro:06d}" if micro else ""
        return f"{written}{CLOCK[minute]}:{second:02d}{part}{offset}"

    def _day(self, day: Day) -> tuple[Instant, str, str] | None:
        """When a day begins, its date, and its distance from UTC; None of a day on which that changes."""
        start = self._days.start_of(day)
        if not date.min.toordinal() < day < date.max.toordinal() or self._days.start_of(day + 1) - start != DAY_US:
            return None
        midnight = datetime.fromordinal(day).replace(tzinfo=UTC)
        zone = timezone(length(microseconds=instant_of(midnight) - start))
        return start, day_text(day), midnight.replace(tzinfo=zone).isoformat()[19:]

    def _slowly(self, at: Instant) -> str:
        try:
            return utc_of(at).isoformat()
        except OverflowError:
            return f"{BEYOND}{at}"


def instant(cell: str) -> Instant:
    """The instant of a cell; ValueError where it is none."""
    if cell.startswith(BEYOND):
        return int(cell.removeprefix(BEYOND))
    return instant_of(datetime.fromisoformat(cell))


def stretches(pairs: Pairs, moments: Moments) -> str:
    """Pairs of times as `begin/end;begin/end`; one that has not ended has nothing behind the stroke."""
    return ";".join(f"{moments.text(begins)}/{moments.text(ends)}" for begins, ends in pairs)


def pairs_of(cell: str) -> Pairs:
    """The pairs of a cell."""
    parts = (part.split("/") for part in cell.split(";"))
    return tuple((instant(begins), instant(ends) if ends else None) for begins, ends in parts)
