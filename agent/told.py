"""What people stated, in words: one line a statement, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from agent import words
from agent.model import Statement, Unit
from agent.shown import shown

NOTHING = "无"


def statement(stated: Statement, unit: Unit) -> str:
    """What was stated, without why: `95/100 = 95.00%`, `健全（达成年度指标，得分率100%）`, `不适用`."""
    if stated.not_applicable:
        return words.PARTS["not_applicable"]
    if stated.band is not None:
        score = "" if stated.score is None else f"，{words.PARTS['score']}{percent(stated.score)}"
        return f"{stated.word}（{words.BANDS[stated.band]}{score}）"
    if stated.numerator is None:
        causes = "、".join(words.CAUSES[cause] for cause in stated.causes)
        return f"只说明原因（{causes}）" if causes else "只说明原因"
    value = shown(stated.value, unit)
    if stated.denominator is None:
        return value
    return f"{decimal(stated.numerator)}/{decimal(stated.denominator)} = {value}"


def changes(former: Statement | None, stated: Statement, unit: Unit) -> list[str]:
    """Each part that is not as it was, `分子 95 → 97`."""
    before, after = ({} if one is None else dict(_parts(one, unit)) for one in (former, stated))
    return [
        f"{words.PARTS[part]} {before.get(part, NOTHING)} → {after.get(part, NOTHING)}"
        for part in words.PARTS
        if before.get(part) != after.get(part)
    ]


def _parts(stated: Statement, unit: Unit) -> Iterator[tuple[str, str]]:
    yield "through", date.fromordinal(stated.through).isoformat()
    for part, number in (("numerator", stated.numerator), ("denominator", stated.denominator)):
        if number is not None:
            yield part, shown(number, unit) if unit is Unit.DATE else decimal(number)
    if stated.word is not None:
        yield "word", stated.word
    if stated.band is not None:
        yield "band", words.BANDS[stated.band]
    if stated.score is not None:
        yield "score", percent(stated.score)
    for part, count in stated.survey.items():
        yield part, str(count)
    if stated.evidence:
        yield "evidence", "、".join(f"{name}({hashed[:8]})" for name, hashed in stated.evidence)
    for cause in stated.causes:
        yield f"cause_{cause}", "√"
    if stated.reason is not None:
        yield "reason", stated.reason
    if stated.not_applicable:
        yield "not_applicable", "是"


def decimal(number: Fraction) -> str:
    """A number people stated, as they wrote it: it has an end in the decimal system."""
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: Fraction) -> str:
    """A share of the points as a person reads it: 85%."""
    return decimal(share * 100) + "%"
