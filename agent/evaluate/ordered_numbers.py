"""Numbers in order, in blocks: one that comes or goes moves those of its block and no others."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence

BLOCK = 4_000


class OrderedNumbers:
    """Some numbers in ascending order, however many, each kept in eight bytes."""

    def __init__(self, numbers: Sequence[int] = ()) -> None:
        """Take numbers that are in order already."""
        self._blocks = [array("q", numbers[begin : begin + BLOCK]) for begin in range(0, len(numbers), BLOCK)]
        self._highest = [block[-1] for block in self._blocks]
        self._count = len(numbers)

    def __len__(self) -> int:
        return self._count

    @property
    def lowest(self) -> int:
        """The first number; there must be one."""
        return self._blocks[0][0]

    @property
    def highest(self) -> int:
        """The last number; there must be one."""
        return self._highest[-1]

    def copy(self) -> OrderedNumbers:
        """The same numbers, to go on by themselves."""
        twin = OrderedNumbers()
        twin._blocks, twin._highest = [block[:] for block in self._blocks], self._highest[:]
        twin._count = self._count
        return twin

    def add(self, number: int) -> None:
        """One more."""
        if not self._blocks:
            self._blocks, self._highest = [array("q")], [number]
        at = min(bisect_left(self._highest, number), len(self._blocks) - 1)
        block = self._blocks[at]
        insort(block, number)
        self._count += 1
        halves = [block] if len(block) < 2 * BLOCK else [block[:BLOCK], block[BLOCK:]]
        self._put(at, halves)

    def remove(self, number: int) -> None:
        """One fewer; it must be there."""
        at = bisect_left(self._highest, number)
        block = self._blocks[at]
        del block[bisect_left(block, number)]
        self._count -= 1
        self._put(at, [block] if block else [])

    def between(self, first: int, end: int) -> list[int]:
        """Those at the places `[first, end)`, counted from 0, as far as there are."""
        found: list[int] = []
        for block in self._blocks:
            if first < len(block):
                found += block[max(first, 0) : max(end, 0)]
            first, end = first - len(block), end - len(block)
            if end <= 0:
                break
        return found

    def _put(self, at: int, blocks: list[array[int]]) -> None:
        self._blocks[at : at + 1] = blocks
        self._highest[at : at + 1] = [block[-1] for block in blocks]
