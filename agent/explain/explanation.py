"""What an explanation consists of: plain frozen parts, with aware local times, that pages and programs render alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum

from agent.model import Stage, Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of how an indicator is counted."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula in words and the rules that say what goes into it."""

    sentence: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers put into the formula: `952 ÷ (952 + 377)`, the result in full, and as it is printed."""

    expression: str
    precise: str
    shown: str


@dataclass(frozen=True, slots=True)
class Case:
    """One record that missed or is still open, with its times on the local clock.

    `taken_seconds` is measured on the indicator's own clock, `late_seconds` and `remaining_seconds` by the wall, and
    where the record's clock is another one `…_on_clock_seconds` on that.
    """

    source: str
    id: str
    system: str | None
    day: date
    times: Mapping[str, datetime]
    fields: Mapping[str, str]
    due: datetime | None
    taken_seconds: float | None
    late_seconds: float | None
    remaining_seconds: float | None
    stage: Stage | None  # None: the record is final
    note: str | None
    first_due: datetime | None = None  # the due time the source gave first, where it gives another now
    late_on_clock_seconds: float | None = None
    remaining_on_clock_seconds: float | None = None
    request: str | None = None  # of people, waiting for another account, that would change how it counts


@dataclass(frozen=True, slots=True)
class Group:
    """Excluded records with the same reason."""

    reason: str
    records: int
    ids: tuple[str, ...] = ()  # of the newest of them, `source/id`


@dataclass(frozen=True, slots=True)
class Beside:
    """Another value that belongs to this one: an evidence measure, or one system's part."""

    id: str
    name: str
    value: str
    target: str
    state: str
    good: int
    bad: int
    open: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the window that a source has not told."""

    source: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """The definition the figures were derived by. `text` is everything they depend on, as the ledger keeps it."""

    hash: str
    year: int
    from_batch: int
    in_force: bool  # False: the configured definition is still being derived, the former one serves
    text: str


@dataclass(frozen=True, slots=True)
class Owed:
    """A value a person must state: who, by which day, which words are accepted and what must be shown for it."""

    owner: str | None
    by: date
    accepted: tuple[str, ...]
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One indicator in one window, explained. The parts that cannot be told are None or empty."""

    as_of: datetime
    project: str
    level: tuple[str, ...]
    name: str
    printed: str  # the target as printed in the table
    note: str | None  # how it is read, where the reading is ours
    owner: str | None
    system: str | None
    begins: datetime
    ends: datetime
    window: str
    verdict: Verdict
    answer: Mapping[str, object]  # the verdict as `status --json` prints it
    value: str
    target: str
    state: str
    why: str
    flags: tuple[str, ...]
    formula: Formula
    numbers: Numbers | None
    evidence: tuple[Beside, ...]
    systems: tuple[Beside, ...]
    time_names: tuple[str, ...]  # the times the measure reads, in the order they are shown
    missed: tuple[Case, ...]
    missed_total: int
    missed_days: tuple[date, ...]
    open: tuple[Case, ...]
    open_total: int
    excluded: tuple[Group, ...]
    gaps: tuple[Gap, ...]
    gaps_total: int
    coverage: str
    findings: tuple[str, ...]
    version: Version | None
    owed: Owed | None
    requests: tuple[str, ...] = ()  # of people, waiting for another account, that would change what counts
    wall_clock: bool = True  # 用时 is measured on the clock on the wall, as 超时 always is
    stated: tuple[Rule, ...] = ()  # what a person said of it, and what was handed in with that
    ahead: tuple[Rule, ...] = ()  # what follows for the rest of the year, and how it stands against its plan

    def as_json(self) -> dict[str, object]:
        """The same as plain dicts, lists, texts and numbers; times as ISO text."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        parts["verdict"] = parts.pop("answer")
        return {name: _plain(part) for name, part in parts.items()}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(one) for name, one in value.items()}
        case tuple() | list():
            return [_plain(one) for one in value]
        case _ if is_dataclass(value):
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        case _:
            return value
