"""Days on which promises are argued about, from the record to the verdict."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.model import Record, Stage, State, Verdict
from tests.plans import CASE_SOURCE, at, booked, case, site

NEXT_DAY = {
    "kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "cohort": "accepted_at",
    "limit": "1 workday", "clock": "workdays",
}  # fmt: skip
SOURCE = CASE_SOURCE | {"times": {name: name for name in ("accepted_at", "due_at", "finished_at", "stop_at", "go_at")}}


def judged(
    folder: Path, measure: dict[str, Any], now: str, *records: Record, window: str = "year", **more: Any
) -> Verdict:
    config = site(folder, {"x": measure}, sources={"cases": SOURCE}, **more)
    with closing(Ledger.open(folder / "ledger.db")) as ledger:
        booked(ledger, config, list(records))
        found = Board(config, ledger).refresh(at(now)).verdicts
        return next(v for v in found if (v.window.name, v.system) == (window, None))


@pytest.mark.parametrize(
    ("accepted", "last"),
    [
        ("2026-03-02T23:59:59", "2026-03-03"),  # a minute before midnight the day is still that day
        ("2026-03-03T00:00:00", "2026-03-04"),
        ("2026-02-13T10:00:00", "2026-02-14"),  # Saturday, worked for Spring Festival
        ("2026-02-14T10:00:00", "2026-02-24"),  # then ten days off, 15 to 23 February
        ("2026-01-02T10:00:00", "2026-01-04"),  # Sunday, worked for New Year: the first week of January
        ("2026-09-30T10:00:00", "2026-10-08"),  # no deadline falls into National Day
    ],
)
def test_one_working_day_ends_at_the_last_microsecond_of_the_next_one(tmp_path: Path, accepted: str, last: str) -> None:
    in_time = case("1", accepted_at=accepted, finished_at=f"{last}T23:59:59.999999")
    verdict = judged(tmp_path, NEXT_DAY, f"{last}T23:59:59.999999", in_time, case("2", accepted_at=accepted))
    assert (verdict.good, verdict.bad, verdict.open) == (1, 0, 1)
    (tmp_path / "ledger.db").unlink()
    late = case("1", accepted_at=accepted, finished_at=str(at_midnight_after(last)))
    verdict = judged(tmp_path, NEXT_DAY, str(at_midnight_after(last)), late, case("2", accepted_at=accepted))
    assert (verdict.good, verdict.bad, verdict.open) == (0, 2, 0)


def at_midnight_after(day: str) -> str:
    year, month, number = day.split("-")
    return f"{year}-{month}-{int(number) + 1:02d}T00:00:00"


def test_a_due_time_the_source_gives_counts_on_a_holiday_too(tmp_path: Path) -> None:
    measure = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
    holiday = {"accepted_at": "2026-09-20T10:00", "due_at": "2026-10-01T23:59:59"}
    records = [
        case("1", finished_at="2026-10-01T23:59:59", **holiday),
        case("2", finished_at="2026-10-02T00:00", **holiday),
    ]
    verdict = judged(tmp_path, measure, "2026-10-09T10:00", *records)
    assert (verdict.good, verdict.bad) == (1, 1)


def test_a_day_after_december_is_open_until_next_years_notice_decides(tmp_path: Path) -> None:
    measure = NEXT_DAY | {"limit": "5 workdays"}
    record = case("1", accepted_at="2026-12-29T10:00", finished_at="2027-01-04T10:00")
    waiting = judged(tmp_path, measure, "2026-12-31T23:00", record)
    assert (waiting.good, waiting.bad, waiting.open) == (0, 0, 1)
    (tmp_path / "ledger.db").unlink()
    notice = {"calendar": {"years": {"2027": {"holidays": ["2027-01-01"]}}}}
    decided = judged(tmp_path, measure, "2026-12-31T23:00", record, top=notice)
    assert (decided.good, decided.bad, decided.open) == (1, 0, 0)


def test_a_pause_that_is_open_at_the_years_end_is_neither_kept_nor_missed(tmp_path: Path) -> None:
    measure = NEXT_DAY | {"pause": {"from": "stop_at", "to": "go_at"}, "limit": "3 workdays"}
    record = case("1", accepted_at="2026-12-21T10:00", stop_at="2026-12-22T10:00")
    verdict = judged(tmp_path, measure, "2026-12-31T23:59:59", record)
    assert (verdict.good, verdict.bad, verdict.stages[Stage.PAUSED]) == (0, 0, 1)


def test_a_month_in_which_nothing_happened_is_empty_and_says_so(tmp_path: Path) -> None:
    config = site(tmp_path, {"x": NEXT_DAY}, sources={"cases": SOURCE})
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        booked(ledger, config, [case("1", accepted_at="2026-03-02T10:00", finished_at="2026-03-02T11:00")])
        snapshot = Board(config, ledger).refresh(at("2026-04-15T10:00"))
        found = {v.window.name: v for v in snapshot.verdicts if v.system is None}
        assert (found["month"].state, found["month"].value, found["ytd"].state) == (State.EMPTY, None, State.MET)
        assert (
            explain(config, ledger, snapshot, "ops", "x", "month").why == "区间已完整读取，没有应计入的记录，不作判定"
        )
