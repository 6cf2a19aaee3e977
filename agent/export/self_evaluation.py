"""项目支出绩效自评表: a project's year, each row with its value, score and reason."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from agent import words
from agent.export.annex import annex
from agent.export.appraisal import Appraisal, appraise
from agent.export.basis import Basis
from agent.export.blocks import (
    changed_since_closing,
    funds,
    goals,
    indicators,
    origins_used,
    pairs,
    signatures,
    title,
    year_of_funds,
)
from agent.export.columns import DRAFTED, number_cell, score_cell, value_text
from agent.export.content import appraised, heading, reason_owed
from agent.export.filling import Filling
from agent.export.form import Cell, Form, Grid, Sheet, Style
from agent.export.profile import CELLS_OF_FUNDS, LayoutKeys
from agent.export.reasons import Progress, lines_of
from agent.export.rows import Line, Origin, Row, Standing
from agent.export.scoring import HUNDRED
from agent.export.sheet_names import sheet_names
from agent.model import State
from agent.shown import written

ACHIEVED = "年度总体目标的实际完成情况"
INCOMPLETE = "不完整"


def self_evaluation(basis: Basis, progress: Progress) -> Form:
    """The form with an annex for each project."""
    sheets: list[Sheet] = []
    projects: list[dict[str, Any]] = []
    printed: dict[str, dict[str, str]] = {}
    said: list[str] = []
    fillings: list[Filling] = []
    names = sheet_names([project.name for project in basis.plan.projects])
    for project, (name, beside) in zip(basis.plan.projects, names, strict=True):
        appraisal = appraise(project, basis.verdicts(project), basis.funds(project), basis.profile)
        lines = lines_of(basis, [*appraisal.rows, *appraisal.beside], progress)
        sheets.append(_sheet(basis, appraisal, lines[: len(appraisal.rows)], name))
        sheets.append(annex(basis, appraisal, lines, beside))
        projects.append(appraised(basis, appraisal, lines))
        fillings.append(_filling(basis, appraisal, lines))
        printed |= {f"{project.id}/{row.indicator.id}": _printed(row) for row in appraisal.scored}
        said.append(f"{project.name}：{_in_short(appraisal)}")
    layout = basis.profile.keys.self_evaluation
    content = {**heading(basis, "self-evaluation"), "projects": projects}
    return Form(layout.title, tuple(sheets), content, printed, tuple(said), tuple(fillings))


def _printed(row: Row) -> dict[str, str]:
    return {"value": value_text(row.verdict), "score": score_cell(row).text}


def _in_short(appraisal: Appraisal) -> str:
    total = INCOMPLETE if appraisal.total is None else f"{written(appraisal.total)}分"
    reasons = reason_owed(appraisal)
    return f"总分{total}，{standing_of(appraisal)}" + (f"；{len(reasons)}项需说明原因" if reasons else "")


def _filling(basis: Basis, appraisal: Appraisal, lines: Sequence[Line]) -> Filling:
    """The same rows for a workbook of the bureau's own, where those of the annex may stand in the table too."""
    layout, texts = basis.profile.keys.self_evaluation, basis.header(appraisal.project)
    labels = ["项目名称", *(label for row in layout.head for label in row), *layout.signatures]
    labelled = {label: texts.get(label, "") for label in labels}
    labelled |= {closing.label: texts.get(closing.field, "") for closing in layout.closing}
    achieved = _achieved(texts.get(ACHIEVED, ""), appraisal)
    return Filling(
        project=appraisal.project.name,
        period=basis.period,
        columns=layout.columns,
        lines=[*lines, *([Line(appraisal.budget)] if appraisal.budget is not None else [])],
        labelled=labelled | {"等级": appraisal.grade or ""},
        goal={"预期目标": texts.get("年度总体目标", ""), "实际完成情况": achieved.text},
        funds=year_of_funds(appraisal.funds, appraisal.budget),
        total={key: _of_total(key, appraisal) for key in ("points", "score")},
    )


