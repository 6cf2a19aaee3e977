"""Which definitions the ledger serves: new ones are derived beside the old, which serve until those have caught up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.book.approval import WAITING, Proposal, held_back, propose
from agent.book.bodies import decode
from agent.book.definition import Definition, Place
from agent.book.exclusions import in_force, observed
from agent.book.history import note_served
from agent.book.lines import Derived, Line, change_observations
from agent.book.promise import version_of
from agent.book.served import Registered, Stored, current, stored_definitions
from agent.ledger import Ledger, Session
from agent.model import ConfigError

SLICE = 5000  # records derived in one transaction
Progress = Callable[[int, int], None]


def register(ledger: Ledger, definitions: Sequence[Definition], proposal: Proposal | None = None) -> Registered:
    """Make the ledger know these definitions. An unchanged one keeps its key; a new one starts to be derived.

    A definition that is replaced stands still and goes on serving until its successor has caught up. With a
    `proposal` some changes wait for approval (see agent.book.approval), and what they would replace serves on.
    """
    with ledger.write() as session:
        held = held_back(session, definitions, proposal) if proposal is not None else {}
        wanted = {one.place: held.get(one.place, one) for one in definitions}
        waiting = {one.place: one for one in definitions if one.place in held}
        empty = session.one("SELECT 1 FROM record LIMIT 1") is None
        known: dict[tuple[Place, str], Stored] = {}
        asked: set[Place] = set()
        for place, stored in stored_definitions(session):
            if stored.state == WAITING:
                if place in waiting and version_of(stored.spec) == waiting[place].version:
                    asked.add(place)
                else:
                    session.run("DELETE FROM definition WHERE pk = ?", (stored.pk,))
                continue
            known[(place, stored.hash)] = stored
            successor = wanted.get(place)
            if stored.state != "retired" and (successor is None or successor.hash != stored.hash):
                takes_time = successor is not None and successor.kind and not empty
                _leave(session, stored.pk, bool(takes_time) and stored.state != "building")
        for one in wanted.values():
            former = known.get((one.place, one.hash))
            if former is None or former.state != "active":
                _begin(session, one, former, empty)
            elif former.spec != one.spec:
                session.run("UPDATE definition SET spec = ? WHERE pk = ?", (one.spec, former.pk))
                note_served(session, one.place, one.spec)
        for one in waiting.values():
            if proposal is not None and one.place not in asked:
                _insert(session, one, WAITING)
                propose(session, one, held[one.place], proposal)
    return current(ledger, definitions)


def accept(session: Session, place: Place, hashed: str, version: str | None) -> None:
    """Take over a definition that waited for approval.

    Where its records count as before, at once. Otherwise it begins to be derived, and what serves goes on serving until
    it has caught up. `version` is not told by requests of older programs.
    """
    rows = [stored for at, stored in stored_definitions(session) if at == place and stored.state != "retired"]
    asked = [one for one in rows if one.state == WAITING and one.hash == hashed]
    if not asked or version not in (None, version_of(asked[-1].spec)):
        raise ConfigError(f"{place[1]}/{place[2]}：这一更改已撤回，没有等待批准的内容")
    new = asked[-1]
    for one in rows:
        if one.state == "active" and one.hash == new.hash:
            session.run("DELETE FROM definition WHERE pk = ?", (new.pk,))
            session.run("UPDATE definition SET spec = ?, from_seq = ? WHERE pk = ?", (new.spec, session.seq, one.pk))
            note_served(session, place, new.spec)
            return
    for one in rows:
        if one.state != WAITING:
            _leave(session, one.pk, bool(new.kind) and one.state != "building")
    state = "building" if new.kind else "active"
    session.run("UPDATE definition SET state = ?, from_seq = ? WHERE pk = ?", (state, session.seq, new.pk))
    if not new.kind:
        note_served(session, place, new.spec)


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
        session.run("DELETE FROM definition WHERE pk = ?", (known.pk,))
    at_once = empty or not one.kind
    _insert(session, one, "active" if at_once else "building")
    if at_once:
        note_served(session, one.place, one.spec)


def _insert(session: Session, one: Definition, state: str) -> None:
    session.run(
        "INSERT INTO definition (year, project, indicator, hash, kind, spec, from_seq, built_through, state) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (*one.place, one.hash, one.kind, one.spec, session.seq, 0, state),
    )


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
        stored = session.one("SELECT spec FROM definition WHERE pk = ?", (pk,))
        note_served(session, one.place, one.spec if stored is None else stored[0])
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
