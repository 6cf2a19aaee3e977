"""A definition changed in a running year waits for another account; until then its predecessor is derived on.

It waits where its predecessor has counted records; one that reads none, once the ledger has learned anything. The
first definition of an indicator needs no approval, nor does one of a year that is over, nor what nothing but the work
calendar has changed: of a former calendar the ledger keeps a hash alone. What cannot be derived any more (after a
change of time zone) is replaced at once as well. Where only what is demanded has changed, nothing is derived anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from agent.book.changes import reason_of
from agent.book.definition import Definition, Place
from agent.book.promise import demands_differ
from agent.book.revival import revived
from agent.book.standing import DEFINE
from agent.ledger import Session, acts
from agent.model import Instant

WAITING = "waiting"  # the state of a definition that is known and not yet approved
COUNTED = (
    "SELECT 1 FROM tally WHERE definition = ? "
    "UNION ALL SELECT 1 FROM observation WHERE definition = ? AND outcome >= 3 LIMIT 1"
)


class Proposal(NamedTuple):
    """Who started the process with these files, and when."""

    account: str
    at: Instant


class Serving(NamedTuple):
    """A definition the ledger serves, or begins to."""

    pk: int
    hash: str
    state: str
    spec: str


def held_back(session: Session, definitions: Sequence[Definition], proposal: Proposal) -> Mapping[Place, Definition]:
    """The places whose new definition has to wait, with the one that serves until then."""
    stored: dict[Place, list[Serving]] = {}
    for pk, year, project, indicator, *rest in session.rows(
        "SELECT pk, year, project, indicator, hash, state, spec FROM definition "
        "WHERE state IN ('active', 'leaving', 'building') ORDER BY pk"
    ):
        stored.setdefault((year, project, indicator), []).append(Serving(pk, *rest))
    held = {}
    for one in definitions:
        former = _former(session, one, stored.get(one.place, []), proposal)
        if former is not None:
            held[one.place] = former
    return held


def _former(session: Session, one: Definition, stored: Sequence[Serving], proposal: Proposal) -> Definition | None:
    if not one.project or any(known.hash == one.hash and not demands_differ(known.spec, one.spec) for known in stored):
        return None
    serving = [known for known in stored if known.state != "building"]
    if not serving or proposal.at >= one.plan.days.start_of(date(one.year + 1, 1, 1).toordinal()):
        return None
    last = serving[-1]
    if not _has_counted(session, one, last):
        return None
    former = one if last.hash == one.hash else revived(one, last.spec)
    if former is None or former.hash != one.hash:
        return former
    return one.promising(last.spec) if demands_differ(last.spec, one.spec) else None


def _has_counted(session: Session, one: Definition, known: Serving) -> bool:
    if not one.kind:
        return session.one("SELECT 1 FROM batch LIMIT 1") is not None
    return session.one(COUNTED, (known.pk, known.pk)) is not None


def propose(session: Session, one: Definition, former: Definition, proposal: Proposal) -> None:
    """Ask for the approval of a changed definition."""
    reason = reason_of(former.spec, one.spec)
    body = {"year": one.year, "hash": one.hash, "version": one.version, "former": former.version, "reason": reason}
    acts.append(session, proposal.at, proposal.account, DEFINE, f"{one.project}/{one.indicator}", body)
