"""The level at which a ratio will run for the rest of the year, where levels wander: kriging in time.

Each run of weeks lost its level times its volume, give or take what strays; runs near in time have like levels. The
mean level of the days to come follows by best linear unbiased prediction (Goldberger 1962). How far levels wander is
not known, so that several sizes are weighed by how likely each makes what was seen, the straying integrated out
(Handcock & Stein 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan, erf, exp, log, pi, sqrt
from typing import NamedTuple

from agent.forecast.runs import Run
from agent.forecast.spread import EIGHTY, NORMAL

REACH_DAYS = 365.0  # levels so far apart in time are alike by 1/e: a process is much the same from month to month
SIZES = (0.2, 0.4, 0.8, 1.6)  # how far levels wander, in what is usual (of a share p · (1 − p), of a mean itself)
MEDIAN_SIZE = 0.35  # half of all processes are believed to wander less: a half-Cauchy prior (Gelman 2006)
FAR = 4.0  # deviations within which a quantile is looked for
HALVINGS = 25
ROOT = sqrt(2)
LEAST = 1e-300  # what a root or logarithm is taken of at least

Matrix = list[list[float]]


class Level(NamedTuple):
    """The mean level of the days to come as far as it is known, and how losses stray around their level."""

    mean: float
    variance: float
    spread: float  # variance of losses per unit of volume
    freedom: float  # degrees of freedom behind it


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    """What follows if levels wander by one size."""

    likelihood: float  # logarithm
    mean: float
    variance: float  # of the mean
    spread: float


def level_ahead(runs: Sequence[Run], days: int, usual: float, spread: float, worth: float) -> Level:
    """The level of so many days after the last of some runs, all with volume.

    `spread` is what losses are believed to stray by, not 0, and the belief is worth so many degrees of freedom.
    """
    freedom = worth + len(runs) - 1
    alike = _Likeness.of(runs, days)
    found = [_suppose(runs, alike, (size * usual) ** 2 / spread, spread * worth, freedom) for size in (0.0, *SIZES)]
    likeliest = max(each.likelihood for each in found)
    weights = [prior * exp(each.likelihood - likeliest) for prior, each in zip(PRIOR, found, strict=True)]
    whole = sum(weights)
    weighed = [(weight / whole, each) for weight, each in zip(weights, found, strict=True)]
    mean = sum(weight * each.mean for weight, each in weighed)
    low, high = (_quantile(weighed, share) for share in EIGHTY)
    deviation = (high - low) / (2 * NORMAL.inv_cdf(EIGHTY[1]))  # a size that is unlikely widens no interval of 80 %
    return Level(mean, deviation**2, sum(weight * each.spread for weight, each in weighed), freedom)


def _quantile(weighed: Sequence[tuple[float, _Hypothesis]], share: float) -> float:
    """The level not exceeded with this probability, by halving."""
    parts = [(weight, each.mean, sqrt(max(each.variance, LEAST))) for weight, each in weighed]
    low = min(mean - FAR * deviation for _, mean, deviation in parts)
    high = max(mean + FAR * deviation for _, mean, deviation in parts)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = sum(weight * erf((middle - mean) / (deviation * ROOT)) for weight, mean, deviation in parts)
        low, high = (middle, high) if below < 2 * share - 1 else (low, middle)
    return high


def _prior() -> list[float]:
    """The half-Cauchy's weight between the geometric middles of 0 (up to the first) and each size."""
    edges = [SIZES[0] / sqrt(2), *(sqrt(low * high) for low, high in pairwise(SIZES))]
    below = [0.0, *(2 / pi * atan(edge / MEDIAN_SIZE) for edge in edges), 1.0]
    return [upto - under for under, upto in pairwise(below)]


PRIOR = _prior()


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How alike the mean levels of runs and of the days to come are, as parts of how far levels vary."""

    runs: Matrix  # the lower triangle
    ahead: list[float]
    within_ahead: float

    @classmethod
    def of(cls, runs: Sequence[Run], days: int) -> _Likeness:
        ends = runs[-1].end
        to_come = Run(ends, ends + days, 0, 0, 0)
        return cls(
            [[*(_between(other, run) for other in runs[:row]), _within(run)] for row, run in enumerate(runs)],
            [_between(run, to_come) for run in runs],
            _within(to_come),
        )


def _within(run: Run) -> float:
    """Variance of the mean level of a run, where likeness falls off exponentially (Ornstein & Uhlenbeck 1930)."""
    part = run.length / REACH_DAYS
    return 2 * (part - 1 + exp(-part)) / part**2


def _between(before: Run, after: Run) -> float:
    """Covariance of the mean levels of a run and a later one."""
    one, other = before.length / REACH_DAYS, after.length / REACH_DAYS
    apart = exp((before.end - after.first) / REACH_DAYS)
    return apart * (1 - exp(-one)) / one * (1 - exp(-other)) / other


def _suppose(runs: Sequence[Run], alike: _Likeness, wander: float, believed: float, freedom: float) -> _Hypothesis:
    """Levels vary by `wander` times the spread around a mean of which nothing is known."""
    covariance = [[wander * part for part in row] for row in alike.runs]
    for row, run in zip(covariance, runs, strict=True):
        row[-1] += 1 / run.volume
    factor = _cholesky(covariance)
    ones = _solved(factor, [1.0] * len(runs))
    seen = _solved(factor, [run.lost / run.volume for run in runs])
    ahead = _solved(factor, [wander * part for part in alike.ahead])
    weight = _dot(ones, ones)
    mean = _dot(ones, seen) / weight
    strays = [value - mean * one for value, one in zip(seen, ones, strict=True)]
    spread = (believed + _dot(strays, strays)) / freedom
    unexplained = wander * alike.within_ahead - _dot(ahead, ahead) + (1 - _dot(ahead, ones)) ** 2 / weight
    size = sum(log(row[-1]) for row in factor)
    likelihood = -size - log(weight) / 2 - freedom * log(max(spread, LEAST)) / 2
    return _Hypothesis(likelihood, mean + _dot(ahead, strays), unexplained * spread, spread)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(float.__mul__, one, other))


def _cholesky(lower: Matrix) -> Matrix:
    """The lower triangle whose product with its transpose is the given one."""
    factor: Matrix = []
    for cells in lower:
        row: list[float] = []
        for above, cell in zip(factor, cells, strict=False):
            row.append((cell - _dot(row, above)) / above[-1])
        row.append(sqrt(max(cells[-1] - _dot(row, row), LEAST)))
        factor.append(row)
    return factor


def _solved(factor: Matrix, values: Sequence[float]) -> list[float]:
    """What the triangle times the result makes the values."""
    result: list[float] = []
    for row, value in zip(factor, values, strict=True):
        result.append((value - _dot(row, result)) / row[-1])
    return result
