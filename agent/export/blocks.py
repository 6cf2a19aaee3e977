"""The parts forms are built of: title, head, funds, goals, the table of indicators, signatures, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from agent import words
from agent.evaluate.since_closing import CHANGED
from agent.export.appraisal import Funds
from agent.export.columns import OWED, cell_of, number_cell, score_cell
from agent.export.filling import Fund
from agent.export.form import Cell, Grid, Style
from agent.export.profile import ColumnKeys
from agent.export.rows import Line, Origin, Row
from agent.model import Unit
from agent.shown import shown, written

MERGED = ("class", "part", "level1", "level2")
TEN_THOUSAND = 10_000
DASH = "—"
ORIGINS = {
    Origin.MEASURED: "系统实测",
    Origin.ENTERED: "人工填报数值",
    Origin.ATTESTED: "人工填报结论",
    Origin.WRITTEN: "人工填写",
    Origin.PROPOSED: "系统建议，待确认",
    Origin.DRAFTED: "系统草稿，待改写",
}


def title(grid: Grid, text: str, below: str) -> None:
    """The title and what stands under it in brackets."""
    grid.whole(text, Style.TITLE)
    grid.whole(f"（{below}）", Style.SUBTITLE)


def pairs(grid: Grid, labels: Sequence[str], texts: Mapping[str, str]) -> None:
    """A row of labels, each with its text beside it."""
    shares = [share for _ in labels for share in ((1, 6) if len(labels) == 1 else (1, 3))]
    spans = iter(grid.spread(*shares))
    cells = []
    for label in labels:
        cells.append(Cell(label, Style.LABEL, across=next(spans)))
        cells.append(Cell(texts.get(label, ""), Style.CENTRE, across=next(spans)))
    grid.add(*cells)


def ten_thousands(amount: Fraction | None) -> Cell:
    """元 as 万元; what nobody stated stays empty."""
    if amount is None:
        return Cell("", Style.NUMBER)
    value = amount / TEN_THOUSAND
    return Cell(written(value, 6), Style.NUMBER, number=value)


def funds(grid: Grid, head: str, spans: Sequence[int], lines: Sequence[Fund]) -> None:
    """项目资金: a row a line, each of its figures under its heading."""
    heads = ("", *lines[0].cells)
    first = Cell(head, Style.LABEL, across=spans[0], down=1 + len(lines))
    grid.add(first, *(Cell(text, Style.LABEL, across=span) for text, span in zip(heads, spans[1:], strict=True)))
    for line in lines:
        cells = [Cell(line.label, Style.LABEL), *line.cells.values()]
        grid.add(*(replace(cell, across=span) for cell, span in zip(cells, spans[1:], strict=True)))


def year_of_funds(lines: Sequence[Funds], budget: Row | None) -> list[Fund]:
    """The lines of 项目资金 of a whole year; the total is scored where the profile gives points for it."""
    found = []
    for number, line in enumerate(lines):
        scored = budget if number == 0 else None
        rate = shown(line.rate, Unit.RATIO) if line.rate is not None else OWED if scored is not None else ""
        cells = {
            "年初预算数": ten_thousands(line.planned),
            "全年预算数(A)": ten_thousands(line.budget),
            "全年执行数(B)": ten_thousands(line.executed),
            "分值": number_cell(scored.points) if scored else Cell(DASH, Style.NUMBER),
            "执行率(B/A)": Cell(rate, Style.NUMBER),
            "得分": score_cell(scored) if scored else Cell(DASH, Style.NUMBER),
        }
        found.append(Fund(line.label, cells))
    return found


def goals(grid: Grid, texts: Mapping[str, str], achieved: Cell) -> None:
    """年度总体目标 beside what became of it."""
    label, left, right = grid.spread(2, 9, 9)
    grid.add(
        Cell("年度总体目标", Style.LABEL, across=label, down=2),
        Cell("预期目标", Style.LABEL, across=left),
        Cell("实际完成情况", Style.LABEL, across=right),
    )
    grid.add(Cell(texts.get("年度总体目标", ""), Style.TEXT, across=left), replace(achieved, across=right))


def indicators(grid: Grid, columns: Sequence[ColumnKeys], lines: Sequence[Line], period: str) -> tuple[int, int]:
    """The table of indicators: its heading and one row a line; the heading's first row and how many it has."""
    begins, heads = _headings(grid, columns, period)
    table = [[cell_of(column.key, column.head, line) for column in columns] for line in lines]
    merged = [at for at, column in enumerate(columns) if column.key in MERGED]
    reach = {at: _runs([tuple(row[place].text for place in merged if place <= at) for row in table]) for at in merged}
    for number, row in enumerate(table):
        cells = []
        for at, cell in enumerate(row):
            down = reach[at][number] if at in reach else 1
            if down:
                cells.append(replace(cell, down=down))
        grid.add(*cells)
    return begins, heads


def _headings(grid: Grid, columns: Sequence[ColumnKeys], period: str) -> tuple[int, int]:
    heads = 2 if any(column.group for column in columns) else 1
    below = []
    cells = []
    for group, members in groupby(columns, key=lambda column: column.group):
        titles = [Cell(one.head.format(period=period), Style.LABEL) for one in members]
        if group is None:
            cells += [replace(one, down=heads) for one in titles]
        else:
            cells.append(Cell(group, Style.LABEL, across=len(titles)))
            below += titles
    begins = grid.add(*cells)
    if below:
        grid.add(*below)
    return begins, heads


def _runs(keys: Sequence[object]) -> list[int]:
    """Of each place the length of the run of equal keys that begins there; 0 inside one."""
    found: list[int] = []
    for _, run in groupby(keys):
        length = len(list(run))
        found += [length] + [0] * (length - 1)
    return found


def signatures(grid: Grid, labels: Sequence[str], texts: Mapping[str, str]) -> None:
    """Who filled in and checked, on one line."""
    if labels:
        spans = grid.spread(*(1 for _ in labels))
        cells = zip(labels, spans, strict=True)
        grid.add(*(Cell(f"{name}：{texts.get(name, '')}", Style.SIGN, across=span) for name, span in cells))


def origins_used(grid: Grid) -> str:
    """What the tints of this grid's cells mean, and that slanted figures follow a reading nobody confirmed."""
    cells = [cell for row in grid.rows for _, cell in row]
    used = [f"{TINTS[one]}底为{name}" for one, name in ORIGINS.items() if any(cell.origin is one for cell in cells)]
    if any(cell.unconfirmed for cell in cells):
        used.append("斜体为口径尚未确认")
    return f"底色：{'，'.join(used)}。" if used else ""


TINTS = {
    Origin.MEASURED: "浅蓝",
    Origin.ENTERED: "浅黄",
    Origin.ATTESTED: "浅绿",
    Origin.WRITTEN: "无",
    Origin.PROPOSED: "浅灰",
    Origin.DRAFTED: "浅橙",
}


def changed_since_closing(lines: Sequence[Line]) -> str:
    """Which rows have changed since the period, or a part of it, was closed for good; nothing where none has."""
    changed = [line.row.indicator.name for line in lines if CHANGED in line.row.verdict.flags]
    return f"{words.FLAGS[CHANGED]}：{'、'.join(changed)}。逐件见 dabiao closed --diff。" if changed else ""
