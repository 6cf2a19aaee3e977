"""What the sources of an indicator told of its window, and what they did not."""

from __future__ import annotations

from collections.abc import Sequence

from agent.book.source_history import firsts
from agent.evaluate.coverage import (
    Stretch,
    first_whole_day,
    from_first,
    gaps,
    history,
    registers_of,
    together,
    until_now,
)
from agent.explain.explanation import Gap
from agent.explain.subject import Subject
from agent.ledger import Session
from agent.model import Day, Instant

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
    overlaps = {source.id: source.spec.since.overlap if source.spec.since else 0 for source in about.sources}
    known_from, days = firsts(session), about.plan.days
    begun = {one.id: from_first(found[one.id], one, known_from.get(one.id), days) for one in about.sources}
    return {name: until_now(begun[name], statuses.get(name), about.now, overlaps[name]) for name in names}


def accountable(known: Told, about: Subject) -> list[Stretch]:
    """The time for which nothing states that a system was up, and what the sources told has to stand for it."""
    registers = registers_of(about.measure, about.sources)
    if registers:
        return history(known, registers)
    return together(known) if not about.verdict.denominator else []


def missing(known: Told, about: Subject) -> list[Gap]:
    """The stretches of the window so far that a source should have told and did not, in order of time."""
    begins = max(about.window.start, measured_from(known, about))
    ends = min(about.window.end, about.now)
    registers = registers_of(about.measure, about.sources)
    others = [stretches[0][0] for name, stretches in known.items() if name not in registers and stretches]
    watched = min(others, default=ends) if registers else begins
    found = []
    for name, stretches in known.items():
        owed = (begins, min(ends, watched)) if name in registers else (max(begins, watched), ends)
        found += [(a, b, name) for a, b in gaps(stretches, *owed)]
    return [Gap(name, about.local(a), about.local(b)) for a, b, name in sorted(found)]


def first_day_owed(session: Session, about: Subject) -> Day:
    """The first day all sources could tell as a whole."""
    return first_whole_day(about.plan.days, measured_from(told(session, about), about))


def measured_from(known: Told, about: Subject) -> Instant:
    """When all sources had begun to be read; where one never was, nothing is said to be early."""
    registers = registers_of(about.measure, about.sources)
    begun = [
        source.measured_from if source.measured_from is not None else known[source.id][0][0]
        for source in about.sources
        if (not registers or source.id in registers) and (source.measured_from is not None or known[source.id])
    ]
    return max(begun, default=about.window.start)


def since(known: Told, about: Subject) -> Instant | None:
    """From when on there is anything to tell, where that is later than the window begins."""
    if about.verdict.coverage is None or not about.sources:
        return None
    begun = measured_from(known, about)
    return begun if begun > about.window.start else None


def longest(found: Sequence[Gap], limit: int) -> tuple[Gap, ...]:
    """At most `limit` gaps, the longest, in order of time."""
    kept = sorted(found, key=lambda gap: gap.begins - gap.ends)[:limit]
    return tuple(sorted(kept, key=lambda gap: (gap.begins, gap.source)))
