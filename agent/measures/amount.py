"""`amount`: the sum of one field over the sum of another."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from pydantic import model_validator

from agent.measures.measure import Count, Measure, Observer
from agent.measures.setting import Setting
from agent.model import AMOUNT_SCALE, Observation, Outcome, Record, Unit

LARGEST_AMOUNT = 10**15  # in ledger units, a thousand million CNY: nine thousand of them sum within 64 bits


class Amount(Measure):
    """`amount`: the sum of one field over the sum of another, from the same records."""

    unit_of: ClassVar[Unit | None] = Unit.RATIO
    numerator: str
    denominator: str

    @model_validator(mode="after")
    def _needs_cohort(self) -> Amount:
        if self.cohort is None:
            raise ValueError("expected cohort: the time by which a record belongs to a day")
        return self

    def _own_names(self) -> set[str]:
        return {self.numerator, self.denominator}

    def value(self, count: Count) -> Fraction | None:
        """Sum over sum."""
        return Fraction(count.tally.num, count.tally.den) if count.tally.den else None

    def _count(self, setting: Setting) -> Observer:
        cohort, names = self.cohort or "", (self.numerator, self.denominator)

        def count(record: Record) -> tuple[Observation, ...]:
            moment = record.times.get(cohort)
            for name in (cohort, *names):
                if name not in record.times and name not in record.fields:
                    return self._missing(record, setting, name)
            assert moment is not None
            num, den = (scaled(record.fields[name]) for name in names)
            if num is None or den is None:
                return (self._excluded(record, setting, "amount out of range"),)
            day = setting.days.day_of(moment)
            return (Observation(day, record.system or "", Outcome.GOOD, None, None, None, 0, num, den),)

        return count


def scaled(text: str) -> int | None:
    """An amount in millionths of its unit; None where it has more decimals or digits than the ledger keeps exactly."""
    amount = Decimal(text) * AMOUNT_SCALE
    whole = amount.to_integral_value()
    return int(whole) if whole == amount and abs(whole) < LARGEST_AMOUNT else None
