"""Rows that could not become records: each kept once, and marked settled when they could after all."""

from __future__ import annotations

import json

from agent.book.bodies import digest
from agent.book.delivery import Delivery
from agent.ledger import Session
from agent.model import Reject

INSERT_REJECT = "INSERT INTO reject (source, locator, hash, reason, mapped, seq) VALUES (?,?,?,?,?,?)"


def book_rejects(session: Session, delivery: Delivery) -> int:
    """Keep each bad row once, and settle those that were read after all; how many were not known before.

    A row is settled by a record that was read under its id, or once it stands no more where it stood: its file was read
    again to the end without it, or the whole source was. It is open again when it comes back as it was.
    """
    rejects = {_hash(reject): reject for reject in delivery.mapped.rejects}
    known = {
        row[0]
        for row in session.rows_in(
            "SELECT hash FROM reject WHERE source = ? AND hash IN {in}", sorted(rejects), (delivery.source,)
        )
    }
    delivery.met.update(rejects)
    settled = {*delivery.resolved, *_read_after_all(session, delivery), *_gone(session, delivery)}
    session.many("UPDATE reject SET resolved_seq = ? WHERE pk = ?", [(session.seq, pk) for pk in sorted(settled)])
    session.many(
        "UPDATE reject SET resolved_seq = NULL WHERE source = ? AND hash = ? AND resolved_seq IS NOT NULL",
        [(delivery.source, hashed) for hashed in sorted(known)],
    )
    fresh = [(hashed, reject) for hashed, reject in rejects.items() if hashed not in known]
    session.many(
        INSERT_REJECT,
        [
            (delivery.source, r.locator, hashed, r.reason, json.dumps(r.mapped, ensure_ascii=False), session.seq)
            for hashed, r in fresh
        ],
    )
    return len(fresh)


def _read_after_all(session: Session, delivery: Delivery) -> list[int]:
    """The keys of unsettled rows under whose id this delivery brings a record, and no bad row beside it."""
    id_of = delivery.id_of
    if id_of is None or not delivery.mapped.records:
        return []
    read: set[str | None] = {one.id for one in delivery.mapped.records}
    read -= {id_of(reject.mapped) for reject in delivery.mapped.rejects}
    rows = session.rows("SELECT pk, mapped FROM reject WHERE source = ? AND resolved_seq IS NULL", (delivery.source,))
    return [pk for pk, mapped in rows if id_of(json.loads(mapped)) in read]


def _gone(session: Session, delivery: Delivery) -> list[int]:
    """The keys of unsettled rows that this round did not meet, though it read where they stood from end to end."""
    if not delivery.complete and delivery.read_whole is None:
        return []
    rows = session.rows(
        "SELECT pk, hash, locator FROM reject WHERE source = ? AND resolved_seq IS NULL", (delivery.source,)
    )
    return [
        pk
        for pk, hashed, locator in rows
        if hashed not in delivery.met and (delivery.complete or locator.rpartition(":")[0] == delivery.read_whole)
    ]


def _hash(reject: Reject) -> int:
    """Equal rows are one reject wherever they stood; a row without columns is told by its place."""
    text = json.dumps(reject.mapped, sort_keys=True, ensure_ascii=False) if reject.mapped else reject.locator
    return digest(f"{reject.reason}\0{text}")
