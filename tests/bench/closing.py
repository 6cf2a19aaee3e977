"""A year closed and its pack verified, beside one gzip CSV of the same rows and the booking of the same records."""

from __future__ import annotations

import csv
import gzip
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from agent.book import Book, definitions, register
from agent.book.bodies import decode
from agent.book.period import year_of
from agent.evidence import Question, Wanted, close, sources_text, targets_texts, verify
from agent.evidence.reading import Pack
from agent.ledger import Ledger
from collectors import COLLECTORS
from tests.bench.ledgers import NOW, configuration, deliver, prepared
from tests.bench.measuring import Cost, Reading, apart, peak_megabytes, rate, records_wanted, timed

UNFINISHED = 1_000
CLOSE_SHARE, VERIFY_TIMES, MEGABYTES = 1 / 4, 2, 300
SLICE = 5_000
RECORDS = "SELECT kind, source, id, system, body FROM record ORDER BY kind, pk"


class Taken(NamedTuple):
    """What one of them took, of how many records, and the most memory meanwhile."""

    cost: Cost
    records: int
    megabytes: float


def measure(folder: Path) -> list[Reading]:
    """Each in a process of its own, on one ledger."""
    count = records_wanted()
    apart(_prepare, folder, count)
    closed, written = apart(_close, folder, count), apart(_write, folder)
    verified, booked = apart(_verify, folder), apart(_book, folder, count)
    reached, times = written.cpu / closed.cost.cpu, verified.cost.cpu / booked.cpu
    return [
        Reading(
            f"closing a year of {closed.records:,} records",
            rate(closed.records, closed.cost),
            f"≥ 1/{1 / CLOSE_SHARE:.0f} of the limit",
            rate(closed.records, written),
            f"1/{1 / reached:.1f}",
            reached >= CLOSE_SHARE,
        ),
        _memory("the same: resident memory", closed),
        Reading(
            f"verifying its pack of {verified.records:,} records",
            rate(verified.records, verified.cost),
            f"≤ {VERIFY_TIMES} × the limit's time",
            rate(verified.records, booked),
            f"{times:.1f} times",
            times <= VERIFY_TIMES,
        ),
        Reading("the same: resident memory", f"{verified.megabytes:.0f} MB", "stated"),
    ]


def _memory(what: str, taken: Taken) -> Reading:
    return Reading(what, f"{taken.megabytes:.0f} MB", f"≤ {MEGABYTES} MB", holds=taken.megabytes <= MEGABYTES)


def _prepare(folder: Path, count: int) -> None:
    prepared(configuration(folder), folder, count, UNFINISHED).close()


def _close(folder: Path, count: int) -> Taken:
    config = configuration(folder)
    ledger = prepared(config, folder, count, UNFINISHED)
    texts = targets_texts(config), sources_text(config, folder / "sources.yaml")
    asked, found = Question(config, *texts, year_of(2026), NOW), []
    out = folder / "pack.zip"
    cost = timed(lambda: found.append(close(ledger, asked, Wanted("draft"), out, "bench", lambda done, total: None)))
    return Taken(cost, found[0].packed.records, peak_megabytes())


def _write(folder: Path) -> Cost:
    """The same rows into one file by the csv module; the reading of them is not counted."""
    pack, total = Pack(folder / "pack.zip"), Cost(0, 0)
    with gzip.open(folder / "plain.csv.gz", "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        for name in pack.members:
            rows = pack.rows(name) if name.endswith(".csv.gz") else iter(())
            while part := list(islice(rows, SLICE)):
                total = total.plus(timed(lambda part=part: table.writerows(part)))  # type: ignore[misc]
    return total


def _verify(folder: Path) -> Taken:
    found = []
    cost = timed(lambda: found.append(verify(folder / "pack.zip", COLLECTORS, None, lambda done, total: None)))
    if found[0].problems:
        raise RuntimeError(found[0].problems[:3])
    return Taken(cost, found[0].records, peak_megabytes())


def _book(folder: Path, count: int) -> Cost:
    """The same records booked for the first time: less than collecting them, for nothing is read or mapped."""
    config, total = configuration(folder), Cost(0, 0)
    book_of = Ledger.open(folder / "again.db")
    book = Book(book_of, register(book_of, definitions(config)).keys)
    with prepared(config, folder, count, UNFINISHED).read() as session:
        for kind, rows in groupby(session.stream(RECORDS), lambda row: row[0]):
            while part := [decode(*row) for row in islice(rows, SLICE)]:
                total = total.plus(timed(lambda kind=kind, part=part: deliver(book, kind, part)))  # type: ignore[misc]
    return total
