"""Which numbers of percentiles came and went with the records that changed, at the cost of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.book.bodies import decode
from agent.book.definition import Definition
from agent.book.exclusions import in_force
from agent.ledger import Session
from agent.model import Day, Outcome, Record

CHANGED = "SELECT pk, source, kind, id, first_seq, seq FROM record WHERE pk IN {in}"
FORMER = (
    "SELECT record, system, body, version, changed_at, withdrawn FROM revision WHERE seq <= ? AND until_seq > ? "
    "AND record IN {in}"
)
NUMBERS = "SELECT record, definition, system, day, num FROM observation WHERE outcome < ? AND record IN {in}"


class Moved(NamedTuple):
    """A number that came (+1) or went (−1)."""

    definition: int
    system: str
    day: Day
    number: int
    sign: int


def moved_numbers(
    session: Session, definitions: Mapping[int, Definition], changed: Sequence[int], former: int
) -> tuple[list[Moved], set[int]]:
    """What moved since the batch `former`, and the definitions for which that cannot be told.

    What a record gave before is derived from the version it had then. One that keeps no versions cannot tell, nor can
    one that somebody has taken out or brought back.
    """
    if not definitions:
        return [], set()
    exclusions = in_force(session)
    lost: set[int] = set()
    readers: dict[int, list[tuple[int, Definition]]] = {}
    known: dict[int, tuple[str, str, str]] = {}
    for pk, source, kind, id, first_seq, seq in session.rows_in(CHANGED, changed):
        reading = [(key, one) for key, one in definitions.items() if one.reads(source, kind)]
        if reading and (seq <= former or (source, id) in exclusions):
            lost.update(key for key, _ in reading)
        elif reading:
            readers[pk] = reading
            if first_seq <= former:
                known[pk] = (kind, source, id)
    moved = [
        Moved(definition, system, day, number, 1)
        for _, definition, system, day, number in session.rows_in(NUMBERS, sorted(readers), (int(Outcome.EXCLUDED),))
        if definition in definitions
    ]
    for pk, *version in session.rows_in(FORMER, sorted(known), (former, former)):
        record = decode(*known.pop(pk), *version)
        moved += [one for key, reader in readers[pk] for one in _gone(key, reader, record)]
    lost.update(key for pk in known for key, _ in readers[pk])
    return moved, lost


def _gone(key: int, definition: Definition, record: Record) -> list[Moved]:
    return [
        Moved(key, one.system, one.day, one.num, -1)
        for one in definition.observe(record)
        if one.outcome < Outcome.EXCLUDED
    ]
