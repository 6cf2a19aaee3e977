"""Exact percentiles of a window: the numbers around the wanted rank are kept, and follow those that come and go."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from fractions import Fraction

from agent.evaluate.ordered_numbers import OrderedNumbers
from agent.ledger import Session
from agent.model import Window

MARGIN = 2_000  # numbers kept on either side: so far the rank can drift before they are read anew
FORESEEN_MARGIN = 500_000  # where the year's end is foreseen, for which numbers far from the rank are looked at
MOST_MARGINS = 20  # … and so many of them in all


class Ranked:
    """The numbers the ledger holds of one definition in one window, for one system or all; `count` says how many."""

    def __init__(self, definition: int, window: Window, system: str | None, count: int, margin: int = MARGIN) -> None:
        """Nothing is read yet."""
        self.count, self.days, self._margin = count, (window.first, window.last), margin
        only = "" if system is None else " AND system = ?"
        self._where = f"FROM sample WHERE definition = ? AND day >= ? AND day < ?{only}"
        self._values = (definition, window.first, window.last, *([] if system is None else [system]))
        self._first = 0  # the rank of the first number kept
        self._kept = OrderedNumbers()

    def take_over(self, other: Ranked) -> None:
        """Begin with what another window has read, where one holds the other's days and no number more."""
        (first, last), (begins, ends) = self.days, other.days
        nested = (first <= begins and ends <= last) or (begins <= first and last <= ends)
        if nested and self.count == other.count:
            self._first, self._kept = other._first, other._kept.copy()

    def move(self, number: int, sign: int) -> None:
        """A number has come (+1) or gone (−1)."""
        kept, reaches_end = self._kept, self._first + len(self._kept) == self.count
        self.count += sign
        if not kept or len(kept) > MOST_MARGINS * self._margin:
            self._kept = OrderedNumbers()
        elif number < kept.lowest and self._first:
            self._first += sign
        elif sign < 0 and kept.lowest <= number <= kept.highest:
            kept.remove(number)
        elif sign > 0 and (number <= kept.highest or reaches_end):
            kept.add(number)

    def around(self, session: Session, rank: Fraction, running: Sequence[int]) -> tuple[list[int], int]:
        """The numbers around a rank once some running ones are merged in, and the place of the first.

        Whatever the running ones are, they move the rank by no more places than there are of them.
        """
        total = self.count + len(running)
        below = rank.numerator * max(0, total - 1) // rank.denominator
        return self.between(session, below, below + 2, running), below

    def between(self, session: Session, first: int, end: int, running: Sequence[int]) -> list[int]:
        """The numbers at the places `[first, end)`, as far as there are, once some running ones are merged in."""
        begin, last = min(max(0, first - len(running)), self.count), min(self.count, end)
        if begin < self._first or last > self._first + len(self._kept):
            self._read(session, max(0, begin - self._margin), min(self.count, last + self._margin))
        merged = sorted([*self._kept.between(begin - self._first, last - self._first), *running])
        return merged[first - begin : end - begin]

    def _read(self, session: Session, first: int, last: int) -> None:
        """The numbers from one rank to another, counted from the nearer end."""
        self._first = first
        if first <= self.count - last:
            order, skipped = "num", first
        else:
            order, skipped = "num DESC", self.count - last
        rows = session.stream(
            f"SELECT num {self._where} ORDER BY {order} LIMIT ? OFFSET ?", (*self._values, last - first, skipped)
        )
        numbers = array("q", (number for (number,) in rows))
        self._kept = OrderedNumbers(numbers if order == "num" else numbers[::-1])
