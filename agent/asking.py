"""Answering a question about the ledger: at another time, over other days, as things stood then, or what if."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from agent.book import Definition, Place, Registered, current, definitions, demands_differ, last_known, ledger_at
from agent.config import Config, Plan
from agent.evaluate import Board, custom, named, plans_of_days
from agent.evaluate.board import PlansOf, WindowsOf
from agent.findings import with_findings
from agent.ledger import Ledger
from agent.model import Instant, Snapshot, Window
from agent.status import Json, Question, status_answer

Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Show no progress."""


def window_name(question: Question) -> str:
    """The name of the window asked for."""
    return "custom" if question.first is not None else question.window


class Asked(NamedTuple):
    """What answers a question, and the indicators that were only tried: the ledger serves them differently."""

    board: Board
    snapshot: Snapshot
    tried: tuple[str, ...]


@contextmanager
def asked(
    config: Config,
    ledger: Ledger,
    question: Question,
    now: Instant,
    progress: Progress = silent,
    *,
    found: bool = True,
    alone: tuple[str, str] | None = None,
    verdicts_only: bool = False,
) -> Iterator[Asked]:
    """The board and Snapshot that answer a question, with the findings if wanted; the ledger stays as it is.

    What is asked of the past is judged on a scratch ledger, and so is what the ledger does not know: with files that
    define an indicator otherwise the answer says what the figures would be. There what `alone` says nothing of, another
    project and indicator, may be left out; with `verdicts_only` the ledger behind the Snapshot holds no single records.
    """
    if question.first is not None and question.last is not None:
        plans_of_days(config.plans, question.first, question.last)  # refused before anything is derived
    wanted = definitions(config)
    served = current(ledger, wanted)
    rules, promises = untold(ledger, served, wanted)
    tried = tuple(f"{one.project}/{one.indicator}" for one in wanted if one in rules or one in promises)
    instant = question.as_of if question.as_of is not None else question.at
    is_past = instant is not None and (instant < now or question.as_of is not None)
    moment = now if instant is None else instant
    is_of_now = not is_past and question.through is None
    if is_of_now and not rules and served.keys:  # a ledger that serves nothing yet has no figures of its own
        board = _board(config, ledger, question, tried)
        snapshot = board.refresh(moment)
        yield Asked(board, with_findings(config, ledger, snapshot) if found and instant is None else snapshot, tried)
        return
    in_force = [served.in_force(one) if one.place in served.waiting else one for one in wanted]
    with ledger_at(
        ledger,
        in_force,
        moment,
        known_then=question.as_of is not None,
        through=question.through,
        learned_by=question.learned_by,
        cut=is_past,
        tried={one.place for one in (*rules, *promises)},
        alone=alone,
        sums_only=verdicts_only,
        progress=progress,
    ) as scratch:
        board = _board(config, scratch, question, tried)
        yield Asked(board, board.refresh(moment), tried)


def settled(ledger: Ledger, question: Question, now: Instant) -> Question:
    """A question about another time, with the batch that answers it: asked again like that, the answer is the same."""
    if question.through is not None or (question.at is None and question.as_of is None):
        return question
    with ledger.read() as session:
        if question.as_of is not None:
            return replace(question, through=last_known(session, question.as_of))
        counter = session.one("SELECT seq FROM counter WHERE id = 1") or (0,)
        return replace(question, through=counter[0], learned_by=now)


def untold(
    ledger: Ledger, served: Registered, wanted: Sequence[Definition]
) -> tuple[list[Definition], list[Definition]]:
    """The definitions whose way of counting, and those of which only what is demanded, the ledger does not know.

    One that is still being derived, or waits for approval, it knows.
    """
    with ledger.read() as session:
        if session.one("SELECT 1 FROM batch LIMIT 1") is None:  # there is nothing to try them on
            return [], []
    counted = {(one.place, one.hash) for one in served.keys.values()}
    texts: dict[Place, list[str]] = {}
    for pk, one in served.keys.items():
        texts.setdefault(one.place, []).append(served.specs.get(pk, one.spec))
    rules = [one for one in wanted if one.project and (one.place, one.hash) not in counted]
    promises = [
        one
        for one in wanted
        if one.project
        and one.place in texts
        and served.waiting.get(one.place) != one.version
        and all(demands_differ(text, one.spec) for text in texts[one.place])
    ]
    return rules, promises


def of_days(config: Config, former: Asked, question: Question) -> Asked:
    """The answer for other days, without the findings, from the board that answered for some: nothing is read twice."""
    former.board.look_at(*_windows(config, question))
    return former._replace(snapshot=former.board.refresh(former.snapshot.as_of))


def _board(config: Config, ledger: Ledger, question: Question, tried: Sequence[str]) -> Board:
    if question.first is None or question.last is None:
        return Board(config, ledger, tried=tried)
    return Board(config, ledger, *_windows(config, question), tried)


def _windows(config: Config, question: Question) -> tuple[WindowsOf, PlansOf]:
    """The windows of the days asked for, and the plans that own them."""
    first, last = question.first, question.last
    assert first is not None
    assert last is not None
    owners = plans_of_days(config.plans, first, last)

    def windows_of(plan: Plan, now: Instant) -> tuple[Window, ...]:
        asked_for = custom(plan.days, first, last)
        return (asked_for, named("year", plan.days, plan.year, now)) if question.with_year else (asked_for,)

    return windows_of, lambda now: owners


def answer(config: Config, ledger: Ledger, question: Question, now: Instant) -> Json:
    """The status answer to a question."""
    with asked(config, ledger, question, now, verdicts_only=True) as (_, snapshot, _):
        return status_answer(snapshot, config, window_name(question), question.system, with_open=question.with_open)
