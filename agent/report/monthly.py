"""月报: one page of a month, what misses first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from rich.cells import cell_len

from agent import words
from agent.config import Indicator
from agent.explain import Explanation
from agent.export.columns import value_text
from agent.export.content import heading
from agent.export.reasons import Progress
from agent.model import State
from agent.report import charts
from agent.report.changes import NO_MONTH_BEFORE, NO_YEAR_BEFORE, change
from agent.report.counting import badness, counted, of, those
from agent.report.material import Material
from agent.report.sections import allowance_figure, coverage, explained, gaps, owed_figure, owing, tightest, why
from agent.report.story import Cell, Figure, Head, Pair, Part, Picture, Story, Table, Text
from agent.shown import NOTHING, shown_target

TITLE = "绩效监测月报"
FOOT = "环比为上月，同比为上年同月，均按现行口径。草稿是系统按记录列出的事实，由责任处室改写。"
OFFICES, GAPS = 6, 2  # as many as a page holds
LINES, LEAST_ROWS = 14, 6  # of both tables together; rows the first has at least
NAME_WIDTH, MISSED_WIDTH, REASON_WIDTH, MOST_LINES = 31, 24, 78, 2  # letters of a line in a column; lines of a cell


def monthly(material: Material, progress: Progress) -> Story:
    """The month's page."""
    basis, month = material.basis, material.last_month
    alone = material.period
    missed = those(material.measured, alone, State.MISSED)
    told = explained(material, material.measured, progress)
    rows = sorted(material.measured, key=lambda one: _badness(material, one))
    reasons = _reasons(material, missed, told)
    heights = [_lines(one.name, NAME_WIDTH) for one in rows]
    kept = _fitting([_height(row) for row in reasons], LINES - sum(heights[:LEAST_ROWS]))
    left = LINES - sum(_height(row) for row in reasons[:kept])
    parts = [
        _overview(material, rows, _fitting(heights, left)),
        Part("", [*_pictures(material, rows)]),
        _why_missed(material, reasons, kept),
        _data(material, list(told.values())),
    ]
    draft = ["本月未结束"] if basis.is_draft else []
    return Story(
        title=TITLE,
        period=f"{basis.plan.year}年{month}月",
        organisation=basis.plan.organisation,
        marks=[*([words.DEMO] if material.demo else []), *draft],
        as_of=basis.as_of,
        sentence=_sentence(material),
        figures=_figures(material),
        parts=[part for part in parts if part.blocks],
        foot=f"数据截至 {basis.as_of}。{FOOT}",
        one_page=True,
        content={**heading(basis, "monthly-report"), "month": month, "indicators": _content(material)},
        printed={one.subject: {"value": value_text(of(one, alone))} for one in material.measured},
    )


def _badness(material: Material, one: Indicator) -> tuple[tuple[int, bool], tuple[int, bool]]:
    """What misses in the month first, then what misses in the year so far."""
    return min(badness(of(one, material.period)), badness(of(one, material.so_far))), badness(of(one, material.period))


def _sentence(material: Material) -> str:
    year, month = material.basis.plan.year, material.last_month
    measured = material.measured
    so_far = f"{month}月" if month == 1 else f"1—{month}月"
    alone = (
        f"{len(measured)}项按记录计算的指标中{counted(measured, material.period)}"
        if measured
        else "没有按记录计算的指标"
    )
    return (
        f"{year}年{month}月，{alone}；{so_far}累计，全部{len(material.promised)}项承诺中"
        f"{counted(material.promised, material.so_far)}。"
    )


def _figures(material: Material) -> list[Figure]:
    measured, alone = material.measured, material.period
    missed = those(measured, alone, State.MISSED)
    judged = [one for one in measured if of(one, alone).state in (State.MET, State.AT_RISK, State.MISSED)]
    met = f"{len(judged) - len(missed)}/{len(judged)}项" if judged else NOTHING
    so_far = those(material.promised, material.so_far, State.MISSED)
    risky = those(material.promised, material.year, State.AT_RISK)
    return [
        Figure("当月达标", met, f"另有{len(measured) - len(judged)}项未判定"),
        Figure("累计未达标", f"{len(so_far)}项", f"全年预警{len(risky)}项", State.MISSED if so_far else None),
        allowance_figure(material),
        coverage(material, alone)[0],
        owed_figure(material),
    ]


