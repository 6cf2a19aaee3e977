"""How far losses and volumes stray, and how fast their ratio wanders: estimated from runs of whole weeks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from agent.forecast.reading import Losses

WEEK = 7
MOST = 12
CHANCE_WORTH = 4.0  # degrees of freedom given to the belief that records stray by chance alone
WANDER_WORTH = 2.0  # … and to the belief of how far a ratio wanders in a year:
WANDER = 0.2  # of p · (1 − p), or of a mean; chosen on the years of docs/forecast.md
FEWEST_TO_WANDER = 4


class Batch(NamedTuple):
    """Losses and volume of some weeks, and the volume their days promise."""

    lost: int
    volume: int
    expected: float


class Batches:
    """Up to `MOST` runs of equally many whole weeks, counted back from yesterday: as long as the history allows, for
    long runs show what single weeks do not, dependence (Schmeiser 1982)."""

    def __init__(self, days: Sequence[Losses], expected: Sequence[float]) -> None:
        """At least two weeks of days."""
        weeks = len(days) // WEEK
        self.length = WEEK * -(-weeks // MOST)
        self._all = [
            self._batch(days[end - self.length : end], expected[end - self.length : end])
            for end in range(len(days), self.length - 1, -self.length)
        ]
        self._used = [(one.lost, one.volume) for one in self._all if one.volume > 0]
        volume = sum(volume for _, volume in self._used)
        self._ratio = sum(lost for lost, _ in self._used) / volume if volume else 0.0
        self.freedom = max(len(self._used) - 1, 1)

    def _batch(self, days: Sequence[Losses], expected: Sequence[float]) -> Batch:
        return Batch(sum(lost for lost, _ in days), sum(volume for _, volume in days), sum(expected))

    def spread(self) -> float:
        """Variance of the losses per unit of volume around a common ratio: for records Williams's moment estimator of
        overdispersion (1982) times p · (1 − p)."""
        return sum((lost - self._ratio * volume) ** 2 / volume for lost, volume in self._used) / self.freedom

    def spread_of_records(self, share: float) -> tuple[float, float]:
        """The same drawn toward chance, p · (1 − p), with the degrees of freedom both are worth."""
        freedom = self.freedom + CHANCE_WORTH
        return (self.freedom * self.spread() + CHANCE_WORTH * share * (1 - share)) / freedom, freedom

    def wandering(self, usual: float) -> float:
        """Variance a day by which the ratio walks at random.

        A walk shows in the variance of the batches, but hardly between neighbours: the two estimates of von Neumann's
        ratio (1941). Of B batches it adds (B + 1)/6 steps to the one and a half to the other. What is found is drawn
        toward `WANDER` a year, as a part of `usual`.
        """
        believed = (WANDER * usual) ** 2 / 365
        count = len(self._used)
        if count < FEWEST_TO_WANDER:
            return believed
        volume = sum(volume for _, volume in self._used) / count
        excess = (self.spread() - self._between_neighbours()) / volume
        found = excess / ((count + 1) / 6 - 0.5) / self.length
        return max((WANDER_WORTH * believed + self.freedom * found) / (WANDER_WORTH + self.freedom), 0.0)

    def _between_neighbours(self) -> float:
        squares = ((a / n - b / m) ** 2 / (1 / n + 1 / m) for (a, n), (b, m) in pairwise(self._used))
        return sum(squares) / self.freedom

    def volume_spread(self) -> float:
        """Variance of the volume per unit of what the days promise."""
        strays = sum((one.volume - one.expected) ** 2 / one.expected for one in self._all if one.expected > 0)
        return strays / max(len(self._all) - 1, 1)
