"""The course of one indicator through its year: the value by the end of each week so far, and of each month alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from agent.config import Config, Indicator, Plan
from agent.evaluate.board import Board
from agent.evaluate.windows import custom
from agent.ledger import Ledger
from agent.model import Day, Instant, Verdict, Window

DAYS_ONE_BY_ONE = 60  # a year younger than this is told by the day
WEEK = 7


@dataclass(frozen=True, slots=True)
class Course:
    """Verdicts on all systems together, in order of time. `so_far` begin with the year and end before today."""

    so_far: tuple[Verdict, ...] = ()
    months: tuple[Verdict, ...] = ()


def course(config: Config, ledger: Ledger, plan: Plan, indicator: Indicator, now: Instant) -> Course:
    """The course as the ledger tells it now, judged like any other window. What people state has none.

    It reads the sums and open records of this indicator alone.
    """
    if not indicator.measure.from_records:
        return Course()
    alone = replace(indicator, evidence=())
    only = replace(
        plan,
        projects=tuple(replace(one, indicators=(alone,)) for one in plan.projects if one.id == indicator.project),
    )
    ends, months = list(_ends(plan, now)), list(_months(plan, now))
    board = Board(config, ledger, lambda plan, now: (*ends, *months), lambda now: (only,), by_system=False)
    verdicts = {one.window: one for one in board.refresh(now).verdicts}
    return Course(tuple(verdicts[one] for one in ends), tuple(verdicts[one] for one in months))


def _ends(plan: Plan, now: Instant) -> Iterator[Window]:
    first, today = _first(plan), _last_begun(plan, now)
    step = 1 if today - first <= DAYS_ONE_BY_ONE else WEEK
    for day in range(first + step, today + 1, step):
        yield custom(plan.days, first, day, f"until {day}")


def _months(plan: Plan, now: Instant) -> Iterator[Window]:
    today = _last_begun(plan, now)
    starts = [date(plan.year + month // 12, month % 12 + 1, 1).toordinal() for month in range(13)]
    for begins, ends in pairwise(starts):
        if begins <= today:
            yield custom(plan.days, begins, ends, f"month {begins}")


def _first(plan: Plan) -> Day:
    return date(plan.year, 1, 1).toordinal()


def _last_begun(plan: Plan, now: Instant) -> Day:
    return min(plan.days.day_of(now), date(plan.year, 12, 31).toordinal())
