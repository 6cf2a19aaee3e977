"""Rows from which the ledger's records were made are not mapped again, and that changes nothing else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from agent.book import Book, Booked, definitions, recompute, register
from agent.evaluate import Board
from agent.findings import Findings
from agent.ledger import Ledger
from agent.poll import Round
from collectors import COLLECTORS
from tests.commands import dabiao
from tests.plans import CASE_SOURCE, at, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
COLUMNS = [
    "id",
    "system",
    "accepted_at",
    "due_at",
    "finished_at",
    "changed_at",
    "state",
    "level",
    "days",
    "planned",
    "made",
    "owed",
]


class Reading:
    """A folder with one file of cases, read by the real collector as often as wanted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        (folder / "inbox").mkdir()
        self.file, self.polls = folder / "inbox" / "cases.csv", 0
        self.config = site(folder, {"x": SHARE}, sources={"cases": CASE_SOURCE | {"complete": "1d"}})
        self.ledger = Ledger.open(folder / "ledger.db")
        self.keys = register(self.ledger, definitions(self.config)).keys
        source = self.config.sources[0]
        self.round = Round(source, COLLECTORS[source.collector](source.options), Book(self.ledger, self.keys))

    def read(self, states: dict[str, str], *, complete: bool = False) -> Booked:
        with self.file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(COLUMNS)
            for id, state in states.items():
                writer.writerow([id, "archive", "2026-03-02T10:00", "", "", "", state, "", "", "", "", ""])
        self.polls += 1
        now = at("2030-01-01") + self.polls
        outcome = self.round.run(now, forced=True, complete=complete, allow_withdrawals="wang")
        assert outcome.reason is None
        return outcome.booked

    def states(self) -> dict[str, tuple[str, bool]]:
        with self.ledger.read() as session:
            rows = session.rows("SELECT id, body, withdrawn FROM record")
        return {id: ("done" if '"done"' in body else "open", bool(withdrawn)) for id, body, withdrawn in rows}


@pytest.fixture
def reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    return Reading(tmp_path, monkeypatch)


def test_only_the_changed_row_of_a_file_is_booked(reading: Reading) -> None:
    reading.read({"a": "open", "b": "open", "c": "open"})
    assert reading.read({"a": "open", "b": "done", "c": "open"}) == Booked(0, 1, 2, 0)
    assert reading.read({"a": "open", "b": "open", "c": "open"}) == Booked(0, 1, 2, 0)
    assert recompute(reading.ledger, reading.keys).differences == ()


def test_a_row_passed_over_still_counts_as_seen_in_a_complete_read(reading: Reading) -> None:
    reading.read({"a": "open", "b": "open"}, complete=True)
    reading.read({"a": "open", "b": "done"}, complete=True)
    assert reading.states() == {"a": ("open", False), "b": ("done", False)}


def test_a_record_that_vanished_comes_back_with_the_very_row_it_had(reading: Reading) -> None:
    reading.read({"a": "open", "b": "open"}, complete=True)
    reading.read({"b": "open"}, complete=True)
    assert reading.states()["a"] == ("open", True)
    reading.read({"b": "open", "a": "open"}, complete=True)
    assert reading.states()["a"] == ("open", False)


def test_ids_made_in_another_way_wait_until_the_former_records_may_go(reading: Reading) -> None:
    reading.read({"a": "open", "b": "open"})
    renamed = CASE_SOURCE | {"id": ["id", "system"], "complete": "1d"}
    config = site(reading.file.parents[1], {"x": SHARE}, sources={"cases": renamed})
    source = config.sources[0]
    other = Round(source, COLLECTORS[source.collector](source.options), Book(reading.ledger, reading.keys))
    refused = other.run(at("2030-02-01"), forced=True)
    assert refused.reason is not None
    assert "its ids are now made of id, system" in refused.reason
    assert set(reading.states()) == {"a", "b"}
    assert other.run(at("2030-02-02"), forced=True, allow_withdrawals="wang").reason is None
    assert {id for id, (_, withdrawn) in reading.states().items() if not withdrawn} == {"a/archive", "b/archive"}
    assert recompute(reading.ledger, reading.keys).differences == ()


def test_a_source_that_is_configured_no_longer_is_told_as_long_as_its_records_count(reading: Reading) -> None:
    reading.read({"a": "open"})
    config = site(reading.file.parents[1], {"x": SHARE}, sources={"renamed": CASE_SOURCE})
    snapshot = Board(config, reading.ledger).refresh(at("2030-02-01"))
    found = [(one.kind, one.subject) for one in Findings(config, reading.ledger).of(snapshot)]
    assert ("orphaned_source", "cases") in found
    act = Book(reading.ledger, reading.keys).retire("cases", "改名误读", at("2030-02-02"), "wang")
    assert (act.kind, act.subject, act.body) == (
        "withdraw",
        "cases",
        {"records": 1, "ids": ["a"], "reason": "改名误读"},
    )
    assert reading.states() == {"a": ("open", True)}
    assert recompute(reading.ledger, reading.keys).differences == ()
    snapshot = Board(config, reading.ledger).refresh(at("2030-02-03"))
    assert sum(one.good + one.bad + one.open for one in snapshot.verdicts) == 0
    assert [one for one in Findings(config, reading.ledger).of(snapshot) if one.kind == "orphaned_source"] == []


def test_what_a_retired_source_still_holds_counts_again_once_it_is_configured_again(reading: Reading) -> None:
    reading.read({"a": "open"})
    Book(reading.ledger, reading.keys).retire("cases", "停用", at("2030-01-01") + 10, "wang")
    assert reading.states() == {"a": ("open", True)}
    assert reading.round.run(at("2030-01-01") + 20, forced=True).booked == Booked(0, 1, 0, 0)
    assert reading.states() == {"a": ("open", False)}
    assert recompute(reading.ledger, reading.keys).differences == ()


def test_only_a_source_that_is_configured_no_longer_is_retired_and_with_a_reason(reading: Reading) -> None:
    reading.read({"a": "open"})
    folder = reading.file.parents[1]
    where = ["--ledger", str(folder / "ledger.db")]
    still = dabiao(folder, "retire", "cases", "--reason", "停用", *where)
    assert (still.code, still.complained) == (
        2,
        "dabiao: cases: is still configured; take it out of sources.yaml first\n",
    )
    site(folder, {"x": SHARE}, sources={"renamed": CASE_SOURCE})
    assert dabiao(folder, "retire", "cases", "--reason", " ", *where).complained == (
        "dabiao: --reason: expected why, got nothing\n"
    )
    unknown = dabiao(folder, "retire", "nowhere", "--reason", "停用", *where)
    assert unknown.complained == (
        "dabiao: nowhere: none of its records counts; configured no longer, and counting: cases\n"
    )
    done = dabiao(folder, "retire", "cases", "--reason", "停用", *where)
    assert (done.code, done.told.split(" (")[0]) == (0, "cases: 1 records count no more")
    assert reading.states() == {"a": ("open", True)}
