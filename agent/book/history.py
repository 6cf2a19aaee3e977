"""By what the ledger judged when: each text that served, with the batch from which it did."""

from __future__ import annotations

from agent.book.definition import Place
from agent.ledger import Session


def note_served(session: Session, place: Place, spec: str) -> None:
    """From this batch on a place is judged by this text."""
    last = session.one(
        "SELECT spec FROM served WHERE year = ? AND project = ? AND indicator = ? ORDER BY seq DESC LIMIT 1", place
    )
    if last is None or last[0] != spec:
        session.run(
            "INSERT INTO served (year, project, indicator, seq, spec) VALUES (?,?,?,?,?) "
            "ON CONFLICT (year, project, indicator, seq) DO UPDATE SET spec = excluded.spec",
            (*place, session.seq, spec),
        )


def served_at(session: Session, seq: int) -> dict[Place, str]:
    """The text each place was judged by at a batch; one that was added later, by its first."""
    found: dict[Place, str] = {}
    for year, project, indicator, since, spec in session.rows(
        "SELECT year, project, indicator, seq, spec FROM served ORDER BY seq"
    ):
        if since <= seq or (year, project, indicator) not in found:
            found[(year, project, indicator)] = spec
    return found
