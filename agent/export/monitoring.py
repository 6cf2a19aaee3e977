"""项目支出绩效目标执行监控表: the year's first months, and where it is heading, proposed for a person to confirm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from agent import words
from agent.config import Indicator, Project
from agent.export.appraisal import Funds, funds_of, placed_by
from agent.export.basis import YEAR, Basis
from agent.export.blocks import (
    changed_since_closing,
    funds,
    indicators,
    origins_used,
    pairs,
    signatures,
    ten_thousands,
    title,
)
from agent.export.columns import OWED, TICK, value_text
from agent.export.content import fund, heading, row_content
from agent.export.filling import Filling, Fund
from agent.export.form import Cell, Form, Grid, Sheet, Style
from agent.export.reasons import Progress, lines_of
from agent.export.rows import Likely, Line, Row, Standing
from agent.export.sheet_names import sheet_names
from agent.model import Band, State, Statement, Unit, Verdict
from agent.shown import shown

Expected = tuple[str | None, Likely | None]
LIKELY = {Likely.SURE: "确定能", Likely.MAYBE: "有可能", Likely.NOT: "完全不可能"}
NOTE = (
    "全年预计完成情况与完成目标可能性由系统推算，为建议（待确认）：计量的行按截至目前的记录，填报的行按最近一次填报；"
    "偏差原因由填报人填写。"
)


def monitoring(basis: Basis, progress: Progress) -> Form:
    """The form, a sheet for each project; every row of the table stands in it, with points or without."""
    sheets: list[Sheet] = []
    projects: list[dict[str, Any]] = []
    printed: dict[str, dict[str, str]] = {}
    fillings: list[Filling] = []
    names = sheet_names([project.name for project in basis.plan.projects])
    expected = expectations(basis) if basis.expected is None else basis.expected
    for project, (name, _) in zip(basis.plan.projects, names, strict=True):
        lines = _lines(basis, project, expected, progress)
        amounts = funds_of(project, basis.verdicts(project), basis.funds(project), basis.profile)
        money = _funds(basis, amounts)
        sheets.append(_sheet(basis, project, lines, money, name))
        fillings.append(_filling(basis, project, lines, money))
        printed |= {f"{project.id}/{line.row.indicator.id}": _printed(line) for line in lines}
        projects.append(
            {
                "project": project.id,
                "name": project.name,
                "header": dict(basis.header(project)),
                "funds": [fund(one) for one in amounts],
                "rows": [row_content(basis, line) for line in lines],
            }
        )
    content = {**heading(basis, "monitoring"), "projects": projects}
    return Form(basis.profile.keys.monitoring.title, tuple(sheets), content, printed, fillings=tuple(fillings))


def expectations(basis: Basis) -> dict[str, Expected]:
    """What each row of the table is expected to come to by the year's end, by project/indicator."""
    return {
        f"{project.id}/{one.id}": foreseen(verdicts[one.id], one)
        for project in basis.plan.projects
        for verdicts in [basis.verdicts(project, YEAR)]
        for one in project.indicators
        if one.form == "table"
    }


def foreseen(verdict: Verdict, row: Indicator) -> Expected:
    """全年预计完成情况 and 完成目标可能性 of a verdict on the year; None where nobody and no record says."""
    target, forecast = verdict.target, verdict.forecast
    if verdict.stated is not None and forecast is None:
        return _as_stated(verdict, verdict.stated, row)
    if target is None or target.value is None:
        return None, None
    expected = None if forecast is None else Fraction(forecast.value)
    if target.unit is Unit.DATE:
        expected = verdict.value
    text = None if expected is None else shown(expected, verdict.unit, target)
    if verdict.reachable is False or (target.unit is Unit.DATE and verdict.state is State.MISSED):
        return text, Likely.NOT
    if expected is not None:
        return text, Likely.SURE if target.holds(expected) else Likely.MAYBE
    return None, Likely.MAYBE if verdict.reason == "unfinished" else None


def _as_stated(verdict: Verdict, stated: Statement, row: Indicator) -> Expected:
    """What was stated last, where the year may be expected to stay so.

    What only adds up (an amount spent) says nothing of the year's end until the target is reached, and a limit on it
    (a cost) not even then: nothing is expected, and the target may be met.
    """
    reached = stated.band is Band.ACHIEVED if stated.band is not None else _holds(verdict)
    if stated.not_applicable or reached is None:
        return None, None
    at_least = verdict.target is not None and not verdict.target.is_limit
    if row.accumulation != "cumulative" or (reached and at_least):
        return value_text(verdict), Likely.SURE if reached else Likely.MAYBE
    return None, Likely.MAYBE


