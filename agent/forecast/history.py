"""The daily tallies of one indicator at one place, and what they teach: ratio, volume, and how far both stray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from agent.forecast.batches import WEEK, Batches
from agent.forecast.days import KINDS, DayKinds
from agent.forecast.reading import Losses, Reading
from agent.model import Day, Tally

HALF_LIFE_DAYS = 120.0  # what happened so long ago weighs half
LOOK_BACK_DAYS = 364
FEWEST_DAYS = 2 * WEEK  # fewer teach nothing of how far weeks stray
SHRINK_DAYS = 2.0  # a weekday's own mean weighs as much as the common one after so many days
WEIGHTS: list[float] = [0.5 ** (age / HALF_LIFE_DAYS) for age in range(LOOK_BACK_DAYS + 1)]
NOTHING: Losses = (0, 0)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the days before today teach. Variances are in squared units of the losses."""

    ratio: float  # losses per unit of volume, recent days weighing more
    worth: float  # the volume this weighted ratio is worth
    share: float  # the ratio with Jeffreys's half loss and half record kept, for records
    spread: float  # variance of the losses per unit of volume
    freedom: float  # degrees of freedom behind it
    wandering: float  # variance a day by which the ratio itself walks
    volume_spread: float  # variance of the volume per unit of what its days promise
    volumes: tuple[float, ...]  # expected volume by kind of day


class History:
    """Daily tallies. Today's costs a sum to change; only a changed earlier day has the lesson learned again."""

    def __init__(
        self, reading: Reading, kinds: DayKinds, first: Day, last: Day, measured_from: Day | None = None
    ) -> None:
        """The year is `[first, last]`. Days before it teach but count in no sum, as far as `kinds` reaches.

        Nothing is learned of days before `measured_from`; without it, of those before the first that has a tally.
        """
        self.reading, self.kinds, self.first, self.last = reading, kinds, first, last
        self._measured_from = measured_from
        self._days: dict[Day, Losses] = {}
        self._bad: dict[Day, int] = {}
        self._lost = self._total = self._bad_sum = 0
        self._latest = first
        self._learned: tuple[Day, Lesson | None] | None = None
        self._promised: list[float] = []  # from today on, while a lesson holds

    def set(self, day: Day, tally: Tally) -> None:
        """A day's tally as it now is. Records due later that are done already stand on days to come."""
        lost, total = self.reading.losses(tally)
        former, former_bad = self._days.get(day, NOTHING), self._bad.get(day, 0)
        if former == (lost, total) and former_bad == tally.bad:
            return
        if self.first <= day <= self.last:
            self._lost += lost - former[0]
            self._total += total - former[1]
            self._bad_sum += tally.bad - former_bad
            self._latest = max(self._latest, day)
        self._days[day], self._bad[day] = (lost, total), tally.bad
        if self._learned is not None and day < self._learned[0]:
            self._learned = None

    def set_all(self, tallies: Mapping[Day, Tally]) -> None:
        """Many days at once."""
        for day, tally in tallies.items():
            self.set(day, tally)

    @property
    def so_far(self) -> Losses:
        """Losses and volume of all the year's tallies."""
        return self._lost, self._total

    @property
    def bad(self) -> int:
        """Bad records of all the year's tallies."""
        return self._bad_sum

    def lesson(self, today: Day) -> Lesson | None:
        """What the days before `today` teach; None where they are too few, or hold nothing."""
        if self._learned is None or self._learned[0] != today:
            lesson = self._learn(today)
            self._learned = today, lesson
            ahead = self.kinds.between(max(today, self.first), self.last + 1)
            self._promised = [lesson.volumes[kind] for kind in ahead] if lesson else []
        return self._learned[1]

    def ahead(self, today: Day) -> list[float]:
        """Cumulated volume still to come, today and through each later day of the year; empty without a lesson."""
        if self.lesson(today) is None:
            return []
        left = self._promised[:]
        begins = max(today, self.first)
        for day in range(begins, min(self._latest, self.last) + 1):
            left[day - begins] = max(left[day - begins] - self._days.get(day, NOTHING)[1], 0.0)
        return list(accumulate(left))

    def _learn(self, today: Day) -> Lesson | None:
        begun = self._measured_from if self._measured_from is not None else min(self._days, default=today)
        first = max(begun, today - LOOK_BACK_DAYS, self.kinds.first)
        if today - first < FEWEST_DAYS:
            return None
        days = [self._days.get(day, NOTHING) for day in range(first, today)]
        kinds = self.kinds.between(first, today)
        weights = WEIGHTS[today - first : 0 : -1]
        total = sum(weight * volume for weight, (_, volume) in zip(weights, days, strict=True))
        if total <= 0:
            return None
        ratio = sum(weight * lost for weight, (lost, _) in zip(weights, days, strict=True)) / total
        worth = total**2 / sum(weight * weight * volume for weight, (_, volume) in zip(weights, days, strict=True))
        volumes = _volume_by_kind(days, kinds, weights)
        return self._taught(ratio, worth, volumes, Batches(days, [volumes[kind] for kind in kinds]))

    def _taught(self, ratio: float, worth: float, volumes: tuple[float, ...], batches: Batches) -> Lesson:
        share, spread, freedom = ratio, batches.spread(), float(batches.freedom)
        if self.reading.whole:
            share = (ratio * worth + 0.5) / (worth + 1)
            spread, freedom = batches.spread_of_records(share)
        usual = share * (1 - share) if self.reading.bounded else ratio
        wandering, strays = batches.wandering(usual), batches.volume_spread()
        return Lesson(ratio, worth, share, spread, freedom, wandering, strays, volumes)


def _volume_by_kind(days: Sequence[Losses], kinds: bytes, weights: Sequence[float]) -> tuple[float, ...]:
    """Mean volume of each kind of day, a weekday's own drawn toward that of all working days, or of all days off."""
    counted, volumes = [0.0] * KINDS, [0.0] * KINDS
    for (_, volume), kind, weight in zip(days, kinds, weights, strict=True):
        counted[kind] += weight
        volumes[kind] += weight * volume
    means: list[float] = []
    for first in (0, WEEK):
        week = range(first, first + WEEK)
        number, together = sum(counted[kind] for kind in week), sum(volumes[kind] for kind in week)
        common = together / number if number else sum(volumes) / sum(counted)
        means += [(volumes[kind] + SHRINK_DAYS * common) / (counted[kind] + SHRINK_DAYS) for kind in week]
    return tuple(means)
