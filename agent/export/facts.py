"""The facts of a missed row, for the reason a person has yet to write: how many, which systems, the worst, when.

They are those `dabiao explain` gives; nothing is counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction

from agent.explain import Explanation
from agent.explain.explanation import Case
from agent.measures import Days, Measure, Uptime
from agent.shown import duration

MOST = 500  # records looked at for the worst one; with more the latest are
NAMED = 3  # systems named


def facts(told: Explanation, measure: Measure) -> str:
    """What is known of a miss, in one sentence."""
    parts = [f"实际完成 {told.value}，目标 {told.printed}"]
    if told.missed_total:
        counted = told.verdict.good + told.verdict.bad
        unit = "天缺记录" if isinstance(measure, Days) else "件不合格"
        parts.append(f"{counted:,}{unit[0]}中{told.missed_total:,}{unit}")
    parts += [*_systems(told), *_worst(told, measure), *_when(told)]
    return "；".join(parts) + "。"


def _systems(told: Explanation) -> Iterator[str]:
    bad = sorted((one for one in told.systems if one.bad), key=lambda one: (-one.bad, one.name))
    if bad:
        named = "、".join(f"{one.name}{one.bad:,}" for one in bad[:NAMED])
        yield f"涉及{named}" + (f"等{len(bad)}个系统" if len(bad) > NAMED else "")


def _worst(told: Explanation, measure: Measure) -> Iterator[str]:
    timed = [(length, case) for case in told.missed if (length := _length(case)) is not None]
    if not timed:
        return
    length, case = max(timed, key=lambda one: (one[0], one[1].id))
    among = "" if told.missed_total <= len(told.missed) else f"最近{len(told.missed):,}件中"
    word = "停机" if isinstance(measure, Uptime) else "用时" if case.late_seconds is None else "超时"
    yield f"{among}最长{word}{duration(_whole(length))}（{case.id}，{case.day:%m-%d}）"


def _length(case: Case) -> float | None:
    return case.late_seconds if case.late_seconds is not None else case.taken_seconds


def _whole(seconds: float) -> Fraction:
    return Fraction(round(seconds))


def _when(told: Explanation) -> Iterator[str]:
    if told.missed_total > len(told.missed) and told.missed:
        yield f"最近一件在{_dates([told.missed[0].day])}"
        return
    days = [case.day for case in told.missed] or list(told.missed_days)
    if days:
        yield f"发生在{_dates(days)}"


def _dates(days: Sequence[date]) -> str:
    first, last = min(days), max(days)
    return f"{first:%m-%d}" if first == last else f"{first:%m-%d}至{last:%m-%d}"
