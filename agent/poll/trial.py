"""Trying a source without writing anything: its first rows beside the Records they would become."""

from __future__ import annotations

import time
from dataclasses import dataclass

from agent.config import Source
from agent.mapping import Mapper
from agent.model import SECOND_US, CollectError, Instant, Mapped, Page, Poll, Row
from agent.poll.round import Fetching, since_of, since_text


@dataclass(frozen=True, slots=True)
class Trial:
    """The first rows of a source and what the mapping made of them, or why it could not be read."""

    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    mapped: Mapped
    reason: str | None
    seconds: float


def trial(source: Source, collector: Fetching, now: Instant, limit: int) -> Trial:
    """Read at most `limit` rows of a source. A source's fault is its `reason`."""
    mapper = Mapper(source.spec, source.id, source.days)
    begun = time.monotonic()
    since = since_of(source, None)
    deadline = begun + source.deadline_us / SECOND_US
    poll = Poll(source.id, mapper.columns, now, deadline, since=since, since_text=since_text(source, since))
    rows: list[Row] = []
    mapped, reason = Mapped([], [], [], None), None
    try:
        for page in collector.fetch(poll):
            part = _first(page, limit - len(rows))
            more = mapper.map(part.rows, part.where, part.numbers)
            rows += part.rows
            mapped = Mapped(
                mapped.records + more.records,
                mapped.events + more.events,
                [*mapped.rejects, *more.rejects, *part.rejects],
                None,
            )
            if len(rows) >= limit:
                break
    except CollectError as failed:
        reason = str(failed)
    return Trial(source.id, mapper.columns, tuple(rows), mapped, reason, time.monotonic() - begun)


def _first(page: Page, limit: int) -> Page:
    return Page(page.rows[:limit], page.where, page.numbers[:limit], rejects=page.rejects[:limit])
