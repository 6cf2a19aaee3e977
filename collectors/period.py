"""The day or month a file is about, as its name says it: `tasks-2026-03.xlsx`, `巡检2026年3月.xlsx`, `20260302.csv`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from agent.model import Instant, instant_of

NAMED: Mapping[str, re.Pattern[str]] = {
    "day": re.compile(r"(?<!\d)(\d{4})[-_.年]?(\d{2})[-_.月]?(\d{2})(?!\d)"),
    "month": re.compile(r"(?<!\d)(\d{4})(?:年(\d{1,2})月|[-_.]?(\d{2}))(?![-_.]?\d)"),
}


def period_of(name: str, period: str, zone: str) -> tuple[Instant, Instant] | None:
    """The begin and end of the period a file names, on the clock of a time zone; None where it names none."""
    found = NAMED[period].search(PurePosixPath(name).name)
    if found is None:
        return None
    year, month, day = (int(part) for part in (*filter(None, found.groups()), "1")[:3])
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    days = 1 if period == "day" else 32
    last = first + timedelta(days=days)
    return _midnight(first, zone), _midnight(last if period == "day" else last.replace(day=1), zone)


def _midnight(day: date, zone: str) -> Instant:
    return instant_of(datetime.combine(day, time(), ZoneInfo(zone)))
