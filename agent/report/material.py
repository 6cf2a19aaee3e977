"""What a report is made from: verdicts on its period, on each month so far, and on the same days of the year before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from agent import owed
from agent.config import Indicator, Project
from agent.evaluate import Board, custom, plans_of_days
from agent.export import Basis
from agent.export.basis import PERIOD, YEAR
from agent.model import ConfigError, Day, State, Verdict, Window

Place = tuple[str, str, str | None]  # project, indicator, system (None: all together)
Judged = Mapping[Place, Verdict]
SETTLED = (State.MET, State.AT_RISK, State.MISSED)


@dataclass(frozen=True)
class Material:
    """Everything a report says comes from here; each figure is one a verdict holds."""

    basis: Basis
    demo: bool
    months: Mapping[int, Judged]  # month → alone; those of the report's year that have begun, through its period
    through: Mapping[int, Judged]  # month → the year from its first day through the end of that month
    year_before: Judged  # the same days as the period, a year earlier
    so_far_before: Judged  # … as the year through the period

    @property
    def projects(self) -> Sequence[Project]:
        """The tables of what was promised."""
        return self.basis.plan.projects

    @cached_property
    def period(self) -> Judged:
        """The period's verdicts."""
        return self._judged(PERIOD)

    @cached_property
    def year(self) -> Judged:
        """The year's, to which belongs what is said of where it is heading."""
        return self._judged(YEAR)

    @property
    def last_month(self) -> int:
        """The last month that is told of."""
        return max(self.months, default=1)

    @property
    def so_far(self) -> Judged:
        """The year through the end of the period."""
        return self.through.get(self.last_month, {})

    @cached_property
    def promised(self) -> Sequence[Indicator]:
        """Every row, in printed order."""
        return [one for project in self.projects for one in project.indicators]

    @cached_property
    def measured(self) -> Sequence[Indicator]:
        """The rows worked out from records."""
        return [one for one in self.promised if one.measure.from_records]

    @cached_property
    def owed(self) -> Sequence[owed.Row]:
        """The rows of this year that people answer for."""
        year = self.basis.plan.year
        return [row for row in owed.rows(self.basis.config, self.basis.ledger, self.basis.now) if row.year == year]

    def system(self, id: str) -> str:
        """What a system is called."""
        known = self.basis.plan.systems.get(id)
        return id if known is None else known.name

    def by_system(self, one: Indicator) -> list[tuple[str, Verdict]]:
        """The systems in which anything happened in the period, by name, with their verdicts."""
        found = [
            (self.system(system), verdict)
            for (project, indicator, system), verdict in self.period.items()
            if system is not None and (project, indicator) == (one.project, one.id)
        ]
        return [(name, verdict) for name, verdict in found if verdict.good + verdict.bad]

    def _judged(self, window: str) -> Judged:
        return _by_place(one for one in self.basis.snapshot.verdicts if one.window.name == window)


def material(basis: Basis, demo: bool) -> Material:
    """Judge what the report needs beside its own period, all at the instant of its Snapshot."""
    year, last = basis.plan.year, basis.window.last
    today = basis.plan.days.day_of(basis.now)
    begins = [first for month in range(1, 13) if (first := _day(year, month)) < last and first <= today]
    ends = {month: _after(first) for month, first in enumerate(begins, 1)}
    alone = [custom(basis.plan.days, first, ends[month], f"month {month}") for month, first in enumerate(begins, 1)]
    through = [custom(basis.plan.days, _day(year, 1), last, f"through {month}") for month, last in ends.items()]
    found = _judge(basis, (*alone, *through)) if begins else {}
    told = min(last, max(today + 1, basis.window.first + 1))  # a running period is compared with as many days
    before = custom(basis.plan.days, _year_earlier(basis.window.first), _year_earlier(told), "before")
    so_far = custom(basis.plan.days, _day(year - 1, 1), _year_earlier(told), "so far before")
    former = _judge(basis, (before, so_far))
    return Material(
        basis=basis,
        demo=demo,
        months={month: found[f"month {month}"] for month in ends},
        through={month: found[f"through {month}"] for month in ends},
        year_before=former["before"],
        so_far_before=former["so far before"],
    )


def month_of(text: str | None, year: int, today: Day) -> tuple[Day, Day]:
    """The days of `2026-10`; of the last month of the year that is over where nothing is said, else its first.

    ConfigError where that is no month of the year, or has not begun.
    """
    if text is None:
        on = date.fromordinal(today)
        month = 12 if on.year > year else 1 if on.year < year else max(1, on.month - 1)
    else:
        spelled, _, number = text.partition("-")
        is_month = number.isascii() and number.isdigit() and len(number) == 2 and 1 <= int(number) <= 12
        if not is_month or spelled != str(year):
            raise ConfigError(f"--month：应写作 {year}-01 至 {year}-12，现为 {text!r}")
        month = int(number)
    first = _day(year, month)
    if first > today:
        raise ConfigError(f"--month：{year}-{month:02d} 尚未开始，按 {date.fromordinal(today)} 判定")
    return first, _after(first)


def _judge(basis: Basis, windows: tuple[Window, ...]) -> dict[str, Judged]:
    """The verdicts of these days of the report's plan, by the windows' names."""
    owners = plans_of_days(basis.config.plans, windows[0].first, windows[0].last)
    board = Board(basis.config, basis.ledger, lambda plan, now: windows, lambda now: owners)
    verdicts = board.refresh(basis.now).verdicts
    return {window.name: _by_place(one for one in verdicts if one.window.name == window.name) for window in windows}


def _by_place(verdicts: Iterator[Verdict]) -> Judged:
    return {(one.project, one.indicator, one.system): one for one in verdicts}


def _day(year: int, month: int) -> Day:
    return date(year, month, 1).toordinal()


def _after(first: Day) -> Day:
    """The first day of the month after the one that begins on this day."""
    begun = date.fromordinal(first)
    return _day(begun.year + begun.month // 12, begun.month % 12 + 1)


def _year_earlier(day: Day) -> Day:
    """The same date a year before; of 29 February, which that year lacks, the day after the 28th."""
    then = date.fromordinal(day)
    if (then.month, then.day) == (2, 29):
        return date(then.year - 1, 3, 1).toordinal()
    return then.replace(year=then.year - 1).toordinal()
