"""`entered` and `attested`: what a person answers for."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from pydantic import Field

from agent.measures.measure import Count, Measure, Observer
from agent.measures.setting import Setting
from agent.model import Unit


class Stated(Measure):
    """A measure a person answers for: no record counts toward it."""

    from_records: ClassVar[bool] = False

    def value(self, count: Count) -> Fraction | None:
        """Nothing: the value is what a person stated."""
        return None

    def _count(self, setting: Setting) -> Observer:
        return lambda record: ()


class Entered(Stated):
    """`entered`: a number a person states, as numerator and denominator."""

    unit_of: ClassVar[Unit | None] = None
    stated_unit: Unit = Field(alias="unit")

    @property
    def unit(self) -> Unit | None:
        """The unit the YAML states."""
        return self.stated_unit


class Attested(Stated):
    """`attested`: a person's word and band."""

    unit_of: ClassVar[Unit | None] = Unit.TEXT
    accept: tuple[str, ...]
    evidence_expected: str | None = None
