"""Trying again the rows that could not be read, with the mapping as it is now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from agent.book import Delivery
from agent.ledger import Ledger
from agent.mapping import MASK
from agent.model import Instant, Mapped
from agent.poll.round import Round


class StoredReject(NamedTuple):
    """A row that could not be read, as the ledger keeps it."""

    source: str
    locator: str
    reason: str
    mapped: dict[str, str | None]

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return dict(self._asdict())


class Retried(NamedTuple):
    """How many rejects of a source were read this time, and how many are left."""

    source: str
    read: int
    left: int


def unresolved(ledger: Ledger, sources: Sequence[str], limit: int) -> list[StoredReject]:
    """The newest rejects of some sources that are still unread."""
    with ledger.read() as session:
        rows = session.rows_in(
            "SELECT pk, source, locator, reason, mapped FROM reject WHERE resolved_seq IS NULL AND source IN {in}",
            sources,
        )
    return [
        StoredReject(source, locator, reason, json.loads(mapped))
        for _, source, locator, reason, mapped in sorted(rows, reverse=True)[:limit]
    ]


def retry(one: Round, now: Instant) -> Retried:
    """Map the source's rejects anew and book those that are now readable, marking them resolved with the same batch."""
    source = one.source.id
    with one.book.ledger.read() as session:
        stored = session.rows(
            "SELECT pk, locator, mapped FROM reject WHERE source = ? AND resolved_seq IS NULL ORDER BY pk", (source,)
        )
    mapped, resolved = Mapped([], [], [], None), []
    for pk, locator, text in stored:
        values = json.loads(text)
        if set(values) != set(one.mapper.columns) or any(MASK in (value or "") for value in values.values()):
            continue  # of a row without columns, or with a number that was masked, the source itself must tell again
        part = one.mapper.map([tuple(values[column] for column in one.mapper.columns)], locator)
        if not part.rejects:
            resolved.append(pk)
            mapped = Mapped(mapped.records + part.records, mapped.events + part.events, [], None)
    if resolved:
        fold = one.mapper.fold if one.source.spec.is_log else None
        one.book.deliver(Delivery(source, one.source.spec.record, mapped, now, fold=fold, resolved=resolved))
    return Retried(source, len(resolved), len(stored) - len(resolved))
