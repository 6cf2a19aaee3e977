"""What was known then: a ledger as of an instant equals a fresh one to which only that much had arrived."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import acts as deeds
from agent.asking import answer, asked
from agent.book import Book, Delivery, definitions, ledger_at, register
from agent.book.source_history import states_at, told_at
from agent.config import Config
from agent.evaluate import Board
from agent.ledger import Ledger
from agent.model import SECOND_US, ConfigError, Mapped, Record, State, Verdict
from agent.status import Question
from collectors.probe import Interval, follow
from collectors.sampling import Sample
from tests.closed_site import busy_site
from tests.drawing import examples
from tests.plans import CASE_SOURCE, at, case, empty_ledger, site
from tests.small_site import NOW

pytestmark = pytest.mark.whole

MEASURES: dict[str, dict[str, Any]] = {
    "on-time": {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"},
    "mean": {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at"},
    "longest": {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "max"},
    "done": {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"finished_at": "present"}},
}
HOUR_US = 3_600_000_000
BEGIN = at("2026-03-02T08:00")
FAILED = "connection refused"


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


@contextmanager
def file_ledger() -> Iterator[Ledger]:
    """One that is judged while it is read, which one in memory cannot be."""
    with tempfile.TemporaryDirectory() as folder, closing(Ledger.open(Path(folder) / "ledger.db")) as ledger:
        yield ledger


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
    with empty_ledger() as everything:
        told(everything, config, batches)
        with ledger_at(everything, definitions(config), instant, known_then=True) as then:
            found = facts(then, config, instant)
    with file_ledger() as some:
        told(some, config, batches[: known + 1])
        assert found == facts(some, config, instant)


HISTORIES = st.lists(st.lists(versions(), min_size=1, max_size=3), min_size=1, max_size=6)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(batches=HISTORIES, data=st.data())
def test_as_of_equals_a_ledger_that_had_learned_only_that_much(
    config: Config, batches: list[list[Record]], data: st.DataObject
) -> None:
    known = data.draw(st.integers(0, len(batches) - 1))
    check(config, batches, known)


@pytest.mark.long
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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


# --- what sources had told, and how they were doing -------------------------------------------------------------------

INTERVAL_US = HOUR_US // 60


class Polled:
    """A source that is polled once a minute, and what a verdict says of it at any minute."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self.ledger, self.config = ledger, config
        self.book = Book(ledger, register(ledger, definitions(config)).keys)
        self.read(0, [case("a", accepted_at=hour(8))])

    def read(self, minute: int, records: list[Record] | None = None, covers: tuple[int, int] | None = None) -> None:
        now = BEGIN + minute * INTERVAL_US
        mapped = Mapped(records or [], [], [], None)
        told = covers or (0, now)
        self.book.deliver(Delivery("cases", "case", mapped, now, finished=True, covers=told, interval_us=INTERVAL_US))

    def fail(self, minute: int) -> None:
        self.book.fail("cases", FAILED, BEGIN + minute * INTERVAL_US, {})

    def known(self, minute: int) -> tuple[int, str | None]:
        """Through which minute the source had told everything, as was known then, and why it could not be read."""
        instant = BEGIN + minute * INTERVAL_US
        with ledger_at(self.ledger, definitions(self.config), instant, known_then=True) as scratch:
            (source,) = Board(self.config, scratch).refresh(instant).sources
        assert source.covered_through is not None
        return (source.covered_through - BEGIN) // INTERVAL_US, source.reason


@pytest.fixture
def polled(config: Config, tmp_path: Path) -> Iterator[Polled]:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        yield Polled(ledger, config)


def test_a_gap_that_was_caught_up_later_was_a_gap_then(polled: Polled) -> None:
    for minute in range(1, 11):
        polled.read(minute)
    polled.fail(11)
    polled.fail(12)
    for minute in range(100, 120):
        polled.read(minute)
    seen = [polled.known(minute) for minute in (5, 10, 11, 60, 99, 100, 110)]
    down = FAILED
    assert seen == [(5, None), (10, None), (10, down), (10, down), (10, down), (100, None), (110, None)]
    with polled.ledger.read() as session:
        assert [session.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in ("telling", "source_turn")] == [2, 2]


