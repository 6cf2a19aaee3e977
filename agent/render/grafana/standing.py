"""How a state is shown: its word, its colour, and its rank, what presses most coming first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from agent import words
from agent.model import Service, State

Json = dict[str, Any]


class Tone(StrEnum):
    """A meaning by its colour, as on the agent's pages; Grafana's names, which suit its dark and light themes."""

    GOOD = "green"
    WARN = "orange"
    BAD = "red"
    ASK = "blue"
    CALM = "#7f8c88"
    TEXT = "text"


TONES: dict[State, Tone] = {
    State.MET: Tone.GOOD,
    State.AT_RISK: Tone.WARN,
    State.MISSED: Tone.BAD,
    State.EMPTY: Tone.CALM,
    State.NO_DATA: Tone.WARN,
    State.PENDING: Tone.ASK,
    State.NOT_DUE: Tone.CALM,
    State.NOT_APPLICABLE: Tone.CALM,
}
ORDER = (
    State.MISSED,
    State.AT_RISK,
    State.NO_DATA,
    State.PENDING,
    State.MET,
    State.EMPTY,
    State.NOT_DUE,
    State.NOT_APPLICABLE,
)
UNREACHABLE_RANK = 0  # missed, and the year cannot mend it
RANKS = {state: rank for rank, state in enumerate(ORDER, start=UNREACHABLE_RANK + 1)}


def mapping(words_of: Iterable[tuple[object, str, Tone]], unknown: tuple[str, Tone]) -> list[Json]:
    """Grafana's value mappings: what to write, and in which colour, for each value, and for none."""
    known = {
        str(value): {"text": word, "color": tone, "index": index}
        for index, (value, word, tone) in enumerate(words_of)
    }  # fmt: skip
    word, tone = unknown
    nothing = {"text": word, "color": tone, "index": len(known)}
    return [
        {"type": "value", "options": known},
        {"type": "special", "options": {"match": "null+nan", "result": nothing}},
    ]


NO_DATA = (words.STATES[State.NO_DATA], Tone.WARN)
STATES = mapping(
    [
        (UNREACHABLE_RANK, words.UNREACHABLE, Tone.BAD),
        *((rank, words.STATES[state], TONES[state]) for state, rank in RANKS.items()),
    ],
    NO_DATA,
)
CLOSED_RANK = 2  # not promised to be up: what a probe sees is no outage
UP = mapping(
    [
        (0, words.UP[False], Tone.BAD),
        (1, words.UP[True], Tone.GOOD),
        (CLOSED_RANK, f"{words.SERVICES[Service.CLOSED]}或{words.SERVICES[Service.MAINTENANCE]}", Tone.CALM),
        (CLOSED_RANK + 1, words.SERVICES[Service.OPEN], Tone.CALM),
    ],
    (words.UP[None], Tone.WARN),
)
