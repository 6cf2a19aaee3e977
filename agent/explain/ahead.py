"""The rest of the year in words: what may still miss, what is needed from now on, and the course of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from agent.explain.explanation import Rule
from agent.model import SECOND_US, Forecast, Unit, Verdict
from agent.shown import shown


def ahead(verdict: Verdict) -> Iterator[Rule]:
    """What is said of the year, one line each; nothing where nothing is known."""
    if verdict.allowance_left is not None:
        yield Rule("还可超时", f"{verdict.allowance_left:,}件(按预计全年业务量)")
    if verdict.reachable is False:
        yield Rule("能否达标", "按预计的全年业务量，余下全部合格也达不到目标；业务量与预计不同，结论可能改变")
    if verdict.rate_needed is not None:
        yield Rule("此后须达", f"{shown(verdict.rate_needed, verdict.unit)}(按预计的剩余业务量)")
    if verdict.unreachable_on is not None and verdict.reachable:
        yield Rule(
            "最迟转折", f"{date.fromordinal(verdict.unreachable_on)}：照目前水平，过了这一天余下全部合格也达不到目标"
        )
    if verdict.forecast is not None:
        yield Rule("全年预计", _forecast(verdict.forecast, verdict.unit))
    along = verdict.course
    if along is not None:
        if along.expected is not None:
            kept = "落后" if along.behind else "不落后"
            yield Rule("分月计划", f"至今应达{shown(along.expected, verdict.unit)}，{kept}")
        if along.next_day is not None:
            yield Rule("下一节点", f"{date.fromordinal(along.next_day)}应达{shown(along.next_value, verdict.unit)}")


def _forecast(forecast: Forecast, unit: Unit) -> str:
    value, low, high = (
        shown(Fraction(number).limit_denominator(SECOND_US), unit)
        for number in (forecast.value, forecast.low, forecast.high)
    )
    chance = shown(Fraction(forecast.chance).limit_denominator(1000), Unit.RATIO)
    return f"{value}，八成可能在{low}与{high}之间，达标的可能性{chance}"
