"""Stating values: an act a row, all of a form in one transaction, and none where nothing new is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from agent.acts.filling import Head, changed_fields, fill
from agent.acts.saying import Claim
from agent.book.statements import ATTEST, Place, filled, last_before, said_by, statements
from agent.config import Indicator
from agent.ledger import Ledger, Session, acts, evidence
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, Statement


class Outcome(NamedTuple):
    """What became of a claim: the statement that stood before, and the act, None where it says what stood already."""

    claim: Claim
    former: Statement | None
    act: Act | None


class Taken(NamedTuple):
    """What became of a returned form: of its rows, and the acts that filled in heads."""

    rows: list[Outcome]
    heads: list[Act]


def state(ledger: Ledger, claims: Sequence[Claim], now: Instant, who: str) -> list[Outcome]:
    """Take every claim into the ledger or, where anything fails, none."""
    with ledger.read() as session:
        made = _made(session)
    if not any(_is_new(one, made) for one in claims):
        return [Outcome(one, _in_force(one, made), None) for one in claims]
    with ledger.write() as session:
        return stated(session, claims, now, who)


def stated(session: Session, claims: Sequence[Claim], now: Instant, who: str) -> list[Outcome]:
    """Take the claims into the ledger within a transaction that the caller ends."""
    made, outcomes = _made(session), []
    for one in claims:
        act = None
        if _is_new(one, made):
            for file in one.files:
                if file.content is not None:
                    evidence.keep(session, file.content)
            act = acts.append(session, now, who, ATTEST, one.subject, one.body)
        outcomes.append(Outcome(one, _in_force(one, made), act))
    return outcomes


def take_in(ledger: Ledger, claims: Sequence[Claim], heads: Sequence[Head], now: Instant, who: str) -> Taken:
    """Take what a returned form says into the ledger: all of it in one transaction, or, where nothing is new, none."""
    with ledger.read() as session:
        log = acts.read(session)
    made, stands = statements(log), filled(log)
    if not any(_is_new(one, made) for one in claims) and not any(changed_fields(one, stands) for one in heads):
        return Taken([Outcome(one, _in_force(one, made), None) for one in claims], [])
    with ledger.write() as session:
        return Taken(stated(session, claims, now, who), fill(session, heads, now, who))


def take_back(ledger: Ledger, indicator: Indicator, year: int, now: Instant, who: str) -> Statement:
    """Take the last statement of a row back, so that the one before it stands again; which it was."""
    subject = indicator.subject
    with ledger.write() as session:
        made = _made(session).get((year, subject), ())
        if not made:
            raise ConfigError(f"{subject}：{year}年没有可撤回的填报")
        through = date.fromordinal(made[-1].through).isoformat()
        acts.append(session, now, who, ATTEST, subject, {"year": year, "through": through, "withdrawn": True})
        return made[-1]


def _made(session: Session) -> Mapping[Place, tuple[Statement, ...]]:
    return statements(acts.read(session))


def _is_new(claim: Claim, made: Mapping[Place, tuple[Statement, ...]]) -> bool:
    """Whether it says something else than what was said last of the time through the same day."""
    said = said_by(claim.body)
    through = [one for one in made.get((claim.year, claim.subject), ()) if one.through == said.through]
    return not through or replace(through[-1], act=said.act, at=said.at, account=said.account) != said


def _in_force(claim: Claim, made: Mapping[Place, tuple[Statement, ...]]) -> Statement | None:
    return last_before(made.get((claim.year, claim.subject), ()), date(claim.year + 1, 1, 1).toordinal())
