"""What a tick costs when nothing came, and when records changed, on a small ledger and on a big one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from agent.book import Book, definitions, register
from agent.book.bodies import decode
from agent.evaluate import Board
from agent.model import DAY_US, SECOND_US, Record
from tests.bench.ledgers import NOW, configuration, deliver, prepared
from tests.bench.measuring import Cost, Reading, milliseconds, records_wanted, timed, typical

SMALL = 10_000
UNFINISHED, MANY_UNFINISHED = 1_000, 100_000
TICK_US = 5 * SECOND_US
TICKS, REPEATS = 60, 7
CHANGES = (10, 100, 1_000)
IDLE_SECONDS, SPREAD = 0.005, 1.2


class Ticks(NamedTuple):
    """What ticks cost on one ledger."""

    idle: Cost
    changed: dict[int, Cost]


class Site:
    """One ledger with its board and its own time."""

    def __init__(self, folder: Path, records: int, unfinished: int) -> None:
        self.config = configuration(folder)
        self.ledger = prepared(self.config, folder, records, unfinished)
        self.book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)
        self.board = Board(self.config, self.ledger)
        self.now = NOW
        self.rng = random.Random(7)
        self.board.refresh(NOW)

    def idle(self) -> Cost:
        """A tick after a poll that brought nothing."""
        self.now += TICK_US
        deliver(self.book, "case", [], self.now)
        return timed(lambda: self.board.refresh(self.now))

    def changed(self, number: int) -> Cost:
        """A tick after some records changed."""
        self.now += TICK_US
        _change(self, number)
        return timed(lambda: self.board.refresh(self.now))


def measure(folder: Path) -> list[Reading]:
    """The tick with nothing new and the tick with changed records, small and big."""
    records = records_wanted()
    small, big, crowded = _in_turn(
        [
            Site(folder, SMALL, UNFINISHED),
            Site(folder, records, UNFINISHED),
            Site(folder, SMALL, MANY_UNFINISHED),
        ]
    )
    return [*_idle(records, small, big, crowded), *_changed(records, small, big, crowded)]


def _in_turn(sites: list[Site]) -> list[Ticks]:
    """The sites take turns, so that whatever else slows the machine slows all of them."""
    idle = list(zip(*[[site.idle() for site in sites] for _ in range(TICKS)], strict=True))
    changed: list[dict[int, Cost]] = [{} for _ in sites]
    for number in CHANGES:
        costs = zip(*[[site.changed(number) for site in sites] for _ in range(REPEATS)], strict=True)
        for each, taken in zip(changed, costs, strict=True):
            each[number] = typical(taken)
    return [Ticks(typical(waiting), each) for waiting, each in zip(idle, changed, strict=True)]


def _change(site: Site, number: int) -> None:
    """Move some records of any kind, day and system to the day after."""
    with site.ledger.read() as session:
        top = (session.one("SELECT MAX(pk) FROM record WHERE id LIKE '0%'") or (0,))[0]
        rows = session.rows_in(
            "SELECT kind, source, id, system, body FROM record WHERE pk IN {in} AND kind <> 'uptime'",
            site.rng.sample(range(1, top + 1), number),
        )
    by_kind: dict[str, list[Record]] = {}
    for row in rows:
        record = decode(*row)
        moved = record._replace(times={name: at + DAY_US for name, at in record.times.items()})
        by_kind.setdefault(record.kind, []).append(moved)
    for kind, records in by_kind.items():
        deliver(site.book, kind, records, site.now)


def _idle(records: int, small: Ticks, big: Ticks, crowded: Ticks) -> list[Reading]:
    what = "tick with nothing new, 46 indicators × 10 systems × 7 windows"
    spread = max(small.idle.cpu, big.idle.cpu) / min(small.idle.cpu, big.idle.cpu)
    bound = f"≤ {IDLE_SECONDS * 1e3:.0f} ms cpu"
    return [
        Reading(
            f"{what}, {SMALL:,} records, {UNFINISHED:,} open",
            milliseconds(small.idle),
            bound,
            holds=small.idle.cpu <= IDLE_SECONDS,
        ),
        Reading(f"the same, {records:,} records", milliseconds(big.idle), bound, holds=big.idle.cpu <= IDLE_SECONDS),
        Reading("the one beside the other", f"{spread:.2f} times", f"≤ {SPREAD} times", holds=spread <= SPREAD),
        Reading(f"the same, {MANY_UNFINISHED:,} open", milliseconds(crowded.idle), "stated"),
    ]


def _changed(records: int, small: Ticks, big: Ticks, crowded: Ticks) -> list[Reading]:
    most = CHANGES[-1]
    spread = big.changed[most].cpu / small.changed[most].cpu
    readings = [
        Reading(f"tick with {number:,} changed records, {SMALL:,} in the ledger", milliseconds(small.changed[number]))
        for number in CHANGES
    ]
    return [
        *readings,
        Reading(
            f"tick with {most:,} changed records, {records:,} in the ledger",
            milliseconds(big.changed[most]),
            f"as at {SMALL:,}, ± 20 %",
            f"{small.changed[most].cpu * 1e3:.2f} ms",
            f"{spread:.2f} times",
            spread <= SPREAD,
        ),
        Reading(
            f"the same, {SMALL:,} records, {MANY_UNFINISHED:,} open", milliseconds(crowded.changed[most]), "stated"
        ),
    ]