def _holds(verdict: Verdict) -> bool | None:
    target = verdict.target
    if target is None or target.value is None or verdict.value is None:
        return None
    return target.holds(verdict.value)


def _lines(basis: Basis, project: Project, expected: Mapping[str, Expected], progress: Progress) -> list[Line]:
    verdicts = basis.verdicts(project)
    rows = [_row(basis, one, verdicts[one.id]) for one in project.indicators if one.form == "table"]
    rows.sort(key=lambda row: basis.profile.order(row.place or ("", "")))
    texts = dict(basis.header(project))
    lines = []
    for line in lines_of(basis, rows, progress):
        value, likely = expected.get(f"{project.id}/{line.row.indicator.id}", (None, None))
        lines.append(replace(line, expected=value, likely=likely, texts=_said(texts, line.row)))
    return lines


def _row(basis: Basis, indicator: Indicator, verdict: Verdict) -> Row:
    with placed_by(basis.profile, indicator):
        place = basis.profile.place_in_table(indicator.level, indicator.name)
    return Row(indicator, verdict, place, Standing.WITHOUT_POINTS, Fraction(0), Fraction(0), None)


def _said(texts: Mapping[str, str], row: Row) -> dict[str, str]:
    """What was filled in of one row: the causes that were ticked, and fields named `指标名称:栏目`."""
    mark, stated = f"{row.indicator.name}:", row.verdict.stated
    ticked = {words.CAUSES[cause]: TICK for cause in stated.causes} if stated is not None else {}
    return ticked | {name.removeprefix(mark): text for name, text in texts.items() if name.startswith(mark)}


def _printed(line: Line) -> dict[str, str]:
    found = {"value": value_text(line.row.verdict)}
    if line.expected is not None:
        found["expected"] = line.expected
    if line.likely is not None:
        found["likely"] = LIKELY[line.likely]
    return found


def _sheet(basis: Basis, project: Project, lines: Sequence[Line], money: Sequence[Fund], name: str) -> Sheet:
    layout = basis.profile.keys.monitoring
    grid = Grid([column.width for column in layout.columns])
    texts = basis.header(project)
    title(grid, layout.title, f"{basis.plan.year}年度 · {basis.period}" + (" · 草稿" if basis.is_draft else ""))
    pairs(grid, ["项目名称"], texts)
    for labels in layout.head:
        pairs(grid, labels, texts)
    if basis.profile.keys.funds is not None:
        funds(grid, basis.profile.keys.funds.head, grid.spread(2, 3, 3, 3, 3, 3), money)
    label, text = grid.spread(1, 8)
    goal = Cell(texts.get("年度总体目标", ""), Style.TEXT, across=text)
    grid.add(Cell("年度总体目标", Style.LABEL, across=label), goal)
    begins, heads = indicators(grid, layout.columns, lines, basis.period)
    signatures(grid, layout.signatures, texts)
    grid.whole("".join(_notes(basis, grid, lines)), Style.NOTE)  # in one row, so that the shipped rows fit one page
    return grid.sheet(name, begins, heads)


def _notes(basis: Basis, grid: Grid, lines: Sequence[Line]) -> Iterator[str]:
    if any(line.expected is not None or line.likely is not None for line in lines):
        yield NOTE
    if tints := origins_used(grid):
        yield tints
    if changed := changed_since_closing(lines):
        yield changed
    yield f"数据截至 {basis.as_of}。"


def _funds(basis: Basis, lines: Sequence[Funds]) -> list[Fund]:
    found = []
    for number, line in enumerate(lines):
        rate = shown(line.rate, Unit.RATIO) if line.rate is not None else OWED if number == 0 else ""
        cells = {
            "年初预算数": ten_thousands(line.planned),
            f"{basis.period}执行数": ten_thousands(line.executed),
            f"{basis.period}执行率": Cell(rate, Style.NUMBER),
            "全年预计执行数": Cell("", Style.NUMBER),
        }
        found.append(Fund(line.label, cells))
    return found


def _filling(basis: Basis, project: Project, lines: Sequence[Line], money: Sequence[Fund]) -> Filling:
    layout, texts = basis.profile.keys.monitoring, basis.header(project)
    labels = ["项目名称", *(label for row in layout.head for label in row), *layout.signatures]
    goal = texts.get("年度总体目标", "")
    return Filling(
        project=project.name,
        period=basis.period,
        columns=layout.columns,
        lines=lines,
        labelled={label: texts.get(label, "") for label in labels},
        goal={"年度总体目标": goal, "预期目标": goal},
        funds=money,
        total={},
    )
