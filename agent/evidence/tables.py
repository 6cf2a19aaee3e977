"""Which table and formula each kind of measure has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from agent.evaluate.held import Held
from agent.evidence.cells import amount, day_text, seconds
from agent.evidence.table import BAD, GOOD, Column, Line, Row, Table, share_of
from agent.evidence.uptime_table import Uptimes
from agent.measures import Amount, Days, DurationMeasure, Measure, Milestone, OnTime, Share, Uptime
from agent.model import Instant, Outcome, Record, Window


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
