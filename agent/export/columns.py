"""What can stand in a column of a form: one entry a key, by which profiles name it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from agent import words
from agent.export.form import Cell, Style
from agent.export.rows import Likely, Line, Origin, Row, Standing
from agent.model import State, Target, Unit, Verdict
from agent.shown import in_unit, shown_target, shown_value, written

OWED = "未填"
TICK = "√"
SIGNS = {">=": "≥", "<=": "≤", "=": "＝", "in": "区间", "by": "≤", "is": "定性"}
PROPOSED, DRAFTED = "建议：", "草稿："
UNFINISHED = "未全部完成"

Column = Callable[[Line], Cell]
WRITTEN = "written"  # a column people fill in, kept under its heading
EXPECTED = "全年预计完成情况"


def value_text(verdict: Verdict) -> str:
    """What was reached, in words; why there is nothing, where there is nothing."""
    if verdict.state is State.NOT_APPLICABLE and verdict.reason == "declared":
        return words.STATES[State.NOT_APPLICABLE]
    if verdict.text is not None:
        band = verdict.stated.band if verdict.stated is not None else None
        return f"{verdict.text}（{words.BANDS[band]}）" if band is not None else verdict.text
    if verdict.value is not None:
        return shown_value(verdict)
    if verdict.reason == "unfinished":
        return UNFINISHED
    if verdict.state in (State.EMPTY, State.NO_DATA):
        return words.STATES[verdict.state]
    return words.STATES[State.EMPTY] if verdict.state is State.MET else OWED


def _value(line: Line) -> Cell:
    row = line.row
    return Cell(value_text(row.verdict), Style.CENTRE, origin=row.origin, unconfirmed=row.unconfirmed)


def _bare_value(line: Line) -> Cell:
    verdict, row = line.row.verdict, line.row
    target = verdict.target
    number = in_unit(verdict.value, target)[0] if target is not None and verdict.text is None else ""
    text = number or value_text(verdict)
    return Cell(text, Style.CENTRE, origin=row.origin, unconfirmed=row.unconfirmed)


def _promised(line: Line) -> Target | None:
    target = line.row.verdict.target
    return None if target is None or target.value is None or target.unit is Unit.DATE else target


def _bare_target(line: Line) -> Cell:
    target = _promised(line)
    if target is None:
        return Cell(line.row.indicator.text, Style.CENTRE)
    low = in_unit(target.value, target)[0]
    return Cell(low if target.high is None else f"{low}～{in_unit(target.high, target)[0]}", Style.CENTRE)


def _sign(line: Line) -> Cell:
    target = line.row.verdict.target
    return Cell("" if target is None else SIGNS[target.op], Style.CENTRE)


def _unit(line: Line) -> Cell:
    target = _promised(line)
    return Cell("" if target is None else in_unit(None, target)[1], Style.CENTRE)


def number_cell(value: Fraction, places: int | None = None) -> Cell:
    """A number a spreadsheet can count with."""
    text = written(value) if places is None else f"{float(value):.{places}f}"
    return Cell(text, Style.NUMBER, number=value, places=places)


def _points(line: Line) -> Cell:
    row = line.row
    return Cell("—", Style.NUMBER) if row.standing is Standing.LEFT_OUT else number_cell(row.points)


def score_cell(row: Row) -> Cell:
    """The score, or why there is none."""
    match row.standing:
        case Standing.SCORED if row.score is not None:
            return number_cell(row.score, 2)
        case Standing.OWED:
            return Cell(OWED, Style.NUMBER)
        case _:
            return Cell("—", Style.NUMBER)


def _reason(line: Line) -> Cell:
    row = line.row
    if row.reason:
        return Cell(row.reason, Style.TEXT, origin=Origin.WRITTEN)
    if line.draft:
        return Cell(DRAFTED + line.draft, Style.TEXT, origin=Origin.DRAFTED)
    return Cell("", Style.TEXT)


def _expected(line: Line) -> Cell:
    said = line.texts.get(EXPECTED)
    if said is not None:
        return Cell(said, Style.CENTRE, origin=Origin.WRITTEN)
    if line.expected is None:
        return Cell("", Style.CENTRE)
    return Cell(PROPOSED + line.expected, Style.CENTRE, origin=Origin.PROPOSED)


def _likely(wanted: Likely) -> Column:
    def cell(line: Line) -> Cell:
        if line.likely is not wanted:
            return Cell("", Style.CENTRE)
        return Cell(TICK, Style.CENTRE, origin=Origin.PROPOSED)

    return cell


def _printed(text: Callable[[Row], str], style: Style = Style.CENTRE) -> Column:
    return lambda line: Cell(text(line.row), style)


COLUMNS: dict[str, Column] = {
    "class": _printed(lambda row: (row.place or ("", ""))[0], Style.LABEL),
    "part": _printed(lambda row: (row.place or ("", ""))[1]),
    "level1": _printed(lambda row: row.indicator.level[0], Style.LABEL),
    "level2": _printed(lambda row: row.indicator.level[-1]),
    "name": _printed(lambda row: row.indicator.name, Style.TEXT),
    "target": _printed(lambda row: row.indicator.text),
    "reading": _printed(lambda row: shown_target(row.verdict.target)),
    "sign": _sign,
    "bare_target": _bare_target,
    "unit": _unit,
    "value": _value,
    "bare_value": _bare_value,
    "points": _points,
    "score": lambda line: score_cell(line.row),
    "reason": _reason,
    "expected": _expected,
    "likely_sure": _likely(Likely.SURE),
    "likely_maybe": _likely(Likely.MAYBE),
    "likely_not": _likely(Likely.NOT),
    "state": _printed(lambda row: words.STATES[row.verdict.state]),
    "owner": _printed(lambda row: row.indicator.owner or ""),
}


def cell_of(key: str, head: str, line: Line) -> Cell:
    """What stands in a column of this key and heading."""
    if key == WRITTEN:
        said = line.texts.get(head, "")
        style = Style.CENTRE if said == TICK else Style.TEXT
        return Cell(said, style, origin=Origin.WRITTEN if said else None)
    return COLUMNS[key](line)
