"""What stands in one row of a form: the verdict, its points and score, and what people or the figures say beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from agent.config import Indicator
from agent.evaluate.judgement import UNCONFIRMED
from agent.explain import Explanation
from agent.export.scoring import Attention
from agent.measures import Attested
from agent.model import Verdict


class Standing(StrEnum):
    """Whether a row has its score."""

    SCORED = "scored"
    OWED = "owed"  # 未填: no value yet, or a quality without its score
    LEFT_OUT = "left_out"  # 不适用: a person said so
    WITHOUT_POINTS = "without_points"


class Origin(StrEnum):
    """Where a figure or text comes from."""

    MEASURED = "measured"
    ENTERED = "entered"
    ATTESTED = "attested"
    WRITTEN = "written"  # by a person, in targets.yaml or later
    PROPOSED = "proposed"  # worked out, for a person to confirm
    DRAFTED = "drafted"  # facts for a text a person has yet to write


class Likely(StrEnum):
    """完成目标可能性."""

    SURE = "sure"
    MAYBE = "maybe"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator on its way into a form. `place` is 一级 and 二级 as printed, None in the block of funds."""

    indicator: Indicator
    verdict: Verdict
    place: tuple[str, str] | None
    standing: Standing
    given: Fraction  # the points targets.yaml gives
    points: Fraction  # … after those of rows that do not apply were shared out
    score: Fraction | None
    attention: Attention | None = None
    why: str | None = None  # why there is no score

    @property
    def origin(self) -> Origin:
        """Where its value comes from."""
        if self.indicator.measure.from_records:
            return Origin.MEASURED
        return Origin.ATTESTED if isinstance(self.indicator.measure, Attested) else Origin.ENTERED

    @property
    def unconfirmed(self) -> bool:
        """Whether nobody has confirmed how the row is read."""
        return UNCONFIRMED in self.verdict.flags

    @property
    def reason(self) -> str | None:
        """What a person wrote about it."""
        return None if self.verdict.stated is None else self.verdict.stated.reason


@dataclass(frozen=True, slots=True)
class Line:
    """A row with what is said beside its figures."""

    row: Row
    told: Explanation | None = None  # of what is measured: its numbers, records taken out, records that missed
    draft: str | None = None  # the facts of a miss, where nobody has written the reason
    expected: str | None = None  # 全年预计完成情况, proposed
    likely: Likely | None = None
    texts: dict[str, str] = field(default_factory=dict)  # what people put into columns of their own
