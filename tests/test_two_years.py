"""Two years' files at once: each owns the days of its year, and a target may change within one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.asking import asked
from agent.book import Book, Delivery, definitions, register
from agent.config import Config, load, parse_target
from agent.evaluate import Board, plans_in_force, plans_of_days, target_on
from agent.explain import explain
from agent.ledger import Ledger
from agent.model import ConfigError, Mapped, Record, Verdict
from agent.shown import shown_target
from agent.status import Question
from collectors import COLLECTORS
from tests.plans import at, case, site

ANSWERED = {
    "kind": "on_time",
    "of": "case",
    "from": "accepted_at",
    "to": "finished_at",
    "limit": "2 h",
    "cohort": "accepted_at",
}
SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
TAKEN = {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at"}


class Years:
    """A ledger under the files of 2026 and 2027."""

    def __init__(self, folder: Path) -> None:
        for year in (2026, 2027):
            (folder / str(year)).mkdir()
            site(folder / str(year), {"x": ANSWERED}, target=f">= {year - 1936} %", top={"year": str(year)})
        files = [folder / str(year) / "targets.yaml" for year in (2027, 2026)]
        self.config: Config = load(files, folder / "2026" / "sources.yaml", collectors=COLLECTORS)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)

    def tell(self, *records: Record) -> None:
        mapped = Mapped(list(records), [], [], None)
        self.book.deliver(Delivery("cases", "case", mapped, 0, finished=True, covers=(0, at("2030-01-01"))))

    def asked(self, question: Question, now: str, window: str) -> Verdict:
        with asked(self.config, self.ledger, question, at(now)) as (_, snapshot, _):
            (found,) = [v for v in snapshot.verdicts if v.window.name == window and v.system is None]
        return found


@pytest.fixture
def years(tmp_path: Path) -> Iterator[Years]:
    made = Years(tmp_path)
    made.tell(case("new-year", accepted_at="2026-12-31T23:30", finished_at="2027-01-01T00:30"))
    yield made
    made.ledger.close()


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def test_a_fault_of_new_years_eve_answered_in_january_belongs_to_the_old_year(years: Years) -> None:
    old = years.asked(Question(first=day("2026-01-01"), last=day("2027-01-01")), "2027-02-01", "custom")
    new = years.asked(Question(), "2027-02-01", "ytd")
    assert (old.good, new.good) == (1, 0)
    assert (old.target and old.target.value, new.target and new.target.value) == (Fraction(9, 10), Fraction(91, 100))


def test_the_old_year_is_reached_by_judging_on_its_last_day(years: Years) -> None:
    years.tell(case("before", accepted_at="2026-12-31T10:00", finished_at="2026-12-31T11:00"))
    then = years.asked(Question(at=at("2026-12-31T23:59")), "2027-02-01", "year")
    assert (then.good, then.open) == (1, 1)
    assert date.fromordinal(then.window.first) == date(2026, 1, 1)


def test_the_old_year_is_explained_with_its_own_target(years: Years) -> None:
    question = Question(first=day("2026-01-01"), last=day("2027-01-01"))
    with asked(years.config, years.ledger, question, at("2027-02-01")) as (board, snapshot, _):
        told = explain(years.config, board.ledger, snapshot, "ops", "x", "custom")
    assert told.version is not None
    assert (told.version.year, told.verdict.good) == (2026, 1)
    assert told.target == shown_target(parse_target(">= 90 %"))


def test_days_of_two_plans_are_refused_with_both_files_named(years: Years) -> None:
    with pytest.raises(ConfigError) as refused:
        years.asked(Question(first=day("2026-12-01"), last=day("2027-02-01")), "2027-02-01", "custom")
    (line,) = refused.value.problems
    assert line.startswith("from and to: expected days of one plan, got 2026-12-01 to 2027-02-01: ")
    assert "2026/targets.yaml owns those of 2026" in line
    assert "2027/targets.yaml those of 2027" in line


@pytest.mark.parametrize(
    ("first", "year"), [("2019-05-01", 2026), ("2026-12-31", 2026), ("2027-01-01", 2027), ("2030-01-01", 2027)]
)
def test_the_earliest_plan_owns_all_before_and_the_latest_all_after(years: Years, first: str, year: int) -> None:
    assert [plan.year for plan in plans_of_days(years.config.plans, day(first), day(first) + 1)] == [year]


def test_a_project_without_a_plan_of_its_own_year_keeps_the_one_before(years: Years) -> None:
    old, new = years.config.plans
    (project,) = old.projects
    kept = replace(old, projects=(project, replace(project, id="archive")))
    named = [
        [(plan.year, one.id) for one in plan.projects] for plan in plans_in_force([kept, new], at("2027-02-01T10:00"))
    ]
    assert named == [[(2026, "archive")], [(2027, "ops")]]


def test_an_agent_that_runs_over_new_year_goes_on_with_the_new_plan(years: Years) -> None:
    board = Board(years.config, years.ledger)
    targets = []
    for now in ("2026-12-31T23:59:59", "2027-01-01T00:00:01"):
        snapshot = board.refresh(at(now))
        (found,) = [v for v in snapshot.verdicts if v.window.name == "ytd" and v.system is None]
        targets.append(found.target and found.target.value)
    assert targets == [Fraction(9, 10), Fraction(91, 100)]


# --- targets that change within the year ------------------------------------------------------------------------------

STRICTER = [{"target": ">= 50 %"}, {"from": "2026-07-01", "target": ">= 80 %"}]


def dated(folder: Path, measure: Mapping[str, Any], target: Sequence[Mapping[str, str]]) -> Config:
    return site(folder, {"x": measure}, keys={"target": target})


@pytest.mark.parametrize(
    ("now", "window", "state"),
    [
        ("2026-06-30T10:00", "ytd", "met"),  # judged today
        ("2026-07-01T10:00", "ytd", "missed"),
        ("2026-06-30T10:00", "7d", "met"),
        ("2026-07-02T10:00", "7d", "missed"),  # the days before the change are judged with those after it
        ("2026-06-30T10:00", "year", "met"),  # its last day lies ahead
    ],
)
def test_a_window_is_judged_against_the_target_of_its_last_day(
    tmp_path: Path, now: str, window: str, state: str
) -> None:
    config, ledger = dated(tmp_path, SHARE, STRICTER), Ledger.open(tmp_path / "ledger.db")
    records = [case(str(n), accepted_at="2026-06-29T10:00", state="done" if n else "open") for n in range(3)]
    Book(ledger, register(ledger, definitions(config)).keys).deliver(
        Delivery("cases", "case", Mapped(records, [], [], None), 0, finished=True, covers=(0, at("2030-01-01")))
    )
    snapshot = Board(config, ledger).refresh(at(now))
    (found,) = [v for v in snapshot.verdicts if v.window.name == window and v.system is None]
    assert found.state == state
    ledger.close()


def test_a_record_is_held_to_the_limit_in_force_on_its_own_day(tmp_path: Path) -> None:
    config = dated(tmp_path, TAKEN, [{"target": "<= 10 min"}, {"from": "2026-07-01", "target": "<= 5 min"}])
    (one,) = definitions(config)
    outcomes = [
        one.observe(case("1", accepted_at=f"2026-{day}T23:58", finished_at=f"{done}T00:05"))[0].outcome.name
        for day, done in (("06-30", "2026-07-01"), ("07-01", "2026-07-02"))
    ]
    assert outcomes == ["GOOD", "BAD"]
    (row,) = config.plans[0].projects[0].indicators
    assert [(found := target_on(row, day(text))) and found.value for text in ("2026-06-30", "2026-07-01")] == [600, 300]
