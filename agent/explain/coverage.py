"""What the sources of an indicator told of its window, and what they did not."""

from __future__ import annotations

from collections.abc import Sequence

from agent.evaluate.board import FRESH_INTERVALS
from agent.evaluate.coverage import Stretch, common, gaps, joined
from agent.explain.explanation import Gap
from agent.explain.subject import Subject
from agent.ledger import Session
from agent.model import SECOND_US, Instant, SourceStatus

Told = dict[str, list[Stretch]]


def told(session: Session, about: Subject) -> Told:
    """The stretches each source told, a fresh source's up to the Snapshot, as the verdict counts them."""
    names = [source.id for source in about.sources]
    found: Told = {name: [] for name in names}
    for source, begins, ends in session.rows_in(
        "SELECT source, begins, ends FROM coverage WHERE source IN {in}", names
    ):
        found[source].append((begins, ends))
    statuses = {status.source: status for status in about.snapshot.sources}
    return {name: _until_now(joined(found[name]), statuses.get(name), about.now) for name in names}


def _until_now(stretches: list[Stretch], status: SourceStatus | None, now: Instant) -> list[Stretch]:
    if status is None or not stretches or not status.up or status.last_success is None:
        return stretches
    since = now - int(FRESH_INTERVALS * status.interval_seconds * SECOND_US)
    if status.last_success >= since and stretches[-1][1] >= since:
        stretches[-1] = (stretches[-1][0], max(now, stretches[-1][1]))
    return stretches


def by_all(known: Told) -> list[Stretch]:
    """The time that all sources told."""
    several = list(known.values())
    stretches = several[0] if several else []
    for other in several[1:]:
        stretches = common(stretches, other)
    return stretches


def missing(known: Told, about: Subject) -> list[Gap]:
    """The stretches of the window so far that a source should have told and did not, in order of time."""
    begins = max(about.window.start, _measured_from(known, about))
    ends = min(about.window.end, about.now)
    found = [(a, b, name) for name, stretches in known.items() for a, b in gaps(stretches, begins, ends)]
    return [Gap(name, about.local(a), about.local(b)) for a, b, name in sorted(found)]


def _measured_from(known: Told, about: Subject) -> Instant:
    """When all sources had begun to be read; where one never was, nothing is said to be early."""
    begun = [
        source.measured_from if source.measured_from is not None else known[source.id][0][0]
        for source in about.sources
        if source.measured_from is not None or known[source.id]
    ]
    return max(begun, default=about.window.start)


def longest(found: Sequence[Gap], limit: int) -> tuple[Gap, ...]:
    """At most `limit` gaps, the longest, in order of time."""
    kept = sorted(found, key=lambda gap: gap.begins - gap.ends)[:limit]
    return tuple(sorted(kept, key=lambda gap: (gap.begins, gap.source)))
