"""Where the year will end: the expected value, its 80 % interval and the chance of meeting the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log, sqrt

from agent.forecast.history import HALF_LIFE_DAYS, Lesson
from agent.forecast.reading import Reading
from agent.forecast.spread import EIGHTY, NORMAL, Quantity, Spread, lost_records, year_maximum
from agent.forecast.year import SURE, Year
from agent.model import Forecast

LAG_DAYS = HALF_LIFE_DAYS / (2 * log(2))  # how old the weighted ratio is, for a random walk (Muth 1960)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The forecast, and whether its value meets the target; both None where the history teaches nothing."""

    forecast: Forecast | None = None
    meets: bool | None = None


def foresee(reading: Reading, year: Year, lesson: Lesson | None, days_left: int, ordered: Sequence[float]) -> Foreseen:
    """The forecast of a year with so many days left. Once nothing more is to come it is the value itself."""
    if lesson is None and year.more:
        return Foreseen()
    ratio = lesson.ratio if lesson is not None else 0.0
    lost = year.lost + ratio * year.more
    meets = year.holds(lost)
    to_come = _to_come(reading, year, lesson, days_left) if lesson is not None else None
    chance = _chance(reading, year, to_come, lesson, meets)
    if reading.rank is not None:
        return Foreseen(_percentile(float(reading.rank), year, ordered, chance), meets)
    low, high = (year.lost + max(to_come.quantile(share), 0.0) for share in EIGHTY) if to_come else (lost, lost)
    if reading.bounded:
        high = min(high, year.lost + year.more)
    value, *ends = (reading.value(each / year.end) for each in (lost, low, high))
    return Foreseen(Forecast(value, min(value, *ends), max(value, *ends), chance), meets)


def _to_come(reading: Reading, year: Year, lesson: Lesson, days_left: int) -> Spread | None:
    """The distribution of the losses to come; None where nothing more comes, or nothing was ever lost.

    Their variance is σ²·M·(1 + M/worth), for what strays and for what the ratio is not known by; plus M² times how far
    the ratio will have walked on average, its lag and a third of the days left; plus what a volume that turns out
    otherwise does to the year's value, in proportion to the distance of the usual ratio from the year's.
    """
    if not year.more:
        return None
    unsure = year.more * (1 + year.more / lesson.worth)
    distance = lesson.ratio - (year.lost + lesson.ratio * year.more) / year.end
    variance = (lesson.spread + distance**2 * lesson.volume_spread) * unsure
    variance += lesson.wandering * (LAG_DAYS + days_left / 3) * year.more**2
    if reading.whole:
        return lost_records(lesson.share, year.more, variance, lesson.freedom)
    return Quantity(lesson.ratio * year.more, variance, lesson.freedom) if lesson.ratio > 0 else None


def _chance(reading: Reading, year: Year, to_come: Spread | None, lesson: Lesson | None, meets: bool) -> float:
    """The probability that the year meets the target."""
    if not year.more or lesson is None:
        return float(meets)
    if not year.reachable:
        return 0.0
    if to_come is None:  # nothing lost in n batches: the next loses with (0 + ½)/(n + 1), by Jeffreys's prior
        rare = 0.5 / (lesson.freedom + 2)
        return 1 - rare if meets else rare
    under, short = 1.0, 0.0
    if year.slack is not None and not (reading.bounded and year.slack >= year.more):
        under = to_come.at_most(float(year.slack) + SURE)
    if year.low is not None and (least := year.low * year.end - year.lost) > 0:
        short = to_come.at_most(ceil(least) - 1 if reading.whole else float(least))
    return max(under - short, 0.0)


def _percentile(rank: float, year: Year, ordered: Sequence[float], chance: float) -> Forecast | None:
    """Of a percentile by order statistics: the year's lies at a rank of the values so far that strays like a share."""
    if not ordered:
        return None
    if rank == 1:
        low, value, high = (year_maximum(ordered, year.more, share) for share in (EIGHTY[0], 0.5, EIGHTY[1]))
        return Forecast(value, low, high, chance)
    count = len(ordered)
    stray = NORMAL.inv_cdf(EIGHTY[1]) * sqrt(rank * (1 - rank) * year.more / (count * (count + year.more)))
    low, value, high = (_at(ordered, rank + part * stray) for part in (-1, 0, 1))
    return Forecast(value, low, high, chance)


def _at(ordered: Sequence[float], rank: float) -> float:
    """The value at a rank, between two by proportion."""
    place = min(max(rank, 0.0), 1.0) * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
