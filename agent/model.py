"""The frozen types every room shares: what a source says, how it counts, what was promised and how it stands.

Instants are integers, microseconds since 1970-01-01T00:00:00Z: they subtract exactly and can never lack a zone.
Days are integers too, the proleptic ordinal (`date.toordinal`) of a local date in the targets' time zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

Instant = int
Day = int
Pairs = tuple[tuple[Instant, Instant | None], ...]
Row = tuple[object, ...]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
FRESH_INTERVALS = 3  # between two polls of a source; one read longer ago than that says nothing of now
AMOUNT_SCALE = 10**6  # amounts are integers in millionths of their unit


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime; a naive one raises TypeError."""
    return (moment - EPOCH) // MICROSECOND


def utc_of(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=instant)


# --- errors ---------------------------------------------------------------------------------------------------------


class DabiaoError(Exception):
    """Every error that is ours to report in one clear line."""


class ConfigError(DabiaoError):
    """The user's mistake: one or several lines, each saying what, where, expected and got."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        """Take one line or all of them."""
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class CollectError(DabiaoError):
    """The other side's fault: a source's, shown as its reason and retried at the next poll, or a message's receiver."""


class LedgerError(DabiaoError):
    """The ledger cannot be used: of a newer version, locked by another writer, or its disk is full."""


# --- what a source says ---------------------------------------------------------------------------------------------


class Record(NamedTuple):
    """What a source says of one thing. All field values are text: codes and numbers compare and store the same way."""

    kind: str
    source: str
    id: str
    system: str | None
    times: Mapping[str, Instant]
    fields: Mapping[str, str]
    pairs: Mapping[str, Pairs] = {}
    version: int | None = None
    changed_at: Instant | None = None
    withdrawn: bool = False


class Event(NamedTuple):
    """One row of an event log: the Record is the fold of its events, in whatever order they come."""

    id: str
    event: str
    at: Instant
    key: str  # tells this event from every other of the same id: equal rows are one event
    fields: Mapping[str, str]


class Reject(NamedTuple):
    """A row that could not become a Record: where it stood, why, and the text of its mapped columns alone."""

    locator: str
    reason: str
    mapped: Mapping[str, str | None]


class Mapped(NamedTuple):
    """What the mapping made of some rows. `highest` is the latest change seen, from which the next poll goes on."""

    records: list[Record]
    events: list[Event]
    rejects: list[Reject]
    highest: Instant | None


