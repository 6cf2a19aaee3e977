"""Percentiles that follow what comes and goes, and the countdown, are what they would be if made anew."""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from agent.evaluate import Board
from agent.evaluate.countdown import Countdown, OpenObservation
from agent.evaluate.ordered_numbers import BLOCK, OrderedNumbers
from agent.evaluate.percentiles import percentile
from agent.evaluate.ranked import Ranked
from agent.ledger import Ledger
from agent.model import Outcome, State, Window
from tests.small_site import NOW, small_site

WINDOW = Window("ytd", 10, 20, 0, 1)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    opened = Ledger.open("sqlite://")
    yield opened
    opened.close()


@pytest.mark.parametrize("rank", [Fraction(0), Fraction(1, 2), Fraction(19, 20), Fraction(1)])
@pytest.mark.parametrize("seed", range(5))
def test_a_percentile_that_follows_every_change_equals_one_read_anew(ledger: Ledger, rank: Fraction, seed: int) -> None:
    rng = random.Random(seed)
    held = {n: rng.randrange(50) for n in range(60)}
    with ledger.write() as session:
        session.many("INSERT INTO sample VALUES (1, 12, 'a', ?, ?)", [(number, n) for n, number in held.items()])
    following = Ranked(1, WINDOW, None, len(held), margin=3)
    for step in range(300):
        if held and rng.random() < (0.4 if step < 150 else 0.7):
            gone, number = held.popitem() if rng.random() < 0.5 else (min(held), held.pop(min(held)))
            statement, sign = "DELETE FROM sample WHERE num = ? AND record = ?", -1
        else:
            gone, number = 100 + step, rng.randrange(50)
            held[gone] = number
            statement, sign = "INSERT INTO sample VALUES (1, 12, 'a', ?, ?)", 1
        running = [rng.randrange(80) for _ in range(rng.randrange(4))]
        with ledger.write() as session:
            session.run(statement, (number, gone))
            following.move(number, sign)
            numbers, first = following.around(session, rank, running)
        total = following.count + len(running)
        assert percentile(numbers, rank, 1, first, total) == percentile(sorted([*held.values(), *running]), rank)


def test_the_numbers_between_two_places_are_as_many_whatever_still_runs(ledger: Ledger) -> None:
    with ledger.write() as session:
        session.many("INSERT INTO sample VALUES (1, 12, 'a', ?, ?)", [(10 * n, n) for n in range(40)])
        ranked = Ranked(1, WINDOW, None, 40, margin=3)
        running = [5, 205, 9_999]
        whole = sorted([*(10 * n for n in range(40)), *running])
        for first, end in ((0, 2), (20, 22), (20, 30), (41, 43), (40, 60)):
            assert ranked.between(session, first, end, running) == whole[first:end]


@pytest.mark.parametrize("distinct", [40, 1_000_000])
def test_many_numbers_stay_in_order_whatever_comes_and_goes(distinct: int) -> None:
    rng = random.Random(distinct)
    held = sorted(rng.randrange(distinct) for _ in range(BLOCK + 5))
    numbers = OrderedNumbers(held)
    twin, former = numbers.copy(), held[:]
    for sign in [*[1] * 2 * BLOCK, *[-1] * 2 * BLOCK, *[1] * 3]:
        if sign > 0:
            number = rng.randrange(distinct)
            numbers.add(number)
            insort(held, number)
        else:
            numbers.remove(held.pop(rng.randrange(len(held))))
    assert len(numbers) == len(held)
    assert (numbers.lowest, numbers.highest) == (held[0], held[-1])
    for first, end in [(0, 10), (BLOCK - 3, BLOCK + 3), (len(held) - 2, len(held) + 5), (0, len(held)), (5, 5)]:
        assert numbers.between(first, end) == held[first:end]
    assert twin.between(0, len(former)) == former


def test_numbers_can_all_go_and_come_again() -> None:
    numbers = OrderedNumbers([3])
    numbers.remove(3)
    assert (len(numbers), numbers.between(0, 9)) == (0, [])
    numbers.add(2)
    numbers.add(1)
    assert numbers.between(0, 9) == [1, 2]


def test_the_open_records_nearest_to_their_time_come_from_either_side_of_it_in_order() -> None:
    rng, countdown, held = random.Random(3), Countdown(), dict[int, OpenObservation]()
    for step in range(2_000):
        record = rng.randrange(300)
        if record in held:
            countdown.drop(held.pop(record))
        if rng.random() < 0.6:
            due = None if rng.random() < 0.1 else rng.randrange(1_000)
            one = OpenObservation(record, "s", f"{record:03}", 1, "a", Outcome.OPEN, None, 0, due, 0)
            countdown.add(one)
            held[record] = one
        if step % 97 == 0:
            ordered = sorted(held.values(), key=lambda one: (1 << 62 if one.due is None else one.due, one.id))
            now = rng.randrange(1_000)
            late = sum(one.due is not None and one.due < now for one in ordered)
            assert [one for _, _, one in countdown.around(now, 20)] == ordered[max(0, late - 20) : late + 20]


def test_a_start_waits_for_no_long_percentile_and_the_next_snapshot_has_every_value(tmp_path: Path) -> None:
    with small_site(tmp_path) as site:
        whole = Board(site.config, site.ledger).refresh(NOW)
        board = Board(site.config, site.ledger, patience=1)
        first = board.refresh(NOW)
        owed = [one for one in first.verdicts if one.reason == "reading"]
        assert {one.indicator for one in owed} == {"answered/median"}
        assert {(one.value, one.state) for one in owed} == {(None, State.NO_DATA)}
        assert [one for one in first.verdicts if one not in owed] == [
            one for one, told in zip(whole.verdicts, first.verdicts, strict=True) if told not in owed
        ]
        assert board.has_more
        assert board.refresh(NOW).verdicts == whole.verdicts
        assert not board.has_more
