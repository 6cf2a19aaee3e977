"""Which definitions the ledger serves: new ones are derived beside the old, which serve until those have caught up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.book.approval import WAITING, Proposal, held_back, propose
from agent.book.bodies import decode
from agent.book.definition import Definition, Place
from agent.book.exclusions import in_force, observed
from agent.book.lines import Derived, Line, change_observations
from agent.book.revival import revived
from agent.ledger import Ledger, Session
from agent.model import ConfigError

SLICE = 5000  # records derived in one transaction
Progress = Callable[[int, int], None]


class Stored(NamedTuple):
    """A definition as the ledger keeps it."""

    pk: int
    state: str  # active, building, leaving, retired, or waiting for approval
    spec: str


class Registered(NamedTuple):
    """The ledger keys of the definitions at hand, and of those that are still to be derived."""

    keys: dict[int, Definition]
    building: tuple[int, ...]
    serving: dict[Place, int]  # the key whose figures are shown
    former: dict[int, Definition]  # what is derived on in place of one at hand, out of the ledger's own text
    waiting: dict[Place, int]  # changes that nobody else has approved yet
    hashes: dict[int, str]  # of every definition the ledger keeps

    @property
    def known(self) -> dict[int, Definition]:
        """Every definition that can be derived here: a Book needs them all."""
        return {**self.former, **self.keys}


def register(ledger: Ledger, definitions: Sequence[Definition], proposal: Proposal | None = None) -> Registered:
    """Make the ledger know these definitions. An unchanged one keeps its key; a new one starts to be derived.

    A definition that is replaced stands still and goes on serving until its successor has caught up. With a
    `proposal` some changes wait for approval (see agent.book.approval), and what they replace is derived on.
    """
    with ledger.write() as session:
        held = held_back(session, definitions, proposal) if proposal is not None else {}
        wanted = {one.place: held.get(one.place, one) for one in definitions}
        waiting = {one.place: one for one in definitions if one.place in held}
        empty = session.one("SELECT 1 FROM record LIMIT 1") is None
        keys: dict[tuple[Place, str], Stored] = {}
        for pk, year, project, indicator, hashed, state, spec in session.rows(
            "SELECT pk, year, project, indicator, hash, state, spec FROM definition ORDER BY pk"
        ):
            place = (year, project, indicator)
            keys[(place, hashed)] = Stored(pk, state, spec)
            successor = (waiting if state == WAITING else wanted).get(place)
            if state != "retired" and (successor is None or successor.hash != hashed):
                _leave(session, pk, successor is not None and not empty and state not in ("building", WAITING))
        for one in wanted.values():
            known = keys.get((one.place, one.hash))
            if known is None or known.state != "active":
                _begin(session, one, known, empty)
            elif known.spec != one.spec:
                session.run("UPDATE definition SET spec = ? WHERE pk = ?", (one.spec, known.pk))
        for one in waiting.values():
            known = keys.get((one.place, one.hash))
            if proposal is not None and (known is None or known.state != WAITING):
                _write(session, one, None if known is None else known.pk, WAITING)
                propose(session, one, held[one.place], proposal)
    return current(ledger, definitions)


def accept(session: Session, place: Place, hashed: str) -> None:
    """Begin to derive a definition that waited for approval; what serves goes on serving until it has caught up."""
    rows = session.rows(
        "SELECT pk, hash, state FROM definition WHERE year = ? AND project = ? AND indicator = ? "
        "AND state <> 'retired'",
        place,
    )
    if not any((known, state) == (hashed, WAITING) for _, known, state in rows):
        raise ConfigError(f"{place[1]}/{place[2]}: this change was taken back; nothing of it waits for approval")
    for pk, _, state in rows:
        if state == WAITING:
            session.run(
                "UPDATE definition SET state = 'building', built_through = 0, from_seq = ? WHERE pk = ?",
                (session.seq, pk),
            )
        else:
            _leave(session, pk, state != "building")


def _leave(session: Session, pk: int, serves_on: bool) -> None:
    """A definition that is no longer configured: serving on until replaced, or forgotten at once."""
    if serves_on:
        session.run("UPDATE definition SET state = 'leaving' WHERE pk = ?", (pk,))
    else:
        _retire(session, pk)


def _begin(session: Session, one: Definition, known: Stored | None, empty: bool) -> None:
    if known is not None and known.state == "building":
        return
    if known is not None:  # replaced once, or changed back before its successor had caught up
        _forget(session, known.pk)
    _write(session, one, None if known is None else known.pk, "active" if empty else "building")


def _write(session: Session, one: Definition, pk: int | None, state: str) -> None:
    if pk is None:
        session.run(
            "INSERT INTO definition (year, project, indicator, hash, kind, spec, from_seq, built_through, state) "
            "VALUES (?,?,?,?,?,?,?,?,?)",
            (*one.place, one.hash, one.kind, one.spec, session.seq, 0, state),
        )
    else:
        session.run(
            "UPDATE definition SET spec = ?, state = ?, built_through = 0, from_seq = ? WHERE pk = ?",
            (one.spec, state, session.seq, pk),
        )


def current(ledger: Ledger, definitions: Sequence[Definition]) -> Registered:
    """What the ledger serves of these definitions right now; it writes nothing."""
    wanted = {one.place: one for one in definitions}
    found = Registered({}, (), {}, {}, {}, {})
    building: list[int] = []
    with ledger.read() as session:
        rows = session.rows(
            "SELECT pk, year, project, indicator, hash, state, spec FROM definition WHERE state <> 'retired' "
            "ORDER BY pk"
        )
    for pk, year, project, indicator, hashed, state, spec in rows:
        place = (year, project, indicator)
        found.hashes[pk] = hashed
        one = wanted.get(place)
        if one is not None and one.hash == hashed:
            found.keys[pk] = one
        elif one is not None and state != WAITING and (former := _former(one, hashed, spec)) is not None:
            found.former[pk] = former
        if state == "building":
            building.append(pk)
        elif state == WAITING:
            found.waiting[place] = pk
        elif state == "active" or place not in found.serving:
            found.serving[place] = pk
    return found._replace(building=tuple(building))


def _former(successor: Definition, hashed: str, spec: str) -> Definition | None:
    """The definition the ledger knows under this hash, where it can still be derived exactly."""
    former = revived(successor, spec)
    return former if former is not None and former.hash == hashed else None


def catch_up(ledger: Ledger, registered: Registered, progress: Progress = lambda done, total: None) -> None:
    """Derive every definition that is still building from the records there are, then retire what it replaces."""
    with ledger.read() as session:
        top = session.one("SELECT record_pk FROM counter WHERE id = 1")
    total = top[0] if top else 0
    known = registered.known
    building = {pk: known[pk] for pk in registered.building if pk in known}
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
            "AND state NOT IN ('retired', 'waiting')",
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
