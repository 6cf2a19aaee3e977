"""How a value is read from sums: as a straight line over the *loss ratio*, what was lost over what there was.

A share of good records, an error rate, an up time, a mean and a percentile differ only in what is lost, and in the line
that leads from the loss ratio to the value. All that follows is written once, for losses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from agent.measures import Amount, DurationMeasure, Measure, Milestone, Share, Uptime
from agent.model import SECOND_US, Tally, Target

Losses = tuple[int, int]  # what was lost, of what there was


@dataclass(frozen=True, slots=True)
class Reading:
    """`value = offset + slope · lost / total`. `whole`: losses are records, each lost or not."""

    losses: Callable[[Tally], Losses]
    offset: int = 0
    slope: Fraction = Fraction(1)
    whole: bool = False
    bounded: bool = False  # no more can be lost than there is
    rank: Fraction | None = None  # of a percentile, which is met while few enough records lie beyond the target
    by_outage: bool = False  # bad records say how many losses there were

    @property
    def in_records(self) -> bool:
        """Whether the volume is a number of records: of a share, a percentile or a mean."""
        return self.whole or not self.bounded

    def bounds(self, target: Target) -> tuple[Fraction | None, Fraction | None] | None:
        """The loss ratios `[low, high]` at which the target is met; None where it is a word or a date."""
        if target.value is None or target.op not in (">=", "<=", "=", "in"):
            return None
        if self.rank is not None:
            return (None, 1 - self.rank) if target.is_limit else None
        one = (target.value - self.offset) / self.slope
        if target.op == "in":
            other = ((target.high if target.high is not None else target.value) - self.offset) / self.slope
            return min(one, other), max(one, other)
        return (None, one) if target.is_limit == (self.slope > 0) else (one, None)

    def value(self, ratio: float) -> float:
        """The value at a loss ratio."""
        return self.offset + float(self.slope) * ratio


def reading_of(measure: Measure) -> Reading | None:
    """How a measure's value is read; None where no record counts toward it, or its value is a date."""
    if not measure.from_records or isinstance(measure, Milestone):
        return None
    match measure:
        case DurationMeasure() if measure.percentile is not None:
            return Reading(_bad_records, whole=True, bounded=True, rank=measure.percentile)
        case DurationMeasure():
            return Reading(_sums, slope=Fraction(1, SECOND_US))
        case Uptime():
            return Reading(_shortfall, offset=1, slope=Fraction(-1), bounded=True, by_outage=True)
        case Amount():
            return Reading(_shortfall, offset=1, slope=Fraction(-1), bounded=True)
        case Share() if measure.bad_when is not None:
            return Reading(_bad_records, whole=True, bounded=True)
        case _:
            return Reading(_bad_records, offset=1, slope=Fraction(-1), whole=True, bounded=True)


def _bad_records(tally: Tally) -> Losses:
    return tally.bad, tally.good + tally.bad


def _sums(tally: Tally) -> Losses:
    return tally.num, tally.den


def _shortfall(tally: Tally) -> Losses:
    return tally.den - tally.num, tally.den
