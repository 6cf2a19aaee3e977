"""The one write path: records and their observations, tallies, rejects, cursor and coverage in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.book.bodies import decode
from agent.book.definition import Definition
from agent.book.delivery import Booked, Delivery
from agent.book.events import folded
from agent.book.exclusions import in_force
from agent.book.lines import Derived, change_observations, observe_all, place_of, stored_lines
from agent.book.ranking import Current, Ranking
from agent.book.rejects import book_rejects
from agent.book.source_history import note_first
from agent.book.source_states import forget_place, note_complete, note_failure, note_read
from agent.book.standing import WITHDRAW
from agent.book.writing import Writing
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import Instant, LedgerError, Mapped, Record

CURRENT = (
    "SELECT id, pk, hash, version, changed_at, seq, withdrawn, system, body FROM record WHERE source = ? AND id IN {in}"
)
HELD = "SELECT pk, id, kind, system, body, version, changed_at FROM record WHERE source = ? AND NOT withdrawn"
WITHDRAWN_NAMED = 1000  # ids an act of withdrawal names


class Book:
    """Books deliveries and keeps observations and tallies in step. `definitions` maps ledger keys to definitions."""

    def __init__(self, ledger: Ledger, definitions: Mapping[int, Definition]) -> None:
        """Use `agent.book.registry.register` to learn the keys."""
        self.ledger = ledger
        self.definitions = definitions

    def deliver(self, delivery: Delivery) -> Booked:
        """Book one page: all of it or, when anything fails, nothing."""
        with self.ledger.write() as session:
            derived = self._served(session)
            records = folded(session, delivery)
            booked = _book_records(session, delivery, records, derived)
            note_first(session, delivery.source, records, delivery.now)
            booked = booked._replace(rejected=book_rejects(session, delivery))
            note_read(session, delivery, booked)
        return booked

    def marks(self, source: str, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """The key and the mark of records whose mark is known."""
        with self.ledger.read() as session:
            rows = session.rows_in(
                "SELECT id, pk, mark FROM record WHERE source = ? AND id IN {in} AND mark IS NOT NULL", ids, (source,)
            )
        return {id: (pk, mark) for id, pk, mark in rows}

    def fail(self, source: str, reason: str, now: Instant, signals: Mapping[str, float]) -> None:
        """Note that a source could not be read, and why."""
        with self.ledger.write() as session:
            note_failure(session, source, reason, now, signals)

    def withdraw_missing(self, delivery: Delivery, allow: str | None = None, most: float = 0.10) -> Booked:
        """After a complete read, withdraw what it did not contain.

        Above the share `most` only when an account allows it; that is an act of its, kept with the ids.
        """
        seen = delivery.seen or set()
        with self.ledger.write() as session:
            held = session.rows(HELD, (delivery.source,))
            gone = [row for row in held if row[0] not in seen]
            many = len(gone) > most * len(held)
            if many and allow is not None:
                acts.append(session, delivery.now, allow, WITHDRAW, delivery.source, _named(gone))
            elif many:
                raise LedgerError(
                    f"{delivery.source}: a complete read lacks {len(gone)} of {len(held)} records; "
                    "nothing was withdrawn (confirm with collect --confirm-withdrawals)"
                )
            records = _withdrawn(delivery.source, gone)
            # That a record is gone is no growth of it.
            booked = _book_records(session, replace(delivery, revisions=True), records, self._served(session))
            note_complete(session, delivery, booked)
        return booked

    def retire(self, source: str, reason: str, now: Instant, who: str) -> Act:
        """Withdraw every record of a source: none of them counts any more. An act, kept with their ids and why.

        Should it be configured again, it is read from its beginning, so that what it still holds counts again.
        """
        with self.ledger.write() as session:
            held = session.rows(HELD, (source,))
            act = acts.append(session, now, who, WITHDRAW, source, {**_named(held), "reason": reason})
            served, booked = self._served(session), Booked()
            delivery = Delivery(source, "", Mapped([], [], [], None), now)
            for kind in sorted({row[2] for row in held}):
                delivery = replace(delivery, kind=kind)
                of_kind = [row for row in held if row[2] == kind]
                booked = booked.plus(_book_records(session, delivery, _withdrawn(source, of_kind), served))
            note_complete(session, delivery, booked)
            forget_place(session, source)
        return act

    def derive_again(self, session: Session, source: str, id: str) -> None:
        """Derive one record anew, after something other than the record itself changed how it counts."""
        row = session.one(
            "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record "
            "WHERE source = ? AND id = ?",
            (source, id),
        )
        if row is None:
            return
        record = decode(*row[1:])
        derived = [one for one in self._served(session) if one.definition.reads(source, record.kind)]
        before = stored_lines(session, [row[0]], derived)
        after = set(observe_all(derived, row[0], record, in_force(session, source)))
        change_observations(
            session, derived, sorted(before - after, key=place_of), sorted(after - before, key=place_of)
        )
        session.run("UPDATE record SET touched_seq = ? WHERE pk = ?", (session.seq, row[0]))

    def _served(self, session: Session) -> list[Derived]:
        """The definitions to derive. Another process may have brought new ones, which we could not keep in step."""
        served = []
        for pk, state, built in session.rows(
            "SELECT pk, state, built_through FROM definition WHERE state IN ('active', 'building')"
        ):
            known = self.definitions.get(pk)
            if known is None:
                raise LedgerError(
                    "the ledger now serves other targets than this process was started with; start it again with them"
                )
            served.append(Derived(pk, known, built if state == "building" else None))
        return served


def _named(gone: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """What an act says of the records that are withdrawn."""
    ids = sorted(row[1] for row in gone)
    return {"records": len(ids), "ids": ids[:WITHDRAWN_NAMED]}


def _withdrawn(source: str, gone: Sequence[Sequence[Any]]) -> list[Record]:
    return [
        decode(kind, source, id, system, body, version, changed_at, True)
        for _, id, kind, system, body, version, changed_at in gone
    ]


def _book_records(
    session: Session, delivery: Delivery, records: Iterable[Record], derived: Sequence[Derived]
) -> Booked:
    """Book records of one source: new ones, changed ones, outranked ones; equal ones cost a comparison."""
    by_id: dict[str, list[Record]] = {}
    for record in records:
        by_id.setdefault(record.id, []).append(record)
    ids = sorted(by_id)
    current = {row[0]: Current(*row[1:]) for row in session.rows_in(CURRENT, ids, (delivery.source,))}
    ranking = Ranking(delivery.marks, delivery.seen)
    for id in ids:
        ranking.take(by_id[id], current.get(id))
    return Writing(session, delivery, ranking, derived).write()
