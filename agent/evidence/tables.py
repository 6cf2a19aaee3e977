"""The table of one indicator: every record that counts in the period, how it counts, and what is summed.

Beside each table stands a spreadsheet formula that gives the indicator's value from its columns alone: one function
over whole columns, as Excel, WPS and LibreOffice all know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from agent import words
from agent.evaluate.coverage import Stretch, common, joined
from agent.evaluate.held import Held
from agent.evaluate.openwork import OpenObservation
from agent.evidence.cells import Moments, amount, day_text, guarded, seconds
from agent.measures import (
    Amount,
    Days,
    DurationMeasure,
    Measure,
    Milestone,
    OnTime,
    PausePair,
    Share,
    Uptime,
    promised_microseconds,
)
from agent.model import Instant, Outcome, Record, Window

Row = list[str]
GOOD, BAD = words.OUTCOMES["good"], words.OUTCOMES["bad"]
OUTCOMES: Mapping[int, str] = {
    Outcome.GOOD: GOOD,
    Outcome.BAD: BAD,
    Outcome.EXCLUDED: words.OUTCOMES["excluded"],
    Outcome.OPEN: words.OUTCOMES["open"],
}
KNOWN = "已读到"  # a row of time for which silence means up, not a record
EXCESS = "更正"


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


class Shares(Table):
    """`on_time` and `share`."""

    @property
    def formula(self) -> str:
        """The share of the good, or of an error rate that of the bad."""
        measure = self.held.indicator.measure
        is_error_rate = isinstance(measure, Share) and measure.bad_when is not None
        return share_of(self.letter("结果"), BAD if is_error_rate else GOOD)


class Durations(Table):
    """`duration`."""

    own = (Column("用时秒", "decimal", "按指标的时钟计；未完成而已超时的，计到判定时刻"),)
    functions: ClassVar[Mapping[str, str]] = {
        "mean": "=AVERAGE({})",
        "p50": "=MEDIAN({})",
        "p95": "=PERCENTILE({},0.95)",
        "max": "=MAX({})",
    }

    @property
    def formula(self) -> str:
        """The statistic of the time taken."""
        measure = self.held.indicator.measure
        assert isinstance(measure, DurationMeasure)
        return self.functions[measure.statistic].format(self.letter("用时秒"))

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """The time taken, where it counts."""
        if outcome >= Outcome.EXCLUDED:
            return [""]
        if line.outcome >= Outcome.OPEN:
            return [seconds(self.held.open.taken(self.open_one(record, line), self.now))]
        return [seconds(line.num)]


class Amounts(Table):
    """`amount`."""

    own = (Column("分子", "decimal", "计入分子的数"), Column("分母", "decimal", "计入分母的数"))

    @property
    def formula(self) -> str:
        """Sum over sum."""
        return f"=SUM({self.letter('分子')})/SUM({self.letter('分母')})"

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """Both parts."""
        return ["", ""] if outcome >= Outcome.EXCLUDED else [amount(line.num), amount(line.den)]


class Milestones(Table):
    """`milestone`."""

    own = (Column("完成日", "date", "完成的日子；全部完成才有值"),)

    @property
    def formula(self) -> str:
        """The latest day."""
        return f"=MAX({self.letter('完成日')})"

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """The day it was done."""
        return [day_text(line.num) if line.outcome < Outcome.EXCLUDED else ""]


class DaysKept(Table):
    """`days`: one row a day on which a record was owed, beside the rows of the records."""

    own = (Column("应有记录", "integer", "该日应有记录为1"), Column("有记录", "integer", "该日有记录为1，没有为0"))

    @property
    def formula(self) -> str:
        """Days kept over days owed."""
        return f"=SUM({self.letter('有记录')})/SUM({self.letter('应有记录')})"

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """A record's row counts no day."""
        return ["", ""]

    def more(self) -> Iterator[Row]:
        """The days."""
        measure = self.held.indicator.measure
        assert isinstance(measure, Days)
        owed, _ = self.held.days_owed(measure, self.window, None, self.now)
        for day, kept in owed.items():
            yield ["", "", "", day_text(day), *("" for _ in self.times), GOOD if kept else BAD, "", "1", str(int(kept))]


