"""What became of a record that is open no longer, as the ledger has it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from agent.ledger import Ledger
from agent.model import LedgerError, Outcome


class Subject(NamedTuple):
    """A record, and the indicator toward which it counts."""

    project: str
    indicator: str
    source: str
    id: str


class End(Enum):
    """A record that was answered, in time or late; one of which nobody can say."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"


Fate = End | str  # the text: why it counts no longer
FateOf = Callable[[Subject], Fate]
COUNTED = (
    "SELECT o.outcome, o.reason FROM record r JOIN observation o ON o.record = r.pk "
    "JOIN definition d ON d.pk = o.definition "
    "WHERE r.source = ? AND r.id = ? AND d.project = ? AND d.indicator = ? AND d.state = 'active' ORDER BY o.day"
)


def in_ledger(ledger: Ledger) -> FateOf:
    """Asks the ledger; one that cannot be read tells nothing."""

    def fate(of: Subject) -> Fate:
        try:
            with ledger.read() as session:
                rows = session.rows(COUNTED, (of.source, of.id, of.project, of.indicator))
        except LedgerError:
            return End.UNKNOWN
        outcomes = {Outcome(outcome) for outcome, _ in rows}
        if outcomes == {Outcome.EXCLUDED}:
            return str(rows[-1][1])
        return End.ANSWERED if outcomes and outcomes <= {Outcome.GOOD, Outcome.BAD} else End.UNKNOWN

    return fate