# --- what a collector is asked, and what it answers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Poll:
    """One question to a source. `columns` are the mapped columns: nothing else may leave the collector."""

    source: str
    columns: tuple[str, ...]
    now: Instant
    deadline: float  # on time.monotonic(); past it the collector raises CollectError
    cursor: Mapping[str, Any] | None = None  # what this collector asked to keep after the last booked page
    since: datetime | None = None  # read what changed at or after; aware, in the source's zone; None: everything
    since_text: str | None = None  # the same in the source's own format
    complete: bool = False  # everything is wanted: ignore `since` and what is known to be unchanged
    patient: bool = False  # somebody asked for this very round: what is ready in a moment is waited for


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a source, each a tuple in the order of `Poll.columns`.

    `cursor` is kept once these rows are booked (None: keep the former). `numbers` and `where` locate each row.
    `covers` is the stretch of time of which the source has now told everything; `signals` are gauges of the poll.
    """

    rows: Sequence[Row] = ()
    where: str = ""
    numbers: Sequence[int] = ()
    cursor: Mapping[str, Any] | None = None
    covers: tuple[Instant, Instant] | None = None
    signals: Mapping[str, float] = field(default_factory=dict)
    rejects: Sequence[Reject] = ()  # rows so broken that they have no columns
    ends: bool = False  # with these rows all that stands at `where` was read, from its beginning

    def locators(self) -> Iterator[str]:
        """`where:number` of each row."""
        return (f"{self.where}:{number}" for number in self.numbers)


# --- how a record counts --------------------------------------------------------------------------------------------


class Outcome(IntEnum):
    """How one record counts. An open record turns bad (or good, for error rates) when its due time passes."""

    GOOD = 0
    BAD = 1
    EXCLUDED = 2
    OPEN = 3
    OPEN_THEN_GOOD = 4


class Observation(NamedTuple):
    """How one Record counts toward one definition on one day. It holds nothing that depends on now.

    `starts`, `due`, `worked` describe an open record's clock: when its current run began, when its time is up (None
    while paused or while the calendar is unknown) and the microseconds banked before. `num` and `den` are summed. Of an
    outage that has ended, `starts` and `due` are its begin and end.
    """

    day: Day
    system: str
    outcome: Outcome
    reason: str | None = None
    starts: Instant | None = None
    due: Instant | None = None
    worked: int = 0
    num: int = 0
    den: int = 0


class Tally(NamedTuple):
    """Sums of observations of one definition, system and day. Tallies add; `open` is not part of them."""

    good: int = 0
    bad: int = 0
    excluded: int = 0
    num: int = 0
    den: int = 0

    def plus(self, other: Tally) -> Tally:
        """The sum."""
        return Tally(*map(int.__add__, self, other))


# --- what was promised ----------------------------------------------------------------------------------------------


class Unit(StrEnum):
    """The unit of a value, as JSON and series name it."""

    RATIO = "ratio"
    SECONDS = "seconds"
    COUNT = "count"
    CNY = "CNY"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Target:
    """Operator and value. `value` is exact, in base units (ratio 0–1, seconds, a day ordinal for `by`)."""

    op: str  # ">=", "<=", "=", "in", "by", "is"
    value: Fraction | None
    unit: Unit
    text: str
    high: Fraction | None = None  # the upper end of an interval
    word: str | None = None

    @property
    def is_limit(self) -> bool:
        """Whether less is better: `<=`, and `= 0`, which promises that there is none."""
        return self.op == "<=" or (self.op == "=" and self.value == 0)

    def holds(self, value: Fraction) -> bool:
        """Whether a value meets the target, on full precision. `=` is judged as ≥ (at least so much), `= 0` as ≤."""
        assert self.value is not None
        match self.op:
            case "<=" | "by":
                return value <= self.value
            case ">=" | "=":
                return value <= self.value if self.is_limit else value >= self.value
            case _:
                return self.value <= value <= (self.high if self.high is not None else self.value)


# --- how it stands --------------------------------------------------------------------------------------------------


class State(StrEnum):
    """The state of a Verdict. Words for people are in `agent.words`."""

    MET = "met"
    AT_RISK = "at_risk"
    MISSED = "missed"
    EMPTY = "empty"
    NO_DATA = "no_data"
    PENDING = "pending"
    NOT_DUE = "not_due"
    NOT_APPLICABLE = "not_applicable"


class Stage(StrEnum):
    """How far an open record is from breaking its promise."""

    IN_TIME = "in_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    PAUSED = "paused"


class Service(StrEnum):
    """Whether a system is promised to be up at an instant. Words for people are in `agent.words`."""

    OPEN = "open"
    CLOSED = "closed"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where the year will end: the expected value, an 80 % interval and the chance of meeting the target."""

    value: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True, slots=True)
