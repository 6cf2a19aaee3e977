"""One round of one source: from when on it asks, whom it waits for, what it tells of a failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.book import Book, Booked, definitions, register
from agent.ledger import Ledger
from agent.poll import Round, now_instant
from collectors import COLLECTORS
from tests.plans import CASE_SOURCE, at, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
TABLE = {
    "collector": "sql",
    "query": "SELECT id, accepted_at, state, changed_at FROM cases WHERE changed_at >= :since",
    "since": {"column": "changed_at", "format": "%Y-%m-%d %H:%M:%S", "start": "2026-01-01", "overlap": "1h"},
    "record": "case",
    "id": "id",
    "times": {"accepted_at": "accepted_at"},
    "fields": {"state": "state"},
    "changed_at": "changed_at",
    "complete": "1d",
}


def round_of(folder: Path, source: Mapping[str, Any]) -> Round:
    config = site(folder, {"x": SHARE}, sources={"cases": source})
    ledger = Ledger.open(folder / "ledger.db")
    book = Book(ledger, register(ledger, definitions(config)).keys)
    (one,) = config.sources
    return Round(one, COLLECTORS[one.collector](one.options), book)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as opened:
        opened.execute("CREATE TABLE cases (id, accepted_at, state, changed_at)")
        yield opened


@pytest.fixture
def tell(database: sqlite3.Connection) -> Callable[[str, str], None]:
    """Puts a case, changed at some time, into the table that is read."""

    def put(id: str, changed_at: str) -> None:
        database.execute("INSERT INTO cases VALUES (?, '2026-03-01 10:00:00', 'done', ?)", (id, changed_at))

    return put


@pytest.fixture
def one(tmp_path: Path, database: sqlite3.Connection) -> Iterator[Round]:
    """Rounds of that table."""
    made = round_of(tmp_path, TABLE | {"url": f"sqlite:///{tmp_path / 'desk.db'}"})
    yield made
    made.book.ledger.close()


def test_a_complete_read_of_changes_begins_at_the_start(
    database: sqlite3.Connection, tell: Callable[[str, str], None], one: Round
) -> None:
    for n in range(1, 21):
        tell(str(n), f"2026-03-{n:02d} 10:00:00")
    assert one.run(at("2026-03-30"), forced=True).booked == Booked(new=20)
    assert one.run(at("2026-03-30T01:00"), forced=True).booked == Booked(same=1)  # the last change and the overlap
    everything = one.run(at("2026-03-30T02:00"), forced=True, complete=True)
    assert (everything.reason, everything.booked) == (None, Booked(same=20))
    database.execute("DELETE FROM cases WHERE id = '7'")
    assert one.run(at("2026-03-30T03:00"), forced=True, complete=True).booked == Booked(changed=1, same=19)


def test_a_row_that_comes_late_is_read_within_the_overlap(tell: Callable[[str, str], None], one: Round) -> None:
    tell("1", "2026-03-30 10:00:00")
    assert one.run(at("2026-03-30T10:01"), forced=True).booked == Booked(new=1)
    tell("2", "2026-03-30 09:00:00")
    tell("3", "2026-03-30 08:59:59")  # only a complete read finds this one
    assert one.run(at("2026-03-30T10:02"), forced=True).booked == Booked(new=1, same=1)
    assert one.run(at("2026-03-30T10:03"), forced=True, complete=True).booked == Booked(new=1, same=2)


def test_a_change_dated_in_the_future_keeps_no_row_from_being_read(
    tell: Callable[[str, str], None], one: Round
) -> None:
    tell("1", "2026-06-01 10:00:00")
    assert one.run(at("2026-03-30T10:00"), forced=True).booked == Booked(new=1)
    tell("2", "2026-03-30 10:01:00")
    assert one.run(at("2026-03-30T10:02"), forced=True).booked == Booked(new=1, same=1)


@pytest.mark.parametrize(("asked", "settle", "booked"), [(True, "1s", Booked(new=1)), (False, "1h", Booked())])
def test_who_asks_for_a_round_is_given_the_file_that_was_only_just_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool, settle: str, booked: Booked
) -> None:
    monkeypatch.chdir(tmp_path)
    source = CASE_SOURCE | {
        "path": "cases.csv",
        "settle": settle,
        "times": {"accepted_at": "at"},
        "fields": {"state": "state"},
    }
    one = round_of(tmp_path, {name: key for name, key in source.items() if name not in ("system", "changed_at")})
    (tmp_path / "cases.csv").write_text("id,at,state\n1,2026-03-01 10:00:00,done\n")
    assert one.run(now_instant(), forced=asked).booked == booked
