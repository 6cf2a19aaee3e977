"""What happens while somebody watches: a scripted first minute, then chance, minute by minute, for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.demo import accreditation, cases, faults, quality, signing, workbooks
from agent.demo.changes import Change
from agent.demo.seasons import dice
from agent.demo.systems import SYSTEMS

LIVELY_MINUTES = 10  # who watches longer sees a calmer day, or the year's figures would drown in it


@dataclass(frozen=True, slots=True, order=True)
class Outage:
    """A stretch of time in which a system does not answer."""

    begins: datetime
    ends: datetime
    system: str


@dataclass(frozen=True, slots=True)
class Live:
    """The live stream from `start` on. Its pace follows real time: at `speed` s a real second has s simulated ones."""

    seed: int
    start: datetime
    speed: float

    def after(self, real_seconds: float) -> datetime:
        """The simulated moment so many real seconds after the start."""
        return self.start + timedelta(seconds=round(real_seconds * self.speed))

    def minute(self, number: int) -> Iterator[Change]:
        """All that begins in one real minute: contracts, cases, reviews, checks, deals, tasks, and at times a fault."""
        rng = dice(self.seed, "live", number)
        lively = number < LIVELY_MINUTES
        moments = [self.after(number * 60 + second) for second in sorted(rng.sample(range(60), 14 if lively else 5))]
        first = number * 20
        for offset, at in enumerate(moments):
            yield from self._one(first + offset, offset if lively else rng.randrange(14), at)
        if number == 0:
            yield from self._story()
        elif rng.random() < (0.3 if lively else 0.1):
            yield from self._fault(number, self.after(number * 60 + rng.randrange(60)))

    def _one(self, number: int, what: int, at: datetime) -> Iterator[Change]:
        rng, year = dice(self.seed, "live", "thing", number), self.start.year
        match what:
            case 0 | 3 | 6 | 10:
                row = cases.case_row(rng, f"{year}8{number:06d}", rng.choice(("XJF", "CLF")), at)
                yield from cases.lifeline(rng, row, at, late=False)
            case 1 | 8:
                yield from signing.new_home_lifeline(rng, signing.new_home_row(rng, f"{year}8{number:05d}", at), at, "")
            case 2 | 5 | 9 | 12:
                yield from signing.resale_lifeline(rng, f"CL{year}8{number:05d}", at, "")
            case 4:
                yield accreditation.review(rng, f"PJ{year}8{number:05d}", at, rng.random() < 0.015, False)
            case 7:
                yield signing.deal(f"DJ{year}8{number:05d}", at, rng.choice("23"), "1")
            case 11:
                stage = rng.choice("12")
                yield quality.check(rng, f"JC{year}8{number:04d}", at, stage, rng.random() < 0.02)
            case _:
                yield from workbooks.live_task(number, at, rng.choice(SYSTEMS).id)

    def _fault(self, number: int, at: datetime) -> Iterator[Change]:
        """One in twelve is answered late: its countdown runs out."""
        rng = dice(self.seed, "live", "fault", number)
        slow = rng.random() < 1 / 12
        system = rng.choices(SYSTEMS, [each.faults for each in SYSTEMS])[0].id
        row = faults.fault_row(rng, f"GZ{self.start.year}8{number:05d}", system, at, slow)
        yield from faults.lifeline(rng, row, at, at, faults.answer_seconds(rng, slow), True)

    def _story(self) -> Iterator[Change]:
        """A fault is typed in at 5 s, three minutes after it was reported: two minutes are left. Answered at 35 s."""
        rng = dice(self.seed, "story")
        seen = self.after(5)
        reported = seen - timedelta(minutes=3)
        answered = min(self.after(35), reported + timedelta(seconds=285))
        row = faults.fault_row(rng, f"GZ{self.start.year}800000", "resale-signing", reported, False)
        row["fault_level"] = "2"
        yield from faults.lifeline(rng, row, reported, seen, round((answered - reported).total_seconds()), True)

    def outages(self, number: int) -> Iterator[Outage]:
        """The portal goes down 15 s after the start and is back at 40 s; later one system or another, at times."""
        if number == 0:
            yield Outage(self.after(15), self.after(40), "portal")
            return
        rng = dice(self.seed, "outage", number)
        if rng.random() < 0.15:
            begins = number * 60 + rng.randrange(30)
            yield Outage(self.after(begins), self.after(begins + rng.randrange(15, 60)), rng.choice(SYSTEMS).id)
