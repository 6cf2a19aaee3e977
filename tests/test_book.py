"""The write path: nothing lost, nothing twice, any order, and what is stored equals what is derived from scratch."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.book import Book, Delivery, catch_up, current, definitions, recompute, register
from agent.config import Config
from agent.ledger import Ledger, acts
from agent.model import LedgerError, Mapped, Record, Reject
from tests.drawing import examples
from tests.plans import at, booked, case, empty_ledger, site

ON_TIME = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
MEASURES: dict[str, dict[str, Any]] = {
    "on-time": ON_TIME,
    "median": {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "p50"},
    "done": {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}},
}
MINUTES = st.integers(0, 60 * 24 * 20)


def minute(number: int) -> str:
    return f"2026-03-{1 + number // 1440:02d}T{number // 60 % 24:02d}:{number % 60:02d}"


@st.composite
def cases(draw: Callable[[Any], Any]) -> Record:
    """A version of one of a few cases: sparse, sometimes withdrawn, sometimes out of order."""
    values = {"accepted_at": minute(draw(MINUTES)), "due_at": minute(draw(MINUTES))}
    if draw(st.booleans()):
        values["finished_at"] = minute(draw(MINUTES))
    if draw(st.booleans()):
        values["state"] = draw(st.sampled_from(["done", "open"]))
    for name in draw(st.sets(st.sampled_from(["accepted_at", "due_at"]), max_size=1)):
        del values[name]
    record = case(draw(st.sampled_from("abcd")), system=draw(st.sampled_from(["archive", "portal", None])), **values)
    return record._replace(version=draw(st.integers(1, 4)), withdrawn=draw(st.booleans()))


def contents(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """What the ledger says, without what tells when and in which order it was learned."""
    with ledger.read() as session:
        return {
            "record": session.rows("SELECT id, system, version, withdrawn, body, hash FROM record ORDER BY id"),
            "observation": session.rows(
                "SELECT r.id, o.definition, o.day, o.system, o.outcome, o.due, o.num, o.den FROM observation o "
                "JOIN record r ON r.pk = o.record ORDER BY 1, 2, 3"
            ),
            "tally": [
                row
                for row in session.rows(
                    "SELECT definition, system, day, good, bad, excluded, num, den FROM tally ORDER BY 1, 2, 3"
                )
                if any(row[3:])
            ],
            "sample": session.rows(
                "SELECT s.definition, s.day, s.num, r.id FROM sample s JOIN record r ON r.pk = s.record "
                "ORDER BY 1, 2, 3, 4"
            ),
        }


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return site(tmp_path_factory.mktemp("site"), MEASURES)


@pytest.fixture
def fresh() -> Iterator[Callable[[], Ledger]]:
    """Makes empty ledgers, each in a folder of its own, and closes them."""
    opened: list[Ledger] = []
    with tempfile.TemporaryDirectory() as folder:

        def make() -> Ledger:
            opened.append(Ledger.open(Path(folder) / f"{len(opened)}.db"))
            return opened[-1]

        yield make
        for ledger in opened:
            ledger.close()


def cut(records: list[Record], sizes: list[int]) -> list[list[Record]]:
    batches, at = [], 0
    for size in sizes:
        batches.append(records[at : at + size])
        at += size
    return [*batches, records[at:]]


HISTORIES = settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])


@HISTORIES
@given(records=st.lists(cases(), max_size=14), sizes=st.lists(st.integers(1, 5), max_size=4))
def test_after_any_history_recompute_finds_no_difference(
    config: Config, records: list[Record], sizes: list[int]
) -> None:
    with empty_ledger() as ledger:
        keys = booked(ledger, config, *cut(records, sizes))
        assert recompute(ledger, keys).differences == ()


@HISTORIES
@given(records=st.lists(cases(), max_size=10), seed=st.integers(0, 1000))
def test_ranked_records_may_arrive_in_any_order_and_twice(config: Config, records: list[Record], seed: int) -> None:
    unique = list({(record.id, record.version): record for record in records}.values())
    shuffled = unique + unique[: len(unique) // 2]
    random.Random(seed).shuffle(shuffled)
    with empty_ledger() as first, empty_ledger() as second:
        booked(first, config, unique)
        booked(second, config, *[[record] for record in shuffled])
        assert contents(first) == contents(second)


def test_collecting_twice_changes_nothing(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger, records = fresh(), [case(str(n), accepted_at=minute(n), due_at=minute(n + 9)) for n in range(50)]
    keys = booked(ledger, config, records)
    before = contents(ledger)
    result = Book(ledger, keys).deliver(Delivery("cases", "case", Mapped(records, [], [], None), 0))
    assert (result.new, result.changed, result.same) == (0, 0, 50)
    assert contents(ledger) == before
    with ledger.read() as session:
        assert session.rows("SELECT COUNT(*) FROM batch") == [(1,)]


def test_of_two_rows_of_one_rank_the_same_wins_in_whichever_order_they_stand(
    config: Config, fresh: Callable[[], Ledger]
) -> None:
    told = [case("1", accepted_at=minute(1), state=state)._replace(version=1) for state in ("done", "open")]
    first, second = fresh(), fresh()
    booked(first, config, told)
    booked(second, config, told[::-1])
    assert contents(first) == contents(second)


def test_a_lower_rank_is_kept_as_a_revision_and_changes_nothing_else(
    config: Config, fresh: Callable[[], Ledger]
) -> None:
    ledger = fresh()
    newer = case("1", accepted_at=minute(1), due_at=minute(2), state="done")._replace(version=2)
    older = case("1", accepted_at=minute(1), due_at=minute(2), state="open")._replace(version=1)
    booked(ledger, config, [newer], [older], [older])
    with ledger.read() as session:
        assert session.rows("SELECT version FROM record") == [(2,)]
        assert session.rows("SELECT n, version, seq = until_seq FROM revision") == [(1, 1, 1)]


def test_a_superseded_version_is_kept_with_the_batches_it_was_current_for(
    config: Config, fresh: Callable[[], Ledger]
) -> None:
    ledger = fresh()
    versions = [case("1", accepted_at=minute(1), state=state)._replace(version=n) for n, state in enumerate("abc")]
    booked(ledger, config, *[[version] for version in versions])
    with ledger.read() as session:
        revisions = session.rows("SELECT version, seq, until_seq FROM revision ORDER BY n")
        current_seq = session.rows("SELECT seq FROM record")
    assert [version for version, _, _ in revisions] == [0, 1]
    assert revisions[0][2] == revisions[1][1]
    assert revisions[1][2] == current_seq[0][0]


def test_equal_rank_with_other_content_takes_the_later_and_says_so(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger = fresh()
    one, other = (case("1", accepted_at=minute(1), state=state)._replace(version=1) for state in ("open", "done"))
    booked(ledger, config, [one], [other])
    with ledger.read() as session:
        assert session.rows("SELECT kind, subject FROM finding") == [("same_rank", "cases/1")]
        assert '"state":"done"' in session.rows("SELECT body FROM record")[0][0]


def test_times_out_of_order_are_a_finding_until_they_are_put_right(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger = fresh()
    wrong = case("1", accepted_at=minute(9), due_at=minute(20), finished_at=minute(1))._replace(version=1)
    right = case("1", accepted_at=minute(9), due_at=minute(20), finished_at=minute(11))._replace(version=2)
    booked(ledger, config, [wrong])
    with ledger.read() as session:
        assert session.rows("SELECT kind, cleared_seq FROM finding") == [("out_of_order", None)]
    booked(ledger, config, [right])
    with ledger.read() as session:
        assert session.rows("SELECT COUNT(*) FROM finding WHERE cleared_seq IS NULL") == [(0,)]


def test_a_time_that_lies_ahead_is_a_finding(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger = fresh()
    early = case("1", accepted_at=minute(9), due_at=minute(99), finished_at=minute(70))
    booked(ledger, config, [early], now=at(minute(8)))
    with ledger.read() as session:
        assert session.rows("SELECT kind, subject FROM finding") == [("in_the_future", "cases/1")]


@pytest.mark.parametrize("fails_after_the_records", [False, True])
def test_a_failing_batch_leaves_no_trace(
    config: Config, fresh: Callable[[], Ledger], fails_after_the_records: bool
) -> None:
    ledger = fresh()
    keys = booked(ledger, config, [case("1", accepted_at=minute(1))])
    before = contents(ledger)
    good, broken = case("2", accepted_at=minute(1)), case("3", accepted_at=minute(1))
    told = Mapped([good, broken._replace(fields={"state": b"no text"})], [], [], None)  # type: ignore[dict-item]
    if fails_after_the_records:
        told = Mapped([good], [], [Reject("a:1", "no time", {"id": b"no text"})], None)  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        Book(ledger, keys).deliver(Delivery("cases", "case", told, 0, cursor={"a": 1}))
    assert contents(ledger) == before
    with ledger.read() as session:
        assert session.rows("SELECT cursor FROM source_state") == [(None,)]
        assert session.rows("SELECT COUNT(*) FROM reject") == [(0,)]


def test_a_reject_is_kept_once_however_often_it_comes(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger = fresh()
    keys = booked(ledger, config)
    bad = Mapped([], [], [Reject("cases.csv:7", "unknown code '9'", {"id": "1", "state": "9"})], None)
    counts = [Book(ledger, keys).deliver(Delivery("cases", "case", bad, 0)).rejected for _ in range(2)]
    assert counts == [1, 0]
    with ledger.read() as session:
        assert session.rows("SELECT COUNT(*) FROM reject") == [(1,)]


def test_a_complete_read_withdraws_what_is_gone_unless_too_much_is(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger, records = fresh(), [case(str(n), accepted_at=minute(n), due_at=minute(n + 9)) for n in range(30)]
    keys = booked(ledger, config, records)
    book = Book(ledger, keys)

    def read(left: list[Record], allow: str | None = None) -> int:
        delivery = Delivery("cases", "case", Mapped(left, [], [], None), 0, finished=True, seen=set())
        book.deliver(delivery)
        delivery.mapped = Mapped([], [], [], None)
        return book.withdraw_missing(delivery, allow).changed

    assert read(records[2:]) == 2
    with pytest.raises(LedgerError, match="lacks 18 of 28 records; nothing was withdrawn"):
        read(records[20:])
    assert read(records[20:], allow="wang") == 18
    assert read(records) == 0  # what comes back is no longer withdrawn
    with ledger.read() as session:
        (act,) = acts.read(session)
        assert (act.kind, act.account, act.subject, act.body["records"]) == ("withdraw", "wang", "cases", 18)
        assert session.rows("SELECT COUNT(*) FROM record WHERE withdrawn") == [(0,)]
    assert recompute(ledger, keys).differences == ()


def test_a_changed_definition_is_derived_beside_the_old_one_which_serves_until_then(
    tmp_path: Path, fresh: Callable[[], Ledger]
) -> None:
    ledger, records = fresh(), [case(str(n), accepted_at=minute(n), state="done") for n in range(20)]
    old = site(tmp_path, {"done": MEASURES["done"]})
    former = booked(ledger, old, records)
    changed = site(tmp_path, {"done": MEASURES["done"] | {"good_when": {"state": "open"}}})
    wanted = definitions(changed)
    registered = register(ledger, wanted)
    assert list(registered.serving.values()) == list(former)
    assert len(registered.building) == 1
    with pytest.raises(LedgerError, match="start it again"):
        Book(ledger, former).deliver(Delivery("cases", "case", Mapped(records[:1], [], [], None), 0))
    Book(ledger, registered.keys).deliver(
        Delivery("cases", "case", Mapped([case("new", accepted_at=minute(3))], [], [], None), 0)
    )
    catch_up(ledger, registered)
    after = current(ledger, wanted)
    assert not after.building
    assert set(after.serving.values()).isdisjoint(former)
    found = recompute(ledger, after.keys)
    assert found.differences == ()
    assert found.observations == 21
    with ledger.read() as session:
        assert session.rows("SELECT SUM(good), SUM(bad) FROM tally") == [(0, 21)]


def test_a_definition_changed_back_starts_anew(tmp_path: Path, fresh: Callable[[], Ledger]) -> None:
    ledger, records = fresh(), [case(str(n), accepted_at=minute(n), state="done") for n in range(5)]
    first = definitions(site(tmp_path, {"done": MEASURES["done"]}))
    other = definitions(site(tmp_path, {"done": MEASURES["done"] | {"good_when": {"state": "open"}}}))
    booked(ledger, site(tmp_path, {"done": MEASURES["done"]}), records)
    for wanted in (other, first, other, first):
        registered = register(ledger, wanted)
        catch_up(ledger, registered)
        assert recompute(ledger, current(ledger, wanted).keys) == recompute(ledger, registered.keys)
        assert recompute(ledger, registered.keys).observations == 5
        assert recompute(ledger, registered.keys).differences == ()


def test_recompute_names_what_was_tampered_with(config: Config, fresh: Callable[[], Ledger]) -> None:
    ledger = fresh()
    keys = booked(ledger, config, [case("1", accepted_at=minute(1), due_at=minute(2), state="done")])
    with ledger.write() as session:
        session.run("UPDATE tally SET good = good + 1 WHERE good = 1")
    assert {difference.what for difference in recompute(ledger, keys).differences} == {"tally"}


@pytest.mark.long
@settings(HISTORIES, max_examples=20_000)
@given(records=st.lists(cases(), max_size=14), sizes=st.lists(st.integers(1, 5), max_size=4))
def test_after_twenty_thousand_histories_recompute_finds_no_difference(
    config: Config, records: list[Record], sizes: list[int]
) -> None:
    with empty_ledger() as ledger:
        keys = booked(ledger, config, *cut(records, sizes))
        assert recompute(ledger, keys).differences == ()
