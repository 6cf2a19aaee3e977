"""The percentile of one indicator in each window of its, and the numbers it is read from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from agent.evaluate.prospects import JUDGED_WINDOWS
from agent.evaluate.ranked import FORESEEN_MARGIN, MARGIN, Ranked
from agent.forecast import Ordered
from agent.ledger import Session
from agent.model import SECOND_US, Day, Window

Place = tuple[str, str | None]  # window name, system (None: all together)


class Percentiles:
    """The numbers the ledger holds of one definition, by window and system, with those that still run."""

    def __init__(self, definition: int, rank: Fraction, scale: int) -> None:
        """Nothing is read yet; a number of the ledger is `scale` times what the value is told in."""
        self._definition, self._rank, self._scale = definition, rank, scale
        self._ranked: dict[Place, Ranked] = {}
        self._running: Sequence[tuple[str, Day, int]] = ()

    def keep(self, windows: Collection[Window]) -> None:
        """Forget what was read of windows that are no longer looked at."""
        days = {window.name: (window.first, window.last) for window in windows}
        self._ranked = {place: one for place, one in self._ranked.items() if days.get(place[0]) == one.days}

    def forget(self) -> None:
        """Too much has changed to follow: have the numbers read anew."""
        self._ranked.clear()

    def move(self, place: Place, number: int, sign: int) -> None:
        """A number of a window has come (+1) or gone (−1)."""
        if place in self._ranked:
            self._ranked[place].move(number, sign)

    def run(self, running: Sequence[tuple[str, Day, int]]) -> None:
        """The numbers of records that have not ended, as they stand now: system, day, number."""
        self._running = running

    def has_read(self, place: Place) -> bool:
        """Whether the value of a window can be told without reading its numbers."""
        return place in self._ranked

    def value(self, session: Session, window: Window, system: str | None, count: int) -> Fraction | None:
        """The exact percentile of a window, of which the ledger holds `count` numbers; None of nothing."""
        ranked, running = self._numbers(window, system, count)
        numbers, first = ranked.around(session, self._rank, running)
        return percentile(numbers, self._rank, self._scale, first, ranked.count + len(running))

    def ordered(self, session: Session, window: Window, count: int) -> Ordered:
        """All numbers of a window in order, read where they are looked at."""
        ranked, running = self._numbers(window, None, count)
        return Ordered(
            ranked.count + len(running),
            lambda first, end: [number / SECOND_US for number in ranked.between(session, first, end, running)],
        )

    def _numbers(self, window: Window, system: str | None, count: int) -> tuple[Ranked, list[int]]:
        """The numbers of a window in order, and those that still run."""
        running = [
            number
            for name, day, number in self._running
            if window.first <= day < window.last and system in (None, name)
        ]
        ranked = self._ranked.get((window.name, system))
        if ranked is not None and ranked.count != count:  # it has lost track
            self._ranked.clear()
            ranked = None
        if ranked is None:
            foreseen = system is None and window.name in JUDGED_WINDOWS  # which looks far from the rank
            ranked = Ranked(self._definition, window, system, count, FORESEEN_MARGIN if foreseen else MARGIN)
            for other in (one for (_, name), one in self._ranked.items() if name == system):
                ranked.take_over(other)
            self._ranked[(window.name, system)] = ranked
        return ranked, running


def percentile(
    numbers: Sequence[int], rank: Fraction, scale: int = 1, first: int = 0, total: int | None = None
) -> Fraction | None:
    """The exact percentile of sorted numbers by linear interpolation (type 7 of Hyndman & Fan 1996); None of nothing.

    Of a `total` of numbers those around the percentile are enough; `first` is then the place of the first of them.
    """
    count = len(numbers) if total is None else total
    if not count:
        return None
    below, beyond = divmod(rank.numerator * (count - 1), rank.denominator)
    low = numbers[below - first]
    if not beyond:
        return Fraction(low, scale)
    between = Fraction(beyond, rank.denominator) * (numbers[below + 1 - first] - low)
    return (low + between) / scale
