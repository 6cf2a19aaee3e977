"""What the head of a project's forms says and no row does: who filled it in, how the goal was reached, the money.

Names and telephones are the form's: they are kept in the act alone, and no message, log or page shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from agent.acts.saying import MOST_DIGITS
from agent.book.statements import FILL, filled
from agent.ledger import Session, acts
from agent.ledger.acts import Act
from agent.model import Instant
from agent.written import day, number, plain, tidy

LONGEST_LINE, LONGEST_TEXT = 100, 5000
CENTS = 2


class Kind(Enum):
    """What a field holds."""

    LINE = "line"
    TEXT = "text"
    DAY = "day"
    AMOUNT = "amount"  # in 元


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the head: its key in the act, and as it is labelled."""

    key: str
    label: str
    kind: Kind


FUNDS = {
    "": "年度资金总额",
    "appropriation_": "其中：本年财政拨款",
    "carried_over_": "上年结转资金",
    "other_": "其他资金",
}
FIGURES = {"planned": "年初预算数", "budget": "全年预算数", "executed": "全年执行数"}
FIELDS: tuple[Field, ...] = (
    Field("年度总体目标的实际完成情况", "年度总体目标的实际完成情况", Kind.TEXT),
    *(
        Field(source + figure, f"{label}{name}", Kind.AMOUNT)
        for source, label in FUNDS.items()
        for figure, name in FIGURES.items()
    ),
    *(Field(name, name, Kind.LINE) for name in ("主管部门", "填报人", "审核人", "单位负责人", "联系电话")),
    Field("填报日期", "填报日期", Kind.DAY),
)
BY_KEY: Mapping[str, Field] = {field.key: field for field in FIELDS}


class Unfit(NamedTuple):
    """What is wrong with one field."""

    key: str
    says: str


class Head(NamedTuple):
    """What is said of one project's forms in one year, checked."""

    project: str
    year: int
    fields: Mapping[str, str]


def head(project: str, year: int, said: Mapping[str, str]) -> tuple[Head, list[Unfit]]:
    """The fields these texts fill, and what is wrong with the others."""
    fields, unfit = {}, []
    for key, written in said.items():
        try:
            fields[key] = _read(BY_KEY[key], tidy(written))
        except ValueError as wrong:
            unfit.append(Unfit(key, str(wrong)))
    return Head(project, year, fields), unfit


def _read(field: Field, written: str) -> str:
    if not written:
        return ""
    match field.kind:
        case Kind.AMOUNT:
            return _amount(written)
        case Kind.DAY:
            if (found := day(written)) is None:
                raise ValueError(f"应为日期，如 2027-01-15，现为“{written}”")
            return found.isoformat()
        case kind:
            longest = LONGEST_TEXT if kind is Kind.TEXT else LONGEST_LINE
            if len(written) > longest:
                raise ValueError(f"不应超过 {longest} 字，现为 {len(written)} 字")
            return written


def _amount(written: str) -> str:
    value = number(written)
    if value is None or value < 0:
        raise ValueError(f"应为金额（元），如 4763873.50，现为“{written}”")
    text = plain(value)
    whole, _, places = text.partition(".")
    if len(whole) > MOST_DIGITS or len(places) > CENTS:
        raise ValueError(f"金额应精确到分，现为“{written}”")
    return text


def fill(session: Session, heads: Sequence[Head], now: Instant, who: str) -> list[Act]:
    """An act for each project whose head says something new: the fields that are not as they were."""
    stands = filled(acts.read(session))
    return [
        acts.append(session, now, who, FILL, one.project, {"year": one.year, "fields": changed})
        for one in heads
        if (changed := changed_fields(one, stands))
    ]


def changed_fields(one: Head, stands: Mapping[tuple[int, str], Mapping[str, str]]) -> dict[str, str]:
    """The fields that are not as they were."""
    former = stands.get((one.year, one.project), {})
    return {key: text for key, text in one.fields.items() if text != former.get(key, "")}


def without_names(act: Act) -> Act:
    """The act as it may be shown: of what fills the head of a form the fields alone, for names are among them."""
    return act if act.kind != FILL else act._replace(body={**act.body, "fields": sorted(act.body["fields"])})
