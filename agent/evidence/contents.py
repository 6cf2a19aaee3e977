"""What one pack is made of: a ledger judged at an instant for one period, and what people, findings and rejects add."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from agent.book.period import Period
from agent.book.statements import statements
from agent.config import Config
from agent.evaluate import Board, custom, plans_of_days
from agent.evaluate.coverage import Stretch
from agent.evaluate.held import Held
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import Finding, Instant, Reject, Snapshot, Statement, Window


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be closed: what was promised and measured, with the texts of these files, the period, and when."""

    config: Config
    targets_texts: Mapping[str, bytes]
    sources_text: bytes
    period: Period
    now: Instant


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read, of which source."""

    source: str
    reject: Reject


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger had learned by one batch, beside its records."""

    seq: int
    log: Sequence[Act]
    findings: Sequence[Finding]
    rejected: Sequence[Rejected]


@dataclass(frozen=True, slots=True)
class Contents:
    """A period as it is judged, with everything a pack tells of it."""

    asked: Question
    window: Window
    board: Board
    snapshot: Snapshot
    past: Past
    told: Mapping[str, Sequence[Stretch]]

    @property
    def config(self) -> Config:
        """What was promised, and where it is measured."""
        return self.asked.config

    @property
    def now(self) -> Instant:
        """When it is judged."""
        return self.asked.now

    @property
    def indicators(self) -> Sequence[Held]:
        """The indicators of the plans that own the period."""
        return self.board.indicators

    def statement(self, project: str, indicator: str, year: int) -> Sequence[Statement]:
        """What was stated of an indicator."""
        return statements(self.past.log).get((year, f"{project}/{indicator}"), ())


def judged(asked: Question, ledger: Ledger, past: Past) -> Contents:
    """Judge the period on a ledger that holds still."""
    period, config = asked.period, asked.config
    owners = plans_of_days(config.plans, period.first, period.last)
    window = custom(owners[0].days, period.first, period.last)
    board = Board(config, ledger, lambda plan, now: (custom(plan.days, *period[1:]),), lambda now: owners)
    snapshot = board.refresh(asked.now)
    until = min(window.end, asked.now)
    return Contents(asked, window, board, snapshot, past, {id: _until(told, until) for id, told in board.told.items()})


def _until(told: Sequence[Stretch], until: Instant) -> Sequence[Stretch]:
    """What was told by an instant; of a source that began later, that it did."""
    within = [(begins, min(ends, until)) for begins, ends in told if begins < until]
    return within or [(begins, begins) for begins, _ in told[:1]]


FINDINGS = "SELECT kind, subject, text, at FROM finding WHERE seq <= ? AND (cleared_seq IS NULL OR cleared_seq > ?)"
REJECTS = (
    "SELECT source, locator, reason, mapped FROM reject WHERE seq <= ? AND (resolved_seq IS NULL OR resolved_seq > ?) "
    "ORDER BY pk"
)


def known_by(session: Session, seq: int) -> Past:
    """What the ledger had learned by a batch."""
    rejects = session.rows(REJECTS, (seq, seq))
    return Past(
        seq,
        acts.read(session, seq),
        sorted((Finding(*row) for row in session.rows(FINDINGS, (seq, seq))), key=astuple),
        [Rejected(source, Reject(locator, reason, json.loads(mapped))) for source, locator, reason, mapped in rejects],
    )
