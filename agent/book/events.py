"""Logs of events: each event kept once, and every record they touch folded anew from all of its events."""

from __future__ import annotations

import json

from agent.book.delivery import Delivery
from agent.ledger import Session
from agent.model import Event, Record

INSERT_EVENT = "INSERT INTO event (source, id, key, event, at, fields, seq) VALUES (?,?,?,?,?,?,?)"


def folded(session: Session, delivery: Delivery) -> list[Record]:
    """Store new events and fold every record they touch; for other sources, the records as they are."""
    if delivery.fold is None:
        return delivery.mapped.records
    events = {(event.id, event.key): event for event in delivery.mapped.events}
    ids = sorted({id for id, _ in events})
    known = {
        (id, key)
        for id, key in session.rows_in(
            "SELECT id, key FROM event WHERE source = ? AND id IN {in}", ids, (delivery.source,)
        )
    }
    fresh = [event for place, event in sorted(events.items()) if place not in known]
    session.many(
        INSERT_EVENT,
        [(delivery.source, e.id, e.key, e.event, e.at, json.dumps(e.fields), session.seq) for e in fresh],
    )
    touched = sorted({event.id for event in fresh})
    if delivery.seen is not None:
        touched = ids
    by_id: dict[str, list[Event]] = {id: [] for id in touched}
    for id, key, name, at, fields in session.rows_in(
        "SELECT id, key, event, at, fields FROM event WHERE source = ? AND id IN {in}", touched, (delivery.source,)
    ):
        by_id[id].append(Event(id, name, at, key, json.loads(fields)))
    return [delivery.fold(id, by_id[id]) for id in touched]
