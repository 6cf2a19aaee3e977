"""Lengths of time as both YAML files write them: `90s`, `5 min`, `2h`, `1d`, `3 workdays`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from agent.model import SECOND_US

MILLISECOND_US = 1_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
LONGEST_DAYS = 36_525  # 100 years; what is longer is a slip, and would lead out of the calendar

UNITS_US = {
    "ms": MILLISECOND_US,
    "s": SECOND_US,
    "sec": SECOND_US,
    "second": SECOND_US,
    "seconds": SECOND_US,
    "m": MINUTE_US,
    "min": MINUTE_US,
    "minute": MINUTE_US,
    "minutes": MINUTE_US,
    "h": HOUR_US,
    "hour": HOUR_US,
    "hours": HOUR_US,
    "d": DAY_US,
    "day": DAY_US,
    "days": DAY_US,
}
WORKDAY_UNITS = ("workday", "workdays")
PRINTED_UNITS = (("d", DAY_US), ("h", HOUR_US), ("min", MINUTE_US), ("s", SECOND_US), ("ms", MILLISECOND_US))

_DURATION = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-z]+)\s*")


class TooLongError(ValueError):
    """A duration no promise, limit or interval can mean."""


@dataclass(frozen=True)
class Duration:
    """Either a length in microseconds or a number of working days; the other is None."""

    microseconds: int | None = None
    workdays: int | None = None

    def __post_init__(self) -> None:
        if (self.microseconds is None) == (self.workdays is None):
            raise ValueError("a duration is either microseconds or working days: give exactly one of them")

    @property
    def text(self) -> str:
        """The one spelling of this length, in the largest unit that holds it whole: `90 s`, `5 min`, `3 workdays`."""
        if self.workdays is not None:
            return f"{self.workdays} {'workday' if self.workdays == 1 else 'workdays'}"
        length = self.microseconds or 0
        for name, unit in PRINTED_UNITS:
            if length and length % unit == 0:
                return f"{length // unit} {name}"
        return f"{Decimal(length) / SECOND_US:f} s"


def parse_duration(text: str) -> Duration:
    """The duration `text` spells; ValueError (of one too long, TooLongError) says what was expected.

    A day `d` is 24 hours of the clock in use.
    """
    matched = _DURATION.fullmatch(text)
    if matched is None:
        raise _unreadable(text)
    number, unit = Decimal(matched[1]), matched[2]
    if unit in WORKDAY_UNITS:
        if number != int(number):
            raise ValueError(f"working days are counted whole: expected such as '3 workdays', got {text!r}")
        return Duration(workdays=_within(int(number), LONGEST_DAYS, text))
    if unit not in UNITS_US:
        raise _unreadable(text)
    length = number * UNITS_US[unit]
    if length != int(length):
        raise ValueError(f"a duration is a whole number of microseconds, got {text!r}")
    return Duration(microseconds=_within(int(length), LONGEST_DAYS * DAY_US, text))


def _within(length: int, longest: int, text: str) -> int:
    if length > longest:
        raise TooLongError(f"expected a duration of at most 100 years ({LONGEST_DAYS} d), got {text!r}")
    return length


def _unreadable(text: str) -> ValueError:
    return ValueError(f"expected a duration such as '90s', '5 min', '2h', '1d' or '3 workdays', got {text!r}")
