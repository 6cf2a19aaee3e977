"""A year of the work calendar, month by month: days off marked 休, weekends worked marked 班, working days counted."""

from __future__ import annotations

from datetime import date

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.config import Plan
from agent.terminal.grid import heading, said

WEEKDAYS = "一二三四五六日"
SATURDAY = 5


def arrangement(plan: Plan, year: int) -> RenderableType:
    """The months of a year the calendar knows; CalendarUnknown of any other."""
    working = {date.fromordinal(day) for day in plan.calendar.working_days(*_year(year))}
    months = [_month(year, month, working) for month in range(1, 13)]
    head = heading(f"{year}年工作日安排：全年工作日 {len(working)} 天（{plan.path}）")
    return Group(head, said("休：周一至周五放假  班：周六、周日上班", "dim"), Text(), Columns(months, padding=(0, 3)))


def _year(year: int) -> tuple[int, int]:
    return date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()


def _month(year: int, month: int, working: set[date]) -> RenderableType:
    after = date(year + month // 12, month % 12 + 1, 1).toordinal()
    days = [date.fromordinal(day) for day in range(date(year, month, 1).toordinal(), after)]
    table = Table.grid(padding=(0, 1, 0, 0))
    for name in WEEKDAYS:
        table.add_column(name, justify="right", min_width=4)
    table.add_row(*(Text(name, "dim") for name in WEEKDAYS))
    cells = [Text()] * days[0].weekday() + [_day(day, day in working) for day in days]
    for first in range(0, len(cells), len(WEEKDAYS)):
        table.add_row(*cells[first : first + len(WEEKDAYS)])
    count = sum(day in working for day in days)
    return Group(said(f"{month}月  工作日 {count} 天", "bold"), table, Text())


def _day(day: date, works: bool) -> Text:
    if day.weekday() >= SATURDAY:
        return said(f"{day.day}班", "yellow") if works else said(str(day.day), "dim")
    return said(str(day.day)) if works else said(f"{day.day}休", "green")