def _sheet(basis: Basis, appraisal: Appraisal, lines: Sequence[Line], name: str) -> Sheet:
    layout, project = basis.profile.keys.self_evaluation, appraisal.project
    grid = Grid([column.width for column in layout.columns])
    texts = basis.header(project)
    title(grid, layout.title, basis.period + (" · 草稿" if basis.is_draft else ""))
    pairs(grid, ["项目名称"], texts)
    for labels in layout.head:
        pairs(grid, labels, texts)
    if basis.profile.keys.funds is not None:
        spans = grid.spread(*grid.widths) if grid.columns == CELLS_OF_FUNDS else grid.spread(1, 2, 2, 2, 2, 1, 1, 1)
        funds(grid, basis.profile.keys.funds.head, spans, year_of_funds(appraisal.funds, appraisal.budget))
    goals(grid, texts, _achieved(texts.get(ACHIEVED, ""), appraisal))
    begins, heads = indicators(grid, layout.columns, lines, basis.period)
    _total(grid, layout, appraisal)
    for closing in layout.closing:
        label, text = grid.spread(1, 8)
        grid.add(Cell(closing.label, Style.LABEL, across=label), Cell(texts.get(closing.field, ""), across=text))
    signatures(grid, layout.signatures, texts)
    budget = [Line(appraisal.budget)] if appraisal.budget else []
    changed = changed_since_closing([*budget, *lines])
    as_of = f"数据截至 {basis.as_of}。取值来源、算式、佐证与计分方法见附表。"
    for note in (*layout.notes, origins_used(grid), changed, as_of):
        if note:
            grid.whole(note, Style.NOTE)
    return grid.sheet(name, begins, heads)


def _achieved(said: str, appraisal: Appraisal) -> Cell:
    """What became of the year's goal: as somebody wrote it, else how many rows stand how."""
    if said:
        return Cell(said, Style.TEXT, origin=Origin.WRITTEN)
    counted = appraisal.scored
    met = [row for row in counted if row.verdict.state in (State.MET, State.AT_RISK)]
    missed = [row.indicator.name for row in counted if row.verdict.state is State.MISSED]
    parts = [f"计分指标{len(counted)}项，{words.STATES[State.MET]}{len(met)}项"]
    if missed:
        parts.append(f"未达标{len(missed)}项（{'、'.join(missed)}）")
    if appraisal.owed:
        parts.append(f"未填{len(appraisal.owed)}项")
    if appraisal.left_out:
        parts.append(f"不适用{len(appraisal.left_out)}项")
    return Cell(DRAFTED + "，".join(parts) + "。", Style.TEXT, origin=Origin.DRAFTED)


def _total(grid: Grid, layout: LayoutKeys, appraisal: Appraisal) -> None:
    keys = [column.key for column in layout.columns]
    before = min(keys.index(key) for key in ("points", "score") if key in keys)
    grid.add(Cell("总分", Style.LABEL, across=before), *(_of_total(key, appraisal) for key in keys[before:]))


def _of_total(key: str, appraisal: Appraisal) -> Cell:
    match key:
        case "points":
            return number_cell(HUNDRED)
        case "score":
            if appraisal.total is None:
                return Cell(INCOMPLETE, Style.NUMBER)
            return number_cell(appraisal.total, 2)
        case "reason":
            return Cell(standing_of(appraisal), Style.TEXT)
        case _:
            return Cell("", Style.CENTRE)


def standing_of(appraisal: Appraisal) -> str:
    """The grade, or what is still missing for one."""
    if appraisal.total is not None:
        return f"等级：{appraisal.grade}"
    points = sum((row.points for row in appraisal.scored if row.standing is Standing.SCORED), Fraction(0))
    return f"未填{len(appraisal.owed)}项；已计{written(appraisal.so_far)}分（这些项满分{written(points)}分）"
