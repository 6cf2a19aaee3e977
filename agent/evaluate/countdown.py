"""Open observations in the order in which their time is up, so that the nearest are found without looking at all."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
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
    clock: str = ""  # the name of its clock, where the measure has several


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

    def around(self, now: Instant, each: int) -> list[tuple[Instant, str, OpenObservation]]:
        """The last ones whose time was up before `now`, then the next ones, at most `each` of both, in order.

        With each stands when its time is up, and its id.
        """
        self._put_in_place()
        middle = bisect_left(self._ordered, (now,))
        late, begins = self._next(range(middle - 1, -1, -1), each)
        ahead, ends = self._next(range(middle, len(self._ordered)), each)
        found = late[::-1] + ahead
        self._ordered[middle - begins : middle + ends] = found
        return [(due, id, self._current[at]) for due, id, at in found]

    def _next(self, places: Iterable[int], number: int) -> tuple[list[Entry], int]:
        """The first ones there that were not dropped, and how many places they took."""
        found: list[Entry] = []
        looked = 0
        for place in places:
            if len(found) == number:
                break
            looked += 1
            if self._ordered[place][2] in self._current:
                found.append(self._ordered[place])
        return found, looked

    def _put_in_place(self) -> None:
        if len(self._new) > SORTED_ABOVE or len(self._ordered) > 2 * len(self._current) + SORTED_ABOVE:
            self._ordered = [entry for entry in self._ordered + self._new if entry[2] in self._current]
            self._ordered.sort()
        else:
            for entry in self._new:
                insort(self._ordered, entry)
        self._new = []
