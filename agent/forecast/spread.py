"""How uncertain a sum to come is, given its mean and variance: whole records, or a quantity that is not negative."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from math import exp, floor, log1p, sqrt
from statistics import NormalDist
from typing import Protocol

NORMAL = NormalDist()
EIGHTY = (0.1, 0.9)
CUBE_HOLDS = 0.4  # beyond, the cube root's upper quantiles fall; those of the gamma itself hardly rise
FEW = 200.0  # above so many expected losses their being whole no longer shows


def t_of(z: float, freedom: float) -> float:
    """Student's t at the normal deviate z, by Abramowitz & Stegun 26.7.8 solved for t; exact enough from 3 degrees."""
    freedom = max(freedom, 3.0)
    return z / sqrt(max((1 - 1 / (4 * freedom)) ** 2 - z * z / (2 * freedom), 0.02))


def z_of(t: float, freedom: float) -> float:
    """The normal deviate of Student's t (Abramowitz & Stegun 26.7.8)."""
    freedom = max(freedom, 3.0)
    return t * (1 - 1 / (4 * freedom)) / sqrt(1 + t * t / (2 * freedom))


class Spread(Protocol):
    """The distribution of what is still to be lost."""

    def quantile(self, share: float) -> float:
        """What is not exceeded with this probability."""

    def at_most(self, limit: float) -> float:
        """The probability of at most so much."""


class Quantity:
    """A sum of times or amounts: a gamma distribution, by Wilson & Hilferty's cube root (1931), with Student's t in the
    place of the normal deviate because the variance is itself estimated."""

    def __init__(self, mean: float, variance: float, freedom: float) -> None:
        self._mean, self._freedom = mean, freedom
        self._cube = min(variance / (9 * mean * mean), CUBE_HOLDS) if mean > 0 else 0.0

    def quantile(self, share: float) -> float:
        """The sum that is not exceeded with this probability."""
        deviate = t_of(NORMAL.inv_cdf(share), self._freedom)
        return float(self._mean * max(1 - self._cube + deviate * sqrt(self._cube), 0.0) ** 3)

    def at_most(self, limit: float) -> float:
        """The probability that the sum does not exceed a limit."""
        if limit < 0 or self._cube <= 0:
            return float(limit >= self._mean)
        deviate = ((limit / self._mean) ** (1 / 3) - 1 + self._cube) / sqrt(self._cube)
        return NORMAL.cdf(z_of(deviate, self._freedom))


class Records:
    """A number of lost records: the distribution of Katz (1965) with the given mean and variance.

    Its family holds the binomial (less spread than chance), Poisson and negative binomial (more); its terms follow
    from one another, p(k) = (a + b/k) · p(k − 1) (Panjer 1981). It stands for the beta-binomial of the same moments.
    """

    def __init__(self, mean: float, variance: float) -> None:
        self._cumulated = list(accumulate(_katz(mean, variance)))
        total = self._cumulated[-1]
        self._cumulated = [part / total for part in self._cumulated]

    def quantile(self, share: float) -> float:
        """By mid-probability, between whole numbers in proportion: whole steps would make the interval too wide."""
        middles = [(below + upto) / 2 for below, upto in zip([0.0, *self._cumulated], self._cumulated, strict=False)]
        above = bisect_left(middles, share)
        if above == 0 or above == len(middles):
            return float(min(above, len(middles) - 1))
        low, high = middles[above - 1], middles[above]
        return above - 1 + (share - low) / (high - low)

    def at_most(self, limit: float) -> float:
        """The probability of at most so many."""
        if limit < 0:
            return 0.0
        return self._cumulated[min(floor(limit), len(self._cumulated) - 1)]


def _katz(mean: float, variance: float) -> list[float]:
    a = 1 - mean / variance
    b = mean * (1 - a) - a
    term = exp(-mean if abs(a) < 1e-9 else (a + b) / a * log1p(-a))
    terms, reached = [term], term
    last = mean + 12 * sqrt(variance) + 12
    while reached < 1 - 1e-9 and len(terms) < last and term > 0:
        term *= max(a + b / len(terms), 0.0)
        terms.append(term)
        reached += term
    return terms


class Kept:
    """Lost records counted by those kept, which are the fewer."""

    def __init__(self, of: int, kept: Spread) -> None:
        self._of, self._kept = of, kept

    def quantile(self, share: float) -> float:
        """The number not exceeded with this probability."""
        return self._of - self._kept.quantile(1 - share)

    def at_most(self, limit: float) -> float:
        """The probability of at most so many lost."""
        return 1 - self._kept.at_most(self._of - floor(limit) - 0.5)


def lost_records(share: float, of: int, variance: float, freedom: float) -> Spread:
    """How many of so many records will be lost. The variance is estimated, so it is taken larger by Student's t."""
    if share > 0.5:
        return Kept(of, _fewer((1 - share) * of, variance, freedom))
    return _fewer(share * of, variance, freedom)


def _fewer(mean: float, variance: float, freedom: float) -> Spread:
    if mean > FEW:
        return Quantity(mean, variance, freedom)
    z = NORMAL.inv_cdf(EIGHTY[1])
    return Records(mean, variance * (t_of(z, freedom) / z) ** 2)
