"""What both reports tell: what was missed and why, what the data lack, who owes a statement, the tightest allowance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from agent import owed, words
from agent.config import Indicator
from agent.explain import Explanation, explain
from agent.explain.judged import coverage_of
from agent.export.basis import PERIOD
from agent.export.columns import value_text
from agent.export.facts import MOST, facts
from agent.export.reasons import Progress
from agent.model import Verdict
from agent.report.counting import of
from agent.report.material import SETTLED, Judged, Material
from agent.report.story import Cell, Figure
from agent.shown import NOTHING

LIMIT = 5  # gaps named


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the period that a source has not told, and how many indicators lack it."""

    source: str
    begins: str
    ends: str
    indicators: int


def explained(material: Material, rows: Sequence[Indicator], progress: Progress) -> dict[str, Explanation]:
    """The account of each of these rows in the period, by project/indicator."""
    basis, found = material.basis, {}
    for number, one in enumerate(rows, 1):
        found[one.subject] = explain(
            basis.config, basis.ledger, basis.snapshot, one.project, one.id, PERIOD, limit=MOST
        )
        progress(number, len(rows))
    return found


def why(one: Indicator, judged: Judged, told: Explanation | None) -> Cell:
    """Why a row misses: what a person wrote, else the facts of it as a draft, with who has yet to say more."""
    verdict = of(one, judged)
    if verdict.stated is not None and verdict.stated.reason:
        return Cell(verdict.stated.reason)
    if told is not None:
        return Cell(facts(told, one.measure), draft=True)
    waits = f"原因待{one.owner or words.NO_OWNER}填写"
    return Cell(f"累计完成 {value_text(verdict)}，目标 {one.text}；{waits}。", draft=True)


def gaps(material: Material, told: Sequence[Explanation]) -> list[Gap]:
    """Every gap once, the longest first."""
    found: dict[tuple[str, str, str], int] = {}
    lengths: dict[tuple[str, str, str], float] = {}
    for one in told:
        for gap in one.gaps:
            source = material.basis.config.source(gap.source)
            place = (gap.source if source is None else source.name, _clock(gap.begins), _clock(gap.ends))
            found[place] = found.get(place, 0) + 1
            lengths[place] = (gap.ends - gap.begins).total_seconds()
    ordered = sorted(found, key=lambda place: (-lengths[place], place))
    return [Gap(*place, found[place]) for place in ordered]


def _clock(at: date) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def coverage(material: Material, judged: Judged) -> tuple[Figure, list[Indicator]]:
    """The least coverage of any measured row, and the rows that lack some."""
    known = [(one, verdict) for one in material.measured if (verdict := of(one, judged)).coverage is not None]
    if not known:
        return Figure("数据完整率", NOTHING, "尚无数据"), []
    least, verdict = min(known, key=lambda item: item[1].coverage or 0.0)
    lacking = [one for one, verdict in known if (verdict.coverage or 0.0) < 1]
    note = f"最低：{least.name}" if lacking else f"{len(known)}项均完整"
    return Figure("数据完整率", coverage_of(verdict), note), lacking


def tightest(material: Material) -> tuple[Indicator, Verdict] | None:
    """The row of the year with the least allowance left, of those that are judged."""
    known = [
        (one, verdict)
        for one in material.measured
        if (verdict := of(one, material.year)).allowance_left is not None and verdict.state in SETTLED
    ]
    return min(known, key=lambda item: item[1].allowance_left or 0, default=None)


def allowance_figure(material: Material) -> Figure:
    """还可超时 of the tightest row, as things stand when the report is made."""
    label = f"截至{material.basis.as_of[5:10]}还可超时"
    found = tightest(material)
    if found is None:
        return Figure(label, NOTHING, "尚无可推算的指标")
    one, verdict = found
    value = words.allowance(verdict.allowance_left or 0)
    return Figure(label, value, f"最紧：{one.name}", verdict.state if verdict.state in SETTLED else None)


def owed_figure(material: Material) -> Figure:
    """How much of what people answer for is filled in."""
    rows = material.owed
    if not rows:
        return Figure("填报", NOTHING, "没有需填报的指标")
    left = [row for row in rows if not row.is_filled]
    note = "全部填报" if not left else f"最近期限 {date.fromordinal(min(row.by for row in left)).isoformat()}"
    return Figure("填报", f"已填{owed.filled(rows)}/{len(rows)}", note)


def owing(material: Material) -> Iterator[tuple[str, int, int, date, int]]:
    """Who still owes what: the office, how many rows it has filled in of how many, the nearest day, days left."""
    for owner, rows in owed.by_owner(material.owed).items():
        left = [row for row in rows if not row.is_filled]
        if left:
            first = min(left, key=lambda row: row.by)
            yield owner, owed.filled(rows), len(rows), date.fromordinal(first.by), first.days_left
