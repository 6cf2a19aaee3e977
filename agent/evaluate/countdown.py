"""Open observations in the order in which their time is up, so that the nearest are found without looking at all."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import islice
from typing import NamedTuple

from agent.model import Day, Instant

NEVER = 1 << 62  # where a paused one stands
SORTED_ABOVE = 100  # so many new ones are put in place at once rather than one by one


class OpenObservation(NamedTuple):
    """One open observation as the ledger holds it, with the identity a person knows the record by."""

    record: int
    source: str
    id: str
    day: Day
    system: str
    outcome: int
    reason: str | None
    starts: Instant | None
    due: Instant | None
    worked: int


Entry = tuple[Instant, str, int]  # when its time is up, its id, and the number it was added under


class Countdown:
    """Keeps entries in order. Those that were dropped are passed over, and left out when they are met."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._ordered: list[Entry] = []
        self._new: list[Entry] = []
        self._current: dict[int, OpenObservation] = {}
        self._numbers: dict[tuple[int, Day], int] = {}
        self._added = 0

    def add(self, one: OpenObservation) -> None:
        """A record is open on a day."""
        self._added += 1
        self._current[self._added] = one
        self._numbers[(one.record, one.day)] = self._added
        self._new.append((NEVER if one.due is None else one.due, one.id, self._added))

    def drop(self, one: OpenObservation) -> None:
        """It no longer is."""
        del self._current[self._numbers.pop((one.record, one.day))]

    def first(self, number: int) -> list[tuple[Instant, str, OpenObservation]]:
        """The first ones, each with when its time is up and its id."""
        self._put_in_place()
        found = list(islice((entry for entry in self._ordered if entry[2] in self._current), number))
        dropped = bisect_right(self._ordered, found[-1]) if found else len(self._ordered)
        self._ordered[:dropped] = found
        return [(due, id, self._current[at]) for due, id, at in found]

    def _put_in_place(self) -> None:
        if len(self._new) > SORTED_ABOVE:
            self._ordered = [entry for entry in self._ordered + self._new if entry[2] in self._current]
            self._ordered.sort()
        else:
            for entry in self._new:
                insort(self._ordered, entry)
        self._new = []
