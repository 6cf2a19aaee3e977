"""A file of cases through the whole path, the first time and with one row changed, beside what SQLite alone takes."""

from __future__ import annotations

import csv
import os
import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from agent.book import Book, Booked, definitions, register
from agent.config import load
from agent.ledger import Ledger
from agent.model import SECOND_US, Instant, instant_of
from agent.poll import Round
from collectors import COLLECTORS
from tests.bench.measuring import Cost, Reading, apart, peak_megabytes, rate, records_wanted, timed

NOW = instant_of(datetime(2026, 11, 23, 2, tzinfo=UTC))
HOUR_US = 3_600 * SECOND_US
FIRST_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the file's times carry no zone
A_TRANSACTION = 1_000
SCATTER = 7_919  # a prime: ids come in an order of their own
NEW_SHARE, SAME_SHARE, MEGABYTES = 1 / 6, 1 / 3, 250
COLUMNS = ("id", "sys", "accepted", "due", "finished", "state", "item", "channel", "floor", "remark", "fee")
MAPPED = len(COLUMNS) - 3
SYSTEMS = [f"S{number}" for number in range(10)]

TARGETS = """
year: 2026
organisation: bench
timezone: Asia/Shanghai
calendar: {country: CN, hours: ["09:00-17:00"]}
systems: {SYSTEMS}
projects:
  bench:
    name: bench
    indicators:
      on-time: {name: A, level: [a, b], text: "x", target: ">= 95 %",
        measure: {kind: on_time, of: case, from: accepted_at, to: finished_at, due: due_at}}
      mean: {name: B, level: [a, b], text: "x", target: "<= 9 d",
        measure: {kind: duration, of: case, from: accepted_at, to: finished_at, statistic: mean}}
      online: {name: C, level: [a, b], text: "x", target: ">= 50 %",
        measure: {kind: share, of: case, cohort: accepted_at, good_when: {channel: online}}}
"""
SOURCES = """
sources:
  cases:
    collector: file
    path: FILE
    settle: 0s
    every: 1h
    record: case
    id: id
    system: {column: sys, map: {CODES}}
    times: {accepted_at: accepted, due_at: due, finished_at: finished}
    fields: {state: state, item_type: item, channel: channel}
"""
LIMIT_TABLE = """
CREATE TABLE plain (pk INTEGER PRIMARY KEY, id TEXT, sys TEXT, accepted TEXT, due TEXT, finished TEXT, state TEXT,
                    item TEXT, channel TEXT, hash INTEGER);
CREATE UNIQUE INDEX plain_id ON plain (id);
CREATE INDEX plain_day ON plain (accepted);
"""
INSERT = "INSERT INTO plain (id, sys, accepted, due, finished, state, item, channel, hash) VALUES (?,?,?,?,?,?,?,?,?)"
UPSERT = INSERT + (
    " ON CONFLICT (id) DO UPDATE SET sys = excluded.sys, accepted = excluded.accepted, due = excluded.due, "
    "finished = excluded.finished, state = excluded.state, item = excluded.item, channel = excluded.channel, "
    "hash = excluded.hash WHERE excluded.hash IS NOT plain.hash"
)


class Collected(NamedTuple):
    """What one round took."""

    booked: Booked
    cost: Cost
    megabytes: float


