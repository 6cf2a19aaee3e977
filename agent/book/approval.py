"""A definition changed in a running year waits for another account; until then its predecessor is derived on.

It waits where its predecessor has counted records. The first definition of an indicator needs no approval, nor does
one of a year that is over, nor one that nothing but the work calendar has changed: of a former calendar the ledger
keeps a hash alone. What cannot be derived any more (after a change of time zone) is replaced at once as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from agent.book.changes import reason_of
from agent.book.definition import Definition, Place
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


def held_back(session: Session, definitions: Sequence[Definition], proposal: Proposal) -> Mapping[Place, Definition]:
    """The places whose new definition has to wait, with the one that is derived until then."""
    stored: dict[Place, list[tuple[int, str, str, str]]] = {}
    for pk, year, project, indicator, *rest in session.rows(
        "SELECT pk, year, project, indicator, hash, state, spec FROM definition "
        "WHERE state IN ('active', 'leaving', 'building') ORDER BY pk"
    ):
        stored.setdefault((year, project, indicator), []).append((pk, *rest))
    held = {}
    for one in definitions:
        former = _former(session, one, stored.get(one.place, []), proposal)
        if former is not None:
            held[one.place] = former
    return held


def _former(
    session: Session, one: Definition, stored: Sequence[tuple[int, str, str, str]], proposal: Proposal
) -> Definition | None:
    if not one.project or any(hashed == one.hash for _, hashed, _, _ in stored):
        return None
    serving = [(pk, spec) for pk, _, state, spec in stored if state != "building"]
    if not serving or proposal.at >= one.plan.days.start_of(date(one.year + 1, 1, 1).toordinal()):
        return None
    pk, spec = serving[-1]
    if session.one(COUNTED, (pk, pk)) is None:
        return None
    former = revived(one, spec)
    return None if former is None or former.hash == one.hash else former


def propose(session: Session, one: Definition, former: Definition, proposal: Proposal) -> None:
    """Ask for the approval of a changed definition."""
    body = {"year": one.year, "hash": one.hash, "former": former.hash, "reason": reason_of(former.spec, one.spec)}
    acts.append(session, proposal.at, proposal.account, DEFINE, f"{one.project}/{one.indicator}", body)
