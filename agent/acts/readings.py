"""Confirming how something printed is read, or objecting to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from agent.book.standing import CONFIRM, OBJECT, Standing, reading_hash, standing
from agent.config import Indicator, Plan
from agent.config import Reading as OfTables
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant

OF_TABLES = "readings"  # where a reading belongs to no project


class Reading(NamedTuple):
    """A reading as it stands: what it is of, the hash of what it says, and the text that is read."""

    subject: str
    hash: str
    text: str


class Opinion(NamedTuple):
    """What somebody thinks of a reading: an objection in words, or, where there is none, that it is right."""

    reading: Reading
    objection: str = ""


def reading_of(indicator: Indicator) -> Reading:
    """How a row is read."""
    return Reading(indicator.subject, reading_hash(indicator), indicator.text)


def reading_of_tables(plan: Plan, one: OfTables) -> Reading:
    """How something is read that no single row says."""
    said = "\n".join((str(plan.year), one.text, one.note))
    return Reading(f"{OF_TABLES}/{one.id}", hashlib.sha256(said.encode()).hexdigest()[:16], one.text)


def confirm(ledger: Ledger, indicator: Indicator, now: Instant, who: str) -> Act:
    """Confirm the reading of an indicator as it stands; a reading that changes is unconfirmed again."""
    reading = reading_of(indicator)
    with ledger.write() as session:
        former = opinion(standing(acts.read(session)), reading)
        if former is not None and former.kind == CONFIRM:
            raise ConfigError(f"{reading.subject}：{former.account} 已确认（第{former.n}条）")
        return acts.append(session, now, who, CONFIRM, *_said(Opinion(reading)))


def opinion(stands: Standing, reading: Reading) -> Act | None:
    """What was said last of a reading as it stands; None where nobody spoke of it, or of another."""
    act = stands.confirmed.get(reading.subject) or stands.objected.get(reading.subject)
    return act if act is not None and act.body["reading"] == reading.hash else None


def opine(ledger: Ledger, opinions: Sequence[Opinion], now: Instant, who: str) -> list[Act | None]:
    """Take opinions into the ledger, all in one transaction; None for each that says what was said last."""
    with ledger.read() as session:
        stands = standing(acts.read(session))
    if not any(_is_new(one, stands) for one in opinions):
        return [None] * len(opinions)
    with ledger.write() as session:
        stands = standing(acts.read(session))
        return [
            acts.append(session, now, who, OBJECT if one.objection else CONFIRM, *_said(one))
            if _is_new(one, stands)
            else None
            for one in opinions
        ]


def _is_new(one: Opinion, stands: Standing) -> bool:
    former = opinion(stands, one.reading)
    return former is None or former.body.get("objection", "") != one.objection


def _said(one: Opinion) -> tuple[str, dict[str, str]]:
    body = {"reading": one.reading.hash, "text": one.reading.text}
    return one.reading.subject, body | ({"objection": one.objection} if one.objection else {})
