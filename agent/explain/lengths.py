"""How long the finished records of a `duration` took, for a histogram against their limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

from agent.config import Config
from agent.explain.subject import subject
from agent.ledger import Ledger
from agent.measures import DurationMeasure
from agent.model import SECOND_US, Outcome, Snapshot

TAKEN = (
    "SELECT COUNT(*), {within} FROM observation o "
    f"WHERE o.outcome IN ({Outcome.GOOD:d}, {Outcome.BAD:d}) AND {{place}}"
)
WITHIN = "SUM(CASE WHEN o.num <= ? THEN 1 ELSE 0 END)"


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many finished records took how long on the measure's clock, in bands that end at `edges`, and beyond."""

    limit: Fraction  # seconds
    edges: tuple[Fraction, ...]  # seconds
    counts: tuple[int, ...]  # one more than edges


def lengths(
    config: Config,
    ledger: Ledger,
    snapshot: Snapshot,
    project: str,
    indicator: str,
    window: str,
    shares: Sequence[Fraction],
) -> Lengths | None:
    """Of all systems together, in one of the Snapshot's windows; the bands end at these shares of the limit, in order.

    None of what has no one limit, or counts otherwise.
    """
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
    edges = [fixed * share for share in shares]
    asked = TAKEN.replace("{place}", place).replace("{within}", ", ".join([WITHIN] * len(edges)))
    with ledger.read() as session:
        row = session.one(asked, (*(floor(edge) for edge in edges), *values))
    total, *within = [int(number or 0) for number in row or (0,) * (len(edges) + 1)]
    counts = tuple(more - less for less, more in pairwise([0, *within, total]))
    return Lengths(Fraction(fixed, SECOND_US), tuple(edge / SECOND_US for edge in edges), counts)
