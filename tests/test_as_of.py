"""What was known then: a ledger as of an instant equals a fresh one to which only that much had arrived."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.book import Book, Delivery, definitions, ledger_at, register
from agent.config import Config
from agent.evaluate import Board
from agent.ledger import Ledger
from agent.model import ConfigError, Mapped, Record, Verdict
from tests.plans import at, case, site

MEASURES: dict[str, dict[str, Any]] = {
    "on-time": {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"},
    "mean": {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at"},
    "longest": {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "max"},
    "done": {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"finished_at": "present"}},
}
HOUR_US = 3_600_000_000
BEGIN = at("2026-03-02T08:00")


def hour(number: int) -> str:
    return f"2026-03-{2 + number // 24:02d}T{number % 24:02d}:00"


@st.composite
def versions(draw: Callable[[Any], Any]) -> Record:
    """A version of one of three cases, which may be finished, moved to another system or withdrawn."""
    begun = draw(st.integers(0, 20))
    values = {"accepted_at": hour(begun), "due_at": hour(begun + draw(st.integers(1, 20)))}
    if draw(st.booleans()):
        values["finished_at"] = hour(begun + draw(st.integers(0, 30)))
    record = case(draw(st.sampled_from("abc")), system=draw(st.sampled_from(["archive", "portal"])), **values)
    return record._replace(version=draw(st.integers(1, 5)), withdrawn=draw(st.integers(0, 5)) == 0)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return site(tmp_path_factory.mktemp("site"), MEASURES)


def told(ledger: Ledger, config: Config, batches: list[list[Record]]) -> None:
    """Each batch is learned an hour after the one before."""
    book = Book(ledger, register(ledger, definitions(config)).keys)
    for place, records in enumerate(batches):
        learned = BEGIN + place * HOUR_US
        mapped = Mapped(records, [], [], None)
        book.deliver(Delivery("cases", "case", mapped, learned, finished=True, covers=(0, learned)))


def facts(ledger: Ledger, config: Config, instant: int) -> list[tuple[Any, ...]]:
    """What the verdicts say of records; which batch it was read from does not matter."""

    def of(one: Verdict) -> tuple[Any, ...]:
        numbers = (one.good, one.bad, one.open, one.excluded, one.value, one.next_due)
        return (one.indicator, one.system or "", one.window.name, *numbers)

    found = [of(verdict) for verdict in Board(config, ledger).refresh(instant).verdicts]
    return sorted((one for one in found if any(one[3:7])), key=str)


def check(config: Config, batches: list[list[Record]], known: int) -> None:
    """Compare the whole history as of a batch with a ledger that learned no more than that."""
    instant = BEGIN + known * HOUR_US
    with tempfile.TemporaryDirectory() as folder:
        with closing(Ledger.open(Path(folder) / "all.db")) as everything:
            told(everything, config, batches)
            with ledger_at(everything, definitions(config), instant, known_then=True) as then:
                found = facts(then, config, instant)
        with closing(Ledger.open(Path(folder) / "some.db")) as some:
            told(some, config, batches[: known + 1])
            with ledger_at(some, definitions(config), instant, known_then=False) as judged:
                assert found == facts(judged, config, instant)


HISTORIES = st.lists(st.lists(versions(), min_size=1, max_size=3), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=HISTORIES, data=st.data())
def test_as_of_equals_a_ledger_that_had_learned_only_that_much(
    config: Config, batches: list[list[Record]], data: st.DataObject
) -> None:
    known = data.draw(st.integers(0, len(batches) - 1))
    check(config, batches, known)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=HISTORIES, data=st.data())
def test_as_of_equals_a_ledger_that_had_learned_only_that_much_ten_thousand_times(
    config: Config, batches: list[list[Record]], data: st.DataObject
) -> None:
    check(config, batches, data.draw(st.integers(0, len(batches) - 1)))


def test_before_the_first_collection_nothing_was_known(config: Config, tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        told(ledger, config, [[case("a", accepted_at=hour(1))]])
        with (
            pytest.raises(ConfigError, match="not yet known then"),
            ledger_at(ledger, definitions(config), BEGIN - 1, known_then=True),
        ):
            pass


def test_judged_at_an_instant_what_happened_later_is_left_out(config: Config, tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        told(ledger, config, [[case("a", accepted_at=hour(1), due_at=hour(5), finished_at=hour(3))]])

        def seen(number: int) -> tuple[int, int]:
            instant = BEGIN + (number - 8) * HOUR_US
            with ledger_at(ledger, definitions(config), instant, known_then=False) as scratch:
                verdicts = Board(config, scratch).refresh(instant).verdicts
                (one,) = [v for v in verdicts if (v.indicator, v.window.name, v.system) == ("on-time", "ytd", None)]
                return one.good, one.open

        assert [seen(number) for number in (0, 2, 3, 9)] == [(0, 0), (0, 1), (1, 0), (1, 0)]
