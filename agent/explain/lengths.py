"""How long the finished records of a `duration` took, for a histogram against their limit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from agent.config import Config
from agent.explain.subject import subject
from agent.ledger import Ledger
from agent.measures import DurationMeasure
from agent.model import SECOND_US, Outcome, Snapshot

TAKEN = (
    "SELECT o.outcome, o.num FROM observation o "
    f"WHERE o.outcome IN ({Outcome.GOOD:d}, {Outcome.BAD:d}) AND {{place}} ORDER BY o.num"
)


@dataclass(frozen=True, slots=True)
class Lengths:
    """The microseconds each finished record took on the measure's clock, those in time apart from the others."""

    limit: Fraction  # seconds
    good: tuple[int, ...]
    bad: tuple[int, ...]


def lengths(
    config: Config, ledger: Ledger, snapshot: Snapshot, project: str, indicator: str, window: str
) -> Lengths | None:
    """Of all systems together, in one of the Snapshot's windows; None of what has no one limit, or counts otherwise."""
    about = subject(config, ledger, snapshot, project, indicator, window, None)
    measure = about.measure
    if not isinstance(measure, DurationMeasure):
        return None
    fixed = about.setting.limit_on(about.window.last - 1)
    if measure.limit is not None:
        fixed = None if measure.limit.fixed is None else measure.limit.fixed.microseconds
    if fixed is None:
        return None
    place, values = about.by_place()
    with ledger.read() as session:
        rows = list(session.rows(TAKEN.replace("{place}", place), values))
    good, bad = (tuple(num for outcome, num in rows if outcome == kind) for kind in (Outcome.GOOD, Outcome.BAD))
    return Lengths(Fraction(fixed, SECOND_US), good, bad)
