"""How many promises stand how, in words, and which of them a reader should look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from agent import words
from agent.config import Indicator
from agent.model import State, Verdict
from agent.report.material import Judged

NAMED = 3  # indicators named in a sentence
WORST_FIRST = (
    State.MISSED, State.AT_RISK, State.NO_DATA, State.MET, State.EMPTY, State.NOT_DUE, State.PENDING,
    State.NOT_APPLICABLE,
)  # fmt: skip
SAID = (State.MET, State.AT_RISK, State.MISSED, State.NO_DATA, State.EMPTY, State.PENDING, State.NOT_DUE)


def of(one: Indicator, judged: Judged) -> Verdict:
    """The verdict on a row, all systems together."""
    return judged[(one.project, one.id, None)]


def those(rows: Iterable[Indicator], judged: Judged, *states: State) -> list[Indicator]:
    """The rows that stand so."""
    return [one for one in rows if of(one, judged).state in states]


def counted(rows: Iterable[Indicator], judged: Judged) -> str:
    """`17项达标、1项当前未达标（故障响应及时率）、2项无数据`."""
    numbers = Counter(of(one, judged).state for one in rows)
    parts = []
    for state in (*SAID, State.NOT_APPLICABLE):
        if numbers[state]:
            missed = those(rows, judged, state) if state is State.MISSED else []
            parts.append(f"{numbers[state]}项{words.STATES[state]}{named(missed)}")
    return "、".join(parts)


def named(rows: Sequence[Indicator]) -> str:
    """The names in brackets, a few of them."""
    if not rows:
        return ""
    more = f"等{len(rows)}项" if len(rows) > NAMED else ""
    return f"（{'、'.join(one.name for one in rows[:NAMED])}{more}）"


def badness(verdict: Verdict) -> tuple[int, bool]:
    """What to sort by for the worst to come first; what is alike keeps its order."""
    return WORST_FIRST.index(verdict.state), verdict.reachable is not False