def test_a_source_read_with_an_overlap_had_told_no_more_than_its_polls_vouched_for_then(polled: Polled) -> None:
    overlap = 5
    for minute in range(6, 30):
        polled.read(minute, covers=(BEGIN, BEGIN + (minute - overlap) * INTERVAL_US))
    assert [polled.known(minute)[0] for minute in (6, 10, 20, 29)] == [1, 5, 15, 24]
    with polled.ledger.read() as session:
        assert session.rows("SELECT COUNT(*) FROM telling WHERE begins > 0") == [(1,)]  # polls in a row are one


def test_an_agent_that_did_not_run_knew_nothing_new_though_nothing_failed(polled: Polled) -> None:
    polled.read(1)
    polled.read(200)
    assert [polled.known(minute)[0] for minute in (1, 100, 199, 200)] == [1, 1, 1, 200]


def test_a_source_that_failed_for_a_moment_had_told_no_more_than_before_it_failed(polled: Polled) -> None:
    polled.read(1)
    polled.fail(2)
    polled.read(3)
    assert [polled.known(minute) for minute in (1, 2, 3)] == [(1, None), (1, FAILED), (3, None)]


def test_a_month_that_was_handed_in_later_was_not_known_before(polled: Polled) -> None:
    day = 24 * 60
    for minute in (10 * day, 10 * day + 1, 10 * day + 2):
        polled.read(minute, covers=(BEGIN, BEGIN + 9 * day * INTERVAL_US))
    for minute in (40 * day, 40 * day + 1):
        for first, last in ((0, 9), (9, 39)):
            polled.read(minute, covers=(BEGIN + first * day * INTERVAL_US, BEGIN + last * day * INTERVAL_US))
    seen = [polled.known(minute)[0] // day for minute in (9 * day, 10 * day + 1, 39 * day, 40 * day, 41 * day)]
    assert seen == [0, 9, 9, 39, 39]


def test_what_was_not_read_at_the_time_gave_no_figure_then(polled: Polled) -> None:
    polled.read(600)
    polled.read(10_000)
    at_night = BEGIN + 9_000 * INTERVAL_US
    with ledger_at(polled.ledger, definitions(polled.config), at_night, known_then=True) as then:
        assert {v.state for v in Board(polled.config, then).refresh(at_night).verdicts} == {State.NO_DATA}
    with ledger_at(polled.ledger, definitions(polled.config), at_night, known_then=False) as judged:
        assert State.NO_DATA not in {v.state for v in Board(polled.config, judged).refresh(at_night).verdicts}


def test_of_two_that_were_told_at_one_instant_the_batch_says_which_was_known(polled: Polled) -> None:
    polled.fail(5)
    instant = BEGIN + 5 * INTERVAL_US
    with polled.ledger.read() as session:
        ((failed,),) = session.rows("SELECT seq FROM source_turn")
        assert [states_at(session, instant, seq)["cases"].reason for seq in (failed - 1, failed)] == [None, FAILED]
    polled.read(5, covers=(BEGIN, BEGIN + INTERVAL_US))
    with polled.ledger.read() as session:
        assert [len(told_at(session, instant, seq)["cases"]) for seq in (failed, failed + 1)] == [1, 2]
    with polled.ledger.write() as session:  # as the ledgers of earlier versions have it
        session.run("UPDATE telling SET first_seq = NULL")
        session.run("UPDATE source_turn SET seq = NULL")
    with polled.ledger.read() as session:
        assert [len(told_at(session, instant, seq)["cases"]) for seq in (failed, failed + 1)] == [2, 2]
        assert states_at(session, instant, failed)["cases"].reason is None


# --- probes -----------------------------------------------------------------------------------------------------------

UPTIME = {"kind": "uptime", "of": "uptime", "from": "from", "to": "to", "systems": ["archive"]}
PROBE = {"collector": "probe", "every": "60s", "system": {"is": "archive"}, "tcp": {"host": "127.0.0.1", "port": "1"}}
EVERY_US = 60 * SECOND_US


class Sampled:
    """A probe and a source of cases, step by step as an agent would learn from them; each says when it was read."""

    def __init__(self, ledger: Ledger, config: Config) -> None:
        self.ledger, self.config = ledger, config
        self.book = Book(ledger, register(ledger, definitions(config)).keys)
        self._running: Interval | None = None

    def sample(self, now: int, up: bool) -> None:
        """One sample of the probe, mapped and booked as a round does it."""
        former = self._running
        intervals = follow(former, now, Sample(None if up else "HTTP 503"), 2 * EVERY_US)
        self._running = last = intervals[-1]
        joined = former is not None and intervals[0].started == former.started
        covers = (former.until if former is not None and joined else last.until, last.until)
        records = [
            Record("uptime", "probe", str(one.started), "archive", {"from": one.started, "to": one.until},
                   {"state": one.state})
            for one in intervals
        ]  # fmt: skip
        self._deliver("probe", "uptime", records, now, covers, revisions=False)

    def read(self, now: int, records: list[Record]) -> None:
        self._deliver("cases", "case", records, now, (0, now), revisions=True)

    def fail(self, source: str, now: int) -> None:
        self.book.fail(source, FAILED, now, {})

    def _deliver(
        self, source: str, kind: str, records: list[Record], now: int, covers: tuple[int, int], *, revisions: bool
    ) -> None:
        mapped = Mapped(records, [], [], None)
        self.book.deliver(
            Delivery(source, kind, mapped, now, revisions=revisions, covers=covers, interval_us=EVERY_US, finished=True)
        )

    def told(self, now: int) -> dict[str, Any]:
        """What an agent that has learned only this much answers at an instant."""
        return answer(self.config, self.ledger, Question(), now)

    def told_as_of(self, instant: int) -> dict[str, Any]:
        """What is answered of that instant later."""
        return answer(self.config, self.ledger, Question(as_of=instant), LATEST)


LATEST = at("2026-12-31")


@pytest.fixture(scope="module")
def with_probe(tmp_path_factory: pytest.TempPathFactory) -> Config:
    sources = {"cases": CASE_SOURCE | {"every": "60s"}, "probe": PROBE}
    return site(tmp_path_factory.mktemp("probe"), {**MEASURES, "up": UPTIME}, sources=sources)


@pytest.fixture
def probing(with_probe: Config, tmp_path: Path) -> Iterator[Sampled]:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        yield Sampled(ledger, with_probe)


def uptime(told: dict[str, Any]) -> tuple[Any, ...]:
    """What is said of the availability, all systems together."""
    (found,) = [one for one in told["indicators"] if (one["indicator"], one["system"]) == ("up", None)]
    return found["value"], found["good"], found["bad"], found["coverage"], found["state"]


def test_a_running_interval_had_reached_no_further_than_its_last_sample(probing: Sampled) -> None:
    seconds = [0, 60, 120, 180, 240, 300, 360, 420]
    states = [True, True, True, False, False, True, True, True]
    between = [now + 37 for now in seconds]
    live = []
    for second, up, then in zip(seconds, states, between, strict=True):
        probing.sample(BEGIN + second * SECOND_US, up)
        live.append(uptime(probing.told(BEGIN + then * SECOND_US)))
    assert len(set(live)) > 5
    assert [uptime(probing.told_as_of(BEGIN + then * SECOND_US)) for then in between] == live


def test_an_interval_that_was_withdrawn_later_counted_as_far_as_it_had_come(probing: Sampled) -> None:
    live = []
    for second in (0, 60, 120):
        probing.sample(BEGIN + second * SECOND_US, up=True)
        live.append(uptime(probing.told(BEGIN + second * SECOND_US + 1)))
    nothing = Delivery(
        "probe", "uptime", Mapped([], [], [], None), BEGIN + 180 * SECOND_US, revisions=False, seen=set()
    )
    probing.book.withdraw_missing(nothing, allow="wang")
    assert [uptime(probing.told_as_of(BEGIN + second * SECOND_US + 1)) for second in (0, 60, 120)] == live
    assert uptime(probing.told_as_of(BEGIN + 181 * SECOND_US))[1:3] == (0, 0)


def test_verdicts_from_sums_are_those_derived_from_every_record(tmp_path: Path) -> None:
    later = NOW + HOUR_US
    with busy_site(tmp_path) as busy:
        times = {"reported_at": at("2026-03-03T09:00"), "responded_at": at("2026-03-03T09:30")}
        edited = [Record("fault", "faults", id, "archive", times, {"level": "1"}) for id in ("F1", "F6", "F9")]
        busy.book.deliver(Delivery("faults", "fault", Mapped(edited, [], [], None), later, finished=True))
        approved = deeds.request_exclusion(busy.ledger, "cases/K1", "", "重复", later, "wang")
        deeds.approve(busy.ledger, busy.book, approved.n, later, "li")
        for instant in (NOW, later):
            told = []
            for verdicts_only in (True, False):
                question = Question(as_of=instant)
                with asked(busy.config, busy.ledger, question, LATEST, verdicts_only=verdicts_only) as one:
                    with one.board.ledger.read() as session:
                        kept = session.rows("SELECT COUNT(*) FROM observation WHERE outcome < 3")[0][0]
                    snapshot = one.snapshot
                    told.append((snapshot.verdicts, snapshot.open, snapshot.findings, kept))
            assert told[0][:3] == told[1][:3]
            assert {one.source: one.rejects for one in snapshot.sources if one.rejects} == {"faults": 1}
            assert told[0][3] < told[1][3]
        assert len({verdict.indicator for verdict in told[0][0]}) > 8


@st.composite
def courses(draw: Callable[[Any], Any]) -> list[tuple[int, str, Any]]:
    """What an agent meets, each with the microseconds since the step before: samples, reads, failures, gaps."""
    seconds = st.sampled_from([0, 1, 37, 59, 60, 61, 63, 90, 119, 121, 150, 179, 181, 240, 600])
    step = st.one_of(
        st.tuples(st.just("sample"), st.booleans()),
        st.tuples(st.just("sample"), st.just(True)),
        st.tuples(st.just("read"), st.lists(versions(), max_size=2)),
        st.tuples(st.just("fail"), st.sampled_from(["cases", "probe"])),
    )
    first = (0, "read", [draw(versions())])
    return [
        first,
        *((draw(seconds) * SECOND_US + draw(st.integers(0, 3)), *draw(step)) for _ in range(draw(st.integers(2, 14)))),
    ]


def check_course(config: Config, course: list[tuple[int, str, Any]], place_asked: int, later: int) -> None:
    """What was answered live after a step, some time before the next, is what is answered of that instant later."""
    with file_ledger() as ledger:
        agent, now, live, instant = Sampled(ledger, config), BEGIN, None, 0
        for place, (after, what, value) in enumerate(course):
            if place == place_asked + 1:
                instant = now + min(later, after - 1)
                live = without_polls(agent.told(instant))
            now += after
            match what:
                case "sample":
                    agent.sample(now, value)
                case "read":
                    agent.read(now, value)
                case _:
                    agent.fail(value, now)
        assert live == without_polls(agent.told_as_of(instant))


def without_polls(told: dict[str, Any]) -> dict[str, Any]:
    """An answer without what only the instants of single polls tell, of which a run is kept as one.

    A system that the last record moved away from is left out, for it may be listed with nothing.
    """
    sources = [
        {key: said for key, said in one.items() if key not in {"last_success", "covered_through", "signals", "rows"}}
        for one in told["sources"]
    ]
    counts = ("good", "bad", "open", "excluded")
    verdicts = [one for one in told["indicators"] if one["system"] is None or any(one[count] for count in counts)]
    return told | {"sources": sources, "indicators": verdicts}


COURSE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(COURSE, max_examples=examples(20))
@given(course=courses(), data=st.data())
def test_what_was_answered_live_is_answered_as_of_that_instant(
    with_probe: Config, course: list[tuple[int, str, Any]], data: st.DataObject
) -> None:
    draw_and_check(with_probe, course, data)


@pytest.mark.long
@settings(COURSE, max_examples=10_000)
@given(course=courses(), data=st.data())
def test_what_was_answered_live_is_answered_as_of_that_instant_ten_thousand_times(
    with_probe: Config, course: list[tuple[int, str, Any]], data: st.DataObject
) -> None:
    draw_and_check(with_probe, course, data)


def draw_and_check(config: Config, course: list[tuple[int, str, Any]], data: st.DataObject) -> None:
    places = [place for place, step in enumerate(course[1:]) if step[0]]
    if places:
        later = data.draw(st.integers(0, 700 * SECOND_US))
        check_course(config, course, data.draw(st.sampled_from(places)), later)
