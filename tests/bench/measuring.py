"""How a measurement is taken and told: processor time beside wall time, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple, ParamSpec, TypeVar

from agent.memory import sweep_seldom

P = ParamSpec("P")
R = TypeVar("R")
SIZE = "DABIAO_BENCH_RECORDS"
MILLION, QUICK = 1_000_000, 50_000


class Reading(NamedTuple):
    """One line of the table."""

    what: str
    reached: str
    must: str = ""
    limit: str = ""  # the raw limit, measured in the same run
    ratio: str = ""
    holds: bool | None = None  # None: stated, not promised


class Cost(NamedTuple):
    """Seconds of this process's processor, and of the wall clock."""

    cpu: float
    wall: float

    def plus(self, other: Cost) -> Cost:
        """The sum."""
        return Cost(self.cpu + other.cpu, self.wall + other.wall)


def timed(work: Callable[[], object]) -> Cost:
    """What one call costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def typical(costs: Iterable[Cost]) -> Cost:
    """The median cost: what else runs on the machine spoils single readings, not that one."""
    taken = list(costs)
    return Cost(statistics.median(one.cpu for one in taken), statistics.median(one.wall for one in taken))


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a function run in a fresh process, so that its memory is its own; set up as any command's."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, initializer=sweep_seldom) as pool:
        return pool.submit(work, *args, **kwargs).result()


def peak_megabytes() -> float:
    """The most memory this process has had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def records_wanted() -> int:
    """How many records to collect."""
    return int(os.environ.get(SIZE, MILLION))


def rate(count: int, cost: Cost) -> str:
    """So many a second, by processor and by wall time."""
    return f"{count / cost.cpu:,.0f}/s cpu, {count / cost.wall:,.0f}/s wall"


def milliseconds(cost: Cost) -> str:
    """A cost in words."""
    return f"{cost.cpu * 1e3:.2f} ms cpu, {cost.wall * 1e3:.2f} ms wall"
