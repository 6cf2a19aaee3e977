"""Elapsed working time beside plain subtraction of datetimes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.model import instant_of
from agent.worktime import LocalDays, WorkCalendar, make_clock
from tests.bench.measuring import Cost, Reading, rate, timed

COUNT, BLOCK = 1_000_000, 50_000
MOST = 20
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def measure(folder: Path) -> list[Reading]:
    """A million intervals of up to two years on the clock of service hours."""
    local = LocalDays("Asia/Shanghai")
    clock = make_clock("service_hours", WorkCalendar(local, hours=["09:00-11:30", "13:30-17:00"]))
    rng = random.Random(2026)
    starts = [FIRST + timedelta(seconds=rng.randrange(300 * 86_400)) for _ in range(BLOCK)]
    ends = [start + timedelta(seconds=rng.randrange(2 * 365 * 86_400)) for start in starts]
    begun, ended = [instant_of(start) for start in starts], [instant_of(end) for end in ends]
    elapsed = clock.elapsed
    worked = subtracted = Cost(0, 0)
    for _ in range(COUNT // BLOCK):
        subtracted = subtracted.plus(timed(lambda: [end - start for start, end in zip(starts, ends, strict=True)]))
        worked = worked.plus(timed(lambda: [elapsed(start, end) for start, end in zip(begun, ended, strict=True)]))
    ratio = worked.cpu / subtracted.cpu
    return [
        Reading(
            f"{COUNT:,} × elapsed working time, up to two years",
            rate(COUNT, worked),
            f"≤ {MOST} × the limit's time",
            rate(COUNT, subtracted),
            f"{ratio:.1f} times",
            ratio <= MOST,
        )
    ]