def _overview(material: Material, rows: list[Indicator], most: int) -> Part:
    heads = [
        Head("指标", 29), Head("目标", 9, number=True), Head("当月", 13, number=True), Head("环比", 17, number=True),
        Head("同比", 19, number=True), Head("本年累计", 13, number=True),
    ]  # fmt: skip
    left_out = rows[most:]
    lead = f"未达标在前；另有{len(left_out)}项未列：{counted(left_out, material.period)}" if left_out else "未达标在前"
    return Part("指标一览", [Table(heads, [_row(material, one) for one in rows[:most]])] if rows else [], lead)


def _row(material: Material, one: Indicator) -> list[Cell]:
    alone, so_far = of(one, material.period), of(one, material.so_far)
    before = material.months.get(material.last_month - 1)
    return [
        Cell(one.name, strong=alone.state is State.MISSED),
        Cell(shown_target(so_far.target)),
        Cell(value_text(alone), alone.state),
        Cell(NO_MONTH_BEFORE if before is None else change(alone, of(one, before), NO_MONTH_BEFORE)),
        Cell(change(alone, material.year_before.get((one.project, one.id, None)), NO_YEAR_BEFORE)),
        Cell(value_text(so_far), so_far.state),
    ]


def _pictures(material: Material, rows: list[Indicator]) -> Iterator[Picture | Pair]:
    course = next((found for one in rows if (found := charts.months(material, one)) is not None), None)
    if course is not None:
        yield course
    answered = next((found for one in rows if (found := charts.histogram(material, one, charts.HALF))), None)
    closest = tightest(material)
    left = None if closest is None else charts.allowance(material, closest[0], charts.HALF)
    left = left or next((found for one in rows if (found := charts.allowance(material, one, charts.HALF))), None)
    if answered is not None and left is not None:
        yield Pair(answered, left)
    elif answered is not None or left is not None:
        yield from (one for one in (answered, left) if one is not None)


def _reasons(material: Material, missed: list[Indicator], told: dict[str, Explanation]) -> list[list[Cell]]:
    """Every row that misses with why: those of the month first, then those of the year so far."""
    rows = [[Cell(one.name, State.MISSED), why(one, material.so_far, told.get(one.subject))] for one in missed]
    also = [one for one in those(material.promised, material.so_far, State.MISSED) if one not in missed]
    rows += [[Cell(one.name, State.MISSED), why(one, material.so_far, None)] for one in also]
    return rows


def _height(reason: list[Cell]) -> int:
    name, why_missed = reason
    return max(_lines(name.text, MISSED_WIDTH), _lines(why_missed.text, REASON_WIDTH))


def _lines(text: str, width: int) -> int:
    """How many lines a cell takes that is so many letters wide."""
    return min(MOST_LINES, max(1, -(-cell_len(text) // width)))


def _fitting(heights: list[int], most: int) -> int:
    """How many rows of these heights so many lines have room for."""
    return sum(through <= most for through in accumulate(heights))


def _why_missed(material: Material, rows: list[list[Cell]], kept: int) -> Part:
    lead = f"另有{len(rows) - kept}项见年度报告" if len(rows) > kept else ""
    heads = [Head("指标", 24), Head("原因（草稿为系统列出的事实）", 76)]
    return Part("未达标与原因", [Table(heads, rows[:kept])] if rows else [Text(_none_missed(material))], lead)


def _none_missed(material: Material) -> str:
    unread = those(material.measured, material.period, State.NO_DATA)
    beside = f"；{len(unread)}项无数据，未作判定" if unread else ""
    return f"当月与本年累计均没有未达标的指标{beside}。"


def _data(material: Material, told: list[Explanation]) -> Part:
    found, (figure, lacking) = gaps(material, told), coverage(material, material.period)
    said = f"数据：{figure.note}，{figure.value}。" if lacking else "数据：各数据源在本月均完整读取。"
    if not told or figure.value == NOTHING:
        said = "数据：本月尚无已读取的数据。"
    if found:
        named = "；".join(f"{gap.source} {gap.begins} 至 {gap.ends}" for gap in found[:GAPS])
        said += f"缺口{len(found)}段，最长：{named}。"
    offices = [f"{owner}已填{done}/{total}（{by:%m-%d}前）" for owner, done, total, by, _ in owing(material)]
    more = f"等{len(offices)}个处室" if len(offices) > OFFICES else ""
    owe = f"待填报：{'、'.join(offices[:OFFICES])}{more}。" if offices else "待填报：无。"
    return Part("数据与填报", [Text(said), Text(owe)])


def _content(material: Material) -> list[dict[str, Any]]:
    """Each measured row with its verdict as `status --json` prints it."""
    basis = material.basis
    return [
        {"project": one.project, "indicator": one.id, "name": one.name, "verdict": basis.answers[(one.project, one.id)]}
        for one in material.measured
    ]


__all__ = ["TITLE", "monthly"]
