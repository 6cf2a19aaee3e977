"""财政项目支出绩效目标表: what was promised, as the bureau's table of targets prints it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from agent.config import Project
from agent.export.basis import Basis
from agent.export.blocks import indicators, pairs, title
from agent.export.content import heading, number
from agent.export.form import Cell, Form, Grid, Sheet, Style
from agent.export.reasons import Progress
from agent.export.rows import Line, Row, Standing
from agent.export.sheet_names import sheet_names


def target_table(basis: Basis, progress: Progress) -> Form:
    """The table, a sheet for each project. It holds no verdict."""
    sheets: list[Sheet] = []
    projects: list[dict[str, Any]] = []
    names = sheet_names([project.name for project in basis.plan.projects])
    for done, (project, (name, _)) in enumerate(zip(basis.plan.projects, names, strict=True), 1):
        sheets.append(_sheet(basis, project, name))
        projects.append(
            {
                "project": project.id,
                "name": project.name,
                "header": dict(basis.header(project)),
                "funds": {key: number(amount) for key, amount in basis.funds(project).items()},
                "rows": [
                    {"indicator": one.id, "name": one.name, "level": list(one.level), "printed_target": one.text}
                    for one in project.indicators
                    if one.form == "table"
                ],
            }
        )
        progress(done, len(basis.plan.projects))
    content = {**heading(basis, "targets"), "projects": projects}
    return Form(basis.profile.keys.targets.title, tuple(sheets), content)


def _sheet(basis: Basis, project: Project, name: str) -> Sheet:
    layout, texts, verdicts = basis.profile.keys.targets, basis.header(project), basis.verdicts(project)
    grid = Grid([column.width for column in layout.columns])
    title(grid, layout.title, f"{basis.plan.year}年度")
    if layout.opening:
        grid.whole(f"{layout.opening}：{texts.get(layout.opening, '')}", Style.SIGN)
    pairs(grid, ["项目名称"], texts)
    for labels in layout.head:
        pairs(grid, labels, texts)
    label, rest = grid.spread(1, 6)
    for line in layout.texts:
        grid.add(Cell(line.label, Style.LABEL, across=label), Cell(texts.get(line.field, ""), across=rest))
    if layout.money:
        grid.whole("本项目上年度市级财政资金使用情况", Style.LABEL)
    amounts = basis.funds(project)
    for money in layout.money:
        pairs(grid, [one.label for one in money], {one.label: _yuan(amounts.get(one.field)) for one in money})
    grid.whole(f"{basis.plan.year}年绩效目标", Style.LABEL)
    lines = [
        Line(Row(one, verdicts[one.id], None, Standing.WITHOUT_POINTS, Fraction(0), Fraction(0), None))
        for one in project.indicators
        if one.form == "table"
    ]
    begins, heads = indicators(grid, layout.columns, lines, basis.period)
    return grid.sheet(name, begins, heads)


def _yuan(amount: Fraction | None) -> str:
    """元 with thousands marked, as the table prints it; what is not known stays blank and is no 0."""
    return "" if amount is None else f"{amount.numerator:,}" if amount.denominator == 1 else f"{float(amount):,.2f}"
