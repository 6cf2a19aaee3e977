"""Ledgers of any size for the shipped targets: a year's records of every kind, a given number of them open.

Up to `BOOKED` records go through the book. A bigger ledger repeats its decided records under other ids: the rows are
copied inside the database exactly as the book would have written them, and the tallies multiplied.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import yaml

from agent.book import Book, Delivery, definitions, register
from agent.config import Config, load
from agent.ledger import Ledger, schema
from agent.model import SECOND_US, Instant, Mapped, Record, instant_of
from collectors import COLLECTORS
from tests.bench.kinds import ABSENT, DAYS_BETWEEN, KINDS, NUMBERS

NOW = instant_of(datetime(2026, 11, 23, 2, tzinfo=UTC))
BEGINNING = instant_of(datetime(2025, 12, 31, 16, tzinfo=UTC))
BOOKED = 100_000
SLICE = 10_000
MINUTE_US = 60 * SECOND_US
TARGETS = Path(__file__).parents[2] / "targets.yaml"


def configuration(folder: Path) -> Config:
    """The shipped targets, and one source a kind of record."""
    sources = {f"{kind}s": _source(kind) for kind in KINDS}
    path = folder / "sources.yaml"
    path.write_text(yaml.safe_dump({"sources": sources}), encoding="utf-8")
    return load([TARGETS], path, collectors=COLLECTORS, environ={})


def _source(kind: str) -> dict[str, object]:
    times = [*KINDS[kind].times, *(["pause_start", "pause_end"] if kind == "case" else [])]
    return {
        "collector": "file",
        "path": f"{kind}s.csv",
        "every": "1h",
        "record": kind,
        "id": "id",
        "system": {"column": "system"},
        "times": {name: name for name in times},
        "fields": {
            name: {"column": name, "as": "decimal" if name in NUMBERS else "text"} for name in KINDS[kind].fields
        },
    }


def prepared(config: Config, folder: Path, records: int, unfinished: int) -> Ledger:
    """A ledger with so many decided records and so many open ones; one that was made before serves again."""
    path = folder / f"{records}-{unfinished}.db"
    if path.exists():
        return Ledger.open(path)
    ledger = Ledger.open(path)
    book = Book(ledger, register(ledger, definitions(config)).keys)
    booked = min(records, BOOKED)
    systems = sorted(config.plans[0].systems)
    for kind, made in _made(booked, systems):
        deliver(book, kind, made)
    _repeat(ledger, booked, records)
    for kind, made in _open(unfinished, systems):
        deliver(book, kind, made)
    return ledger


def deliver(book: Book, kind: str, records: list[Record], now: Instant = NOW) -> None:
    """Book records as the last page of a poll that read everything."""
    mapped = Mapped(records, [], [], None)
    covers = (BEGINNING, now)
    book.deliver(Delivery(f"{kind}s", kind, mapped, now, covers=covers, finished=True, mapping_hash="-"))


def _made(count: int, systems: list[str]) -> Iterator[tuple[str, list[Record]]]:
    rng = random.Random(2026)
    for kind, spec in KINDS.items():
        numbers = range(max(1, round(count * spec.share)))
        for begin in range(0, len(numbers), SLICE):
            yield kind, [decided(kind, number, rng, systems) for number in numbers[begin : begin + SLICE]]
    known = {"from": BEGINNING, "to": NOW}
    yield "uptime", [Record("uptime", "uptimes", f"000-{name}", name, known, {"state": "up"}) for name in systems]


def decided(kind: str, number: int, rng: random.Random, systems: list[str]) -> Record:
    """A record of this year on which everything has happened."""
    spec = KINDS[kind]
    at = BEGINNING + rng.randrange((NOW - BEGINNING) // SECOND_US - 40 * 86_400) * SECOND_US
    times = {}
    for name in spec.times:
        times[name] = at
        at += rng.randrange(1, 10 * 86_400 if kind in DAYS_BETWEEN else 600) * SECOND_US
    fields = {name: value for name, values in spec.fields.items() if (value := rng.choice(values)) != ABSENT}
    return Record(kind, f"{kind}s", f"000-{kind}{number:07}", rng.choice(systems), times, fields)


def _open(count: int, systems: list[str]) -> Iterator[tuple[str, list[Record]]]:
    """Open work: mostly cases, some tasks, a few faults of the last minutes."""
    rng = random.Random(1)
    faults, tasks = count // 50, count // 5
    yield "case", [_undecided("case", n, rng, systems) for n in range(count - faults - tasks)]
    yield "task", [_undecided("task", n, rng, systems) for n in range(tasks)]
    yield "fault", [_undecided("fault", n, rng, systems) for n in range(faults)]


def _undecided(kind: str, number: int, rng: random.Random, systems: list[str]) -> Record:
    match kind:
        case "case":
            at = NOW - rng.randrange(1, 10 * 86_400) * SECOND_US
            times = {"accepted_at": at, "due_at": NOW + rng.randrange(3600, 20 * 86_400) * SECOND_US}
        case "task":
            times = {"due_at": NOW + rng.randrange(1, 5 * 86_400) * SECOND_US}
        case _:
            times = {"reported_at": NOW - rng.randrange(600) * SECOND_US}
    fields = {"channel": "online", "state": "accepted"} if kind == "case" else {}
    return Record(kind, f"{kind}s", f"open-{kind}{number:07}", rng.choice(systems), times, fields)


def _repeat(ledger: Ledger, booked: int, records: int) -> None:
    """Copy the booked records until there are enough."""
    copies = records // booked
    with ledger.write() as session:
        top = (session.one("SELECT MAX(pk) FROM record") or (0,))[0]
    for copy in range(1, copies):
        with ledger.write() as session:
            for table, place in ((schema.record, "pk"), (schema.observation, "record"), (schema.sample, "record")):
                changed = {place: f"{place} + {copy * top}", "id": f"'{copy:03}' || substr(id, 4)"}
                names = [column.name for column in table.columns]
                values = ", ".join(changed.get(name, name) for name in names)
                session.run(
                    f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {table.name} "
                    f"WHERE {place} <= {top} ORDER BY {', '.join(column.name for column in table.primary_key)}"
                )
    with ledger.write() as session:
        session.run(
            "UPDATE tally SET "
            + ", ".join(f"{name} = {name} * {copies}" for name in ("good", "bad", "excluded", "num", "den"))
        )
        session.run("UPDATE counter SET record_pk = record_pk * ? WHERE id = 1", (copies,))
        session.run("UPDATE source_state SET records = records * ?1, rows_new = rows_new * ?1", (copies,))
