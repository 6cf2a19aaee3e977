"""What people stated, read from the log of acts. Pure.

The statement that goes furthest into the year counts, of several through the same day the last one made: so a period
that is over can be put right without touching what was said of a longer one.

The body of an act of the kind `attest`, whose subject is `project/indicator`:

    year            the year it speaks of
    through         the last day it speaks of, as 2026-07-31
    numerator       a decimal number as text; an amount, or with …
    denominator     … the quotient
    word, band      a quality, and how far it was reached (`agent.model.Band`)
    score           the share of the points claimed within the band, as text
    not_applicable  true where the row does not apply this year
    reason          why it is off target, or does not apply
    causes          what that is put down to (`agent.model.Cause`)
    survey          {sent, returned, valid}
    evidence        [{name, sha256}, …]; the contents are in `ledger.evidence`
    withdrawn       true: the statement before is taken back, and nothing stands

Keys that are not needed are left out.

The body of an act of the kind `fill`, whose subject is a project, is what the head of its forms says and no row does:

    year            the year of the forms
    fields          texts by field, as 填报人; amounts in 元 by their key under `funds`; an empty text takes one back
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from agent.ledger.acts import Act
from agent.model import Band, Cause, Day, Instant, Statement

ATTEST, FILL = "attest", "fill"
Place = tuple[int, str]  # year, project/indicator


def statements(log: Iterable[Act]) -> Mapping[Place, tuple[Statement, ...]]:
    """Every statement that stands, by year and indicator, in the order in which they were made."""
    made: dict[Place, tuple[Statement, ...]] = {}
    for act in log:
        if act.kind == ATTEST:
            place = (act.body["year"], act.subject)
            former = made.get(place, ())
            made[place] = former[:-1] if act.body.get("withdrawn") else (*former, statement_of(act))
    return made


def filled(log: Iterable[Act]) -> Mapping[tuple[int, str], Mapping[str, str]]:
    """What the heads of the forms say, by year and project: of each field the text given last."""
    heads: dict[tuple[int, str], dict[str, str]] = {}
    for act in log:
        if act.kind == FILL:
            head = heads.setdefault((act.body["year"], act.subject), {})
            head |= act.body["fields"]
    return {place: {field: text for field, text in head.items() if text} for place, head in heads.items()}


def last_before(made: Sequence[Statement], day: Day) -> Statement | None:
    """The statement that counts of those that speak of the time before a day."""
    return max((one for one in reversed(made) if one.through < day), key=lambda one: one.through, default=None)


def values_before(made: Sequence[Statement], day: Day) -> tuple[tuple[Day, Fraction], ...]:
    """The numbers stated of the time before a day, by the last day each speaks of; the last said of a day counts."""
    said = {one.through: one.value for one in made if one.through < day}
    return tuple((through, value) for through, value in sorted(said.items()) if value is not None)


def statement_of(act: Act) -> Statement:
    """The statement an act made."""
    return said_by(act.body, act.n, act.at, act.account)


def said_by(said: Mapping[str, Any], act: int = 0, at: Instant = 0, account: str = "") -> Statement:
    """What the body of an act says, also before it is one."""
    return Statement(
        act=act,
        at=at,
        account=account,
        through=date.fromisoformat(said["through"]).toordinal(),
        numerator=_number(said.get("numerator")),
        denominator=_number(said.get("denominator")),
        word=said.get("word"),
        band=Band(said["band"]) if "band" in said else None,
        score=_number(said.get("score")),
        not_applicable=bool(said.get("not_applicable")),
        reason=said.get("reason"),
        survey=said.get("survey", {}),
        evidence=tuple((one["name"], one["sha256"]) for one in said.get("evidence", ())),
        causes=tuple(map(Cause, said.get("causes", ()))),
    )


def _number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
