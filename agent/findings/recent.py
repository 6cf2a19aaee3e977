"""What the records say that changed in the last days: outages, fault tickets, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.config import Config
from agent.ledger import Session
from agent.model import DAY_US, Instant

KEPT_US = 8 * DAY_US
MOST = 100_000  # records read at once: where more changed, what went before them is not known
TICKET = "fault"
CHANGED = (
    "SELECT pk, touched_seq, source, kind, id, system, withdrawn, body FROM record WHERE touched_seq > ? "
    "ORDER BY touched_seq DESC LIMIT ?"
)


class Outage(NamedTuple):
    """A stretch of time in which a probe found a system down."""

    source: str
    id: str
    system: str
    begins: Instant
    ends: Instant


class Answered(NamedTuple):
    """A record of a kind that somebody has to answer, from its first time to its last."""

    kind: str
    system: str
    begins: Instant
    ends: Instant


class Recent:
    """Kept by record: a changed one takes the place of what it was. From `since` on nothing is missing."""

    def __init__(self, config: Config, kinds: Mapping[str, tuple[str, str, str]]) -> None:
        """`kinds` says which times of which kinds begin and end a piece of work."""
        self.kinds = kinds
        self.since: Instant = 0
        self.outages: dict[int, Outage] = {}
        self.tickets: dict[int, tuple[str, Instant]] = {}  # system, earliest time
        self.answered: dict[int, Answered] = {}
        self._probes = {source.id for source in config.sources if source.collector == "probe"}
        self._seq: int | None = None

    def update(self, session: Session, now: Instant) -> None:
        """Take in the records that changed since the last time, at first those of the last days."""
        oldest = now - KEPT_US
        former = seq_before(session, oldest) if self._seq is None else self._seq
        rows = session.rows(CHANGED, (former, MOST))
        if len(rows) == MOST:
            self.since = now
        for pk, seq, source, kind, id, system, withdrawn, body in rows:
            self._seq = max(self._seq or 0, seq)
            if system is not None and (source in self._probes or kind == TICKET or kind in self.kinds):
                self._forget(pk)
                if not withdrawn:
                    self._take(pk, source, kind, id, system, json.loads(body))
        if self._seq is None:
            self._seq = former
        self._drop(oldest)

    def _take(self, pk: int, source: str, kind: str, id: str, system: str, body: dict[str, Any]) -> None:
        times: dict[str, Instant] = body["t"]
        if source in self._probes:
            if body["f"].get("state") == "down" and {"from", "to"} <= set(times):
                self.outages[pk] = Outage(source, id, system, times["from"], times["to"])
            return
        if kind == TICKET and times:
            self.tickets[pk] = (system, min(times.values()))
        if kind in self.kinds:
            _, begin, end = self.kinds[kind]
            if begin in times and end in times:
                self.answered[pk] = Answered(kind, system, times[begin], times[end])

    def _forget(self, pk: int) -> None:
        for kept in (self.outages, self.tickets, self.answered):
            kept.pop(pk, None)

    def _drop(self, oldest: Instant) -> None:
        self.outages = {pk: one for pk, one in self.outages.items() if one.ends >= oldest}
        self.tickets = {pk: one for pk, one in self.tickets.items() if one[1] >= oldest}
        self.answered = {pk: one for pk, one in self.answered.items() if one.ends >= oldest}


def seq_before(session: Session, instant: Instant) -> int:
    """The last batch learned before an instant, found by halving: batches are learned in the order of their numbers."""
    low, high = 0, (session.one("SELECT seq FROM counter WHERE id = 1") or (0,))[0] + 1
    while high - low > 1:
        middle = (low + high) // 2
        found = session.one("SELECT learned_at FROM batch WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
        if found is not None and found[0] < instant:
            low = middle
        else:
            high = middle
    return low
