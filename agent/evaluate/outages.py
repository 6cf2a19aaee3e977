"""The closed down intervals of records that state no up time, as intervals: sums cannot tell that two overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.book.lines import IS_BAD
from agent.evaluate.coverage import Stretch, common, joined
from agent.ledger import Session
from agent.measures import Setting, promised_microseconds
from agent.model import Day, Window

# Only down intervals that count against covered time keep where they begin and end.
PIECES = (
    "SELECT day, system, starts, due, num FROM observation "
    f"WHERE {IS_BAD} AND starts IS NOT NULL AND definition = ? AND day IN {{in}}"
)
MOVED = (
    "SELECT DISTINCT definition, system, day FROM observation "
    "WHERE outcome = 1 AND starts IS NOT NULL AND record IN {in}"
)


class Lost:
    """Down intervals of a window by system, and what the tallies sum those up to that have ended."""

    def __init__(self) -> None:
        """None."""
        self.tallied = 0
        self._stretches: dict[str, list[Stretch]] = {}

    def add(self, system: str, stretch: Stretch, tallied: int = 0) -> None:
        """One more, which may overlap others."""
        self._stretches.setdefault(system, []).append(stretch)
        self.tallied += tallied

    def promised(self, setting: Setting, names: Iterable[str], accounted: Sequence[Stretch], known: int) -> int:
        """Their promised time of the systems named, of each once where they overlap, within the time accounted for.

        An outage of no named system is one of some system, and counts as far as there is known time left.
        """
        counted = {*names, ""}
        return min(
            known,
            sum(
                promised_microseconds(setting, name, a, b)
                for name, stretches in self._stretches.items()
                if name in counted
                for a, b in common(joined(stretches), accounted)
            ),
        )


class Outages:
    """The pieces of one definition by day; those that changed are read again."""

    def __init__(self, definition: int | None) -> None:
        """Nothing is read yet."""
        self._definition = definition
        self._pieces: dict[Day, list[tuple[str, Stretch, int]]] = {}
        self._unread: set[Day] = set()

    def forget(self, days: Iterable[Day]) -> None:
        """Have days read anew."""
        self._unread.update(days)

    def read(self, session: Session) -> None:
        """Take in the days that changed."""
        days = sorted(self._unread)
        self._unread.clear()
        for day in days:
            self._pieces.pop(day, None)
        for day, system, begins, ends, num in session.rows_in(PIECES, days, (self._definition,)):
            self._pieces.setdefault(day, []).append((system, (begins, ends), -num))

    def within(self, window: Window, system: str | None) -> Lost:
        """The down intervals that ended of a window, of one system or of all."""
        found = Lost()
        for day, pieces in self._pieces.items():
            if window.first <= day < window.last:
                for name, stretch, down in pieces:
                    if system in (None, name):
                        found.add(name, stretch, down)
        return found
