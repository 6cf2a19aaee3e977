"""What does not add up: each kind is found where it is, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent import words
from agent.asking import answer
from agent.book import Book, Delivery, catch_up, definitions, recompute, register
from agent.config import load
from agent.evaluate import Board
from agent.explain import explain
from agent.findings import FINDINGS, Findings
from agent.findings.recent import seq_before
from agent.ledger import Ledger
from agent.metrics import Exposition
from agent.model import SECOND_US, ConfigError, Finding, Instant, Mapped, Record
from agent.poll import Publisher, Round, Schedule
from agent.status import Question
from collectors import COLLECTORS
from collectors.file import FileCollector
from tests.plans import CASE_SOURCE, at, case, site

pytestmark = pytest.mark.whole

MINUTE = 60 * SECOND_US
ON_TIME = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
MADE = {"kind": "amount", "of": "case", "cohort": "accepted_at", "numerator": "made", "denominator": "owed"}
REPORTS = {"kind": "share", "of": "fault", "cohort": "reported_at", "good_when": {"reported_at": "present"}}
UP = {"kind": "uptime", "of": "uptime", "from": "from", "to": "to"}
DESK = {
    "collector": "file",
    "path": "desk.csv",
    "record": "fault",
    "id": "id",
    "system": {"column": "system"},
    "times": {"reported_at": "reported_at"},
}
PROBE = {
    "collector": "probe",
    "every": "15s",
    "system": {"is": "archive"},
    "tcp": {"host": "127.0.0.1", "port": "1"},
}


class Watched:
    """A ledger and what is found in it."""

    def __init__(self, folder: Path, measures: Mapping[str, Any], sources: Mapping[str, Any], **more: Any) -> None:
        url = more.pop("url", folder / "ledger.db")
        self.config = site(folder, measures, sources=sources, **more)
        self.ledger = Ledger.open(url)
        self.keys = register(self.ledger, definitions(self.config)).keys
        self.book = Book(self.ledger, self.keys)
        self.findings = Findings(self.config, self.ledger)

    def tell(self, now: str, *records: Record, source: str = "cases", **more: Any) -> None:
        """One poll that ends well and covers everything until then."""
        kind = next(one.spec.record for one in self.config.sources if one.id == source)
        said: dict[str, Any] = {"covers": (0, at(now)), "finished": True, "mapping_hash": "m"} | more
        self.book.deliver(Delivery(source, kind, Mapped(list(records), [], [], None), at(now), **said))

    def noticed(self) -> list[tuple[str, str]]:
        with self.ledger.read() as session:
            return session.rows("SELECT kind, subject FROM finding WHERE cleared_seq IS NULL ORDER BY pk")

    def found(self, now: str) -> list[Finding]:
        return list(self.findings.of(Board(self.config, self.ledger).refresh(at(now))))

    def kinds(self, now: str) -> list[tuple[str, str]]:
        return [(one.kind, one.subject) for one in self.found(now)]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    made: list[Watched] = []

    def build(measures: Mapping[str, Any], sources: Mapping[str, Any] | None = None, **more: Any) -> Watched:
        made.append(Watched(tmp_path, measures, sources or {"cases": CASE_SOURCE}, **more))
        return made[-1]

    yield build
    for one in made:
        one.ledger.close()


def test_every_kind_has_its_words() -> None:
    assert set(FINDINGS) < set(words.FINDINGS)


# --- noticed while booking --------------------------------------------------------------------------------------------


def late(**values: str) -> Record:
    return case("1", accepted_at="2026-03-02T09:00", due_at="2026-03-09", **values)


def test_a_record_first_seen_long_after_it_was_answered_is_entered_late(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-05T09:00")
    one.tell("2026-03-05T09:01", late(finished_at="2026-03-03T10:00"))
    assert one.noticed() == [("entered_late", "cases/1")]
    one.tell("2026-03-05T09:02", late(finished_at="2026-03-03T10:00", state="closed"))
    assert one.noticed() == [("entered_late", "cases/1")]  # it is history: later changes do not undo it


def test_a_weekend_between_answer_and_entry_is_not_late(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-09T09:00")
    one.tell("2026-03-09T09:01", late(finished_at="2026-03-06T10:00"))  # Friday, seen on Monday
    assert one.noticed() == []


def test_the_first_read_of_a_source_enters_nothing_late(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-20T09:00", late(finished_at="2026-03-03T10:00"))
    assert one.noticed() == []


def test_what_happened_while_the_agent_stood_still_is_not_entered_late(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-02T12:00")
    one.tell("2026-03-20T09:00", late(finished_at="2026-03-03T10:00"))
    assert one.noticed() == []


def test_another_mapping_enters_nothing_late(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-05T09:00")
    one.tell("2026-03-05T09:01", late(finished_at="2026-03-03T10:00"), mapping_hash="other")
    assert one.noticed() == []


def test_many_records_entered_late_at_once_are_one_finding(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-05T09:00")
    values = {"accepted_at": "2026-03-02T09:00", "due_at": "2026-03-09", "finished_at": "2026-03-03T10:00"}
    one.tell("2026-03-05T09:01", *(case(f"{number:03d}", **values) for number in range(500)))
    assert one.noticed() == [("entered_late", "cases")]
    with one.ledger.read() as session:
        (text,) = session.rows("SELECT text FROM finding")[0]
    assert text == "一次 500 件，如 000：finished_at 2026-03-03 10:00:00，2026-03-05 09:01:00 才首次读到"


def test_a_row_that_turns_up_in_a_file_long_after_its_answer_is_entered_late(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    times = {"accepted_at": "accepted_at", "due_at": "due_at", "finished_at": "finished_at"}
    source = CASE_SOURCE | {
        "path": str(path),
        "settle": "0s",
        "system": {"is": "archive"},
        "fields": {},
        "times": times,
    }
    one = make({"x": ON_TIME}, {"cases": {key: source[key] for key in source if key != "changed_at"}})
    reading = Round(one.config.sources[0], FileCollector(one.config.sources[0].options), one.book)
    rows = ["id,accepted_at,due_at,finished_at", "1,2026-03-02 09:00,2026-03-05 17:00,2026-03-02 10:00"]
    seen_on_time, late = "2,2026-03-03 09:00,2026-03-05 17:00,", "3,2026-03-03 09:00,2026-03-05 17:00,2026-03-05 16:00"
    for now, more in (("2026-03-05T09:00", []), ("2026-03-09T08:00", [seen_on_time]), ("2026-03-09T09:00", [late])):
        rows += more
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        os.utime(path, ns=(at(now) * 1000, at(now) * 1000))
        assert reading.run(at(now) + MINUTE, forced=True).reason is None
    assert one.noticed() == [("entered_late", "cases/3")]


def test_an_answer_that_is_moved_later_on_is_noticed(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:01", late(finished_at="2026-03-03T10:00"))
    one.tell("2026-03-09T10:01", late(finished_at="2026-03-02T17:00"))
    assert one.noticed() == [("answer_edited", "cases/1")]
    with one.ledger.read() as session:
        assert session.rows("SELECT text FROM finding") == [
            ("finished_at 由 2026-03-03 10:00:00 改为 2026-03-02 17:00:00",)
        ]


def test_an_answer_that_was_impossible_is_corrected_and_not_edited(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:01", late(finished_at="2026-03-01T10:00"))
    assert one.noticed() == [("out_of_order", "cases/1")]
    one.tell("2026-03-03T10:02", late(finished_at="2026-03-03T10:00"))
    assert one.noticed() == []


def test_a_part_that_exceeds_its_whole_is_noticed_until_it_is_put_right(make: Any) -> None:
    one = make({"x": MADE})
    one.tell("2026-03-03T10:01", case("1", accepted_at="2026-03-02", made="101", owed="100"))
    assert one.noticed() == [("share_above_one", "cases/1")]
    one.tell("2026-03-03T10:02", case("1", accepted_at="2026-03-02", made="100", owed="100"))
    assert one.noticed() == []


# --- found in the ledger ----------------------------------------------------------------------------------------------


def test_a_clock_that_is_off_by_more_than_half_a_minute_is_found(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:00", signals={"clock_offset_seconds": 29.0})
    assert one.found("2026-03-03T10:00") == []
    one.tell("2026-03-03T10:01", signals={"clock_offset_seconds": -45.2})
    (found,) = one.found("2026-03-03T10:01")
    assert (found.kind, found.subject, found.text) == ("clock_offset", "cases", "对方时钟比本机慢 45 秒")


def speaking(one: Watched, since: str, minutes: int) -> None:
    """A new case every ten minutes."""
    for number in range(0, minutes, 10):
        now = at(since) + number * MINUTE
        new = case(f"{since}-{number}", accepted_at=since)
        one.book.deliver(Delivery("cases", "case", Mapped([new], [], [], None), now, finished=True))


def test_a_source_that_usually_speaks_and_falls_silent_is_found(make: Any) -> None:
    one = make({"x": ON_TIME})
    speaking(one, "2026-03-02T13:30", 210)
    speaking(one, "2026-03-03T13:30", 100)
    assert one.found("2026-03-03T15:59") == []
    assert one.kinds("2026-03-03T16:55") == [("silent", "cases")]
    speaking(one, "2026-03-03T16:56", 10)
    assert one.found("2026-03-03T16:57") == []


def test_a_lively_source_may_be_quiet_for_some_minutes(make: Any) -> None:
    one = make({"x": ON_TIME}, {"cases": CASE_SOURCE | {"every": "10s"}})
    for second in range(0, 600, 20):
        now = at("2026-03-03T14:00") + second * SECOND_US
        new = Mapped([case(str(second), accepted_at="2026-03-03T14:00")], [], [], None)
        one.book.deliver(Delivery("cases", "case", new, now, finished=True))
    assert one.found("2026-03-03T14:19") == []
    assert one.kinds("2026-03-03T14:20") == [("silent", "cases")]


def test_a_night_is_no_silence(make: Any) -> None:
    calendar = {"country": "CN", "hours": ["09:00-17:00"]}
    one = make({"x": ON_TIME}, top={"calendar": calendar})
    speaking(one, "2026-03-06T12:00", 300)  # a Friday
    assert one.found("2026-03-09T09:10") == []
    assert one.kinds("2026-03-09T10:45") == [("silent", "cases")]


def test_a_source_that_seldom_speaks_or_is_down_is_not_silent(make: Any) -> None:
    one = make({"x": ON_TIME})
    speaking(one, "2026-03-02T09:00", 100)
    assert one.found("2026-03-04T16:00") == []
    speaking(one, "2026-03-05T09:00", 300)
    one.book.fail("cases", "no such file", at("2026-03-06T16:00"), {})
    assert one.found("2026-03-06T16:00") == []


AGREEING = {"first": DESK | {"agree_with": {"source": "second", "tolerance": "10 %"}}, "second": DESK}


def fault(id: str, source: str, day: str, system: str | None = "archive") -> Record:
    return Record("fault", source, id, system, {"reported_at": at(day)}, {})


def test_two_sources_that_tell_different_numbers_of_a_day_are_found(make: Any) -> None:
    one = make({"x": REPORTS}, AGREEING)
    for source, numbers in {"first": (10, 10, 10), "second": (10, 9, 8)}.items():
        days = zip(("2026-03-02", "2026-03-03", "2026-03-04"), numbers, strict=True)
        told = [fault(f"{day}.{n}", source, f"{day}T10:00") for day, number in days for n in range(number)]
        one.tell("2026-03-05T01:00", *told, source=source)
    (found,) = one.found("2026-03-05T01:00")
    assert (found.kind, found.subject) == ("counts_disagree", "first")
    assert found.text == "与 second 相比，近30天有 1 天的数量对不上：2026-03-04 10 对 8"
    one.tell("2026-03-05T02:00", fault("late", "second", "2026-03-04T11:00"), source="second")
    assert one.found("2026-03-05T02:00") == []
    assert recompute(one.ledger, one.keys).differences == ()


def test_an_agreement_added_later_counts_what_was_there_already(make: Any, tmp_path: Path) -> None:
    one = make({"x": REPORTS}, {"first": DESK, "second": DESK})
    one.tell("2026-03-05T01:00", *(fault(str(n), "first", "2026-03-04T10:00") for n in range(5)), source="first")
    one.tell("2026-03-05T01:00", source="second")
    one.config = site(tmp_path, {"x": REPORTS}, sources=AGREEING)
    one.findings = Findings(one.config, one.ledger)
    registered = register(one.ledger, definitions(one.config))
    assert one.found("2026-03-05T01:00") == []  # it is still being counted
    catch_up(one.ledger, registered)
    assert one.kinds("2026-03-05T01:00") == [("counts_disagree", "first")]


def test_only_days_of_which_both_told_everything_are_compared(make: Any) -> None:
    one = make({"x": REPORTS}, AGREEING)
    one.tell("2026-03-05T01:00", *(fault(str(n), "first", "2026-03-04T10:00") for n in range(5)), source="first")
    one.tell("2026-03-04T23:00", source="second")
    assert one.found("2026-03-05T01:00") == []
    one.tell("2026-03-05T01:00", source="second")
    assert one.kinds("2026-03-05T01:00") == [("counts_disagree", "first")]


@pytest.mark.parametrize(
    ("agree", "says"),
    [
        ("third", "unknown source 'third'"),
        ({"source": "second", "tolerance": "200 %"}, "expected a share such as 2 %, got '200 %'"),
        ("cases", "'cases' gives case records, not fault"),
    ],
)
def test_a_wrong_agreement_is_told(tmp_path: Path, agree: Any, says: str) -> None:
    sources = {"first": DESK | {"agree_with": agree}, "second": DESK, "cases": CASE_SOURCE}
    with pytest.raises(ConfigError, match=says):
        site(tmp_path, {"x": REPORTS}, sources=sources)
    with pytest.raises(ConfigError, match=says):
        load([tmp_path / "targets.yaml"], tmp_path / "sources.yaml", collectors=COLLECTORS)


# --- outages ----------------------------------------------------------------------------------------------------------


def interval(begins: str, ends: str, state: str = "down") -> Record:
    return Record("uptime", "probe", begins, "archive", {"from": at(begins), "to": at(ends)}, {"state": state})


def probed(make: Any, *records: Record, read: str = "2026-03-04T18:00") -> Watched:
    one: Watched = make({"x": REPORTS, "up": UP}, {"desk": DESK | {"system": {"is": "archive"}}, "probe": PROBE})
    one.tell("2026-03-04T09:00", source="desk")
    one.tell("2026-03-04T12:00", *records, source="probe", revisions=False)
    one.tell(read, source="desk")
    return one


def test_an_outage_nobody_has_a_ticket_for_is_found(make: Any) -> None:
    one = probed(make, interval("2026-03-04T10:00", "2026-03-04T10:05"))
    (found,) = one.found("2026-03-04T18:00")
    assert (found.kind, found.subject) == ("outage_without_ticket", "probe/2026-03-04T10:00")
    assert found.text == "档案管理系统 03-04 10:00:00 至 03-04 10:05:00 无应答，前后30分钟内没有故障工单"
    one.tell("2026-03-04T18:01", fault("1", "desk", "2026-03-04T10:34"), source="desk")
    assert one.found("2026-03-04T18:01") == []


def test_a_ticket_of_another_system_or_hour_does_not_explain_an_outage(make: Any) -> None:
    one = probed(make, interval("2026-03-04T10:00", "2026-03-04T10:05"))
    others = (fault("1", "desk", "2026-03-04T10:01", "portal"), fault("2", "desk", "2026-03-04T10:36"))
    one.tell("2026-03-04T18:01", *others, source="desk")
    assert one.kinds("2026-03-04T18:01") == [("outage_without_ticket", "probe/2026-03-04T10:00")]


def test_one_sample_is_no_outage_and_up_is_none_either(make: Any) -> None:
    one = probed(
        make,
        interval("2026-03-04T10:00:00", "2026-03-04T10:00:15"),
        interval("2026-03-04T10:01", "2026-03-04T11:00", "up"),
    )
    assert one.found("2026-03-04T18:00") == []


def test_an_outage_outside_the_promised_hours_needs_no_ticket(make: Any) -> None:
    one: Watched = make(
        {"x": REPORTS, "up": UP},
        {"desk": DESK | {"system": {"is": "archive"}}, "probe": PROBE},
        top={"systems": {"archive": {"name": "档案", "hours": "06:00-22:00"}}},
    )
    one.tell("2026-03-04T23:30", interval("2026-03-04T22:30", "2026-03-04T23:00"), source="probe", revisions=False)
    one.tell("2026-03-05T09:00", source="desk")
    assert one.found("2026-03-05T09:00") == []


def test_a_ticket_may_still_come_half_an_hour_after_an_outage_began(make: Any) -> None:
    one = probed(make, interval("2026-03-04T10:00", "2026-03-04T10:05"), read="2026-03-04T10:29")
    assert one.found("2026-03-04T12:00") == []


# --- work that piles up -----------------------------------------------------------------------------------------------


def pile(one: Watched, finished: int) -> None:
    """Five cases a day for eight days, of which the first of each day are finished on the next."""
    for day in range(1, 9):
        for number in range(5):
            done = {"finished_at": f"2026-03-{day + 1:02d}T10:00"} if number < finished else {}
            record = case(f"{day}.{number}", accepted_at=f"2026-03-{day:02d}T09:00", due_at="2026-12-01", **done)
            one.tell(f"2026-03-{day + 1:02d}T11:00", record)


def test_a_system_whose_open_records_only_grew_is_found(make: Any) -> None:
    one = make({"x": ON_TIME})
    pile(one, finished=2)
    (found,) = [found for found in one.found("2026-03-09T12:00") if found.kind == "backlog_grows"]
    assert (found.subject, found.text) == ("archive", "档案管理系统的未结记录七天来只增不减：5 件增到 26 件")


def test_work_that_is_finished_at_the_pace_it_comes_is_no_pile(make: Any) -> None:
    one = make({"x": ON_TIME})
    pile(one, finished=5)
    assert "backlog_grows" not in dict(one.kinds("2026-03-09T12:00"))


def test_one_day_on_which_the_pile_shrank_is_enough(make: Any) -> None:
    one = make({"x": ON_TIME})
    pile(one, finished=2)
    done = [
        case(f"{day}.{n}", accepted_at=f"2026-03-{day:02d}T09:00", due_at="2026-12-01", finished_at="2026-03-06T15:00")
        for day in (1, 2, 3)
        for n in (2, 3, 4)
    ]
    one.tell("2026-03-09T11:30", *done)
    assert "backlog_grows" not in dict(one.kinds("2026-03-09T12:00"))


# --- where they show --------------------------------------------------------------------------------------------------


def test_the_schedule_publishes_them_in_words_and_looks_once_a_minute(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:00", signals={"clock_offset_seconds": 45.0})
    schedule = Schedule(one.config, one.ledger, [], Publisher(), lambda: at("2026-03-03T10:00"))
    snapshot = schedule.tick()
    assert [found.kind for found in snapshot.findings] == ["clock_offset"]
    told = explain(one.config, one.ledger, snapshot, "ops", "x")
    assert told.findings == ("时钟有偏差，cases：对方时钟比本机快 45 秒",)
    assert b'dabiao_findings{kind="clock_offset"} 1' in Exposition(one.config).render(snapshot, {}).text
    one.tell("2026-03-03T10:01", signals={"clock_offset_seconds": 0.0})
    assert schedule.tick().findings == snapshot.findings  # looked at again in a minute


def test_a_question_of_now_is_answered_with_findings(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:00", signals={"clock_offset_seconds": 45.0})
    now = at("2026-03-03T10:00")
    assert [found["kind"] for found in answer(one.config, one.ledger, Question(), now)["findings"]] == ["clock_offset"]


@pytest.mark.server
def test_a_ledger_in_postgresql_shows_the_same(make: Any, postgresql_url: str) -> None:
    one = make(
        {"x": ON_TIME, "y": REPORTS, "up": UP}, AGREEING | {"cases": CASE_SOURCE, "probe": PROBE}, url=postgresql_url
    )
    speaking(one, "2026-03-03T09:00", 150)
    speaking(one, "2026-03-03T13:30", 200)
    pile(one, finished=2)
    one.tell("2026-03-09T11:00", *(fault(str(n), "first", "2026-03-04T10:00") for n in range(5)), source="first")
    one.tell("2026-03-09T11:00", source="second")
    one.tell("2026-03-09T11:00", interval("2026-03-06T10:00", "2026-03-06T10:05"), source="probe", revisions=False)
    assert {kind for kind, _ in one.kinds("2026-03-09T12:00")} >= {"counts_disagree", "backlog_grows"}
    one.tell("2026-03-09T12:01", case("1", accepted_at="2026-03-02", due_at="2026-03-09", finished_at="2026-03-04"))
    assert ("entered_late", "cases/1") in one.noticed()


def test_as_of_shows_what_had_been_noticed_by_then(make: Any) -> None:
    one = make({"x": ON_TIME})
    one.tell("2026-03-03T10:01", late(finished_at="2026-03-03T10:00"))
    one.tell("2026-03-09T10:01", late(finished_at="2026-03-02T17:00"))

    def kinds(then: str) -> list[str]:
        question = Question(as_of=at(then))
        return [found["kind"] for found in answer(one.config, one.ledger, question, at("2026-03-10"))["findings"]]

    assert kinds("2026-03-05T12:00") == []
    assert kinds("2026-03-09T12:00") == ["answer_edited"]


# --- cost -------------------------------------------------------------------------------------------------------------


def test_a_second_look_finds_the_same_as_a_first(make: Any) -> None:
    one = probed(make, interval("2026-03-04T10:00", "2026-03-04T10:05"))
    one.found("2026-03-04T18:00")
    one.tell("2026-03-04T19:00", interval("2026-03-04T18:20", "2026-03-04T18:25"), source="probe", revisions=False)
    one.tell("2026-03-04T19:00", fault("1", "desk", "2026-03-04T10:01"), source="desk")
    again = one.found("2026-03-04T19:00")
    one.findings = Findings(one.config, one.ledger)
    assert one.found("2026-03-04T19:00") == again
    assert [found.subject for found in again] == ["probe/2026-03-04T18:20"]


def test_the_last_batch_before_an_instant_is_found_by_halving(make: Any) -> None:
    one = make({"x": ON_TIME})
    for minute in range(20):
        one.tell(f"2026-03-02T10:{minute:02d}", case(str(minute), accepted_at="2026-03-02"))

    def before(instant: Instant) -> list[tuple[Any, ...]]:
        with one.ledger.read() as session:
            seq = seq_before(session, instant)
            counted: list[tuple[Any, ...]] = session.rows("SELECT COUNT(*) FROM batch WHERE seq <= ?", (seq,))
            return counted

    assert [before(at(f"2026-03-02T{time}")) for time in ("09:00", "10:00", "10:07", "12:00")] == [
        [(0,)], [(0,)], [(7,)], [(20,)]
    ]  # fmt: skip
