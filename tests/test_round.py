"""One round of one source: from when on it asks, whom it waits for, what it tells of a failure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from agent.book import Book, Booked, definitions, register
from agent.ledger import Ledger
from agent.model import CollectError, Page, Poll
from agent.poll import Round, now_instant
from agent.worktime.duration import DAY_US, HOUR_US, MINUTE_US
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


LOG = {
    "collector": "file",
    "record": "case",
    "id": "id",
    "event": "event",
    "at": "at",
    "times": {"accepted_at": {"first": "taken"}, "finished_at": {"last": "closed"}},
    "fields": {"state": {"last": "state"}},
}


def test_an_event_that_two_files_tell_is_one_event_in_whichever_order_they_come(tmp_path: Path) -> None:
    told = [
        "1,taken,2026-03-01 09:00:00,open",
        "1,closed,2026-03-01 10:00:00,done",
        "1,closed,2026-03-01 11:00:00,done",
    ]
    parts = {"cases1.csv": told[:2], "cases2.csv": told[1:]}
    bodies = []
    for names in (["cases1.csv", "cases2.csv"], ["cases2.csv", "cases1.csv"]):
        (folder := tmp_path / names[0]).mkdir()
        one = round_of(folder, LOG | {"path": str(folder / "cases*.csv")})
        for later, name in enumerate(names):
            (folder / name).write_text("\n".join(["id,event,at,state", *parts[name]]) + "\n")
            assert one.run(now_instant() + DAY_US + later * HOUR_US, forced=True).reason is None
        with one.book.ledger.read() as session:
            assert session.rows("SELECT COUNT(*) FROM event") == [(3,)]
            bodies += session.rows("SELECT body FROM record")
        one.book.ledger.close()
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


class Interrupted(Exception):
    """As if the agent was killed."""


class Numbers:
    """A source of three numbers, a page each, that breaks off before one of them."""

    revisions: ClassVar[bool] = True

    def __init__(self) -> None:
        self.breaks: tuple[int, Exception] | None = None

    def fetch(self, poll: Poll) -> Iterator[Page]:
        through = (poll.cursor or {"through": 0})["through"]
        for number in range(through + 1, 4):
            if self.breaks is not None and number == self.breaks[0]:
                raise self.breaks[1]
            row = {"id": str(number), "accepted_at": "2026-03-01 10:00:00", "state": "done"}
            cells = tuple(row[column] for column in poll.columns)
            yield Page([cells], where="numbers", numbers=[number], cursor={"through": number})
        yield Page(covers=(0, poll.now))


def numbers(folder: Path) -> tuple[Numbers, Round]:
    source = {key: TABLE[key] for key in ("collector", "query", "record", "id", "times", "fields")}
    made = round_of(folder, source | {"url": "sqlite://"})
    collector = Numbers()
    return collector, Round(made.source, collector, made.book)


def test_a_round_cut_off_anywhere_is_gone_on_with_from_what_was_booked(tmp_path: Path) -> None:
    for stop in (1, 2, 3):
        (folder := tmp_path / str(stop)).mkdir()
        collector, one = numbers(folder)
        collector.breaks = stop, Interrupted()
        with pytest.raises(Interrupted):
            one.run(at("2026-03-30T10:00"), forced=True)
        collector.breaks = None
        assert one.run(at("2026-03-30T10:01"), forced=True).reason is None
        with one.book.ledger.read() as session:
            assert session.rows("SELECT id FROM record ORDER BY id") == [("1",), ("2",), ("3",)]
        one.book.ledger.close()


def test_what_was_read_before_a_source_failed_is_not_read_again(tmp_path: Path) -> None:
    collector, one = numbers(tmp_path)
    collector.breaks = 3, CollectError("gone")
    assert one.run(at("2026-03-30T10:00"), forced=True).booked == Booked(new=2)
    collector.breaks = None
    assert one.run(at("2026-03-30T10:01"), forced=True).booked == Booked(new=1)
    one.book.ledger.close()


def test_beside_a_file_that_cannot_be_read_the_others_are_read_once(tmp_path: Path) -> None:
    named = {key: value for key, value in CASE_SOURCE.items() if key not in ("system", "changed_at")}
    path = {"path": str(tmp_path / "cases*.csv"), "times": {"accepted_at": "at"}, "fields": {"state": "state"}}
    one = round_of(tmp_path, named | path)
    (tmp_path / "cases1.csv").write_text("id,at,state\n1,2026-03-01 10:00:00,done\n")
    (tmp_path / "cases2.csv").write_text("\n")
    later = now_instant() + DAY_US
    outcomes = [one.run(later + minute * MINUTE_US, forced=True) for minute in (0, 1)]
    assert [outcome.booked for outcome in outcomes] == [Booked(new=1), Booked()]
    assert all("cases2.csv" in (outcome.reason or "") for outcome in outcomes)
    one.book.ledger.close()
