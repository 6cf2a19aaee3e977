"""Answering a question about the ledger: at another time, over other days, or as things stood then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.book import definitions, ledger_at
from agent.config import Config
from agent.evaluate import Board, custom
from agent.ledger import Ledger
from agent.model import Instant, Snapshot
from agent.status import Json, Question, status_answer

Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Show no progress."""


def window_name(question: Question) -> str:
    """The name of the window asked for."""
    return "custom" if question.first is not None else question.window


@contextmanager
def asked(
    config: Config, ledger: Ledger, question: Question, now: Instant, progress: Progress = silent
) -> Iterator[tuple[Board, Snapshot]]:
    """The board and Snapshot that answer a question. What is asked of the past is judged on a scratch ledger."""
    instant = question.as_of if question.as_of is not None else question.at
    if instant is None or (instant >= now and question.as_of is None):
        board = _board(config, ledger, question)
        yield board, board.refresh(now if instant is None else instant)
        return
    known_then = question.as_of is not None
    with ledger_at(ledger, definitions(config), instant, known_then=known_then, progress=progress) as scratch:
        board = _board(config, scratch, question)
        yield board, board.refresh(instant)


def _board(config: Config, ledger: Ledger, question: Question) -> Board:
    first, last = question.first, question.last
    if first is None or last is None:
        return Board(config, ledger)
    return Board(config, ledger, lambda plan, now: (custom(plan.days, first, last),))


def answer(config: Config, ledger: Ledger, question: Question, now: Instant) -> Json:
    """The status answer to a question."""
    with asked(config, ledger, question, now) as (_, snapshot):
        return status_answer(snapshot, config, window_name(question), question.system, with_open=question.with_open)
