"""When each source last brought something new, and how often it usually does."""

from __future__ import annotations

from collections.abc import Sequence

from agent.ledger import Session
from agent.model import Instant

KEPT = 200  # arrivals of a source
SLICE = 20_000  # batch numbers read at once …
REACH = 1_000_000  # … and how far back at most
NEWS = (
    "SELECT source, learned_at FROM batch WHERE seq > ? AND seq <= ? AND (new > 0 OR changed > 0) AND source IN {in} "
    "ORDER BY seq DESC"
)


class Arrivals:
    """The last arrivals of each source, the newest first."""

    def __init__(self, sources: Sequence[str]) -> None:
        """Nothing is read yet."""
        self._of: dict[str, list[Instant]] = {source: [] for source in sources}
        self._seq: int | None = None

    def of(self, source: str) -> Sequence[Instant]:
        """The arrivals of a source, the newest first."""
        return self._of.get(source, ())

    def update(self, session: Session) -> None:
        """Take in the batches since the last time; at first go back until enough is known of each source."""
        last = (session.one("SELECT seq FROM counter WHERE id = 1") or (0,))[0]
        if self._seq is None:
            self._go_back(session, last)
        elif last > self._seq:
            fresh = self._read(session, self._seq, last, list(self._of))
            for source, times in fresh.items():
                self._of[source] = (times + self._of[source])[:KEPT]
        self._seq = last

    def _go_back(self, session: Session, last: int) -> None:
        lowest = max(0, last - REACH)
        while last > lowest and (wanted := [source for source, times in self._of.items() if len(times) < KEPT]):
            for source, times in self._read(session, last - SLICE, last, wanted).items():
                self._of[source] = (self._of[source] + times)[:KEPT]
            last -= SLICE

    def _read(self, session: Session, former: int, last: int, sources: Sequence[str]) -> dict[str, list[Instant]]:
        found: dict[str, list[Instant]] = {}
        for source, learned_at in session.rows_in(NEWS, sources, (former, last)):
            found.setdefault(source, []).append(learned_at)
        return found
