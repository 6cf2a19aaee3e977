"""The sums of one year, so far and expected, beside the loss ratios at which its target is met."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

SURE = 1e-9  # what floats may be off


@dataclass(frozen=True, slots=True)
class Year:
    """All volumes in ledger units; `more` is what is still to come, waiting records included."""

    lost: int
    total: int
    more: int
    low: Fraction | None
    high: Fraction | None
    ranked: bool  # of a percentile
    bounded: bool  # no more can be lost than there is

    @property
    def end(self) -> int:
        """The volume the year will end with."""
        return self.total + self.more

    @property
    def most(self) -> Fraction | None:
        """How much may be lost in all; None where losing is no miss.

        A percentile of n values lies between its neighbours (type 7), so that it is judged on n − 1 of them.
        """
        return None if self.high is None else self.high * (self.end - 1 if self.ranked else self.end)

    @property
    def slack(self) -> Fraction | None:
        """How much more may be lost; negative when it is already too much."""
        return None if self.most is None else self.most - self.lost

    @property
    def reachable(self) -> bool:
        """Whether the best the rest can do meets the target: nothing lost, or everything where that is wanted."""
        if self.slack is not None and self.slack < 0:
            return False
        return self.low is None or not self.bounded or self.lost + self.more >= self.low * self.end

    def holds(self, lost: float) -> bool:
        """Whether the target is met with so much lost by the end."""
        return (self.most is None or lost <= float(self.most) + SURE * self.end) and (
            self.low is None or lost >= float(self.low * self.end) - SURE * self.end
        )
