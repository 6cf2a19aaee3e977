"""Where the year will end: the expected value, its 80 % interval and the chance of meeting the target."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from agent.forecast.history import Lesson
from agent.forecast.ordered import Ordered, year_maximum, year_percentile
from agent.forecast.reading import Reading
from agent.forecast.spread import EIGHTY, Quantity, Spread, lost_records
from agent.forecast.year import SURE, Year
from agent.model import Forecast


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The forecast, and whether its value meets the target; both None where the history teaches nothing."""

    forecast: Forecast | None = None
    meets: bool | None = None


def foresee(
    reading: Reading, year: Year, lesson: Lesson | None, limit: float, ordered: Ordered | None = None
) -> Foreseen:
    """The forecast of a year whose target has this limit. Once nothing more is to come it is the value itself."""
    if lesson is None and year.more:
        return Foreseen()
    ratio = lesson.ratio if lesson is not None else 0.0
    lost = year.lost + ratio * year.more
    meets = year.holds(lost)
    to_come = _to_come(reading, year, lesson) if lesson is not None else None
    chance = _chance(reading, year, to_come, lesson, meets)
    if reading.rank is not None:
        ranked = _ranked(float(reading.rank), year, lesson, limit, ordered, chance)
        return Foreseen(ranked, meets if ranked is None else ranked.value <= limit)
    low, high = (year.lost + max(to_come.quantile(share), 0.0) for share in EIGHTY) if to_come else (lost, lost)
    if reading.bounded:
        high = min(high, year.lost + year.more)
    value, *ends = (reading.value(each / year.end) for each in (lost, low, high))
    return Foreseen(Forecast(value, min(value, *ends), max(value, *ends), chance), meets)


def _ranked(
    rank: float, year: Year, lesson: Lesson | None, limit: float, ordered: Ordered | None, chance: float
) -> Forecast | None:
    """Of a percentile or a maximum; None where no values are handed over."""
    if ordered is None or not ordered.count:
        return None
    if rank == 1:
        return year_maximum(year, ordered, limit, chance)
    if lesson is None or not year.more:
        value = ordered.at(rank)
        return Forecast(value, value, value, chance)
    return year_percentile(rank, year, ordered, lesson, chance)


def _to_come(reading: Reading, year: Year, lesson: Lesson) -> Spread | None:
    """The distribution of the losses to come; None where nothing more comes, or nothing was ever lost.

    Their variance is that of M units straying around their level, plus M² times that of the level; plus what a volume
    that turns out otherwise does to the year's value, in proportion to the distance of the level from the year's ratio.
    """
    if not year.more:
        return None
    level, distance = lesson.level, lesson.ratio - (year.lost + lesson.ratio * year.more) / year.end
    unsure = lesson.volume_spread * year.more * (1 + year.more / lesson.seen)
    variance = level.spread * year.more + level.variance * year.more**2 + distance**2 * unsure
    if reading.whole:
        return lost_records(lesson.share, year.more, variance, lesson.level.freedom)
    return Quantity(lesson.ratio * year.more, variance, lesson.level.freedom) if lesson.ratio > 0 else None


def _chance(reading: Reading, year: Year, to_come: Spread | None, lesson: Lesson | None, meets: bool) -> float:
    """The probability that the year meets the target."""
    if not year.more or lesson is None:
        return float(meets)
    if not year.reachable:
        return 0.0
    if to_come is None:  # nothing lost in n runs of weeks: the next loses with (0 + ½)/(n + 1), by Jeffreys's prior
        rare = 0.5 / (lesson.level.freedom + 2)
        return 1 - rare if meets else rare
    under, short = 1.0, 0.0
    if year.slack is not None and not (reading.bounded and year.slack >= year.more):
        under = to_come.at_most(float(year.slack) + SURE)
    if year.low is not None and (least := year.low * year.end - year.lost) > 0:
        short = to_come.at_most(ceil(least) - 1 if reading.whole else float(least))
    return max(under - short, 0.0)
