"""What a person stated of a row, line by line: the numbers, the word, the reason, the files handed in, by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from agent import words
from agent.explain.explanation import Rule
from agent.explain.subject import Subject
from agent.model import Statement, Unit
from agent.shown import shown, written

SURVEY = {"sent": "发放", "returned": "回收", "valid": "有效"}


def stated(said: Statement, about: Subject) -> Iterator[Rule]:
    """The statement that counts, one line each."""
    if said.not_applicable:
        yield Rule("结论", "不适用")
    if said.numerator is not None:
        yield Rule("填报数值", _numbers(said, about.verdict.unit))
    if said.word is not None:
        band = "" if said.band is None else f"（{words.BANDS[said.band]}）"
        yield Rule("完成情况", f"{said.word}{band}")
    if said.score is not None:
        yield Rule("得分率", shown(said.score, Unit.RATIO))
    if said.survey:
        yield Rule(
            "问卷", "，".join(f"{name}{said.survey[key]}份" for key, name in SURVEY.items() if key in said.survey)
        )
    if said.causes:
        yield Rule("偏差原因", "、".join(words.CAUSES[cause] for cause in said.causes))
    if said.reason:
        yield Rule("原因", said.reason)
    for name, hashed in said.evidence:
        yield Rule("佐证材料", f"{name}（SHA-256 {hashed[:16]}…）")
    yield Rule("填报截至", date.fromordinal(said.through).isoformat())
    yield Rule("填报人", f"{said.account}，{about.local(said.at):%Y-%m-%d %H:%M}（第{said.act}条）")


def _numbers(said: Statement, unit: Unit) -> str:
    assert said.numerator is not None
    if said.denominator is None:
        return shown(said.numerator, unit)
    value = said.value
    quotient = "" if value is None else f" = {shown(value, unit)}"
    return f"{written(said.numerator, 6)} ÷ {written(said.denominator, 6)}{quotient}"
