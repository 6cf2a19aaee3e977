"""年度绩效监测报告: on its first page the year with what misses and why, then its months, what is owed, the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from agent import owed, words
from agent.config import Indicator, Project
from agent.explain import Explanation, judged
from agent.explain.judged import coverage_of, words_of_state
from agent.export.appraisal import Appraisal, appraise
from agent.export.columns import value_text
from agent.export.content import heading
from agent.export.reasons import Progress
from agent.export.self_evaluation import standing_of
from agent.model import ConfigError, State
from agent.report import charts
from agent.report.changes import NO_MONTH_BEFORE, NO_YEAR_BEFORE, change
from agent.report.counting import badness, counted, of, those
from agent.report.material import Judged, Material
from agent.report.sections import allowance_figure, coverage, explained, gaps, owed_figure, why
from agent.report.story import SHAPES, Block, Cell, Figure, Head, Pair, Part, Picture, Story, Table, Text
from agent.shown import NOTHING, shown_target, written

TITLE, ATTENTION = "绩效监测报告", "未达标与预警"
GAPS = 12  # named
FOOT = "各项数值与 dabiao status 对同一区间给出的一致。同比为上年同期，环比为上月，均按现行口径。"
DRAFTS = "草稿为系统列出的事实，待责任处室改写"
MONTHS = range(1, 13)


def annual(material: Material, progress: Progress) -> Story:
    """The year's report."""
    basis = material.basis
    told = explained(material, material.measured, progress)
    appraisals = list(_appraised(material))
    parts = [
        _attention(material, told),
        _grid(material),
        _course(material),
        _where(material),
        _allowances(material),
        _data(material, list(told.values())),
        _owed(material),
        _scores(appraisals),
        *_all(material),
    ]
    return Story(
        title=TITLE,
        period=f"{basis.plan.year}年度",
        organisation=basis.plan.organisation,
        marks=[*([words.DEMO] if material.demo else []), *(["年度未结束"] if basis.is_draft else [])],
        as_of=basis.as_of,
        sentence=_sentence(material, appraisals),
        figures=_figures(material),
        parts=[part for part in parts if part.blocks],
        foot=f"数据截至 {basis.as_of}。{FOOT}",
        one_page=False,
        content={**heading(basis, "annual-report"), "indicators": _content(material)},
        printed={one.subject: {"value": value_text(of(one, material.year))} for one in material.promised},
    )


def _sentence(material: Material, appraisals: Sequence[tuple[Project, Appraisal | str]]) -> str:
    year, basis = material.basis.plan.year, material.basis
    if not material.months:
        return f"{year}年度尚未开始，没有可报告的数据。"
    until = f"（截至{basis.as_of[:10]}）" if basis.is_draft else ""
    scored = [
        f"{project.name}自评{written(found.total)}分（{found.grade}）"
        for project, found in appraisals
        if isinstance(found, Appraisal) and found.total is not None
    ]
    graded = f"；{'，'.join(scored)}" if scored else ""
    return (
        f"{year}年度{until}，全部{len(material.promised)}项承诺中{counted(material.promised, material.year)}{graded}。"
    )


def _figures(material: Material) -> list[Figure]:
    promised, year = material.promised, material.year
    met, missed = those(promised, year, State.MET), those(promised, year, State.MISSED)
    risky = those(promised, year, State.AT_RISK)
    lost = [one for one in missed if of(one, year).reachable is False]
    return [
        Figure("达标", f"{len(met)}项", f"共{len(promised)}项", State.MET if met else None),
        Figure("预警", f"{len(risky)}项", "达标但余量将尽", State.AT_RISK if risky else None),
        Figure("未达标", f"{len(missed)}项", f"其中年内无法达标{len(lost)}项", State.MISSED if missed else None),
        allowance_figure(material),
        coverage(material, year)[0],
        owed_figure(material),
    ]


def _attention(material: Material, told: dict[str, Explanation]) -> Part:
    """The rows to talk about: what misses or may, and why."""
    rows = sorted(those(material.promised, material.year, State.MISSED, State.AT_RISK), key=_worst_first(material.year))
    if not rows:
        return Part(ATTENTION, [Text("没有未达标或预警的指标。")] if material.months else [])
    heads = [
        Head("指标", 21), Head("目标", 9), Head("全年完成", 16), Head("状态", 16), Head("原因", 38),
    ]  # fmt: skip
    return Part(ATTENTION, [Table(heads, [_notable(material, one, told) for one in rows])], DRAFTS)


