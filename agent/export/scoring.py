"""How a row of the form is scored: domain rules of 财预〔2020〕10号, on exact fractions. Pure.

A value is scored on full precision; what comes out is rounded to the two decimals that are printed, halves up, and
totals are sums of what is printed. Whether a target is met is `Target.holds`, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from agent.model import BAND_SHARES, Band, Target, Unit
from agent.shown import round_to

HUNDRED = Fraction(100)
CENT = Fraction(1, 100)


class Reverse(StrEnum):
    """How a value beyond an upper limit A is scored."""

    RATIO = "ratio"  # A ÷ B
    LINEAR = "linear"  # 1 − (B − A) ÷ A, nothing from 2A on


class Attention(StrEnum):
    """Why the form demands a reason."""

    BELOW = "below"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of the total and the least total it takes."""

    name: str
    least: Fraction


@dataclass(frozen=True, slots=True)
class Rules:
    """What a form profile sets of the scoring."""

    reverse: Reverse
    over: Fraction  # from this favourable deviation on a reason is demanded
    over_for_reverse: bool
    grades: tuple[Grade, ...]  # the best first


def as_printed(points: Fraction) -> Fraction:
    """Points as they are printed: two decimals, halves up."""
    return round_to(points, CENT)


def quantity(target: Target, value: Fraction, points: Fraction, reverse: Reverse) -> Fraction:
    """The score of a number or a date: all points where the target is met, else the share of it that was reached.

    A date that is missed scores nothing; a negative value counts as 0.
    """
    assert target.value is not None
    if target.holds(value):
        return points
    if target.unit is Unit.DATE:
        return Fraction(0)
    reached = max(value, Fraction(0))
    limit = target.value if target.high is None else target.high
    if target.is_limit or (target.op == "in" and reached > limit):
        return as_printed(points * _beyond(limit, reached, reverse))
    return as_printed(points * reached / target.value) if target.value else Fraction(0)


def _beyond(limit: Fraction, reached: Fraction, reverse: Reverse) -> Fraction:
    """The share that a value beyond its upper limit is worth."""
    if reverse is Reverse.RATIO or not limit:
        return limit / reached
    return max(1 - (reached - limit) / limit, Fraction(0))


def quality(band: Band, share: Fraction | None, points: Fraction) -> Fraction | None:
    """The score of a quality by its band; None where the person who judged it named no share of the points.

    The upper band alone scores in full without one. ValueError where the share lies outside its band.
    """
    if share is None:
        return points if band is Band.ACHIEVED else None
    if not band.admits(share):
        low, high = BAND_SHARES[band]
        edge = "(含)" if high == 1 else ""
        raise ValueError(f"得分率应在{_percent(low)}(含)至{_percent(high)}{edge}之间，现为{_percent(share)}")
    return as_printed(points * share)


def budget(executed: Fraction, planned: Fraction, points: Fraction) -> Fraction:
    """The score of 预算执行率: min(B ÷ A, 1) of the points. ValueError where nothing was planned."""
    if planned <= 0:
        raise ValueError("全年预算数应大于0")
    return as_printed(points * min(max(executed, Fraction(0)) / planned, Fraction(1)))


def attention(target: Target, value: Fraction, rules: Rules) -> Attention | None:
    """Whether a reason is owed: the target is missed, or passed by so much that it may have been set too low."""
    assert target.value is not None
    if not target.holds(value):
        return Attention.BELOW
    if target.unit is Unit.DATE or target.op == "in" or (target.is_limit and not rules.over_for_reverse):
        return None
    return Attention.ABOVE if _is_far(target, value, rules.over) else None


def _is_far(target: Target, value: Fraction, over: Fraction) -> bool:
    assert target.value is not None
    if not target.value:  # as checked by software: 30 of something where none was promised
        return not target.is_limit and value >= 100 * over
    gained = target.value - value if target.is_limit else value - target.value
    return gained >= over * target.value


def rescaled(points: Sequence[Fraction]) -> list[Fraction]:
    """The points of the rows that apply, brought back to 100: each × 100 ÷ their sum, printed; the rest on the largest.

    ValueError where nothing is left that carries points.
    """
    whole = sum(points, Fraction(0))
    if not whole:
        raise ValueError("没有一行适用且有分值")
    found = [as_printed(one * HUNDRED / whole) for one in points]
    largest = found.index(max(found))
    found[largest] += HUNDRED - sum(found)
    return found


def grade(total: Fraction, grades: Sequence[Grade]) -> str | None:
    """The grade of a total."""
    return next((one.name for one in grades if total >= one.least), None)


def _percent(share: Fraction) -> str:
    percent = share * 100
    return f"{float(percent):g}%"