def measure(folder: Path) -> list[Reading]:
    """New records, then the same ones but for one row. Each stands between the two halves of its limit."""
    count, file = records_wanted(), folder / "cases.csv"
    write_cases(file, count, None, NOW - HOUR_US)
    new, inserted = _between_halves(folder, file, count, INSERT, NOW)
    write_cases(file, count, count // 3, NOW)
    again, upserted = _between_halves(folder, file, count, UPSERT, NOW + HOUR_US)
    if new.booked != (count, 0, 0, 0) or again.booked != (0, 1, count - 1, 0):
        raise RuntimeError(f"the round did not book what the file holds: {new.booked}, {again.booked}")
    return [
        _reading(f"{count:,} new records, three indicators", count, new, inserted, NEW_SHARE),
        Reading(
            "resident memory meanwhile",
            f"{new.megabytes:.0f} MB",
            f"≤ {MEGABYTES} MB",
            holds=new.megabytes <= MEGABYTES,
        ),
        _reading(f"the same {count:,} with one row changed", count, again, upserted, SAME_SHARE),
    ]


def _reading(what: str, count: int, collected: Collected, limit: Cost, share: float) -> Reading:
    reached = limit.cpu / collected.cost.cpu
    return Reading(
        what,
        rate(count, collected.cost),
        f"≥ 1/{1 / share:.0f} of the limit",
        rate(count, limit),
        f"1/{1 / reached:.1f}",
        reached >= share,
    )


def _between_halves(folder: Path, file: Path, count: int, sql: str, now: Instant) -> tuple[Collected, Cost]:
    rows = _rows(file)
    before = _plain(folder / "plain.db", sql, islice(rows, count // 2))
    collected = apart(collect, folder, now)
    return collected, before.plus(_plain(folder / "plain.db", sql, rows))


def collect(folder: Path, now: Instant) -> Collected:
    """One round of the source, as the agent runs it."""
    (folder / "targets.yaml").write_text(
        TARGETS.replace("SYSTEMS", ", ".join(f"{name.lower()}: {name}" for name in SYSTEMS))
    )
    codes = ", ".join(f"{name}: {name.lower()}" for name in SYSTEMS)
    (folder / "cases.yaml").write_text(SOURCES.replace("CODES", codes).replace("FILE", str(folder / "cases.csv")))
    config = load([folder / "targets.yaml"], folder / "cases.yaml", collectors=COLLECTORS, environ={})
    source = config.sources[0]
    ledger = Ledger.open(folder / "collected.db")
    book = Book(ledger, register(ledger, definitions(config)).keys)
    one = Round(source, COLLECTORS[source.collector](source.options), book)
    outcome: list[Booked] = []
    cost = timed(lambda: outcome.append(_checked(one, now)))
    ledger.close()
    return Collected(outcome[0], cost, peak_megabytes())


def _checked(one: Round, now: Instant) -> Booked:
    outcome = one.run(now, forced=True)
    if outcome.reason is not None:
        raise RuntimeError(outcome.reason)
    return outcome.booked


def _plain(path: Path, sql: str, rows: Iterator[Sequence[object]]) -> Cost:
    """SQLite alone, timed without the making of the rows."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-32000")  # the ledger's own
    if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        connection.executescript(LIMIT_TABLE)
    total = Cost(0, 0)

    def write(part: list[Sequence[object]]) -> None:
        connection.executemany(sql, part)
        connection.commit()

    while part := list(islice(rows, A_TRANSACTION)):
        total = total.plus(timed(lambda part=part: write(part)))  # type: ignore[misc]
    connection.close()
    return total


def _rows(file: Path) -> Iterator[Sequence[object]]:
    """The mapped columns of each row, with a hash of them."""
    with file.open(encoding="utf-8", newline="") as stream:
        table = csv.reader(stream)
        next(table)
        for row in table:
            digest = blake2b("\0".join(row[:MAPPED]).encode(), digest_size=8).digest()
            yield (*row[:MAPPED], int.from_bytes(digest, "big", signed=True))


def write_cases(file: Path, count: int, changed: int | None, at: Instant) -> None:
    """The year's cases by the time they were accepted; their ids come in no order."""
    rng = random.Random(2026)
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(COLUMNS)
        for number in range(count):
            accepted = FIRST_DAY + timedelta(seconds=number * 25_000_000 // count)
            finished = accepted + timedelta(seconds=rng.randrange(3_600, 12 * 86_400))
            state = "done" if number != changed else "corrected"
            table.writerow(
                (
                    f"BJ2026{number * SCATTER % count:09}",
                    rng.choice(SYSTEMS),
                    accepted,
                    accepted + timedelta(days=10),
                    finished,
                    state,
                    f"item-{number % 37}",
                    rng.choice(("online", "window")),
                    number % 30,
                    "nothing to remark",
                    f"{number % 999}.50",
                )
            )
    os.utime(file, (at // SECOND_US, at // SECOND_US))
