"""What a closed period comes to today beside what it came to when it was closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent.book.closings import Closing, Value, closings
from agent.book.period import Period
from agent.evidence.closing import values_of
from agent.evidence.contents import Question, judged, known_by
from agent.ledger import Ledger, acts


class Moved(NamedTuple):
    """One indicator whose value, state, counts, rule or statement is another now."""

    indicator: str
    then: Value | None
    now: Value | None


class Since(NamedTuple):
    """One closing with what has changed since; None where that was not asked."""

    closing: Closing
    moved: tuple[Moved, ...] | None


def closed_periods(ledger: Ledger) -> list[Closing]:
    """Every closing in the order in which they were made."""
    with ledger.read() as session:
        return closings(acts.read(session))


def changed_since(ledger: Ledger, asked: Callable[[Period], Question]) -> list[Since]:
    """Every closing that stands, with what its period comes to now: late data, acts, rules and the passing of time."""
    with ledger.frozen() as still, still.read() as session:
        seq = (session.one("SELECT seq FROM counter WHERE id = 1") or (0,))[0]
        past, found = known_by(session, seq), []
        for closing in closings(past.log):
            if closing.superseded is not None:
                found.append(Since(closing, None))
                continue
            now = values_of(judged(asked(closing.period), still, past), session)
            names = dict.fromkeys([*closing.values, *now])
            moved = [Moved(name, closing.values.get(name), now.get(name)) for name in names]
            found.append(Since(closing, tuple(one for one in moved if one.then != one.now)))
    return found
