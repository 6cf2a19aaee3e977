"""What an office's row asks, what it holds already, and which of its cells are open."""

from __future__ import annotations

from datetime import date

from agent import words
from agent.acts import Part
from agent.acts.saying import OF_CAUSE, OF_SURVEY, TICKS, parts_of
from agent.config import Indicator
from agent.measures import Attested, Entered
from agent.model import Day, State, Statement, Unit, Verdict
from agent.roundtrip.cells import number
from agent.roundtrip.sheets import Sheets
from agent.shown import shown_value


def is_surveyed(row: Indicator) -> bool:
    """Whether its number comes out of a questionnaire."""
    return isinstance(row.measure, Entered) and "满意" in "".join((row.name, *row.level))


def is_open(row: Indicator, part: Part) -> bool:
    """Whether a person fills in this part of a row."""
    if part in OF_SURVEY:
        return is_surveyed(row)
    if part is Part.DENOMINATOR and row.measure.unit is Unit.DATE:
        return False
    return part in parts_of(row)


def is_owed(row: Indicator, verdict: Verdict, part: Part) -> bool:
    """Whether a cell still waits to be filled in."""
    stated = verdict.stated
    if stated is not None and stated.not_applicable:
        return False
    if part is Part.REASON:
        return verdict.state is State.MISSED and (stated is None or stated.reason is None)
    wanted = {Entered: (Part.NUMERATOR, Part.DENOMINATOR), Attested: (Part.WORD, Part.BAND)}
    return stated is None and part in wanted.get(type(row.measure), ())


def demand_of(row: Indicator, verdict: Verdict) -> str:
    """What a person is asked for."""
    match row.measure:
        case Entered() as measure if measure.unit is Unit.RATIO:
            return "填分子和分母，分母大于0；不填百分比" + ("；并填问卷份数" if is_surveyed(row) else "")
        case Entered() as measure if measure.unit is Unit.DATE:
            return "分子栏填日期"
        case Entered() as measure:
            return f"分子栏填数值（{words.UNITS[measure.stated_unit]}），不小于0"
        case Attested() as measure:
            shown_by = f"；佐证：{measure.evidence_expected}" if measure.evidence_expected else ""
            return f"达成时填{'或'.join(f'“{word}”' for word in measure.accept)}{shown_by}"
        case _:
            missed = verdict.state is State.MISSED
            return "系统计量，数值不填；" + ("未达标，请填写原因" if missed else "当年无此项的填不适用")


def system_value(row: Indicator, sheets: Sheets) -> str:
    """What is measured: the row's own value with its state, or the values beside a row that people answer for."""
    own = [row] if row.measure.from_records else []
    lines = []
    for one in (*own, *row.evidence):
        verdict = sheets.verdicts.get((one.project, one.id))
        if verdict is not None:
            value = shown_value(verdict)
            lines.append(f"{value}　{words.STATES[verdict.state]}" if one is row else f"{one.name}：{value}")
    return "\n".join(lines)


def given_of(row: Indicator, stated: Statement | None, through: Day) -> dict[Part, object]:
    """What was stated last, as cells; of a row nobody has spoken of yet the last day of the period."""
    if stated is None:
        return {Part.THROUGH: date.fromordinal(through)}
    survey = {part: stated.survey.get(part.value) for part in OF_SURVEY}
    is_day = row.measure.unit is Unit.DATE
    return {
        Part.THROUGH: date.fromordinal(stated.through),
        Part.NUMERATOR: number(stated.numerator, is_day),
        Part.DENOMINATOR: number(stated.denominator),
        Part.WORD: stated.word,
        Part.BAND: None if stated.band is None else words.BANDS[stated.band],
        Part.SCORE: number(stated.score),
        Part.EVIDENCE: "\n".join(name for name, _ in stated.evidence) or None,
        Part.NOT_APPLICABLE: "是" if stated.not_applicable else None,
        **{part: TICKS[0] for part, cause in OF_CAUSE.items() if cause in stated.causes},
        Part.REASON: stated.reason,
        **survey,
    }
