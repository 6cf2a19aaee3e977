"""How far records that only grow had come in a past batch: of a growth no revision is kept, but its batch is."""

from __future__ import annotations

from collections.abc import Sequence

from agent.book.bodies import decode
from agent.ledger import Session
from agent.model import Record

# Records that have grown since: they were there, and neither the current version nor a revision is of that batch.
GREW = (
    "SELECT pk, source, kind, id, (SELECT learned_at FROM batch WHERE batch.source = record.source AND batch.seq <= ? "
    "ORDER BY batch.seq DESC LIMIT 1) FROM record WHERE first_seq <= ? AND seq > ? AND NOT EXISTS "
    "(SELECT 1 FROM revision WHERE record = pk AND revision.seq <= ? AND until_seq > ?){among} "
    "ORDER BY source, kind, id"
)
SAID = "SELECT system, body, version, changed_at, withdrawn FROM "
# What was replaced later is a revision, which says how far it had grown by then.
REPLACED = SAID + "revision WHERE record = ? AND seq > ? AND until_seq > seq ORDER BY n LIMIT 1"
CURRENT = SAID + "record WHERE pk = ?"


def grown(session: Session, seq: int, among: str = "", values: Sequence[object] = ()) -> list[Record]:
    """The records that have grown since a batch, as far as they had come in it, by source and kind.

    They had come as far as the last sample that moved them, which was their source's last batch.
    """
    found = []
    for pk, source, kind, id, sampled in session.rows(
        GREW.replace("{among}", among), (seq, seq, seq, seq, seq, *values)
    ):
        said = session.one(REPLACED, (pk, seq)) or session.one(CURRENT, (pk,))
        assert said is not None
        record = decode(kind, source, id, *said)
        # One that began while its clock stood still began after its batch.
        until = max(sampled, min(record.times.values(), default=sampled))
        found.append(record._replace(times={name: min(at, until) for name, at in record.times.items()}))
    return found
