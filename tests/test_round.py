"""One round of one source: from when on it asks, whom it waits for, what it tells of a failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
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


def test_a_complete_read_of_changes_begins_at_the_start(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "desk.db")
    database.execute("CREATE TABLE cases (id, accepted_at, state, changed_at)")
    rows = [(str(n), "2026-03-01 10:00:00", "done", f"2026-03-{n:02d} 10:00:00") for n in range(1, 21)]
    database.executemany("INSERT INTO cases VALUES (?,?,?,?)", rows)
    database.commit()
    one = round_of(tmp_path, TABLE | {"url": f"sqlite:///{tmp_path / 'desk.db'}"})
    assert one.run(at("2026-03-30"), forced=True).booked == Booked(new=20)
    assert one.run(at("2026-03-30T01:00"), forced=True).booked == Booked(same=1)  # the last change and the overlap
    everything = one.run(at("2026-03-30T02:00"), forced=True, complete=True)
    assert (everything.reason, everything.booked) == (None, Booked(same=20))
    database.execute("DELETE FROM cases WHERE id = '7'")
    database.commit()
    database.close()
    assert one.run(at("2026-03-30T03:00"), forced=True, complete=True).booked == Booked(changed=1, same=19)


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