def _notable(material: Material, one: Indicator, told: dict[str, Explanation]) -> list[Cell]:
    verdict = of(one, material.year)
    risky = verdict.state is State.AT_RISK
    return [
        Cell(one.name, strong=True),
        Cell(shown_target(verdict.target)),
        Cell(value_text(verdict)),
        Cell(words_of_state(verdict), verdict.state),
        Cell(judged.why(verdict, one)) if risky else why(one, material.year, told.get(one.subject)),
    ]


def _worst_first(standing: Judged) -> Any:
    return lambda one: badness(of(one, standing))


def _grid(material: Material) -> Part:
    """Every measured row by month, as a grid of states."""
    if not material.measured or not material.months:
        return Part("逐月达标情况", [])
    heads = [Head("指标", 30), *(Head(f"{month}月", 5) for month in MONTHS), Head("全年", 10)]
    rows = []
    for one in material.measured:
        cells = [_state(material.months[month], one) if month in material.months else Cell("") for month in MONTHS]
        rows.append([Cell(one.name), *cells, _state(material.year, one)])
    told = (*material.months.values(), material.year)
    used = {of(one, standing).state for one in material.measured for standing in told}
    legend = "，".join(
        f"{SHAPES[state]} {words.STATES[state].removeprefix('当前')}" for state in State if state in used
    )
    return Part("逐月达标情况", [Table(heads, rows, grid=True), Text(legend)])


def _state(standing: Judged, one: Indicator) -> Cell:
    return Cell("", of(one, standing).state)


def _course(material: Material) -> Part:
    """Each measured row month by month, with what is said beside it."""
    pictures = [
        Picture(found.chart, _beside(material, one))
        for one in material.measured
        if (found := charts.months(material, one)) is not None
    ]
    return Part("逐项经过", pictures, "实线为各月数值，虚线为目标，方块为未达标的月份", fresh=True)


def _beside(material: Material, one: Indicator) -> str:
    verdict = of(one, material.year)
    parts = [
        f"全年{value_text(verdict)}，目标{shown_target(verdict.target)}，{words_of_state(verdict)}",
        f"同比{change(verdict, material.so_far_before.get((one.project, one.id, None)), NO_YEAR_BEFORE)}",
    ]
    last = material.last_month
    if last > 1:
        now, before = of(one, material.months[last]), of(one, material.months[last - 1])
        parts.append(f"{last}月环比{change(now, before, NO_MONTH_BEFORE)}")
    if verdict.good + verdict.bad:
        parts.append(f"不合格{verdict.bad:,}件/共{verdict.good + verdict.bad:,}件")
    return "；".join(parts)


def _where(material: Material) -> Part:
    """Where it missed, and how long it took."""
    rows = sorted(material.measured, key=_worst_first(material.year))
    pictures = [found for one in rows if (found := charts.histogram(material, one)) is not None]
    pictures += [found for one in rows if (found := charts.systems(material, one)) is not None]
    return Part("用时与系统", pictures, "斜线为超过时限或不合格的记录")


def _allowances(material: Material) -> Part:
    rows = sorted(material.measured, key=_worst_first(material.year))
    found = [one for one in rows if of(one, material.year).bad]
    pictures = [picture for one in found if (picture := charts.allowance(material, one, charts.HALF)) is not None]
    return Part("还可超时的余量", _in_pairs(pictures), "按截至目前推算的全年件数，各月末还可有多少件不合格")


def _in_pairs(pictures: Sequence[Picture]) -> list[Block]:
    """Two beside each other; a last one that is left alone stands in its half."""
    pairs: list[Block] = [Pair(left, right) for left, right in zip(pictures[::2], pictures[1::2], strict=False)]
    return [*pairs, Pair(pictures[-1], None)] if len(pictures) % 2 else pairs


