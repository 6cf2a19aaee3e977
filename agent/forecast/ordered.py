"""Where a percentile or a maximum of a year will lie, from the values so far in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from agent.forecast.history import Lesson
from agent.forecast.spread import EIGHTY, NORMAL, t_of
from agent.forecast.year import Year
from agent.model import Forecast

FEWEST = 10  # values that show a tail
MOST_OF_TAIL = 500
LIGHTEST, HEAVIEST = -0.5, 0.9  # exponents of a tail: one that ends soon, one that hardly has a mean
NO_POWER = 1e-6  # below, a tail is exponential
HALVINGS = 30
LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Ordered:
    """The values of a year so far in ascending order, in seconds, of which few are read."""

    count: int
    between: Callable[[int, int], Sequence[float]]  # those at the places `[first, end)`, counted from 0

    @classmethod
    def of(cls, values: Sequence[float]) -> Ordered:
        """These values, already in order."""
        return cls(len(values), lambda first, end: values[first:end])

    def at(self, rank: float) -> float:
        """The value at a rank from 0 to 1, between two by proportion (type 7 of Hyndman & Fan 1996)."""
        place = min(max(rank, 0.0), 1.0) * (self.count - 1)
        below = int(place)
        first, *second = self.between(below, min(below + 2, self.count))
        return first + (place - below) * (second[0] - first) if second else first


class Tail:
    """How the largest values go on: generalised Pareto beyond a threshold (Pickands 1975), fitted by probability-
    weighted moments (Hosking & Wallis 1987). Three exponents stand for the normal distribution of what it is."""

    def __init__(self, ordered: Ordered) -> None:
        """At least `FEWEST` values."""
        beyond = min(max(ordered.count // 10, FEWEST), MOST_OF_TAIL)
        tail = ordered.between(ordered.count - beyond, ordered.count)
        self._threshold, self.highest = tail[0], tail[-1]
        self._share = beyond / (ordered.count + 1)
        self._mean = sum(tail) / beyond - self._threshold
        weighed = sum((each - tail[0]) * (beyond - place - 0.65) for place, each in enumerate(tail)) / beyond**2
        exponent = 2 - self._mean / max(self._mean - 2 * weighed, LEAST)
        exponent, away = min(max(exponent, LIGHTEST), HEAVIEST), sqrt(4 / beyond)  # √3 standard deviations near 0
        self._exponents = (exponent - away, exponent, min(exponent + away, HEAVIEST))

    def stays_below(self, limit: float, more: int) -> float:
        """The probability that none of so many more values exceeds a limit, which is no less than the largest."""
        low, middle, high = ((1 - self._exceeds(limit, exponent)) ** more for exponent in self._exponents)
        return (low + 4 * middle + high) / 6

    def _exceeds(self, limit: float, exponent: float) -> float:
        """The probability that one value does, at an exponent; the scale keeps the mean."""
        if self._mean <= 0:
            return 0.0
        far = (limit - self._threshold) / (self._mean * (1 - exponent))
        if abs(exponent) < NO_POWER:
            return self._share * exp(-far)
        part = 1 + exponent * far
        return float(self._share * part ** (-1 / exponent)) if part > 0 else 0.0

    def maximum(self, more: int, share: float) -> float:
        """The maximum not exceeded with this probability after so many more values like these."""
        if self.stays_below(self.highest, more) >= share:
            return self.highest
        low, high = self.highest, 2 * self.highest
        while self.stays_below(high, more) < share:
            low, high = high, 2 * high
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.stays_below(middle, more) < share else (low, middle)
        return high


def year_percentile(rank: float, year: Year, ordered: Ordered, lesson: Lesson, chance: float) -> Forecast:
    """Of a percentile by order statistics: the year's lies at a rank of the values so far that strays as a share does.

    How far was learned of the share beyond the target. It is carried over to the percentile's own share by the usual
    sizes: what strays by p · (1 − p), what wanders by its square.
    """
    more, level = year.more, lesson.level
    own, seen = rank * (1 - rank), lesson.share * (1 - lesson.share)
    alike = own / seen
    straying = level.spread * alike * (1 / ordered.count + 1 / more)
    wandering = max(level.variance - level.spread / lesson.seen, 0.0) * alike**2
    to_come = more / (ordered.count + more)
    centre = rank + to_come * (lesson.ratio - year.lost / year.total) * alike
    away = to_come * sqrt(straying + wandering) * t_of(NORMAL.inv_cdf(EIGHTY[1]), level.freedom)
    low, value, high = (ordered.at(centre + part * away) for part in (-1, 0, 1))
    return Forecast(value, low, high, chance)


def year_maximum(year: Year, ordered: Ordered, limit: float, chance: float) -> Forecast:
    """Of a maximum: its interval, and the chance that it stays within a limit, where the tail is known."""
    if ordered.count < FEWEST or not year.more:
        highest = ordered.at(1)
        return Forecast(highest, highest, highest, chance)
    tail = Tail(ordered)
    low, value, high = (tail.maximum(year.more, share) for share in (EIGHTY[0], 0.5, EIGHTY[1]))
    known = year.reachable and limit >= tail.highest
    return Forecast(value, low, high, tail.stays_below(limit, year.more) if known else chance)
