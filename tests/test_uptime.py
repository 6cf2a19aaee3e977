"""Up time of registers that tell outages alone: since when, of which systems, and with outages told twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.book import Book, Delivery, definitions, recompute, register
from agent.evaluate import Board
from agent.explain import explain
from agent.ledger import Ledger
from agent.model import Mapped, Record, Verdict
from tests.plans import at, site

UP = {"kind": "uptime", "of": "uptime", "from": "from", "to": "to"}
SYSTEM = {"column": "system", "map": {"A": "archive"}}
PROBE = {"collector": "probe", "every": "15s", "system": {"is": "archive"}, "tcp": {"host": "127.0.0.1", "port": "1"}}


def outages(**more: Any) -> dict[str, Any]:
    """A register of outages, of the archive unless told otherwise."""
    register = {"collector": "file", "path": "outages.csv", "record": "uptime", "id": "id", "system": {"is": "archive"}}
    return {**register, "times": {"from": "from", "to": "to"}, **more}


def outage(id: str, begins: str, ends: str | None, system: str | None = "archive", source: str = "register") -> Record:
    times = {"from": at(begins)} | ({"to": at(ends)} if ends is not None else {})
    return Record("uptime", source, id, system, times, {})


def seen(begins: str, ends: str, state: str) -> Record:
    return Record("uptime", "probe", begins, "archive", {"from": at(begins), "to": at(ends)}, {"state": state})


class Site:
    """A ledger with one uptime, told of outages."""

    def __init__(self, folder: Path, sources: Mapping[str, Any], measure: Mapping[str, Any], top: Any) -> None:
        keys = {"coverage_min": "0.1"}
        self.config = site(folder, {"x": {**UP, **measure}}, sources=sources, keys=keys, top=top)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.keys = register(self.ledger, definitions(self.config)).keys
        self.book = Book(self.ledger, self.keys)
        self.board = Board(self.config, self.ledger)

    def tell(self, covers: tuple[str, str], *records: Record, source: str = "register") -> None:
        stretch = (at(covers[0]), at(covers[1]))
        mapped = Mapped(list(records), [], [], None)
        self.book.deliver(Delivery(source, "uptime", mapped, stretch[1], covers=stretch, finished=True))

    def verdict(self, now: str, window: str = "ytd", system: str | None = None) -> Verdict:
        verdicts = self.board.refresh(at(now)).verdicts
        (found,) = [one for one in verdicts if one.window.name == window and one.system == system]
        return found

    def expression(self, now: str) -> str:
        told = explain(self.config, self.ledger, self.board.refresh(at(now)), "ops", "x", "ytd")
        assert told.numbers is not None
        return told.numbers.expression


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def build(sources: Mapping[str, Any], top: Mapping[str, Any] | None = None, **measure: Any) -> Site:
        made.append(Site(tmp_path, sources, measure, top))
        return made[-1]

    yield build
    for one in made:
        assert recompute(one.ledger, one.keys).differences == ()
        one.ledger.close()


# --- from when it is measured -----------------------------------------------------------------------------------------


def test_time_before_the_measuring_began_is_neither_up_nor_down(make: Callable[..., Site]) -> None:
    one = make({"register": outages(measured_from="2026-01-11T12:00")})
    one.tell(
        ("1970-01-02", "2026-01-21"),
        outage("before", "2026-01-02", "2026-01-05"),
        outage("across", "2026-01-11T06:00", "2026-01-11T18:00"),
        outage("after", "2026-01-15", "2026-01-16"),
    )
    assert one.verdict("2026-01-21").value == 1 - Fraction(6 + 24, 228)
    assert one.expression("2026-01-21") == "(820,800 − 108,000) 秒 ÷ 820,800 秒"


def test_time_before_the_source_was_first_read_is_neither_up_nor_down(make: Callable[..., Site]) -> None:
    one = make({"register": outages()})
    one.tell(("2026-01-11", "2026-01-21"), outage("across", "2026-01-10", "2026-01-12"))
    assert one.verdict("2026-01-21").value == Fraction(9, 10)


def test_an_outage_in_a_gap_of_the_source_takes_nothing_from_the_time_it_told(make: Callable[..., Site]) -> None:
    one = make({"register": outages()})
    one.tell(("2026-01-01", "2026-01-06"))
    one.tell(("2026-01-16", "2026-01-21"), outage("1", "2026-01-08", "2026-01-17"))
    assert one.verdict("2026-01-21").value == Fraction(9, 10)


def test_an_open_outage_counts_from_when_the_measuring_began(make: Callable[..., Site]) -> None:
    one = make({"register": outages(measured_from="2026-01-11")})
    one.tell(("1970-01-02", "2026-01-21"), outage("1", "2026-01-05", None))
    verdict = one.verdict("2026-01-21")
    assert verdict.value == 0
    assert verdict.open == 1


# --- of which systems -------------------------------------------------------------------------------------------------


def test_a_system_no_source_speaks_of_is_not_up(make: Callable[..., Site]) -> None:
    one = make({"register": outages(system=SYSTEM)})
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03"))
    assert one.verdict("2026-01-11").value == Fraction(9, 10)
    assert one.expression("2026-01-11") == "(864,000 − 86,400) 秒 ÷ 864,000 秒"


def test_a_system_the_measure_names_and_no_source_speaks_of_has_no_value(make: Callable[..., Site]) -> None:
    one = make({"register": outages()}, systems=["archive", "portal"])
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03"))
    assert one.verdict("2026-01-11", system="portal").value is None
    assert one.verdict("2026-01-11", system="archive").value == one.verdict("2026-01-11").value == Fraction(9, 10)


def test_every_system_a_source_speaks_of_counts_with_its_own_hours(make: Callable[..., Site]) -> None:
    one = make({"register": outages(system={"column": "system"})})
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03", "portal"))
    assert one.verdict("2026-01-11").value == 1 - Fraction(16, 10 * (24 + 16))
    assert one.verdict("2026-01-11", system="portal").value == Fraction(9, 10)


def test_outages_of_no_system_count_against_the_unnamed_one(make: Callable[..., Site]) -> None:
    register = outages()
    del register["system"]
    one = make({"register": register})
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03", None))
    assert one.verdict("2026-01-11").value == Fraction(9, 10)


def test_an_outage_whose_system_is_not_told_counts_where_all_are_taken_together(make: Callable[..., Site]) -> None:
    one = make({"register": outages(system=SYSTEM)})
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03", None))
    assert one.verdict("2026-01-11").value == Fraction(9, 10)
    one.tell(("2026-01-01", "2026-01-11"), outage("2", "2026-01-01", "2026-01-11"))
    assert one.verdict("2026-01-11").value == 0


# --- told twice -------------------------------------------------------------------------------------------------------


def test_overlapping_outages_of_a_system_count_once(make: Callable[..., Site]) -> None:
    one = make({"register": outages(), "hotline": outages(path="calls.csv")})
    one.tell(("2026-01-01", "2026-01-05"), outage("1", "2026-01-01T12:00", "2026-01-03"))
    one.tell(
        ("2026-01-01", "2026-01-05"),
        outage("a", "2026-01-01T12:00", "2026-01-03", source="hotline"),
        outage("b", "2026-01-02T18:00", "2026-01-03T12:00", source="hotline"),
        outage("c", "2026-01-04T12:00", None, source="hotline"),
        source="hotline",
    )
    verdict = one.verdict("2026-01-05")
    assert (verdict.value, verdict.bad, verdict.open) == (1 - Fraction(48 + 12, 96), 6, 1)
    assert one.expression("2026-01-05") == "(345,600 − 216,000) 秒 ÷ 345,600 秒"


def test_a_system_that_is_down_twice_at_once_is_up_for_no_less_than_nothing(make: Callable[..., Site]) -> None:
    one = make({"register": outages()})
    both = [outage(id, "2026-01-01", "2026-01-05") for id in "ab"]
    one.tell(("2026-01-01", "2026-01-05"), *both, outage("c", "2026-01-02", None))
    assert one.verdict("2026-01-05").value == 0


def test_outages_of_two_systems_at_once_both_count(make: Callable[..., Site]) -> None:
    top = {"systems": {"archive": "档案", "portal": "网站"}}
    one = make({"register": outages(system={"column": "system"})}, top)
    both = [outage(system, "2026-01-02", "2026-01-03", system) for system in ("archive", "portal")]
    one.tell(("2026-01-01", "2026-01-05"), *both)
    assert one.verdict("2026-01-05").value == Fraction(3, 4)


def test_a_corrected_outage_overlaps_where_it_now_lies(make: Callable[..., Site]) -> None:
    """The sums of its day are the same as before."""
    one = make({"register": outages()})
    told = ("2026-01-01", "2026-01-02")
    one.tell(told, *[outage(id, "2026-01-01T06:00", "2026-01-01T12:00") for id in "ab"])
    assert one.verdict("2026-01-02").value == Fraction(3, 4)
    one.tell(told, outage("b", "2026-01-01T12:00", "2026-01-01T18:00"))
    assert one.verdict("2026-01-02").value == Fraction(1, 2)
    one.tell(told, outage("b", "2026-01-01T09:00", "2026-01-01T15:00"))
    assert one.verdict("2026-01-02").value == 1 - Fraction(9, 24)


def test_an_outage_the_register_tells_after_the_probe_began_counts_once(make: Callable[..., Site]) -> None:
    one = make({"register": outages(), "probe": PROBE})
    one.tell(("2026-01-01", "2026-01-11"), outage("1", "2026-01-02", "2026-01-03"), outage("2", "2026-01-07", None))
    one.tell(
        ("2026-01-06", "2026-01-11"),
        seen("2026-01-06", "2026-01-07", "up"),
        seen("2026-01-07", "2026-01-08", "down"),
        seen("2026-01-08", "2026-01-11", "up"),
        source="probe",
    )
    assert one.verdict("2026-01-11").value == Fraction(8, 10)
    one.tell(("2026-01-01", "2026-01-11"), outage("2", "2026-01-07", "2026-01-08"))
    assert one.verdict("2026-01-11").value == Fraction(8, 10)


# --- the instant a window begins --------------------------------------------------------------------------------------


def test_a_window_that_begins_now_is_whole_where_its_sources_are_read(make: Callable[..., Site]) -> None:
    one = make({"register": outages()})
    one.tell(("2026-02-01", "2026-03-01"))
    for window in ("month", "today"):
        verdict = one.verdict("2026-03-01", window)
        assert (verdict.coverage, verdict.reason, verdict.flags) == (1.0, None, ("unconfirmed",))


def test_a_window_that_begins_now_has_told_nothing_where_its_sources_are_silent(make: Callable[..., Site]) -> None:
    one = make({"register": outages()})
    one.tell(("2026-02-01", "2026-02-20"))
    assert one.verdict("2026-03-01", "month").reason == "coverage"


def test_what_begins_to_be_measured_now_has_measured_nothing_yet(make: Callable[..., Site]) -> None:
    one = make({"register": outages(measured_from="2026-03-01")})
    one.tell(("1970-01-02", "2026-03-01"))
    assert {one.verdict("2026-03-01", window).reason for window in ("month", "today", "ytd")} == {"not_measured"}
