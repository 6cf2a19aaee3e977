"""The wallboard: one screen that says to people walking by which promises are safe, in danger or lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from agent import words
from agent.config import Config
from agent.evaluate import OWED, owed_from
from agent.explain.judged import words_of_state
from agent.model import Instant, Snapshot, Stage, State, Verdict
from agent.notify import Sent
from agent.shown import NOTHING, moment, shown, shown_target, shown_value
from agent.status import zone_of
from agent.web.countdowns import Countdowns, nearest
from agent.web.lights import system_lights
from agent.web.pages import Names, indicator_address

WINDOW = "ytd"
OPEN_WINDOW = "year"  # holds what is due later this year too
ALWAYS_SAID = (State.MET, State.AT_RISK, State.MISSED, State.PENDING)
ROWS, NEAREST, MESSAGES = 12, 3, 2
# The worst first; what is alike stays in the order of the targets file, so that rows keep their places.
WORST_FIRST = (
    State.MISSED, State.AT_RISK, State.NO_DATA, State.MET, State.EMPTY, State.NOT_DUE, State.PENDING,
    State.NOT_APPLICABLE,
)  # fmt: skip
RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}


@dataclass(frozen=True, slots=True)
class Row:
    """One measured indicator."""

    name: str
    address: str
    value: str
    target: str
    state: str
    word: str
    allowance: str
    forecast: str


@dataclass(frozen=True, slots=True)
class Owed:
    """What one person in charge has still to state by one day."""

    owner: str
    number: int
    by: str
    is_late: bool


class Wall:
    """Makes what the wallboard shows of a Snapshot."""

    def __init__(self, config: Config, names: Names, countdowns: Countdowns) -> None:
        """For one configuration."""
        self._config, self._names, self._countdowns, self._zone = config, names, countdowns, zone_of(config)

    def parts(self, snapshot: Snapshot, now: Instant, sent: Sequence[Sent] | None) -> dict[str, Any]:
        """Everything the template names."""
        promised = promises(snapshot)
        measured = [one for one in promised if self._is_measured(one)]
        chosen = sorted(measured, key=_badness)[:ROWS]
        first = self._countdowns.foremost(snapshot.open, now)
        waiting = [
            self._countdowns.waiting(one, snapshot.as_of, now)
            for one in nearest(snapshot.open, snapshot.as_of, NEAREST + 1)
            if one is not first
        ]
        return {
            "promised": len(promised),
            "states": states(promised),
            "clock": moment(snapshot.as_of, self._zone)[11:],
            "today": moment(snapshot.as_of, self._zone)[:10],
            "foremost": None if first is None else self._countdowns.waiting(first, snapshot.as_of, now),
            "none_open": self._countdowns.none_open(),
            "stages": _stages(snapshot),
            "waiting": waiting[:NEAREST],
            "rows": [row(one) for one in chosen],
            "left_out": len(measured) - len(chosen),
            "systems": system_lights(self._config, snapshot),
            "owed": self._owed(promised, now),
            "late": sum(one.state is State.PENDING for one in promised if one.reason in OWED),
            "messages": None if sent is None else [(moment(one.at, self._zone)[5:16], one) for one in sent[:MESSAGES]],
        }

    def _is_measured(self, verdict: Verdict) -> bool:
        known = self._names.indicators.get((verdict.project, verdict.indicator))
        return known is not None and known.measure.from_records

    def _owed(self, promised: Sequence[Verdict], now: Instant) -> list[Owed]:
        """What people have still to state, by who is in charge and until when, the first day first."""
        today = self._config.plans[0].days.day_of(now)
        groups: Counter[tuple[int, str]] = Counter()
        for verdict in promised:
            if verdict.reason in OWED:
                indicator = self._names.indicators[(verdict.project, verdict.indicator)]
                groups[(owed_from(indicator), indicator.owner or words.NO_OWNER)] += 1
        return [
            Owed(owner, number, date.fromordinal(day).isoformat(), day <= today)
            for (day, owner), number in sorted(groups.items(), key=lambda item: item[0][0])
        ]


def promises(snapshot: Snapshot) -> list[Verdict]:
    """The verdicts on what was promised, of the year so far and all systems; evidence measures are left out."""
    return [
        one
        for one in snapshot.verdicts
        if one.window.name == WINDOW and one.system is None and "/" not in one.indicator
    ]


def states(promised: Sequence[Verdict]) -> list[tuple[str, str, int]]:
    """How many are in each state: name, word and number. They add up to all; some are said even where none is."""
    counted = Counter(one.state for one in promised)
    said = [state for state in (*ALWAYS_SAID, *State) if counted[state] or state in ALWAYS_SAID]
    return [(state.value, words.STATES[state], counted[state]) for state in dict.fromkeys(said)]


def row(verdict: Verdict) -> Row:
    """One indicator in a line."""
    return Row(
        name=verdict.name,
        address=indicator_address(verdict.project, verdict.indicator),
        value=shown_value(verdict),
        target=shown_target(verdict.target),
        state=verdict.state.value,
        word=words_of_state(verdict),
        allowance=allowance(verdict),
        forecast=forecast(verdict),
    )


def allowance(verdict: Verdict) -> str:
    """How many more records may miss, or by how many it is too late."""
    return NOTHING if verdict.allowance_left is None else words.allowance(verdict.allowance_left)


def forecast(verdict: Verdict) -> str:
    """The value expected at the end of the year."""
    if verdict.forecast is None:
        return NOTHING
    return shown(Fraction(verdict.forecast.value), verdict.unit, verdict.target)


def _badness(verdict: Verdict) -> tuple[int, int]:
    hopeless = verdict.state is State.MISSED and verdict.reachable is False
    return RANK[verdict.state], not hopeless


def _stages(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """The open records of what was promised: stage, word and number, of those stages that have any."""
    counted: Counter[Stage] = Counter()
    for one in snapshot.verdicts:
        if one.window.name == OPEN_WINDOW and one.system is None and "/" not in one.indicator:
            counted.update(one.stages)
    order = (Stage.OVERDUE, Stage.DUE_SOON, Stage.IN_TIME, Stage.PAUSED)
    return [(stage.value, words.STAGES[stage], counted[stage]) for stage in order if counted[stage]]
