"""What goes into which cell of a bureau's workbook, and in words what was found otherwise or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from openpyxl import Workbook

from agent.export.columns import cell_of
from agent.export.filling import Filling
from agent.export.form import Cell
from agent.export.profile import Profile
from agent.export.template.grid import Grid, Place, heading, name
from agent.export.template.splicing import Entry, Value
from agent.export.template.tables import NAME, TOTALS, Spellings, Table, beside, project_of, tables
from agent.model import ConfigError, Unit, Verdict
from agent.shown import round_to
from agent.written import number, spelled

# What the bureau prints itself: never written, the last of them compared.
PRINTED = ("class", "part", "level1", "level2", NAME, "reading", "sign", "bare_target", "unit", "owner", "target")
COMPARED = "target"
REACHED = "value"  # a number where the cell is made for one
ASKED = "points"  # put in where nothing stands
SCALES = {Unit.RATIO: Fraction(1, 100), Unit.COUNT: Fraction(1), Unit.CNY: Fraction(1)}  # of one, as it is printed
SHAPE = re.compile(r"[#,]*0(?:\.0+)?%?")  # of a number format that shows nothing but the number
BLANKS = r"[\s_＿]*"


@dataclass(slots=True)
class _Work:
    """What is being put together."""

    entries: dict[tuple[str, int, int], Entry] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def put(self, grid: Grid, at: Place, what: str, value: Value, *, over: bool) -> None:
        """A value for a cell. A formula stays; what somebody wrote stays too unless it is to be written `over`."""
        if value == "":
            return
        stands, what = grid.text(at.row, at.column), " ".join(what.split())
        if grid.is_formula(at):
            self.said.append(f"{grid.address(at)} {what}：单元格是公式，未改；本系统为“{value}”")
        elif stands and _same(stands, value):
            return
        elif stands and not over:
            self.said.append(f"{grid.address(at)} {what}：表中为“{stands}”，未改；本系统为“{value}”")
        else:
            if stands:
                self.said.append(f"{grid.address(at)} {what}：原有内容“{stands}”已改为“{value}”")
            self.entries[(grid.sheet.title, at.row, at.column)] = Entry(grid.sheet.title, at.row, at.column, value)


def entries(book: Workbook, fillings: Sequence[Filling], profile: Profile, path: Path) -> tuple[list[Entry], list[str]]:
    """The cells to write, and what to tell the person who asked. ConfigError where there is no table."""
    columns, known = fillings[0].columns, Spellings(profile, fillings[0].period)
    names = {name(line.row.indicator.name) for one in fillings for line in one.lines}
    found = tables(book, columns, known, names)
    if not found:
        words = "、".join(known.of(next(column.head for column in columns if column.key == NAME)))
        raise ConfigError(f"{path}：找不到指标表：应有“{words}”之一为表头的一栏")
    work = _Work()
    met: dict[str, set[str]] = {one.project: set() for one in fillings}
    for table in found:
        filling, printed = project_of(table, fillings)
        where = f"{table.grid.sheet.title}（第{table.first}行起的表）"
        if filling is None:
            whose = f"项目“{printed}”不在目标文件中" if printed else "看不出是哪个项目"
            work.said.append(f"{where}：{whose}，未填")
            continue
        met[filling.project] |= _table(work, table, filling, where)
        _around(work, table, filling, known)
    for one in fillings:
        missing = [
            line.row.indicator.name for line in one.lines if name(line.row.indicator.name) not in met[one.project]
        ]
        in_form = "表中没有这些指标" if met[one.project] else "没有找到这个项目的表"
        if missing:
            work.said.append(f"{one.project}：{in_form}：{'、'.join(missing)}")
    return list(work.entries.values()), work.said


def _table(work: _Work, table: Table, filling: Filling, where: str) -> set[str]:
    """The rows of a table; the names that were found in it."""
    columns, grid = filling.columns, table.grid
    absent = [
        column.head.format(period=filling.period)
        for at, column in enumerate(columns)
        if at not in table.columns and column.key not in PRINTED
    ]
    if absent:
        work.said.append(f"{where}：找不到栏目：{'、'.join(absent)}")
    lines = {name(line.row.indicator.name): line for line in filling.lines}
    names = [name(text) for text in table.rows.values()]
    if unknown := [text for text in table.rows.values() if name(text) not in lines]:
        work.said.append(f"{where}：目标文件中没有这些指标，未填：{'、'.join(unknown)}")
    if twice := sorted({one for one in names if one in lines and names.count(one) > 1}):
        work.said.append(f"{where}：这些指标不止一行，未填：{'、'.join(twice)}")
    for row, text in table.rows.items():
        line = lines.get(name(text))
        if line is None or name(text) in twice:
            continue
        for at, column in enumerate(columns):
            if at not in table.columns or (column.key in PRINTED and column.key != COMPARED):
                continue
            place = grid.place(row, table.columns[at])
            cell, what = cell_of(column.key, column.head, line), f"{text} {column.head.format(period=filling.period)}"
            if column.key == COMPARED:
                stands = grid.text(place.row, place.column)
                if stands and spelled(stands) != spelled(cell.text):
                    work.said.append(f"{grid.address(place)} {what}：表中为“{stands}”，目标文件为“{cell.text}”")
            else:
                value = _value(cell)
                if column.key == REACHED:
                    counted = counted_as(line.row.verdict, cell.text, grid.number_format(place))
                    value = cell.text if counted is None else counted
                work.put(grid, place, what, value, over=column.key != ASKED)
    if table.total is not None:
        for at, place_of in table.columns.items():
            if (total := filling.total.get(columns[at].key)) is not None:
                place = grid.place(table.total, place_of)
                if heading(grid.text(place.row, place.column)) not in TOTALS:
                    work.put(grid, place, f"总分 {columns[at].head}", _value(total), over=columns[at].key != ASKED)
    return {one for one in names if one in lines and one not in twice}


def _around(work: _Work, table: Table, filling: Filling, known: Spellings) -> None:
    """The labelled cells above and below a table."""
    grid = table.grid
    labels = {word: label for label in filling.labelled for word in known.of(label)}
    goals = {word: label for label in filling.goal for word in known.of(label)}
    for row in table.around():
        said = list(grid.in_row(row))
        words = {heading(text) for _, text in said}
        for at, text in said:
            right = beside(grid, at)
            if (goal := goals.get(heading(text))) is not None:
                below = grid.place(at.last_row + 1, at.column)
                target = below if len(words & goals.keys() - {"年度总体目标"}) > 1 else right
                if target is not None and heading(grid.text(target.row, target.column)) not in goals:
                    work.put(grid, target, goal, filling.goal[goal], over=False)
            elif (label := labels.get(heading(text))) is not None and right is not None and _is_for(grid, right, text):
                work.put(grid, right, label, filling.labelled[label], over=False)
            elif (completed := _completed(text, labels, filling.labelled)) != text and not grid.is_formula(at):
                work.entries[(grid.sheet.title, at.row, at.column)] = Entry(
                    grid.sheet.title, at.row, at.column, completed
                )
    _funds(work, table, filling, known)


def _is_for(grid: Grid, right: Place, label: str) -> bool:
    """Whether a cell beside a label is for its text; behind a colon it is so only where it is framed like one."""
    return label[-1] not in ":：" or grid.is_framed(right)


def _completed(text: str, labels: Mapping[str, str], said: Mapping[str, str]) -> str:
    """`填报人：      审核人：` with the texts behind their labels; what is filled in already stays."""
    parts = re.split(r"([^\s_＿:：]+)\s*[：:]", text)
    made, is_changed = parts[0], False
    for word, rest in zip(parts[1::2], parts[2::2], strict=True):
        label = labels.get(heading(word))
        given = said[label] if label is not None and re.fullmatch(BLANKS, rest) else ""
        is_changed = is_changed or bool(given)
        made += f"{word}：{given}　　" if given else f"{word}：{rest}"
    return made.rstrip() if is_changed else text


def _funds(work: _Work, table: Table, filling: Filling, known: Spellings) -> None:
    """项目资金: the row of headings among those above the table, and below it a row a line."""
    if not filling.funds:
        return
    heads = {word: head for head in filling.funds[0].cells for word in known.of(head)}
    lines = {_fund(word): fund for fund in filling.funds for word in known.of(fund.label)}
    grid, places = table.grid, dict[str, int]()
    for row in range(table.begins, table.first):
        said = list(grid.in_row(row))
        here = {heads[heading(text)]: at.column for at, text in said if heading(text) in heads}
        if len(here) > 1:
            places = here
            continue
        for _, text in said if places else ():
            fund = lines.get(_fund(heading(text)))
            for head, column in places.items() if fund is not None else ():
                assert fund is not None
                value = _value(fund.cells[head])
                work.put(grid, grid.place(row, column), f"{fund.label} {head}", value, over=False)


def _fund(label: str) -> str:
    return label.removeprefix("其中:").removeprefix("其中")


def _value(cell: Cell) -> Value:
    """What a cell of ours holds: a number to count with, rounded as it is printed, or its text."""
    if cell.number is None:
        return cell.text
    if cell.number.denominator == 1:
        return int(cell.number)
    return float(cell.text) if cell.places is not None else float(cell.number)


def counted_as(verdict: Verdict, printed: str, number_format: str) -> float | int | None:
    """What was reached as a number for a cell that is formatted for one; None where it is to stand as it is printed.

    That is where the cell says nothing of numbers (a count stands as one all the same), where the unit would be lost,
    and where the cell's own rounding would show a miss as a hit.
    """
    target, unit = verdict.target, verdict.unit
    if verdict.value is None or target is None or target.value is None or unit not in SCALES:
        return None
    shape, is_general = number_format.split(";")[0], number_format == "General"
    if is_general and unit is not Unit.COUNT:
        return None
    if not is_general and (SHAPE.fullmatch(shape) is None or ("%" in shape) != (unit is Unit.RATIO)):
        return None
    found = number(printed.removesuffix("%").removesuffix("元"))
    if found is None:
        return None
    value = Fraction(found) * SCALES[unit]
    if not is_general:
        places = len(shape.rstrip("%").partition(".")[2])
        shown_there = round_to(value, SCALES[unit] / 10**places)
        if target.holds(shown_there) != target.holds(verdict.value):
            return None
    return int(value) if value.denominator == 1 else float(value)


def _same(stands: str, value: Value) -> bool:
    if isinstance(value, str):
        return spelled(stands) == spelled(value)
    found = number(stands)
    return found is not None and float(found) == float(value)
