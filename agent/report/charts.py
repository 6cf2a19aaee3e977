"""The charts of a report, drawn from verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from agent import words
from agent.config import Indicator
from agent.explain import lengths
from agent.export.basis import PERIOD
from agent.export.columns import value_text
from agent.forecast import reading_of
from agent.model import State, Target, Unit, Verdict
from agent.plots import Bars, Line, Mark, Points
from agent.plots.charts import FULL, HALF
from agent.report.material import Material
from agent.report.story import Picture
from agent.shown import shown_target, shown_value

BANDS_WITHIN = 5  # alike
BANDS = (*(Fraction(part, BANDS_WITHIN) for part in range(1, BANDS_WITHIN + 1)), *map(Fraction, (2, 4, 8)))  # limits


def months(material: Material, one: Indicator, width: int = FULL) -> Picture | None:
    """An indicator month by month against its target; None of what is no number, or has no value in any month."""
    verdicts = [judged[(one.project, one.id, None)] for judged in material.months.values()]
    if not any(verdict.value is not None and verdict.unit is not Unit.DATE for verdict in verdicts):
        return None
    marks = [
        Mark(
            f"{month}月",
            None if verdict.value is None else float(verdict.value),
            value_text(verdict) if verdict.value is not None else words.STATES[verdict.state].removeprefix("本期"),
            verdict.state is State.MISSED,
        )
        for month, verdict in zip(material.months, verdicts, strict=True)
    ]
    title = f"{one.name} · 逐月"
    return Picture(Points(_id("months", one), title, marks, _promised(verdicts), width))


def _promised(verdicts: list[Verdict]) -> list[Line]:
    """The target along the months; of an interval both of its ends."""
    targets = [verdict.target for verdict in verdicts]
    last = next((target for target in reversed(targets) if target is not None and target.value is not None), None)
    if last is None:
        return []
    low = [None if target is None or target.value is None else float(target.value) for target in targets]
    high = [None if target is None or target.high is None else float(target.high) for target in targets]
    lines = [Line(f"目标 {shown_target(last)}", low)]
    return [*lines, Line("目标上限", high)] if any(value is not None for value in high) else lines


def histogram(material: Material, one: Indicator, width: int = FULL) -> Picture | None:
    """How long the finished records of the period took, against their limit; None where none was finished."""
    basis = material.basis
    found = lengths(basis.config, basis.ledger, basis.snapshot, one.project, one.id, PERIOD, BANDS)
    if found is None or not any(found.counts):
        return None
    marks = [
        Mark(name, float(count), f"{count:,}", at >= BANDS_WITHIN and count > 0)
        for at, (name, count) in enumerate(zip(_bands(found.edges), found.counts, strict=True))
    ]
    title = f"{one.name} · {sum(found.counts):,}件用时（{_unit(found.limit)[1]}）"
    limit = (BANDS_WITHIN, "时限" + shown_target(Target("<=", found.limit, Unit.SECONDS, "")))
    return Picture(Bars(_id("lengths", one), title, marks, limit=limit, width=width))


def _unit(limit: Fraction) -> tuple[int, str]:
    sizes = ((86_400, "天"), (3_600, "小时"), (60, "分钟"), (1, "秒"))
    return next(one for one in sizes if limit >= one[0]) if limit >= 1 else (1, "秒")


def _bands(edges: Sequence[Fraction]) -> list[str]:
    size = _unit(edges[BANDS_WITHIN - 1])[0]
    said = [f"{float(edge / size):g}" for edge in edges]
    return [f"≤{said[0]}", *(f"{a}–{b}" for a, b in pairwise(said)), f">{said[-1]}"]


def allowance(material: Material, one: Indicator, width: int = FULL) -> Picture | None:
    """How many more records could miss by the end of each month, at the volume the year is expected to have now.

    None where losses are not whole records, or nothing follows for the year.
    """
    reading, verdict = reading_of(one.measure), material.year[(one.project, one.id, None)]
    if reading is None or not reading.whole or verdict.allowance_left is None or not material.through:
        return None
    total = verdict.allowance_left + verdict.bad
    marks = []
    for month, judged in material.through.items():
        left = total - judged[(one.project, one.id, None)].bad
        marks.append(Mark(f"{month}月", float(left), f"{left:,}", left < 0))
    title = f"{one.name} · 各月末还可超时（全年{max(total, 0):,}件）"
    return Picture(Bars(_id("allowance", one), title, marks, width=width))


def systems(material: Material, one: Indicator) -> Picture | None:
    """Where an indicator missed in the period, system by system; None where it did not, or in one system alone."""
    found = material.by_system(one)
    if len(found) < 2 or not any(verdict.bad for _, verdict in found):
        return None
    found.sort(key=lambda item: (-item[1].bad, item[0]))
    marks = [
        Mark(
            name,
            float(verdict.bad),
            f"{verdict.bad:,}件 / 共{verdict.good + verdict.bad:,}件"
            + ("" if verdict.value is None else f"，{shown_value(verdict)}"),
            verdict.bad > 0,
        )
        for name, verdict in found
    ]
    return Picture(Bars(_id("systems", one), f"{one.name} · 各系统不合格件数", marks, lying=True))


def _id(kind: str, one: Indicator) -> str:
    return f"{kind}-{one.project}-{one.id}".replace("/", "-")


__all__ = ["FULL", "HALF", "allowance", "histogram", "months", "systems"]
