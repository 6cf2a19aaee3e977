"""How far a source has been read: its batches, cursor, counters, success and coverage, kept with its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.book.delivery import Booked, Delivery
from agent.book.source_history import note_told, note_turn
from agent.ledger import Ledger, Session
from agent.model import Instant


def note_batch(session: Session, delivery: Delivery, booked: Booked) -> None:
    """Keep when a batch was learned, if it brought anything."""
    if booked.new or booked.changed or booked.rejected:
        session.run(
            "INSERT INTO batch (seq, source, learned_at, new, changed, same, rejected) VALUES (?,?,?,?,?,?,?)",
            (session.seq, delivery.source, delivery.now, *booked),
        )


def note_read(session: Session, delivery: Delivery, booked: Booked) -> None:
    """Cursor, counters, coverage and success of the source, in the same transaction as its rows."""
    note_batch(session, delivery, booked)
    session.run(
        "INSERT INTO source_state (source, last_attempt) VALUES (?,?) ON CONFLICT (source) DO UPDATE SET "
        "last_attempt = excluded.last_attempt",
        (delivery.source, delivery.now),
    )
    session.run(
        "UPDATE source_state SET rows_new = rows_new + ?, rows_changed = rows_changed + ?, rows_same = rows_same + ?, "
        "rows_rejected = rows_rejected + ?, records = records + ?, cursor = COALESCE(?, cursor) WHERE source = ?",
        (
            *booked,
            booked.new,
            None if delivery.cursor is None else json.dumps(delivery.cursor, sort_keys=True),
            delivery.source,
        ),
    )
    if delivery.finished:
        session.run(
            "UPDATE source_state SET last_success = ?, reason = NULL, signals = ?, mapping_hash = ?, highest = ? "
            "WHERE source = ?",
            (
                delivery.now,
                json.dumps(dict(delivery.signals)),
                delivery.mapping_hash,
                delivery.mapped.highest,
                delivery.source,
            ),
        )
        note_turn(session, delivery.source, None, delivery.now)
    if delivery.covers is not None:
        _extend_coverage(session, delivery.source, delivery.covers, delivery.now)
        note_told(session, delivery.source, delivery.covers, delivery.now, delivery.interval_us)


def forget_place(session: Session, source: str) -> None:
    """Have a source read from its beginning the next time, should there be one."""
    session.run("UPDATE source_state SET cursor = NULL, highest = NULL WHERE source = ?", (source,))


def note_failure(session: Session, source: str, reason: str, now: Instant, signals: Mapping[str, float]) -> None:
    """Keep why a source could not be read."""
    session.run(
        "INSERT INTO source_state (source, last_attempt, reason, signals) VALUES (?,?,?,?) "
        "ON CONFLICT (source) DO UPDATE SET last_attempt = excluded.last_attempt, reason = excluded.reason, "
        "signals = excluded.signals",
        (source, now, reason, json.dumps(dict(signals))),
    )
    note_turn(session, source, reason, now)


def sources_that_count(ledger: Ledger) -> dict[str, int]:
    """How many records of each source are not withdrawn; sources without any are left out."""
    with ledger.read() as session:
        return dict(session.rows("SELECT source, COUNT(*) FROM record WHERE NOT withdrawn GROUP BY source"))


def note_complete(session: Session, delivery: Delivery, booked: Booked) -> None:
    """Keep what a complete read found gone, and when it was."""
    note_batch(session, delivery, booked)
    session.run(
        "UPDATE source_state SET last_complete = ?, rows_changed = rows_changed + ? WHERE source = ?",
        (delivery.now, booked.changed, delivery.source),
    )


def _extend_coverage(session: Session, source: str, covers: tuple[Instant, Instant], now: Instant) -> None:
    """Add a stretch to what the source has told, joined with every stretch it touches."""
    begins, ends = covers
    touching = session.rows(
        "SELECT begins, ends, learned_at FROM coverage WHERE source = ? AND ends >= ? AND begins <= ?",
        (source, begins, ends),
    )
    if len(touching) == 1 and touching[0][0] <= begins:
        if touching[0][1] < ends:
            session.run("UPDATE coverage SET ends = ? WHERE source = ? AND begins = ?", (ends, source, touching[0][0]))
        return
    session.many("DELETE FROM coverage WHERE source = ? AND begins = ?", [(source, row[0]) for row in touching])
    session.run(
        "INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)",
        (
            source,
            min([begins, *(row[0] for row in touching)]),
            max([ends, *(row[1] for row in touching)]),
            min([now, *(row[2] for row in touching)]),
        ),
    )
