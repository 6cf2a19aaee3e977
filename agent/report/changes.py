"""同比 and 环比: how a value differs from that of the same days a year before, or of the month before."""

from __future__ import annotations

from fractions import Fraction

from agent.model import State, Unit, Verdict
from agent.shown import round_to, shown

NO_YEAR_BEFORE, NO_MONTH_BEFORE = "无上年数据", "无上月数据"
SAME = "持平"
NOTHING = "—"
POINT = Fraction(1, 10_000)  # percentage points are printed with two decimals


def change(now: Verdict | None, before: Verdict | None, unknown: str) -> str:
    """The difference in words, 好转 or 变差 by what the target asks for; `unknown` where there is nothing before."""
    if now is None or now.value is None or now.unit in (Unit.TEXT, Unit.DATE):
        return NOTHING
    if before is None or before.value is None:
        nothing_happened = before is not None and before.state is State.EMPTY
        return f"{unknown.removeprefix('无').removesuffix('数据')}未发生" if nothing_happened else unknown
    difference = now.value - before.value
    length = _length(abs(difference), now.unit)
    return SAME if length is None else f"{_way(now, difference)}{length}"


def _way(now: Verdict, difference: Fraction) -> str:
    target = now.target
    if target is None or target.op not in ("<=", ">=", "="):
        return "增" if difference > 0 else "减"
    return "变差" if (difference > 0) == target.is_limit else "好转"


def _length(difference: Fraction, unit: Unit) -> str | None:
    """The size of a difference; None where it would print as nothing."""
    if unit is Unit.RATIO:
        rounded = round_to(difference, POINT)
        return f"{float(rounded * 100):.2f}个百分点" if rounded else None
    if unit is Unit.SECONDS:
        rounded = round_to(difference, Fraction(1))
        return shown(rounded, unit) if rounded else None
    return shown(difference, unit) if difference else None
