"""A report as what it says, whatever it is written as: a sentence, a few figures, and parts of tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.model import State
from agent.plots import Chart

SHAPES: dict[State, str] = {  # beside the word, so that no state is told by its colour alone
    State.MET: "✓",
    State.AT_RISK: "▲",
    State.MISSED: "✕",
    State.EMPTY: "○",
    State.NO_DATA: "?",
    State.PENDING: "✎",
    State.NOT_DUE: "◷",
    State.NOT_APPLICABLE: "–",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the few figures a manager wants."""

    label: str
    value: str
    note: str = ""
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its heading, its share of the width, and whether it holds numbers."""

    text: str
    width: int
    number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell; one with a state has its shape before the text. `draft` is a text nobody has written yet."""

    text: str
    state: State | None = None
    strong: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `grid` is a table of states, a cell a month."""

    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    grid: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart under its title."""

    chart: Chart
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures side by side, or one that fills its half."""

    left: Picture
    right: Picture | None


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


Block = Table | Picture | Pair | Text


@dataclass(frozen=True, slots=True)
class Part:
    """A part under its heading; `fresh` begins on paper of its own."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """A whole report. `content` is the same for programs, `printed` what the log keeps: project/indicator → value."""

    title: str
    period: str
    organisation: str
    marks: Sequence[str]  # 演示数据, 草稿
    as_of: str
    sentence: str
    figures: Sequence[Figure]
    parts: Sequence[Part]
    foot: str
    one_page: bool
    content: dict[str, Any] = field(repr=False)
    printed: dict[str, dict[str, str]] = field(repr=False)