def _data(material: Material, told: Sequence[Explanation]) -> Part:
    figure, lacking = coverage(material, material.year)
    blocks: list[Block] = []
    if lacking:
        heads = [Head("数据不完整的指标", 60), Head("数据完整率", 20, number=True), Head("状态", 20)]
        verdicts = [(one, of(one, material.year)) for one in lacking]
        rows = [[Cell(one.name), Cell(coverage_of(at)), Cell(words_of_state(at), at.state)] for one, at in verdicts]
        blocks.append(Table(heads, rows))
    else:
        said = "各数据源均完整读取，没有缺口。" if figure.value != NOTHING else "尚无已读取的数据。"
        blocks.append(Text(said))
    found = gaps(material, told)
    if found:
        heads = [Head("数据源", 34), Head("缺口开始", 22), Head("缺口结束", 22), Head("涉及指标", 22, number=True)]
        rows = [
            [Cell(gap.source), Cell(gap.begins), Cell(gap.ends), Cell(f"{gap.indicators}项")] for gap in found[:GAPS]
        ]
        blocks.append(Table(heads, rows))
        if len(found) > GAPS:
            blocks.append(Text(f"共{len(found)}段，列出最长的{GAPS}段。"))
    return Part("数据完整与缺口", blocks)


def _owed(material: Material) -> Part:
    if not material.owed:
        return Part("填报情况", [])
    rows = []
    for owner, theirs in owed.by_owner(material.owed).items():
        left = [row for row in theirs if not row.is_filled]
        by = date.fromordinal(min(row.by for row in left)).isoformat() if left else NOTHING
        late = any(row.days_left < 0 for row in left)
        names = "、".join(row.indicator.name for row in left) or "已全部填报"
        state = State.MISSED if late else State.PENDING if left else State.MET
        rows.append([Cell(owner, state), Cell(f"{owed.filled(theirs)}/{len(theirs)}"), Cell(names), Cell(by)])
    heads = [Head("责任处室", 16), Head("已填", 9, number=True), Head("尚欠", 59), Head("期限", 16)]
    return Part("填报情况", [Table(heads, rows)])


def _appraised(material: Material) -> Iterator[tuple[Project, Appraisal | str]]:
    """Each project that has points by the profile; or why they cannot be counted."""
    basis = material.basis
    for project in material.projects:
        if not any(basis.profile.keys.weights in one.weight for one in project.indicators):
            continue
        try:
            yield project, appraise(project, basis.verdicts(project), basis.funds(project), basis.profile)
        except ConfigError as refused:
            yield project, refused.problems[0]


def _scores(appraisals: Sequence[tuple[Project, Appraisal | str]]) -> Part:
    heads = [Head("项目", 44), Head("总分", 14, number=True), Head("等级与说明", 42)]
    rows = []
    for project, found in appraisals:
        if isinstance(found, str):
            rows.append([Cell(project.name), Cell(NOTHING), Cell(found)])
        else:
            total = "不完整" if found.total is None else written(found.total)
            rows.append([Cell(project.name), Cell(total), Cell(standing_of(found))])
    return Part("得分", [Table(heads, rows)] if rows else [])


def _all(material: Material) -> Iterator[Part]:
    """Every promise, a table a project."""
    heads = [
        Head("指标", 30), Head("目标", 13), Head("全年完成", 19), Head("状态", 14),
        Head("同比", 14), Head("责任处室", 10),
    ]  # fmt: skip
    for project in material.projects:
        rows = [_line(material, one) for one in project.indicators]
        yield Part(f"全部指标：{project.name}", [Table(heads, rows)] if rows else [])


def _line(material: Material, one: Indicator) -> list[Cell]:
    verdict = of(one, material.year)
    return [
        Cell(one.name, strong=verdict.state is State.MISSED),
        Cell(shown_target(verdict.target)),
        Cell(value_text(verdict)),
        Cell(words_of_state(verdict), verdict.state),
        Cell(change(verdict, material.so_far_before.get((one.project, one.id, None)), NO_YEAR_BEFORE)),
        Cell(one.owner or words.NO_OWNER),
    ]


def _content(material: Material) -> list[dict[str, Any]]:
    """Every row with its verdict as `status --json` prints it of the same days."""
    answers = material.basis.answers
    return [{"name": one.name, "verdict": answers[(one.project, one.id)]} for one in material.promised]
