"""What one pack is made of: a ledger judged at an instant for one period, and what people, findings and rejects add."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property

from agent.book.period import Period
from agent.book.statements import statements
from agent.config import Config, Plan
from agent.evaluate import Board, custom, named, plans_of_days
from agent.evaluate.coverage import Stretch
from agent.evaluate.held import Held
from agent.evidence.ahead import Given
from agent.export.profile import Profile
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
    profiles: Sequence[Profile] = ()  # that the official forms of the period follow


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


@dataclass(frozen=True)
class Contents:
    """A period as it is judged, with everything a pack tells of it."""

    asked: Question
    window: Window
    board: Board
    judged: Snapshot  # in the period, and where a form foresees it, in its year
    past: Past
    told: Mapping[str, Sequence[Stretch]]
    given: Given | None  # of the year, where a pack says it

    @cached_property
    def snapshot(self) -> Snapshot:
        """The same in the period alone."""
        within = (one for one in self.judged.verdicts if one.window.name == self.window.name)
        return replace(self.judged, verdicts=tuple(within))

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


def judged(asked: Question, ledger: Ledger, past: Past, given: Given | None = None) -> Contents:
    """Judge the period on a ledger that holds still."""
    period, config = asked.period, asked.config
    owners = plans_of_days(config.plans, period.first, period.last)
    window = custom(owners[0].days, period.first, period.last)

    def windows_of(plan: Plan, now: Instant) -> tuple[Window, ...]:
        within = custom(plan.days, period.first, period.last)
        return (within, named("year", plan.days, plan.year, now)) if asked.profiles else (within,)

    board = Board(config, ledger, windows_of, lambda now: owners)
    snapshot = board.refresh(asked.now)
    until = min(window.end, asked.now)
    told = {id: _until(stretches, until) for id, stretches in board.told.items()}
    return Contents(asked, window, board, snapshot, past, told, given)


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