class Course:
    """How a cumulative row stands against its plan. What the plan does not say is None."""

    expected: Fraction | None  # the value owed by now: of the last month of the plan that has ended
    behind: bool  # less than that
    next_day: Day | None  # the next day a value is owed by (the last day of its month), and that value
    next_value: Fraction | None
    forecast: Forecast | None  # needs a plan and three stated steps


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open `[first, last)` of whole local days, with its name (`ytd`, …) or `custom`."""

    name: str
    first: Day
    last: Day
    start: Instant
    end: Instant


class Band(StrEnum):
    """How far a quality was reached, in the three steps of the official form. Words for people are in `agent.words`."""

    ACHIEVED = "achieved"
    PARTLY = "partly"
    NOT_ACHIEVED = "not_achieved"

    def admits(self, share: Fraction) -> bool:
        """Whether this share of the points (0–1) may be claimed in this band. An edge belongs to the band above it."""
        low, high = BAND_SHARES[self]
        return low <= share and (share < high or share == high == 1)


BAND_SHARES: Mapping[Band, tuple[Fraction, Fraction]] = {  # 财预〔2020〕10号
    Band.ACHIEVED: (Fraction(8, 10), Fraction(1)),
    Band.PARTLY: (Fraction(6, 10), Fraction(8, 10)),
    Band.NOT_ACHIEVED: (Fraction(0), Fraction(6, 10)),
}


class Cause(StrEnum):
    """What a deviation is put down to, as the 监控表 asks it. Words for people are in `agent.words`."""

    FUNDS = "funds"
    RULES = "rules"
    STAFF = "staff"
    HARDWARE = "hardware"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person answers for, of one indicator in one year: a number, a word with its band, or why it is off target.

    It speaks of the year from its first day through `through`. `numerator` alone is an amount; with `denominator` the
    value is their quotient. `score` is the share of the points (0–1) the person claims within the band.
    """

    act: int
    at: Instant
    account: str
    through: Day
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    word: str | None = None
    band: Band | None = None
    score: Fraction | None = None
    not_applicable: bool = False
    reason: str | None = None  # 偏差原因分析及改进措施, or why the row does not apply
    survey: Mapping[str, int] = field(default_factory=dict)  # sent, returned, valid
    evidence: tuple[tuple[str, str], ...] = ()  # file name, SHA-256 of its content in the ledger
    causes: tuple[Cause, ...] = ()  # what the deviation is put down to, beside the reason

    @property
    def value(self) -> Fraction | None:
        """The number stated; None where a word was."""
        if self.numerator is None or self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator

    @property
    def only_explains(self) -> bool:
        """Whether it says no more than why the row is off target."""
        return not self.not_applicable and self.band is None and self.numerator is None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That somebody knows an indicator misses, or may, and why nobody need be told again through the day `until`."""

    act: int
    at: Instant
    account: str
    reason: str
    until: Day


@dataclass(frozen=True, slots=True)
class Objection:
    """That somebody does not agree with how a printed row is read."""

    act: int
    at: Instant
    account: str
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One indicator in one window, for one system or (None) all together. `value` is None where nothing can be said."""

    project: str
    indicator: str
    name: str
    system: str | None
    window: Window
    value: Fraction | None
    text: str | None  # the value where it is a word
    unit: Unit
    target: Target | None
    state: State
    flags: tuple[str, ...]
    good: int
    bad: int
    open: int
    excluded: int
    coverage: float | None
    reachable: bool | None
    allowance_left: int | None
    forecast: Forecast | None
    reason: str | None  # why there is no value, in a few words
    stages: Mapping[Stage, int]
    next_due: Instant | None
    due_today: int = 0  # open records that still have time, but not beyond this day
    numerator: int = 0  # what was summed, in ledger units
    denominator: int = 0
    definition: str | None = None  # the version of the rule it was reached by: how records count, what is demanded
    definition_waiting: str | None = None  # … of a changed one that nobody else has approved yet
    rate_needed: Fraction | None = None  # the value the rest of the year must have, at the expected volume
    unreachable_on: Day | None = None  # losing as usual, the day by whose end the target is out of reach
    course: Course | None = None  # of a cumulative row with a plan
    stated: Statement | None = None  # what a person said of the year so far, where the window begins with it
    acknowledged: Acknowledgement | None = None  # the one in force, of all systems together
    objection: Objection | None = None  # to the reading, of all systems together


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """One open record with its clock, for the countdown and the alerts."""

    project: str
    indicator: str
    source: str
    id: str
    system: str | None
    stage: Stage
    starts: Instant | None
    due: Instant | None
    left_us: int | None = None  # what is left on the measure's own clock, negative past the due time
    limit_us: int | None = None  # how long it may take in all on that clock
    resumed: bool = False  # its clock has stood still before `starts`


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source is doing."""

    source: str
    collector: str
    systems: tuple[str, ...]
    interval_seconds: float
    up: bool | None  # None: never polled
    last_success: Instant | None
    records: int
    rejects: int  # unresolved
    reason: str | None
    covered_through: Instant | None
    rows: Mapping[str, int]  # result → rows since the ledger began
    signals: Mapping[str, float]  # of the last poll: duration_seconds, clock_offset_seconds, up, seconds, …

    def fresh_since(self, now: Instant) -> Instant:
        """From when on what was read is fresh."""
        return now - int(FRESH_INTERVALS * self.interval_seconds * SECOND_US)

    def is_fresh(self, now: Instant) -> bool:
        """Whether it was read lately."""
        return self.last_success is not None and self.last_success >= self.fresh_since(now)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not add up and a person should look at."""

    kind: str
    subject: str
    text: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All verdicts, source states, nearest open records and findings of one instant."""

    as_of: Instant
    seq: int  # the last ledger batch it contains
    verdicts: tuple[Verdict, ...]
    sources: tuple[SourceStatus, ...]
    open: tuple[OpenRecord, ...]
    findings: tuple[Finding, ...]
    calendar_covered_until: Instant | None
