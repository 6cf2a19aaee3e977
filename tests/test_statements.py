"""What people state: the last word of the year so far, judged like any value, and owed again once the year is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.asking import answer
from agent.book.statements import ATTEST
from agent.config import Config
from agent.evaluate import Board
from agent.ledger import Ledger, acts, evidence
from agent.model import Band, State, Verdict
from agent.status import Question
from tests.plans import at, site

ENTERED = {"kind": "entered", "unit": "ratio"}
ATTESTED = {"kind": "attested", "accept": ["健全"]}
SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
SOUND: dict[str, Any] = {"word": "健全", "band": "achieved"}


class Office:
    """A ledger with one indicator `x`, of which people state what they know."""

    def __init__(self, folder: Path, measure: dict[str, Any], **more: Any) -> None:
        self.config: Config = site(folder, {"x": measure}, **more)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.board = Board(self.config, self.ledger)

    def state(self, when: str, through: str, year: int = 2026, **said: Any) -> None:
        indicator = self.config.plans[0].projects[0].indicators[0]
        body = {"year": year, "through": through, **said}
        with self.ledger.write() as session:
            acts.append(session, at(when), "wang", ATTEST, f"{indicator.project}/{indicator.id}", body)

    def verdict(self, now: str, window: str = "ytd") -> Verdict:
        snapshot = self.board.refresh(at(now))
        (found,) = [v for v in snapshot.verdicts if v.window.name == window and v.system is None]
        return found


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    made: list[Office] = []

    def build(measure: dict[str, Any], **more: Any) -> Office:
        made.append(Office(tmp_path, measure, **more))
        return made[-1]

    yield build
    for one in made:
        one.ledger.close()


def test_a_number_that_is_stated_is_judged_on_full_precision(make: Callable[..., Office]) -> None:
    office = make(ENTERED, target=">= 95 %")
    assert office.verdict("2026-06-01T10:00").reason == "unstated"
    office.state("2026-06-01T11:00", "2026-05-31", numerator="94996", denominator="100000")
    verdict = office.verdict("2026-06-01T12:00")
    assert (verdict.value, verdict.state, verdict.reason) == (Fraction(94996, 100000), State.MISSED, None)
    office.state("2026-06-01T13:00", "2026-05-31", numerator="95", denominator="100")
    assert office.verdict("2026-06-01T14:00").state is State.MET


@pytest.mark.parametrize(
    ("band", "state"), [(Band.ACHIEVED, State.MET), (Band.PARTLY, State.MISSED), (Band.NOT_ACHIEVED, State.MISSED)]
)
def test_a_quality_is_met_in_the_upper_band_alone(make: Callable[..., Office], band: Band, state: State) -> None:
    office = make(ATTESTED, target="健全")
    office.state("2026-06-01T11:00", "2026-05-31", word="健全", band=band.value)
    verdict = office.verdict("2026-06-01T12:00")
    assert (verdict.text, verdict.state) == ("健全", state)
    assert verdict.stated is not None
    assert (verdict.stated.account, verdict.stated.through) == ("wang", date(2026, 5, 31).toordinal())


def test_what_speaks_of_part_of_the_year_is_owed_again_once_the_year_is_over(make: Callable[..., Office]) -> None:
    office = make(ATTESTED, target="健全", keys={"attest_by": "2027-01-20"})
    office.state("2026-08-05T10:00", "2026-07-31", **SOUND)
    assert office.verdict("2026-12-31T23:00").state is State.MET
    assert "interim" not in office.verdict("2026-12-31T23:00").flags

    def of_the_year(now: str) -> dict[str, Any]:
        asked = Question("custom", date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
        (found,) = answer(office.config, office.ledger, asked, at(now))["indicators"]
        assert isinstance(found, dict)
        return found

    early = of_the_year("2027-01-10T10:00")
    assert (early["state"], "interim" in early["flags"]) == ("met", True)
    late = of_the_year("2027-01-20T10:00")
    assert (late["state"], late["reason"], late["value"]) == ("pending", "interim", "健全")
    office.state("2027-01-21T10:00", "2026-12-31", **SOUND)
    final = of_the_year("2027-01-22T10:00")
    assert (final["state"], "interim" in final["flags"]) == ("met", False)


def test_a_statement_is_of_the_year_so_far_and_no_other_window_has_it(make: Callable[..., Office]) -> None:
    office = make(ATTESTED, target="健全")
    office.state("2026-06-01T11:00", "2026-05-31", **SOUND)
    for window in ("today", "7d", "30d", "month", "quarter"):
        verdict = office.verdict("2026-06-01T12:00", window)
        assert (verdict.state, verdict.reason, verdict.text) == (State.NOT_APPLICABLE, "yearly", None)
    assert office.verdict("2026-06-01T12:00", "year").state is State.MET


def test_a_period_is_judged_by_what_was_said_of_it_and_not_of_later(make: Callable[..., Office]) -> None:
    office = make(ENTERED, target=">= 95 %")
    office.state("2026-08-05T10:00", "2026-07-31", numerator="60", denominator="100")
    office.state("2026-11-05T10:00", "2026-10-31", numerator="90", denominator="100")
    asked = Question("custom", date(2026, 1, 1).toordinal(), date(2026, 8, 1).toordinal())
    (seven_months,) = answer(office.config, office.ledger, asked, at("2026-11-20T10:00"))["indicators"]
    assert seven_months["value"] == 0.6
    (then,) = answer(office.config, office.ledger, Question(at=at("2026-09-01T00:00")), at("2026-11-20T10:00"))[
        "indicators"
    ]
    assert then["value"] == 0.6
    assert office.verdict("2026-11-20T10:00").value == Fraction(9, 10)


def test_a_row_that_does_not_apply_has_no_value_whatever_measures_it(make: Callable[..., Office]) -> None:
    office = make(SHARE)
    office.state("2026-06-01T11:00", "2026-05-31", not_applicable=True, reason="本年度无此项")
    verdict = office.verdict("2026-06-01T12:00")
    assert (verdict.state, verdict.reason, verdict.value) == (State.NOT_APPLICABLE, "declared", None)


def test_a_statement_taken_back_leaves_the_one_before(make: Callable[..., Office]) -> None:
    office = make(ENTERED, target=">= 95 %")
    office.state("2026-08-05T10:00", "2026-07-31", numerator="60", denominator="100")
    office.state("2026-08-06T10:00", "2026-07-31", numerator="6", denominator="100")
    office.state("2026-08-06T11:00", "2026-07-31", withdrawn=True)
    assert office.verdict("2026-08-07T10:00").value == Fraction(6, 10)


def test_a_statement_of_another_year_says_nothing_of_this_one(make: Callable[..., Office]) -> None:
    office = make(ATTESTED, target="健全")
    office.state("2026-01-05T10:00", "2025-12-31", year=2025, **SOUND)
    assert office.verdict("2026-06-01T12:00").reason == "unstated"


def test_the_same_file_is_kept_once_whoever_brings_it(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    with ledger.write() as session:
        first = evidence.keep(session, b"minutes")
    with ledger.write() as session:
        assert evidence.keep(session, b"minutes") == first
        evidence.keep(session, b"survey")
    with ledger.read() as session:
        kept = dict(evidence.contents(session))
    ledger.close()
    assert len(kept) == 2
    assert kept[first] == b"minutes"
