"""The table of one indicator: every record that counts in the period, how it counts, and what is summed.

Beside each table stands a spreadsheet formula that gives the indicator's value from its columns alone: one function
over whole columns, as Excel, WPS and LibreOffice all know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

from agent import words
from agent.evaluate.held import Held
from agent.evaluate.openwork import OpenObservation
from agent.evidence.cells import Moments, day_text, guarded
from agent.measures import Measure, PausePair
from agent.model import Instant, Outcome, Record, Window

Row = list[str]
GOOD, BAD = words.OUTCOMES["good"], words.OUTCOMES["bad"]
OUTCOMES: Mapping[int, str] = {
    Outcome.GOOD: GOOD,
    Outcome.BAD: BAD,
    Outcome.EXCLUDED: words.OUTCOMES["excluded"],
    Outcome.OPEN: words.OUTCOMES["open"],
}


class Column(NamedTuple):
    """One column: `type` is text, integer, decimal, date or time."""

    name: str
    type: str
    says: str


class Line(NamedTuple):
    """One observation as the ledger holds it."""

    record: int
    definition: int
    day: int
    system: str
    outcome: int
    reason: str | None
    starts: Instant | None
    due: Instant | None
    worked: int
    num: int
    den: int


WHICH = (
    Column("数据源", "text", "记录来自哪个数据源，对应 records/ 下的同名表"),
    Column("编号", "text", "记录在数据源中的编号"),
    Column("系统", "text", "应用系统"),
    Column("日期", "date", "记录计入的日子"),
)
HOW = (
    Column("结果", "text", "合格、不合格、剔除、未结；已超过时限而尚未完成的计为不合格"),
    Column("原因", "text", "剔除的原因；未结记录所处的阶段"),
)


class Table:
    """The rows of one indicator in one window, as judged at an instant."""

    own: ClassVar[tuple[Column, ...]] = ()

    def __init__(self, held: Held, window: Window, now: Instant) -> None:
        """Take the indicator as the board holds it."""
        self.held, self.window, self.now = held, window, now
        self.moments = Moments(held.plan.days)
        self.times = times_of(held.indicator.measure)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column in its order."""
        told = tuple(Column(name, "time", "记录的时间") for name in self.times)
        return (*WHICH, *told, *HOW, *self.own)

    def letter(self, name: str) -> str:
        """The whole of a column, as a formula names it."""
        place = next(place for place, column in enumerate(self.columns) if column.name == name)
        letters = chr(ord("A") + place % 26)
        return f"{letters}:{letters}" if place < 26 else f"A{letters}:A{letters}"

    @property
    def formula(self) -> str:
        """The value from the table alone."""
        return share_of(self.letter("结果"), GOOD)

    def counts(self, line: Line) -> bool:
        """Whether an observation belongs to the window."""
        return self.window.first <= line.day < self.window.last

    def row(self, record: Record, told: Mapping[str, str], line: Line) -> Row:
        """The row of one observation of a record, whose times were told in cells."""
        outcome, reason = line.outcome, line.reason
        if outcome >= Outcome.OPEN:
            one = self.open_one(record, line)
            stage = self.held.open.stage(one, self.now)
            outcome = self.held.counts_as(one, self.now)
            reason = reason or (None if stage is None else words.STAGES[stage])
        why = "" if reason is None else guarded(words.excluded(reason))
        return [
            guarded(record.source),
            guarded(record.id),
            guarded(line.system or None),
            day_text(line.day),
            *[told.get(name, "") for name in self.times],
            OUTCOMES[outcome],
            why,
            *self.numbers(record, line, outcome),
        ]

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """The cells of its own columns."""
        return []

    def more(self) -> Iterator[Row]:
        """Rows that are no record's, at the end."""
        return iter(())

    def open_one(self, record: Record, line: Line) -> OpenObservation:
        """An open observation as the board's clock takes it."""
        return OpenObservation(
            line.record,
            record.source,
            record.id,
            line.day,
            line.system,
            line.outcome,
            line.reason,
            line.starts,
            line.due,
            line.worked,
            self.held.clocks.name_of(record.fields) or "",
        )


def share_of(column: str, counted: str) -> str:
    """The share of the rows with one outcome among the good and the bad."""
    found = {word: f'COUNTIFS({column},"{word}")' for word in (GOOD, BAD)}
    return f"={found[counted]}/({found[GOOD]}+{found[BAD]})"


def times_of(measure: Measure) -> tuple[str, ...]:
    """The times a measure reads, in the order in which they come."""
    names = [getattr(measure, key, None) for key in ("cohort", "start_name", "due", "to")]
    if isinstance(measure.pause, PausePair):
        names += [measure.pause.start, measure.pause.to]
    return tuple(dict.fromkeys(name for name in names if name))