class Uptimes(Table):
    """`uptime`: pieces of intervals by day; where silence means up, the time that was told stands below the outages."""

    own = (
        Column("自", "time", "区间在该日之内的开始"),
        Column("至", "time", "区间在该日之内的结束"),
        Column("应服务秒", "decimal", "服务时段之内、维护之外、确已读到的时间"),
        Column("停机秒", "decimal", "其中停机的时间；同一系统重叠的停机只计一次"),
    )

    def __init__(self, held: Held, window: Window, now: Instant) -> None:
        """Outages that overlap count once: what was counted so far is kept by system."""
        super().__init__(held, window, now)
        self._accounted = held.accounted(window, None, now)
        self._names = held.names_accounted(None)
        self._counted: dict[str, list[Stretch]] = {}
        self._down = 0

    @property
    def formula(self) -> str:
        """Up time over known time."""
        known, down = self.letter("应服务秒"), self.letter("停机秒")
        return f"=(SUM({known})-SUM({down}))/SUM({known})"

    def counts(self, line: Line) -> bool:
        """An outage that goes on counts whatever day it began on."""
        if line.outcome >= Outcome.OPEN:
            return line.starts is not None and line.starts < self.window.end
        return super().counts(line)

    def numbers(self, record: Record, line: Line, outcome: int) -> Row:
        """The piece, the time it states as known, and how much of it was down."""
        if line.outcome == Outcome.EXCLUDED:
            return ["", "", "", ""]
        if line.outcome >= Outcome.OPEN:
            return self._running(record, line)
        if line.starts is None or line.due is None:
            return ["", "", seconds(line.den), seconds(line.den - line.num)]
        ends = self.moments.text(line.due)
        return [self.moments.text(line.starts), ends, "", seconds(self._once(line.system, line.starts, line.due))]

    def _running(self, record: Record, line: Line) -> Row:
        starts = line.starts or 0
        if self._accounted is not None and self.held.is_history(self.open_one(record, line)):
            down = self._once(line.system, starts, self.now)
        else:
            limits = max(starts, self.window.start), min(self.now, self.window.end)
            down = promised_microseconds(self.held.setting, line.system, *limits)
        return [self.moments.text(starts), "", "", seconds(down)]

    def _once(self, system: str, begins: Instant, ends: Instant) -> int:
        """The promised time of an outage that no row before has counted."""
        if system not in {*self._names, ""}:
            return 0
        before = self._counted.get(system, [])
        after = self._counted[system] = joined([*before, (begins, ends)])
        down = self._promised(system, after) - self._promised(system, before)
        self._down += down
        return down

    def _promised(self, system: str, stretches: Sequence[Stretch]) -> int:
        within = common(stretches, self._accounted or [])
        return sum(promised_microseconds(self.held.setting, system, a, b) for a, b in within)

    def more(self) -> Iterator[Row]:
        """The time for which silence means up; last, what outages of no named system exceed it by."""
        known = 0
        for name in self._names if self._accounted else ():
            for begins, ends in self._accounted or ():
                promised = promised_microseconds(self.held.setting, name, begins, ends)
                known += promised
                yield self._more(name, KNOWN, [*map(self.moments.text, (begins, ends)), seconds(promised), ""])
        if self._down > known:
            yield self._more("", EXCESS, ["", "", "", seconds(known - self._down)])

    def _more(self, system: str, what: str, numbers: Row) -> Row:
        return ["", "", guarded(system or None), "", *("" for _ in self.times), what, "", *numbers]


TABLES: Mapping[type[Measure], type[Table]] = {
    OnTime: Shares,
    Share: Shares,
    DurationMeasure: Durations,
    Amount: Amounts,
    Milestone: Milestones,
    Days: DaysKept,
    Uptime: Uptimes,
}


def table_of(held: Held, window: Window, now: Instant) -> Table:
    """The table of an indicator; one of a kind not known here has the columns all share."""
    return TABLES.get(type(held.indicator.measure), Table)(held, window, now)


def times_of(measure: Measure) -> tuple[str, ...]:
    """The times a measure reads, in the order in which they come."""
    names = [getattr(measure, key, None) for key in ("cohort", "start_name", "due", "to")]
    if isinstance(measure.pause, PausePair):
        names += [measure.pause.start, measure.pause.to]
    return tuple(dict.fromkeys(name for name in names if name))
