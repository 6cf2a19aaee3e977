"""The table of an `uptime` indicator: outages that overlap count once, and what is known stands beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.evaluate.coverage import Stretch, common, joined
from agent.evaluate.held import Held
from agent.evidence.cells import guarded, seconds
from agent.evidence.table import Column, Line, Row, Table
from agent.measures import promised_microseconds
from agent.model import Instant, Outcome, Record, Window

KNOWN = "已读到"  # a row of time for which silence means up, not a record
EXCESS = "更正"


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
