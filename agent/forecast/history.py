"""The daily tallies of one indicator at one place, and what they teach: ratio, volume, and how far both stray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from agent.forecast.days import KINDS, DayKinds
from agent.forecast.level import Level, level_ahead
from agent.forecast.reading import Losses, Reading
from agent.forecast.runs import WEEK, Run, runs_of, spread_of_losses, spread_of_volumes
from agent.model import Day, Tally

HALF_LIFE_DAYS = 120.0  # volumes of so long ago weigh half
LOOK_BACK_DAYS = 364
CHANCE_WORTH = 4.0  # degrees of freedom given to the belief that records stray by chance alone
FEWEST_DAYS = 2 * WEEK  # fewer teach nothing of how far weeks stray
SHRINK_DAYS = 2.0  # a weekday's own mean weighs as much as the common one after so many days
WEIGHTS: list[float] = [0.5 ** (age / HALF_LIFE_DAYS) for age in range(LOOK_BACK_DAYS + 1)]
NOTHING: Losses = (0, 0)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the days before today teach. Variances are in squared units of the losses."""

    level: Level  # the losses per unit of volume expected from today to the year's end
    share: float  # the same with Jeffreys's half loss and half record kept, for records
    seen: int  # the volume these days had
    volume_spread: float  # variance of the volume per unit of what its days promise
    volumes: tuple[float, ...]  # expected volume by kind of day

    @property
    def ratio(self) -> float:
        """Losses per unit of volume to come."""
        return self.level.mean


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
        seen = sum(volume for _, volume in days)
        if not seen:
            return None
        volumes = _volume_by_kind(days, kinds, WEIGHTS[today - first : 0 : -1])
        runs = runs_of(days, [volumes[kind] for kind in kinds])
        level = self._level([run for run in runs if run.volume], max(self.last - today + 1, 1))
        share = _with_jeffreys(level.mean, seen) if self.reading.whole else level.mean
        return Lesson(level, share, seen, spread_of_volumes(runs), volumes)

    def _level(self, runs: Sequence[Run], days_left: int) -> Level:
        """Records are believed to stray by chance alone, p · (1 − p); sums as their neighbours show."""
        lost, volume = sum(run.lost for run in runs), sum(run.volume for run in runs)
        if self.reading.whole:
            share = _with_jeffreys(lost / volume, volume)
            spread, worth = share * (1 - share), CHANCE_WORTH
        else:
            share, spread, worth = lost / volume, spread_of_losses(runs), 0.0
        if not spread:  # a sum that never strayed
            return Level(share, 0.0, 0.0, 1.0)
        usual = share * (1 - share) if self.reading.bounded else share
        level = level_ahead(runs, days_left, usual, spread, worth)
        mean = min(max(level.mean, 0.0), 1.0 if self.reading.bounded else inf)
        return level._replace(mean=mean)


def _with_jeffreys(share: float, volume: int) -> float:
    return (share * volume + 0.5) / (volume + 1)


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
