"""Which definitions the ledger serves: new ones are derived beside the old, which serve until those have caught up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.book.bodies import decode
from agent.book.definition import Definition
from agent.book.delivery import Derived, Line, change_observations
from agent.book.exclusions import in_force, observed
from agent.ledger import Ledger, Session

SLICE = 5000  # records derived in one transaction
Progress = Callable[[int, int], None]


class Registered(NamedTuple):
    """The ledger keys of the definitions at hand, and of those that are still to be derived."""

    keys: dict[int, Definition]
    building: tuple[int, ...]
    serving: dict[tuple[int, str, str], int]  # (year, project, indicator) → the key whose figures are shown


def register(ledger: Ledger, definitions: Sequence[Definition]) -> Registered:
    """Make the ledger know these definitions. An unchanged one keeps its key; a new one starts to be derived.

    A definition that is replaced stands still and goes on serving until its successor has caught up.
    """
    wanted = {(one.year, one.project, one.indicator): one for one in definitions}
    with ledger.write() as session:
        empty = session.one("SELECT 1 FROM record LIMIT 1") is None
        keys: dict[tuple[int, str, str, str], tuple[int, str]] = {}
        for pk, *key, state in session.rows(
            "SELECT pk, year, project, indicator, hash, state FROM definition ORDER BY pk"
        ):
            keys[(key[0], key[1], key[2], key[3])] = (pk, state)
            successor = wanted.get((key[0], key[1], key[2]))
            if state != "retired" and (successor is None or successor.hash != key[3]):
                _leave(session, pk, successor is not None and not empty and state != "building")
        for one in definitions:
            known = keys.get((one.year, one.project, one.indicator, one.hash))
            if known is None or known[1] == "retired":
                _begin(session, one, None if known is None else known[0], empty)
            elif known[1] == "leaving":  # changed back before its successor had caught up
                _begin(session, one, known[0], empty)
    return current(ledger, definitions)


def _leave(session: Session, pk: int, serves_on: bool) -> None:
    """A definition that is no longer configured: serving on until replaced, or forgotten at once."""
    if serves_on:
        session.run("UPDATE definition SET state = 'leaving' WHERE pk = ?", (pk,))
    else:
        _retire(session, pk)


def _begin(session: Session, one: Definition, pk: int | None, empty: bool) -> None:
    state = "active" if empty else "building"
    if pk is not None:
        _forget(session, pk)
        session.run(
            "UPDATE definition SET state = ?, built_through = 0, from_seq = ? WHERE pk = ?", (state, session.seq, pk)
        )
        return
    session.run(
        "INSERT INTO definition (year, project, indicator, hash, kind, spec, from_seq, built_through, state) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (one.year, one.project, one.indicator, one.hash, one.kind, one.spec, session.seq, 0, state),
    )


def current(ledger: Ledger, definitions: Sequence[Definition]) -> Registered:
    """What the ledger serves of these definitions right now; it writes nothing."""
    wanted = {(one.year, one.project, one.indicator, one.hash): one for one in definitions}
    keys: dict[int, Definition] = {}
    building: list[int] = []
    serving: dict[tuple[int, str, str], int] = {}
    with ledger.read() as session:
        for pk, year, project, indicator, hashed, state in session.rows(
            "SELECT pk, year, project, indicator, hash, state FROM definition WHERE state <> 'retired' ORDER BY pk"
        ):
            one = wanted.get((year, project, indicator, hashed))
            if one is not None:
                keys[pk] = one
            if state == "building":
                building.append(pk)
            elif state == "active" or (year, project, indicator) not in serving:
                serving[(year, project, indicator)] = pk
    return Registered(keys, tuple(building), serving)


def catch_up(ledger: Ledger, registered: Registered, progress: Progress = lambda done, total: None) -> None:
    """Derive every definition that is still building from the records there are, then retire what it replaces."""
    with ledger.read() as session:
        top = session.one("SELECT record_pk FROM counter WHERE id = 1")
    total = top[0] if top else 0
    building = {pk: registered.keys[pk] for pk in registered.building if pk in registered.keys}
    done = 0
    while building:
        with ledger.write() as session:
            done = _derive_slice(session, building)
            if done < 0:
                _activate(session, building)
                break
        progress(min(done, total), total)


def _derive_slice(session: Session, building: dict[int, Definition]) -> int:
    """Derive one slice of records for all building definitions; the last key reached, or −1 at the end."""
    through = min(
        row[0] for row in session.rows_in("SELECT built_through FROM definition WHERE pk IN {in}", sorted(building))
    )
    rows = session.rows(
        "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record WHERE pk > ? "
        f"ORDER BY pk LIMIT {SLICE}",
        (through,),
    )
    if not rows:
        return -1
    served = [Derived(pk, one, None) for pk, one in building.items()]
    lines: list[Line] = []
    exclusions = in_force(session)
    for pk, *stored in rows:
        record = decode(*stored)
        for one in served:
            if one.definition.reads(record.source, record.kind):
                lines += [(pk, one.pk, *observation) for observation in observed(one.definition, record, exclusions)]
    change_observations(session, served, [], lines)
    session.many("UPDATE definition SET built_through = ? WHERE pk = ?", [(rows[-1][0], pk) for pk in sorted(building)])
    return int(rows[-1][0])


def _activate(session: Session, building: dict[int, Definition]) -> None:
    """From here on the new definitions serve, and the ones they replace are forgotten."""
    for pk, one in building.items():
        session.run("UPDATE definition SET state = 'active', from_seq = ? WHERE pk = ?", (session.seq, pk))
        for (old,) in session.rows(
            "SELECT pk FROM definition WHERE year = ? AND project = ? AND indicator = ? AND pk <> ? "
            "AND state <> 'retired'",
            (one.year, one.project, one.indicator, pk),
        ):
            _retire(session, old)


def _retire(session: Session, pk: int) -> None:
    session.run("UPDATE definition SET state = 'retired' WHERE pk = ?", (pk,))
    _forget(session, pk)


def _forget(session: Session, pk: int) -> None:
    """Observations can be derived again from the definition's text and the records, so they are not kept."""
    for table in ("observation", "sample", "tally"):
        session.run(f"DELETE FROM {table} WHERE definition = ?", (pk,))
