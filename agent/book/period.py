"""The period a closing is of: whole months of one year, written `2026`, `2026-07` or `2026-01..07`."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from agent.model import ConfigError, Day

MONTHS = re.compile(r"([0-9]{4})-([0-9]{2})(?:\.\.([0-9]{2}))?", re.ASCII)
YEARS = range(2000, 2201)


class Period(NamedTuple):
    """The days [first, last)."""

    name: str
    first: Day
    last: Day

    @property
    def words(self) -> str:
        """The period as people say it."""
        begins, ends = date.fromordinal(self.first), date.fromordinal(self.last - 1)
        if begins.month == 1 and ends.month == 12:
            return f"{begins.year}年"
        if begins.month == ends.month:
            return f"{begins.year}年{begins.month}月"
        return f"{begins.year}年{begins.month}–{ends.month}月"


def year_of(year: int) -> Period:
    """A whole year."""
    return months(year, 1, 12)


def period_of(text: str) -> Period:
    """The period a text names; ConfigError says what was expected."""
    expected = f"--period：应为一年内的月份，如 2026-01..07，现为 {text!r}"
    if re.fullmatch(r"[0-9]{4}", text, re.ASCII) and int(text) in YEARS:
        return year_of(int(text))
    found = MONTHS.fullmatch(text)
    if found is None:
        raise ConfigError(expected)
    year, first, last = int(found[1]), int(found[2]), int(found[3] or found[2])
    if year not in YEARS or not 1 <= first <= last <= 12:
        raise ConfigError(expected)
    return months(year, first, last)


def months(year: int, first: int, last: int) -> Period:
    """The months from one through another."""
    ends = date(year + last // 12, last % 12 + 1, 1)
    if (first, last) == (1, 12):
        name = str(year)
    else:
        name = f"{year}-{first:02d}" if first == last else f"{year}-{first:02d}..{last:02d}"
    return Period(name, date(year, first, 1).toordinal(), ends.toordinal())
