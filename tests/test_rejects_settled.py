"""Rows that could not be read are settled once their source has corrected them, and open again when they come back."""

from __future__ import annotations

import os
from pathlib import Path

from agent.model import SECOND_US
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
