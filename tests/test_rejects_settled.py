"""Rows that could not be read are settled once their source has corrected them, and open again when they come back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.book import Delivery
from agent.model import SECOND_US, Mapped, Reject
from agent.poll import unresolved
from tests.plans import CASE_SOURCE, at
from tests.test_round import round_of

HEAD = "id,system,accepted_at,due_at,finished_at,state,level,days,planned,made,owed,changed_at\n"
GOOD = "1,archive,2026-03-02T10:00:00,,,done,,,,,,2026-03-02T11:00:00\n"
BAD = GOOD.replace("2026-03-02T10:00:00", "yesterday")
OTHER = "2,archive,2026-03-02T10:00:00,,,done,,,,,,2026-03-02T11:00:00\n"


def test_a_row_the_source_corrects_is_settled_and_one_that_comes_back_is_open_again(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    one = round_of(tmp_path, CASE_SOURCE | {"path": str(inbox / "cases*.csv")})

    def left(minute: int, *rows: str) -> int:
        now = at(f"2026-03-03T10:{minute:02d}")
        (inbox / "cases.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
        os.utime(inbox / "cases.csv", (now // SECOND_US - 30,) * 2)
        outcome = one.run(now, forced=True)
        assert outcome.reason is None
        return len(unresolved(one.book.ledger, ["cases"], 9))

    assert left(0, BAD) == 1
    assert left(1, BAD, OTHER) == 1  # another record settles nothing
    assert left(2, GOOD, OTHER) == 0
    with one.book.ledger.read() as session:
        assert session.rows("SELECT COUNT(*) FROM reject") == [(1,)]  # kept
    assert left(3, BAD, OTHER) == 1
    assert left(4, GOOD, OTHER, BAD) == 1  # a bad row beside a good one of the same id


class Folder:
    """A drop folder, polled once a minute."""

    def __init__(self, folder: Path, **keys: object) -> None:
        self.inbox, self.minute = folder / "inbox", 0
        self.inbox.mkdir()
        source = CASE_SOURCE | {"path": str(self.inbox / "*.csv")} | keys
        self.round = round_of(folder, {name: value for name, value in source.items() if value is not None})

    def left(self, complete: bool = False, **files: str | None) -> int:
        """How many rows wait after these files were written (None: taken away) and everything new was read."""
        self.minute += 1
        now = at(f"2026-03-03T10:{self.minute:02d}")
        for name, text in files.items():
            path = self.inbox / f"{name}.csv"
            if text is None:
                path.unlink()
                continue
            path.write_text(text, encoding="utf-8")
            os.utime(path, (now // SECOND_US - 30,) * 2)
        assert self.round.run(now, forced=True, complete=complete).reason is None
        return len(unresolved(self.round.book.ledger, ["cases"], 9))


NAMELESS = "," + GOOD.partition(",")[2]


@pytest.mark.parametrize("bad", [NAMELESS, "1,archive\n", '1,"broken"quoting,,,,,,,,,,\n'])
def test_a_row_whose_id_cannot_be_read_is_settled_once_its_file_no_longer_holds_it(tmp_path: Path, bad: str) -> None:
    folder = Folder(tmp_path)
    assert folder.left(one=HEAD + bad, two=HEAD + OTHER) == 1
    assert folder.left(two=HEAD + OTHER + GOOD) == 1  # another file says nothing of it
    assert folder.left(one=HEAD + OTHER + bad) == 1  # it has only moved
    assert folder.left(one=HEAD + OTHER) == 0
    assert folder.left(one=HEAD + OTHER + bad) == 1
    assert folder.left(one=HEAD) == 0


def test_a_row_met_in_one_part_of_a_long_file_is_not_settled_by_its_last(tmp_path: Path) -> None:
    book, bad = Folder(tmp_path).round.book, Reject("one.csv:7", "id: expected a value, got none", {"id": None})

    def parts(*found: list[Reject]) -> int:
        met: set[int] = set()
        for place, rejects in enumerate(found):
            whole = "one.csv" if place == len(found) - 1 else None
            book.deliver(Delivery("cases", "case", Mapped([], [], rejects, None), 0, met=met, read_whole=whole))
        return len(unresolved(book.ledger, ["cases"], 9))

    assert parts([bad], []) == 1
    assert parts([], [bad]) == 1
    assert parts([], []) == 0


def test_a_row_of_a_log_is_settled_once_its_file_no_longer_holds_it(tmp_path: Path) -> None:
    head = "id,what,when,system,state\n"
    good = "1,accepted,2026-03-02T10:00:00,archive,done\n"
    times, fields = {"accepted_at": {"first": "accepted"}}, {"state": {"last": "state"}}
    folder = Folder(tmp_path, event="what", at="when", times=times, fields=fields, changed_at=None)
    assert folder.left(log=head + good.replace("2026-03-02T10:00:00", "noon")) == 1
    assert folder.left(log=head + good.replace("2026-03-02T10:00:00", "noon") + good) == 1
    assert folder.left(log=head + good) == 0


def test_a_row_is_settled_once_everything_was_read_and_it_was_nowhere(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.left(one=HEAD + NAMELESS, two=HEAD + OTHER) == 1
    assert folder.left(one=None) == 1  # its file has gone, which by itself corrects nothing
    assert folder.left(complete=True) == 0
