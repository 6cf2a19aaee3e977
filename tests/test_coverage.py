"""What the sources told of a window: files by period, probes between samples, imported history, days not yet owed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent.asking import asked
from agent.book import Book, Delivery, definitions, recompute, register
from agent.evaluate import Board
from agent.explain import Explanation, explain
from agent.ledger import Ledger
from agent.model import SECOND_US, ConfigError, Mapped, Record, State, Verdict
from agent.status import question
from collectors.period import period_of
from collectors.probe import ROW_COLUMNS, follow
from collectors.sampling import Sample
from tests.file_reading import NOW, collector, drop, read
from tests.plans import CASE_SOURCE, SHANGHAI, at, case, site

HOUR_US = 3600 * SECOND_US
UP = {"kind": "uptime", "of": "uptime", "from": "from", "to": "to", "systems": ["archive"]}
DAYS = {"kind": "days", "of": "case", "cohort": "accepted_at", "due_days": "working_days"}
PROBE = {"collector": "probe", "every": "15s", "system": {"is": "archive"}, "tcp": {"host": "127.0.0.1", "port": "1"}}
REGISTER = {
    "collector": "file",
    "path": "outages.csv",
    "record": "uptime",
    "id": "id",
    "system": {"is": "archive"},
    "times": {"from": "from", "to": "to"},
}


class Site:
    """A ledger and what is judged and explained from it."""

    def __init__(self, folder: Path, measure: Mapping[str, Any], sources: Mapping[str, Any]) -> None:
        self.config = site(folder, {"x": measure}, sources=sources, keys={"coverage_min": "0.1"})
        self.ledger = Ledger.open(folder / "ledger.db")
        self.keys = register(self.ledger, definitions(self.config)).keys
        self.book = Book(self.ledger, self.keys)
        self.board = Board(self.config, self.ledger)

    def tell(self, source: str, covers: tuple[str, str], *records: Record) -> None:
        kind = next(one.spec.record for one in self.config.sources if one.id == source)
        stretch = (at(covers[0]), at(covers[1]))
        mapped = Mapped(list(records), [], [], None)
        self.book.deliver(Delivery(source, kind, mapped, stretch[1], covers=stretch, finished=True))

    def verdict(self, now: str, window: str = "ytd") -> Verdict:
        verdicts = self.board.refresh(at(now)).verdicts
        (found,) = [one for one in verdicts if one.window.name == window and one.system is None]
        return found

    def explain(self, now: str, window: str = "ytd") -> Explanation:
        return explain(self.config, self.ledger, self.board.refresh(at(now)), "ops", "x", window)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def build(measure: Mapping[str, Any], sources: Mapping[str, Any]) -> Site:
        made.append(Site(tmp_path, measure, sources))
        return made[-1]

    yield build
    for one in made:
        assert recompute(one.ledger, one.keys).differences == ()
        one.ledger.close()


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "period", "begins", "ends"),
    [
        ("tasks-2026-03.xlsx", "month", "2026-03-01", "2026-04-01"),
        ("巡检2026年3月.xlsx", "month", "2026-03-01", "2026-04-01"),
        ("old/2025-12/tasks_202612.csv", "month", "2026-12-01", "2027-01-01"),
        ("log.20260302.csv.gz", "day", "2026-03-02", "2026-03-03"),
        ("2026年12月31日.csv", "day", "2026-12-31", "2027-01-01"),
    ],
)
def test_a_file_tells_the_period_in_its_name(name: str, period: str, begins: str, ends: str) -> None:
    assert period_of(name, period, "Asia/Shanghai") == (at(begins), at(ends))


@pytest.mark.parametrize(
    ("name", "period"),
    [("tasks.xlsx", "month"), ("tasks-2026-13.csv", "month"), ("log-2026-03-02.csv", "month"), ("2026-02-30", "day")],
)
def test_a_name_without_such_a_date_tells_no_period(name: str, period: str) -> None:
    assert period_of(name, period, "Asia/Shanghai") is None


def test_a_file_covers_its_month_as_far_as_it_had_passed_when_it_was_written(tmp_path: Path) -> None:
    source = collector(tmp_path / "tasks-*.csv", period="month", zone="Asia/Shanghai")
    drop(tmp_path / "tasks-2026-02.csv", "id,day\n1,2026-02-03\n")
    drop(tmp_path / "tasks-2026-03.csv", "id,day\n2,2026-03-01\n", age_seconds=3600)
    first = read(source)
    assert sorted(page.covers for page in first.pages if page.covers) == [
        (at("2026-02-01"), at("2026-03-01")), (at("2026-03-01"), NOW - HOUR_US)
    ]  # fmt: skip
    assert [page.covers for page in read(source, after=first).pages if page.covers] == []
    drop(tmp_path / "tasks-2026-03.csv", "id,day\n2,2026-03-01\n")  # saved again, with nothing new to tell
    again = read(source, after=first)
    assert [page.covers for page in again.pages if page.covers] == [(at("2026-03-01"), NOW - 60 * SECOND_US)]
    assert again.rows == []


def test_a_file_whose_name_tells_no_period_is_a_fault_and_does_not_hold_up_the_others(tmp_path: Path) -> None:
    source = collector(tmp_path / "*.csv", period="day", zone="Asia/Shanghai")
    drop(tmp_path / "tasks.csv", "id,day\n1,2026-02-03\n")
    drop(tmp_path / "2026-03-01.csv", "id,day\n2,2026-03-01\n")
    reading = read(source)
    assert reading.error == "tasks.csv: expected a day such as 2026-03-02 in its name"
    assert [row[0] for row in reading.rows] == ["2"]


def test_the_period_is_cut_in_the_time_zone_of_the_source(tmp_path: Path) -> None:
    config = site(tmp_path, {"x": DAYS}, sources={"cases": CASE_SOURCE | {"period": "month", "timezone": "Asia/Tokyo"}})
    assert config.sources[0].options.model_dump()["zone"] == "Asia/Tokyo"
    with pytest.raises(ConfigError, match="zone"):
        site(tmp_path, {"x": DAYS}, sources={"cases": CASE_SOURCE | {"zone": "Asia/Tokyo"}})


def test_a_month_whose_file_is_missing_is_a_gap(make: Callable[..., Site]) -> None:
    one = make(DAYS, {"cases": CASE_SOURCE | {"period": "month"}})
    one.tell("cases", ("2026-01-01", "2026-02-01"))
    one.tell("cases", ("2026-03-01", "2026-04-01"))
    assert one.verdict("2026-04-01T00:00").coverage == pytest.approx(62 / 90)
    told = one.explain("2026-04-01T00:00")
    assert [(gap.begins.date(), gap.ends.date()) for gap in told.gaps] == [(date(2026, 2, 1), date(2026, 3, 1))]


def test_the_overlap_of_a_source_that_is_read_is_no_gap(make: Callable[..., Site]) -> None:
    since = {"column": "changed_at", "overlap": "10 min", "start": "2026-03-01"}
    one = make(DAYS, {"cases": CASE_SOURCE | {"since": since, "measured_from": "2026-03-01"}})
    nothing = Mapped([], [], [], None)
    told = (at("2026-03-01"), at("2026-03-02T09:50"))
    one.book.deliver(Delivery("cases", "case", nothing, at("2026-03-02T10:00"), covers=told, finished=True))
    assert one.verdict("2026-03-02T10:01").coverage == 1.0
    assert one.explain("2026-03-02T10:01").gaps == ()


def test_a_source_that_is_read_but_tells_only_of_yesterday_has_told_no_more(make: Callable[..., Site]) -> None:
    one = make(DAYS, {"cases": CASE_SOURCE | {"measured_from": "2026-03-01"}})
    told = (at("2026-03-01"), at("2026-03-02"))
    nothing = Mapped([], [], [], None)
    one.book.deliver(Delivery("cases", "case", nothing, at("2026-03-02T12:00"), covers=told, finished=True))
    assert one.verdict("2026-03-02T12:00").coverage == pytest.approx(24 / 36)


# --- everything there is ----------------------------------------------------------------------------------------------

EVERYTHING = "1970-01-01T08:00"  # what is told of all there is begins at 0
SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"finished_at": "present"}}


def told_of(one: Site, now: str, first: str, last: str) -> Verdict:
    """The verdict on the days from one to another, not included."""
    days = question({"from": first, "to": last}, one.config)
    with asked(one.config, one.ledger, days, at(now)) as (_, snapshot, _):
        (found,) = [verdict for verdict in snapshot.verdicts if verdict.system is None]
        return found


def test_a_source_that_tells_everything_tells_nothing_of_the_time_before_its_first_record(
    make: Callable[..., Site],
) -> None:
    one = make(SHARE, {"cases": CASE_SOURCE})
    first = case("1", accepted_at="2026-02-10T15:00", finished_at="2026-02-11T15:00")
    one.tell("cases", (EVERYTHING, "2026-04-01"), first, case("2", accepted_at="2026-03-03T15:00"))
    now = "2026-04-01T00:00"
    before = told_of(one, now, "2025-02-01", "2025-03-01")
    assert (before.state, before.reason, before.value, before.coverage) == (State.NO_DATA, "not_measured", None, None)
    assert told_of(one, now, "2026-02-01", "2026-02-10").reason == "not_measured"
    assert told_of(one, now, "2026-02-10", "2026-02-11").value == 1
    assert one.verdict(now).coverage == 1.0
    assert told_of(one, now, "2026-02-11", "2026-03-01").state is State.EMPTY  # told, and nothing happened
    assert told_of(one, now, "2025-01-01", "2026-04-01").value == Fraction(1, 2)
    assert one.explain(now).gaps == ()


def test_an_earlier_record_moves_where_a_source_begins_and_not_what_was_known_before(make: Callable[..., Site]) -> None:
    one = make(SHARE, {"cases": CASE_SOURCE})
    one.tell("cases", (EVERYTHING, "2026-03-11"), case("1", accepted_at="2026-03-10T15:00"))
    one.tell("cases", (EVERYTHING, "2026-03-12"), case("2", accepted_at="2026-01-05T09:00"))
    assert told_of(one, "2026-03-12T00:00", "2026-02-01", "2026-03-01").state is State.EMPTY
    then = question({"from": "2026-02-01", "to": "2026-03-01", "as_of": "2026-03-11T12:00"}, one.config)
    with asked(one.config, one.ledger, then, at("2026-03-12")) as (_, snapshot, _):
        assert {verdict.reason for verdict in snapshot.verdicts} == {"not_measured"}


def test_a_source_without_records_tells_everything_from_the_day_it_was_first_read(make: Callable[..., Site]) -> None:
    one = make(SHARE, {"cases": CASE_SOURCE})
    one.tell("cases", (EVERYTHING, "2026-03-10T15:00"))
    one.tell("cases", (EVERYTHING, "2026-03-20T15:00"))
    now = "2026-03-20T15:00"
    assert (one.verdict(now).state, one.verdict(now).coverage) == (State.EMPTY, 1.0)
    assert told_of(one, now, "2026-03-01", "2026-03-10").reason == "not_measured"


@pytest.mark.parametrize(
    "stated",
    [{"measured_from": "2026-01-01"}, {"since": {"column": "changed_at", "start": "2026-01-01"}}],
    ids=["measured_from", "start"],
)
def test_where_a_source_says_from_when_it_tells_it_tells_from_then(
    make: Callable[..., Site], stated: Mapping[str, Any]
) -> None:
    one = make(SHARE, {"cases": {**CASE_SOURCE, **stated}})
    one.tell("cases", (EVERYTHING, "2026-03-11"), case("1", accepted_at="2026-03-10T15:00"))
    assert told_of(one, "2026-03-11T00:00", "2026-01-01", "2026-02-01").state is State.EMPTY
    assert told_of(one, "2026-03-11T00:00", "2025-12-01", "2026-01-01").reason == "not_measured"


def test_no_day_before_the_first_record_is_owed(make: Callable[..., Site]) -> None:
    one = make(DAYS, {"cases": CASE_SOURCE})
    one.tell("cases", (EVERYTHING, "2026-03-07"), case("1", accepted_at="2026-03-04T17:00"))
    verdict = one.verdict("2026-03-07T00:00")  # Wednesday, Thursday and Friday
    assert (verdict.good, verdict.bad) == (1, 2)


# --- days that are not owed yet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("measured_from", "owed"), [("2026-03-04", 3), ("2026-03-04T12:00", 2)])
def test_days_before_the_measuring_began_are_not_missed(
    make: Callable[..., Site], measured_from: str, owed: int
) -> None:
    one = make(DAYS, {"cases": CASE_SOURCE | {"measured_from": measured_from}})
    kept = case("1", accepted_at="2026-03-05T10:00")
    one.tell("cases", ("1970-01-02", "2026-03-07"), kept)
    verdict = one.verdict("2026-03-07T00:00")  # Wednesday, Thursday and Friday
    assert (verdict.good, verdict.bad, verdict.value) == (1, owed - 1, Fraction(1, owed))
    assert len(one.explain("2026-03-07T00:00").missed_days) == owed - 1


def test_a_window_before_the_measuring_began_owes_no_day(make: Callable[..., Site]) -> None:
    one = make(DAYS, {"cases": CASE_SOURCE | {"measured_from": "2026-06-01"}})
    one.tell("cases", ("1970-01-02", "2026-03-07"))
    verdict = one.verdict("2026-03-07T00:00")
    assert (verdict.value, verdict.bad, verdict.reason) == (None, 0, "not_measured")


# --- probes -----------------------------------------------------------------------------------------------------------


def interval(begins: str, ends: str, state: str) -> Record:
    return Record("uptime", "probe", begins, "archive", {"from": at(begins), "to": at(ends)}, {"state": state})


def outage(begins: str, ends: str) -> Record:
    return Record("uptime", "register", begins, "archive", {"from": at(begins), "to": at(ends)}, {})


def test_time_between_samples_is_known_when_they_are_at_most_two_intervals_apart() -> None:
    gap = 2 * 15 * SECOND_US
    up = Sample(None)
    (first,) = follow(None, 0, up, gap)
    (near,) = follow(first, gap, up, gap)
    assert (near.started, near.until) == (0, gap)
    (far,) = follow(first, gap + 1, up, gap)
    assert (far.started, far.until) == (gap + 1, gap + 1)
    assert len(near.row(ROW_COLUMNS)) == len(ROW_COLUMNS)


def test_the_time_a_probe_did_not_sample_is_a_gap_and_not_counted(make: Callable[..., Site]) -> None:
    one = make(UP, {"probe": PROBE})
    one.tell("probe", ("2026-03-02T10:00", "2026-03-02T11:00"), interval("2026-03-02T10:00", "2026-03-02T11:00", "up"))
    one.tell("probe", ("2026-03-02T12:00", "2026-03-02T12:00"), interval("2026-03-02T12:00", "2026-03-02T12:00", "up"))
    one.tell("probe", ("2026-03-02T12:00", "2026-03-02T13:00"), interval("2026-03-02T12:00", "2026-03-02T13:00", "up"))
    verdict = one.verdict("2026-03-02T13:00", "today")
    assert verdict.value == 1
    assert verdict.coverage == pytest.approx(2 / 3)
    assert [(f"{gap.begins:%H:%M}", f"{gap.ends:%H:%M}") for gap in one.explain("2026-03-02T13:00", "today").gaps] == [
        ("11:00", "12:00")
    ]


# --- an outage register from before the probe -------------------------------------------------------------------------


def november(make: Callable[..., Site]) -> Site:
    """January to October from a register with 30 h of outages, November from a probe with 6 h in ten days."""
    one = make(UP, {"register": REGISTER, "probe": PROBE})
    one.tell("register", ("2026-01-01", "2026-11-11"), outage("2026-03-02T00:00", "2026-03-03T06:00"))
    one.tell(
        "probe",
        ("2026-11-01", "2026-11-11"),
        interval("2026-11-01", "2026-11-05", "up"),
        interval("2026-11-05", "2026-11-05T06:00", "down"),
        interval("2026-11-05T06:00", "2026-11-11", "up"),
    )
    return one


def test_an_imported_register_accounts_for_the_time_before_the_first_sample(make: Callable[..., Site]) -> None:
    one = november(make)
    verdict = one.verdict("2026-11-11T00:00")
    assert verdict.value == 1 - Fraction(36, 314 * 24)
    assert verdict.coverage == 1.0
    assert one.verdict("2026-11-11T00:00", "month").value == 1 - Fraction(6, 10 * 24)
    told = one.explain("2026-11-11T00:00")
    assert told.gaps == ()
    assert told.numbers is not None
    assert told.numbers.expression == "(27,129,600 − 129,600) 秒 ÷ 27,129,600 秒"


def test_time_that_neither_the_register_nor_the_probe_told_is_a_gap(make: Callable[..., Site]) -> None:
    one = make(UP, {"register": REGISTER, "probe": PROBE})
    one.tell("register", ("2026-01-01", "2026-10-01"))
    one.tell("probe", ("2026-11-01", "2026-11-11"), interval("2026-11-01", "2026-11-11", "up"))
    verdict = one.verdict("2026-11-11T00:00")
    assert verdict.value == 1
    assert verdict.coverage == pytest.approx((273 + 10) / 314)
    (gap,) = one.explain("2026-11-11T00:00").gaps
    october = (datetime(2026, 10, 1, tzinfo=SHANGHAI), datetime(2026, 11, 1, tzinfo=SHANGHAI))
    assert (gap.source, gap.begins, gap.ends) == ("register", *october)


def test_a_register_alone_accounts_for_all_it_told(make: Callable[..., Site]) -> None:
    one = make(UP, {"register": REGISTER})
    one.tell("register", ("2026-01-01", "2026-01-11"), outage("2026-01-02T00:00", "2026-01-03T00:00"))
    assert one.verdict("2026-01-11T00:00").value == Fraction(9, 10)
