"""Why a verdict is what it is, in one sentence that names the figures compared."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from agent import words
from agent.config import Indicator
from agent.explain.ahead import likely
from agent.explain.arithmetic import precise
from agent.model import State, Target, Unit, Verdict
from agent.shown import shown, shown_target


def words_of_state(verdict: Verdict) -> str:
    """The state in words; a missed target out of reach says so."""
    if verdict.state is State.MISSED and verdict.reachable is False:
        return words.UNREACHABLE
    return words.STATES[verdict.state]


def coverage_of(verdict: Verdict) -> str:
    """The share of the window the sources told; a dash where nothing was measured. Only the whole prints as 100 %."""
    if verdict.coverage is None:
        return shown(None, Unit.RATIO)
    whole = Target(">=", Fraction(1), Unit.RATIO, "")
    return shown(Fraction(verdict.coverage).limit_denominator(10**9), Unit.RATIO, whole)


def why(verdict: Verdict, indicator: Indicator) -> str:
    """The reason for the state."""
    match verdict.state:
        case State.MET:
            return _met(verdict)
        case State.MISSED if verdict.reason is not None:
            return words.REASONS[verdict.reason] + "，且已过期限"
        case State.MISSED if verdict.reachable is False:
            return f"{_compared(verdict)}；按预计的全年业务量，余下全部合格也达不到目标"
        case State.MISSED:
            return _compared(verdict)
        case State.AT_RISK:
            return f"{_compared(verdict)}；{_risk(verdict)}"
        case State.EMPTY:
            return "区间已完整读取，没有应计入的记录，不作判定"
        case State.NO_DATA:
            return _no_data(verdict, indicator)
        case State.PENDING:
            return f"已到填报期限，{_person(indicator)}尚未填报"
        case State.NOT_DUE:
            return _not_due(verdict, indicator)
        case _:
            return "没有可比较的目标值，仅供参考" if verdict.value is not None else "不作判定"


def _met(verdict: Verdict) -> str:
    return "区间已完整读取，没有应计入的记录，按规则视为达标" if verdict.value is None else _compared(verdict)


def _compared(verdict: Verdict) -> str:
    if verdict.value is None or verdict.target is None or verdict.target.value is None:
        return verdict.text or words.STATES[verdict.state]
    holds = verdict.target.holds(verdict.value)
    written = f"{precise(verdict.value, verdict.unit)} {'满足' if holds else '不满足'} {shown_target(verdict.target)}"
    at_least = "，“=”按“不低于”判定" if verdict.target.op == "=" and not verdict.target.is_limit else ""
    return f"按未舍入的数值比较：{written}{at_least}"


def _risk(verdict: Verdict) -> str:
    parts = []
    if verdict.allowance_left is not None:
        parts.append(f"年内还可超时：{words.allowance(verdict.allowance_left)}")
    if verdict.forecast is not None:
        parts.append(f"全年预计达标的可能性{likely(verdict.forecast.chance)}")
    return "、".join(parts) or "余量不足"


def _no_data(verdict: Verdict, indicator: Indicator) -> str:
    said = words.REASONS.get(verdict.reason or "", "未读到数据")
    if verdict.reason != "coverage":
        return said
    least = shown(Fraction(indicator.coverage_min).limit_denominator(10**6), Unit.RATIO)
    return f"{said}：{coverage_of(verdict)}，至少应为{least}，因此不给出数值"


def _not_due(verdict: Verdict, indicator: Indicator) -> str:
    if verdict.reason == "unstated":
        return f"由{_person(indicator)}填报，尚未到期限"
    judged = date.fromordinal(indicator.judged_on).isoformat()
    if verdict.reason is not None:
        return f"{words.REASONS[verdict.reason]}，期限未到"
    return f"累计类指标，{judged}考核，此前不判未达标；{_compared(verdict)}"


def _person(indicator: Indicator) -> str:
    return indicator.owner or "责任部门"
