"""What each source had told and how it was doing at a past instant; `coverage` and `source_state` hold today's.

A stretch that begins at 0 is all there is; how far back that goes, only the records say.

What a source tells mostly grows with the clock, poll by poll. Such polls are one row, as long as none failed between
and none came late: of a row whose polls were from `first_at` to `last_at` the end known at an instant between is
`first_ends` plus the time since `first_at`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agent.ledger import Session
from agent.model import Instant, Record

Stretch = tuple[Instant, Instant]
MISSED_POLLS = 3  # so many intervals without a poll are a gap in what was known


class State(NamedTuple):
    """How a source was doing."""

    last_success: Instant | None
    reason: str | None  # why it could not be read


def note_told(session: Session, source: str, covers: Stretch, now: Instant, interval_us: int) -> None:
    """A poll at `now` told everything of a stretch of time."""
    begins, ends = covers
    last = session.one(
        "SELECT begins, first_at, last_at, ends FROM telling WHERE source = ? AND begins <= ? AND ends >= ? "
        "ORDER BY ends DESC, last_at DESC LIMIT 1",
        (source, begins, begins),
    )
    if last is not None:
        *place, last_at, known = last
        turned = session.one("SELECT 1 FROM source_turn WHERE source = ? AND at > ? LIMIT 1", (source, last_at))
        if turned is None and now - last_at <= MISSED_POLLS * interval_us and ends - known <= now - last_at:
            session.run(
                "UPDATE telling SET last_at = ?, ends = ? WHERE source = ? AND begins = ? AND first_at = ?",
                (now, max(ends, known), source, *place),
            )
            return
        if ends <= known:
            return
    session.run(
        "INSERT INTO telling (source, begins, first_at, last_at, first_ends, ends, first_seq) VALUES (?,?,?,?,?,?,?) "
        "ON CONFLICT (source, begins, first_at) DO UPDATE SET first_ends = excluded.first_ends, ends = excluded.ends",
        (source, begins, now, now, ends, ends, session.seq),
    )


def note_turn(session: Session, source: str, reason: str | None, now: Instant) -> None:
    """A source could not be read, or could again; nothing is kept where that is as it was."""
    last = session.one("SELECT reason FROM source_turn WHERE source = ? ORDER BY at DESC LIMIT 1", (source,))
    if (last[0] if last is not None else None) != reason:
        session.run(
            "INSERT INTO source_turn (source, at, reason, seq) VALUES (?,?,?,?) "
            "ON CONFLICT (source, at) DO UPDATE SET reason = excluded.reason, seq = excluded.seq",
            (source, now, reason, session.seq),
        )


def note_first(session: Session, source: str, records: Iterable[Record], now: Instant) -> None:
    """A source told of these records at `now`: keep from when on it tells anything."""
    (known,) = session.one("SELECT MIN(first) FROM source_first WHERE source = ?", (source,)) or (None,)
    earliest = min((at for record in records for at in record.times.values()), default=now)
    first = min(earliest, now if known is None else known)
    if first != known:
        session.run("INSERT INTO source_first (source, first, seq) VALUES (?,?,?)", (source, first, session.seq))


def firsts(session: Session, through: int | None = None) -> dict[str, Instant]:
    """The earliest instant each source told anything of, or at which it was first read; as known in a batch."""
    known, values = ("", ()) if through is None else ("WHERE seq <= ? ", (through,))
    return dict(session.rows(f"SELECT source, MIN(first) FROM source_first {known}GROUP BY source", values))


def told_at(session: Session, instant: Instant, through: int | None = None) -> dict[str, list[Stretch]]:
    """The stretches each source was known to have told at an instant, or in the batch that was then the last.

    They may overlap.
    """
    found: dict[str, list[Stretch]] = {}
    known, values = _known("first_", instant, through)
    for source, begins, first_at, first_ends, ends in session.rows(
        f"SELECT source, begins, first_at, first_ends, ends FROM telling WHERE {known}", values
    ):
        grown = first_ends + max(0, instant - first_at)
        found.setdefault(source, []).append((begins, min(ends, grown)))
    return found


def states_at(session: Session, instant: Instant, through: int | None = None) -> dict[str, State]:
    """How each source that had been read was doing at an instant, or in the batch that was then the last."""
    known, values = _known("first_", instant, through)
    found = {
        source: State(min(last, max(first, instant)), None)
        for source, first, last in session.rows(
            f"SELECT source, MAX(first_at), MAX(last_at) FROM telling WHERE {known} GROUP BY source", values
        )
    }
    known, values = _known("", instant, through)
    for source, reason in session.rows(f"SELECT source, reason FROM source_turn WHERE {known} ORDER BY at", values):
        found[source] = State(found[source].last_success if source in found else None, reason)
    return found


def _known(prefix: str, instant: Instant, through: int | None) -> tuple[str, list[int]]:
    """What rows were there: by their batch, where the batch is asked for and they tell it, else by their instant."""
    if through is None:
        return f"{prefix}at <= ?", [instant]
    return f"COALESCE({prefix}seq <= ?, {prefix}at <= ?)", [through, instant]
