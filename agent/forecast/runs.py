"""The days that teach, taken together in runs of whole weeks, and how far losses and volumes stray between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from agent.forecast.reading import Losses

WEEK = 7
MOST = 12


class Run(NamedTuple):
    """Losses and volume of the days `[first, end)`, and the volume they promise."""

    first: int
    end: int
    lost: int
    volume: int
    expected: float

    @property
    def length(self) -> int:
        """How many days."""
        return self.end - self.first


def runs_of(days: Sequence[Losses], expected: Sequence[float]) -> list[Run]:
    """Up to `MOST` runs of equally many whole weeks, in order, that end with the last day; the first takes in the days
    left over. They are as long as the days allow: long runs show what single weeks do not, dependence (batch means,
    Schmeiser 1982)."""
    length = WEEK * -(-(len(days) // WEEK) // MOST)
    ends = range(len(days) % length + length, len(days) + 1, length)
    return [_run(first, end, days, expected) for first, end in pairwise((0, *ends))]


def _run(first: int, end: int, days: Sequence[Losses], expected: Sequence[float]) -> Run:
    inside = days[first:end]
    return Run(
        first, end, sum(lost for lost, _ in inside), sum(volume for _, volume in inside), sum(expected[first:end])
    )


def spread_of_losses(runs: Sequence[Run]) -> float:
    """Variance of the losses per unit of volume, from neighbours, which differ by what strays and not by what wanders
    (von Neumann 1941); 0 for fewer than two runs, all with volume."""
    squares = ((a.lost / a.volume - b.lost / b.volume) ** 2 / (1 / a.volume + 1 / b.volume) for a, b in pairwise(runs))
    return sum(squares) / max(len(runs) - 1, 1)


def spread_of_volumes(runs: Sequence[Run]) -> float:
    """Variance of the volume per unit of what the days promise."""
    strays = sum((run.volume - run.expected) ** 2 / run.expected for run in runs if run.expected > 0)
    return strays / max(len(runs) - 1, 1)
