"""What became of a record, in the words that the terminal and the pages share."""

from __future__ import annotations

from fractions import Fraction

from agent import words
from agent.explain.explanation import Case, Group
from agent.shown import duration


def outcome(case: Case) -> str:
    """How late it was, how much time it has left, or else why it counts as it does; and who asks to change that."""
    asked = "" if case.request is None else f"；{case.request}，待批准"
    return _outcome(case) + asked


def _outcome(case: Case) -> str:
    if case.late_seconds is not None:
        running = "" if case.stage is None else "，尚未完成"
        return f"超时{_measured(case.late_seconds, case.late_on_clock_seconds)}{running}"
    if case.remaining_seconds is not None and case.stage is not None:
        return f"还剩{_measured(case.remaining_seconds, case.remaining_on_clock_seconds)}"
    if case.note is not None:
        return case.note
    return words.OUTCOMES["bad"] if case.stage is None else words.STAGES[case.stage]


def _measured(wall: float, clock: float | None) -> str:
    """A time on the clock the record is held to, and by the wall where that is another."""
    if clock is None:
        return length(wall)
    return f"{length(clock)}(计时时间)" if clock == wall else f"{length(clock)}(计时时间，自然时间{length(wall)})"


def taken_head(wall_clock: bool) -> str:
    """The head of the column that says how long records took."""
    return "用时" if wall_clock else "用时(计时时间)"


def named(group: Group) -> str:
    """The excluded records of a reason by their ids, the newest first."""
    return "、".join(group.ids) + (" 等" if len(group.ids) < group.records else "")


def length(seconds: float) -> str:
    """A time as people say it."""
    return duration(Fraction(round(seconds)))
