"""What does not add up and a person should look at, worked out from the ledger: each kind is one function.

What one record shows by itself is noticed while it is booked (`agent.book.noticing`). Here is what only several
records, a source's habits or the passing of time can show. All of it is bounded in cost: it follows what changed
lately, and reads counts instead of records wherever there are counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from agent.config import Config
from agent.findings.look import Look, Memory
from agent.findings.sources import clock_offset, counts_disagree, orphaned_source, silent
from agent.findings.systems import backlog_grows, outage_without_ticket
from agent.ledger import Ledger
from agent.model import Finding, Snapshot

__all__ = ["FINDINGS", "Findings", "with_findings"]

FINDINGS: dict[str, Callable[[Look], Iterable[Finding]]] = {
    "counts_disagree": counts_disagree,
    "clock_offset": clock_offset,
    "silent": silent,
    "orphaned_source": orphaned_source,
    "outage_without_ticket": outage_without_ticket,
    "backlog_grows": backlog_grows,
}


class Findings:
    """Looks again and again, keeping in mind what it read. One thread at a time."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        """Nothing is read yet."""
        self.ledger, self._memory = ledger, Memory(config)

    def of(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        """The findings of every kind, as things stand at a Snapshot."""
        with self.ledger.read() as session:
            look = self._memory.look(session, snapshot)
            return tuple(one for find in FINDINGS.values() for one in find(look))


def with_findings(config: Config, ledger: Ledger, snapshot: Snapshot) -> Snapshot:
    """The Snapshot with what is found in addition to what was noticed while booking."""
    return replace(snapshot, findings=(*Findings(config, ledger).of(snapshot), *snapshot.findings))
