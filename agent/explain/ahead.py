"""The rest of the year in words: what may still miss, what is needed from now on, and the course of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from agent import words
from agent.explain.explanation import Rule
from agent.measures import DurationMeasure, Measure, Uptime
from agent.model import SECOND_US, Forecast, Unit, Verdict
from agent.shown import shown


def ahead(verdict: Verdict, measure: Measure) -> Iterator[Rule]:
    """What is said of the year, one line each; nothing where nothing is known."""
    if verdict.allowance_left is not None:
        yield Rule("还可超时", _allowance(verdict.allowance_left, measure))
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
    return f"{value}，八成可能在{low}与{high}之间，达标的可能性{likely(forecast.chance)}"


def _allowance(left: int, measure: Measure) -> str:
    """How many more may miss, and what each is taken to cost where that is not itself."""
    match measure:
        case DurationMeasure(percentile=None):
            return f"{words.allowance(left)}(按预计全年业务量；设其每件用时为目标的两倍，其余照平均用时)"
        case Uptime():
            return f"{words.allowance(left, '次停机')}(设其每次与今年以来的平均一样长)"
        case _:
            return f"{words.allowance(left)}(按预计全年业务量)"


def likely(chance: float) -> str:
    """A chance in whole per cent: more is not known, and nothing to come is certain."""
    percent = round(100 * chance)
    return "99%以上" if percent > 99 else "不到1%" if percent < 1 else f"约{percent}%"
