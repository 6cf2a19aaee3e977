"""Records that people have taken out: they are observed as excluded, with the reason that was approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.book.definition import Definition
from agent.ledger import Session
from agent.model import Observation, Outcome, Record

# (source, id) → the indicators it is taken out of (empty: every one) with the reason
Exclusions = Mapping[tuple[str, str], Sequence[tuple[str, str]]]


def in_force(session: Session, source: str | None = None) -> Exclusions:
    """The exclusions in force, of one source or of all."""
    only, values = ("", ()) if source is None else (" WHERE source = ?", (source,))
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, id, indicator, reason in session.rows(
        f"SELECT source, id, indicator, reason FROM exclusion{only}", values
    ):
        found.setdefault((name, id), []).append((indicator, reason))
    return found


def observed(definition: Definition, record: Record, exclusions: Exclusions) -> tuple[Observation, ...]:
    """How a record counts, people's exclusions included."""
    observations = definition.observe(record)
    for indicator, reason in exclusions.get((record.source, record.id), ()):
        if covers(indicator, definition):
            return tuple(Observation(one.day, one.system, Outcome.EXCLUDED, reason) for one in observations)
    return observations


def covers(indicator: str, definition: Definition) -> bool:
    """Whether a record that is taken out of an indicator (empty: of every one) is taken out here: evidence follows."""
    return covers_name(indicator, f"{definition.project}/{definition.indicator}")


def covers_name(indicator: str, name: str) -> bool:
    """The same of an indicator by its name, `project/indicator`."""
    return not indicator or f"{name}/".startswith(f"{indicator}/")
