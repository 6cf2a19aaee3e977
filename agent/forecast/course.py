"""A cumulative row against its plan: the share expected by the end of each month, and where the course leads.

A plan is a few points of a year, never pro-rated blindly: between two of them only the earlier is owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from statistics import fmean, variance

from agent.forecast.spread import EIGHTY, NORMAL, t_of, z_of
from agent.model import Course, Day, Forecast, Target, Unit

LEAST_STEPS = 3  # fewer stated steps say nothing of how far they stray


def course(
    target: Target,
    plan: Mapping[str, Fraction],
    judged_on: Day,
    today: Day,
    stated: Sequence[tuple[Day, Fraction]],
) -> Course:
    """The course at the beginning of `today`, from the values stated so far (day, value), in order of day.

    A plan's share is the value itself for a ratio (2026-06: 40 % is an execution rate of 40 % by 30 June), of any
    other unit that share of the target. The year begins at 0 and owes the target on `judged_on`.
    """
    points = _points(target, plan, judged_on)
    value = stated[-1][1] if stated else None
    owed = [amount for day, amount in points[1:] if day < today]
    coming = next(((day, amount) for day, amount in points[1:] if day >= today), None)
    expected = owed[-1] if owed else None
    return Course(
        expected=expected,
        behind=value is not None and expected is not None and value < expected,
        next_day=coming[0] if coming else None,
        next_value=coming[1] if coming else None,
        forecast=_forecast(target, points, stated) if plan else None,
    )


def _points(target: Target, plan: Mapping[str, Fraction], judged_on: Day) -> list[tuple[Day, Fraction]]:
    assert target.value is not None
    whole = Fraction(1) if target.unit is Unit.RATIO else target.value
    months = [(_last_day(month), share * whole) for month, share in sorted(plan.items())]
    begun = (date(date.fromordinal(judged_on).year, 1, 1).toordinal() - 1, Fraction(0))
    return [begun, *((day, amount) for day, amount in months if day < judged_on), (judged_on, target.value)]


def _last_day(month: str) -> Day:
    year, number = (int(part) for part in month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1).toordinal() - 1


def _planned(points: Sequence[tuple[Day, Fraction]], day: Day) -> float:
    """The plan's amount on a day, straight between its points."""
    for (left, low), (right, high) in pairwise(points):
        if day <= right:
            return float(low) + float(high - low) * max(day - left, 0) / (right - left)
    return float(points[-1][1])


def _forecast(
    target: Target, points: Sequence[tuple[Day, Fraction]], stated: Sequence[tuple[Day, Fraction]]
) -> Forecast | None:
    """What is planned for the rest, times the share of the plan each stated step has kept; t interval of that share.

    A ratio estimator (Cochran 1977, 6.1) whose steps stray in proportion to what was planned for them.
    """
    assert target.value is not None
    known = [points[0], *stated]
    steps = [
        (float(after[1] - before[1]), _planned(points, after[0]) - _planned(points, before[0]))
        for before, after in pairwise(known)
    ]
    kept = [done / planned for done, planned in steps if planned > 0]
    if len(kept) < LEAST_STEPS:
        return None
    last = float(stated[-1][1])
    left = float(points[-1][1]) - _planned(points, stated[-1][0])
    coming = max(left / fmean(planned for _, planned in steps if planned > 0), 1.0)  # steps of the usual size
    stray = left * sqrt(variance(kept) * (1 / len(kept) + 1 / coming))
    value, freedom = last + left * fmean(kept), len(kept) - 1.0
    away = stray * t_of(NORMAL.inv_cdf(EIGHTY[1]), freedom)
    over = value - float(target.value)
    sign = -1 if target.op == "<=" else 1
    chance = NORMAL.cdf(z_of(sign * over / stray, freedom)) if stray > 0 else float(sign * over >= 0)
    return Forecast(value, max(value - away, last), value + away, chance)
