"""The open records of one definition: where each stands on its clock, by window and system, as time passes."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.evaluate.countdown import Countdown, OpenObservation
from agent.ledger import Session
from agent.measures import Clocks
from agent.model import Day, Instant, Outcome, Stage

__all__ = ["OpenCount", "OpenObservation", "OpenWork", "with_clocks"]

NONE_OPEN = dict.fromkeys(Stage, 0)


@dataclass(slots=True)
class OpenCount:
    """Open records of one place or window. Elapsed time comes from sums, never from a walk over records."""

    stages: dict[Stage, int] = field(default_factory=NONE_OPEN.copy)
    lapsed: int = 0  # error checks whose time passed without an error
    banked: int = 0  # Σ (worked − W(starts)) of the overdue ones
    running: dict[str, int] = field(default_factory=dict)  # overdue ones whose clock does not stand still, by clock

    @property
    def waiting(self) -> int:
        """Those still undecided."""
        return self.stages[Stage.IN_TIME] + self.stages[Stage.DUE_SOON] + self.stages[Stage.PAUSED]

    def add(self, other: OpenCount) -> None:
        """Take in another count."""
        for stage, number in other.stages.items():
            self.stages[stage] += number
        self.lapsed += other.lapsed
        self.banked += other.banked
        for clock, number in other.running.items():
            self.running[clock] = self.running.get(clock, 0) + number


class OpenWork:
    """Keeps open observations in stages. `changed` collects the (day, system) places whose counts moved."""

    def __init__(self, warn_before: int, clocks: Clocks, day_of: Callable[[Instant], Day]) -> None:
        """`clocks` are those of the measure; `day_of` says which local day an instant is."""
        self.warn_before = warn_before
        self.clocks, self.day_of = clocks, day_of
        self.held: dict[int, list[OpenObservation]] = {}
        self.places: dict[tuple[str, Day], OpenCount] = {}
        self.changed: set[tuple[str, Day]] = set()
        self._stage: dict[tuple[int, Day], Stage | None] = {}
        self._boundaries: list[tuple[Instant, int, Day]] = []
        self._dues: dict[str, list[tuple[Instant, int, Day]]] = {}
        self.overdue: dict[tuple[int, Day], OpenObservation] = {}
        self._nearest = Countdown()
        self._due_on: Counter[tuple[str, Day]] = Counter()

    def replace(self, record: int, observations: Sequence[OpenObservation], now: Instant) -> None:
        """The open observations a record has from here on; none once it is decided."""
        for gone in self.held.pop(record, ()):
            self._count(gone, self._stage.pop((record, gone.day)), -1)
            self._nearest.drop(gone)
        if observations:
            self.held[record] = list(observations)
        for one in observations:
            self._place(one, now)
            self._nearest.add(one)
            if one.due is not None:
                heapq.heappush(self._dues.setdefault(one.system, []), (one.due, record, one.day))

    def advance(self, now: Instant) -> None:
        """Move on the records whose next boundary has come. Costs what crossed, not what is open."""
        while self._boundaries and self._boundaries[0][0] <= now:
            _, record, day = heapq.heappop(self._boundaries)
            for one in self.held.get(record, ()):
                if one.day == day:
                    self._place(one, now)

    def elapsed(self, running: Mapping[str, int], banked: int, now: Instant) -> int:
        """The time overdue records have taken, each on its own clock: Σ n · W(now) over the clocks, and Σ banked."""
        return sum(number * self.clocks.named(name).known(now) for name, number in running.items() if number) + banked

    def taken(self, one: OpenObservation, now: Instant) -> int:
        """The time one open record has taken so far on its clock."""
        if one.starts is None:
            return one.worked
        known = self.clocks.named(one.clock).known
        return one.worked + known(now) - known(one.starts)

    def stage(self, one: OpenObservation, now: Instant) -> Stage | None:
        """Where a record stands; None for an error check whose time passed without an error."""
        if one.due is None:
            return Stage.PAUSED
        if now > one.due:
            return None if one.outcome == Outcome.OPEN_THEN_GOOD else Stage.OVERDUE
        if one.outcome == Outcome.OPEN_THEN_GOOD:  # its time brings no harm
            return Stage.IN_TIME
        return Stage.DUE_SOON if self.warn_before and now >= one.due - self.warn_before else Stage.IN_TIME

    def observations(self) -> Iterator[OpenObservation]:
        """Every open observation."""
        for several in self.held.values():
            yield from several

    def nearest(self, now: Instant, each: int) -> list[tuple[Instant, str, OpenObservation]]:
        """The open observations nearest to their time on either side of it, `each` of both, the earliest first.

        With each stands that time and its id; paused ones come last.
        """
        return self._nearest.around(now, each)

    def due_on(self, system: str | None, day: Day) -> int:
        """How many of one system or of all still have time, and no longer than that day."""
        names = {name for name, due in self._due_on if due == day} if system is None else {system}
        return sum(self._due_on[(name, day)] for name in names)

    def counts(self, first: Day, last: Day) -> dict[str | None, OpenCount]:
        """The open records of the days [first, last), of each system that has any, and under None of all."""
        totals: dict[str | None, OpenCount] = {}
        for (name, day), count in self.places.items():
            if first <= day < last:
                for system in (None, name):
                    total = totals.get(system)
                    if total is None:
                        total = totals[system] = OpenCount()
                    total.add(count)
        return totals

    def next_due(self, system: str | None, now: Instant) -> Instant | None:
        """The next due time still ahead, of one system or of all."""
        names = list(self._dues) if system is None else [system]
        return min((due for name in names if (due := self._first_due(name, now)) is not None), default=None)

    def coming(self, system: str | None, now: Instant, first: Day, last: Day) -> tuple[Instant | None, int]:
        """Of those alone that stand on the days [first, last): the next due time, and how many it comes for today."""
        today = self.day_of(now)
        ahead = [
            (one.due, one.outcome)
            for one in self.observations()
            if one.due is not None and one.due >= now and first <= one.day < last and system in (None, one.system)
        ]
        due_today = sum(outcome == Outcome.OPEN and self.day_of(due) == today for due, outcome in ahead)
        return min((due for due, _ in ahead), default=None), due_today

    def _place(self, one: OpenObservation, now: Instant) -> None:
        stage, key = self.stage(one, now), (one.record, one.day)
        if key not in self._stage:
            self._count(one, stage, 1)
        elif self._stage[key] != stage:
            self._count(one, self._stage[key], -1)
            self._count(one, stage, 1)
        self._stage[key] = stage
        if one.due is not None and now <= one.due:
            warn = one.due - self.warn_before
            boundary = warn if self.warn_before and now < warn else one.due + 1
            heapq.heappush(self._boundaries, (boundary, one.record, one.day))

    def _count(self, one: OpenObservation, stage: Stage | None, sign: int) -> None:
        place = (one.system, one.day)
        self.changed.add(place)
        count = self.places.setdefault(place, OpenCount())
        if stage is None:
            count.lapsed += sign
        else:
            count.stages[stage] += sign
            if one.due is not None and stage is not Stage.OVERDUE and one.outcome == Outcome.OPEN:
                self._count_due(one.system, self.day_of(one.due), sign)
            if stage is Stage.OVERDUE:
                self._note_overdue(one, sign)
                known = self.clocks.named(one.clock).known
                count.banked += sign * (one.worked - (0 if one.starts is None else known(one.starts)))
                count.running[one.clock] = count.running.get(one.clock, 0) + sign * (one.starts is not None)
        if not count.lapsed and not any(count.stages.values()):
            del self.places[place]

    def _count_due(self, system: str, day: Day, sign: int) -> None:
        self._due_on[(system, day)] += sign
        if not self._due_on[(system, day)]:
            del self._due_on[(system, day)]

    def _note_overdue(self, one: OpenObservation, sign: int) -> None:
        if sign > 0:
            self.overdue[(one.record, one.day)] = one
        else:
            del self.overdue[(one.record, one.day)]

    def _first_due(self, system: str, now: Instant) -> Instant | None:
        heap = self._dues.get(system, [])
        while heap:
            due, record, day = heap[0]
            if due >= now and any(one.day == day and one.due == due for one in self.held.get(record, ())):
                return due
            heapq.heappop(heap)
        return None


def with_clocks(session: Session, clocks: Clocks, found: Sequence[OpenObservation]) -> list[OpenObservation]:
    """Open observations with the names of their clocks, which their records tell; where there is one, as they are."""
    if clocks.by is None:
        return list(found)
    bodies = session.rows_in("SELECT pk, body FROM record WHERE pk IN {in}", sorted({one.record for one in found}))
    names = {pk: clocks.name_of(json.loads(body)["f"]) or "" for pk, body in bodies}
    return [one._replace(clock=names[one.record]) for one in found]
