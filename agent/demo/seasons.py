"""The shape of a year: working days with 调休, Spring Festival quiet, weekday and lunch dip, as exact daily counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import chinese_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET_MONTH = 8  # of QUIET_SYSTEM alone: nothing happens there all month
QUIET_SYSTEM = "archive"
WEEKDAYS = (1.15, 1.05, 1.0, 0.97, 0.93, 0.9, 0.9)  # of working days; the last two are make-up days


@lru_cache(maxsize=2048)
def is_workday(day: date) -> bool:
    """Whether offices work that day. Without a published calendar the simulation has plain weekends."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@lru_cache(maxsize=2048)
def is_spring_festival(day: date) -> bool:
    """Whether the day is off for Spring Festival."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return bool(off) and name == "Spring Festival"


def workday_after(day: date, count: int) -> date:
    """The `count`-th working day after a day; the day itself for none."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day


def local(day: date, seconds: int) -> datetime:
    """The moment so many seconds into a local day."""
    return datetime.combine(day, time(), SHANGHAI) + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Season:
    """How much happens: a day's weight by its kind, and the weights of its 24 hours."""

    workday: float
    day_off: float
    festival: float
    hours: tuple[int, ...]

    def weight(self, day: date) -> float:
        """The day's share, relative to the other days."""
        if is_spring_festival(day):
            return self.festival
        around = any(is_spring_festival(day + timedelta(days=step)) for step in (-5, -3, 3, 6))
        busy = self.workday * WEEKDAYS[day.weekday()] if is_workday(day) else self.day_off
        return busy * (0.5 if around else 1.0)

    def moment(self, rng: Random, day: date) -> datetime:
        """A moment of the day, likelier in its busy hours."""
        hour = rng.choices(range(24), self.hours)[0]
        return local(day, hour * 3600 + rng.randrange(3600))


OFFICE = Season(1.0, 0.03, 0.0, (0,) * 8 + (2, 18, 20, 14, 2, 10, 17, 15, 9, 1, 0, 0, 0, 0, 0, 0))
MARKET = Season(1.0, 1.25, 0.06, (0,) * 8 + (3, 9, 12, 10, 4, 8, 12, 12, 11, 8, 6, 5, 3, 1, 0, 0))
ALWAYS = Season(1.0, 0.4, 0.12, (1, 1, 0, 0, 0, 1, 2, 4, 10, 18, 17, 11, 5, 10, 15, 14, 11, 6, 4, 3, 3, 2, 2, 1))


@lru_cache(maxsize=64)
def _through(season: Season, year: int, total: int) -> tuple[int, ...]:
    """How many of the year's `total` have happened by the end of each day."""
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    sums = list(accumulate(season.weight(first + timedelta(days=offset)) for offset in range(length)))
    return tuple(round(total * part / sums[-1]) for part in sums)


def numbers(season: Season, day: date, total: int) -> range:
    """The running numbers of a day's things, when a year has `total` of them: every year adds up exactly."""
    through = _through(season, day.year, total)
    index = day.timetuple().tm_yday - 1
    return range(through[index - 1] if index else 0, through[index])


def one_in(block: int, seed: int, kind: str, number: int) -> bool:
    """True for exactly one of each `block` consecutive numbers, so that a rate comes out as planned for every seed."""
    return Random(f"{seed}:{kind}:{number // block}").randrange(block) == number % block


def dice(seed: int, kind: str, *number: object) -> Random:
    """The chance that belongs to one thing alone: nothing else shifts when more things are made."""
    return Random(":".join(map(str, (seed, kind, *number))))
