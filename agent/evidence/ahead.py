"""What a 监控表 expects of the year: what that follows from, written into a pack, and worked out again from it.

A forecast follows from the sums of every day of the year and the one before, and from what was open on each. The days
of the period have theirs from the records of the pack; those of the others stand in `ahead.csv` as the ledger had them,
and in `expected.json` the year's value and how much of it was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from agent.book.statements import last_before
from agent.config import Indicator, Plan
from agent.evaluate import Board, judge, target_on
from agent.evaluate.held import Held
from agent.evaluate.judgement import Evidence
from agent.evaluate.prospects import DAYS_BEFORE, Pending, Prospect, day_kinds
from agent.evidence.cells import day_text, guarded, unguarded
from agent.evidence.table import Column, Row
from agent.evidence.writing import csv_bytes
from agent.export.monitoring import Expected, foreseen
from agent.forecast import Outlook
from agent.measures import Count
from agent.model import Day, Forecast, Instant, Stage, Tally, Verdict, Window

AHEAD, EXPECTED = "ahead.csv", "expected.json"
COLUMNS = (
    Column("指标", "text", "项目/指标"),
    Column("日期", "date", "记录计入的日子，各系统合计；期间内的由包内记录得出，期间外的照账本抄录"),
    Column("合格", "integer", "件数"),
    Column("不合格", "integer", "件数"),
    Column("剔除", "integer", "件数"),
    Column("分子", "integer", "账本单位：微秒、百万分之一"),
    Column("分母", "integer", "账本单位"),
    Column("未结", "integer", "判定时尚未到期的件数"),
    Column("已超时", "integer", "判定时已过时限而未完成的件数"),
    Column("期满无差错", "integer", "判定时期限已过而没有出错的件数"),
    Column("已用时", "integer", "已超时的件数至判定时所用的时间，微秒"),
)


class Known(NamedTuple):
    """Of the year of one measured row, what the days alone do not tell."""

    value: Fraction | None
    coverage: float | None
    ranked: float | None  # the forecast of a percentile, which takes every single value


Days = Mapping[Day, tuple[Tally, Pending]]


@dataclass(frozen=True)
class Given:
    """What a pack says: of each row the sums of its days, and by plan what is known of its year."""

    days: Mapping[str, Days]
    known: Mapping[str, Mapping[str, Known]]


def rows_ahead(board: Board, year: int) -> Iterator[Held]:
    """The measured rows of the table of a year."""
    for held in board.indicators:
        row = held.indicator
        if held.plan.year == year and held.prospect is not None and row.form == "table" and "/" not in row.id:
            yield held


def days_of(held: Held, now: Instant, within: tuple[Day, Day], given: Days | None) -> Days:
    """The sums of a row's days; where a pack says them, those outside its period are as given."""
    assert held.prospect is not None
    found = _days(held.prospect, held, now)
    if given is None:
        return found
    inside = {day: found[day] for day in found if within[0] <= day < within[1]}
    return inside | {day: sums for day, sums in given.items() if not within[0] <= day < within[1]}


def _days(prospect: Prospect, held: Held, now: Instant) -> Days:
    sums, pending = prospect.sums, prospect.pending(held.open, now)
    first = min(sums, default=0)  # from when on there was anything
    begins = date(held.plan.year, 1, 1).toordinal() - DAYS_BEFORE
    days = {day for day, tally in sums.items() if any(tally) and (day >= begins or day == first)} | pending.keys()
    return {day: (sums.get(day, Tally()), pending.get(day, Pending())) for day in days}


def table(days: Mapping[str, Days]) -> bytes:
    """`ahead.csv`."""
    rows = (_row(name, day, *sums) for name in sorted(days) for day, sums in sorted(days[name].items()))
    return csv_bytes(COLUMNS, rows)


def _row(name: str, day: Day, tally: Tally, pending: Pending) -> Row:
    return [guarded(name), day_text(day), *map(str, (*tally, *pending))]


def told_of(held: Held, verdict: Verdict, days: Days, known: Known | None, now: Instant) -> tuple[Known, Expected]:
    """What is known of a row's year and what is expected of it; where a pack says what is known, by its days."""
    row = held.indicator
    if known is not None:
        return known, foreseen(_judged_again(held, verdict.window, days, known, now), row)
    ranked = verdict.forecast.value if verdict.forecast is not None and row.measure.percentile is not None else None
    return Known(verdict.value, verdict.coverage, ranked), foreseen(verdict, row)


def _judged_again(held: Held, year: Window, days: Days, known: Known, now: Instant) -> Verdict:
    """The verdict on the year, as far as a forecast is read from it."""
    plan, row = held.plan, held.indicator
    today = plan.days.day_of(now)
    pending = {day: waits for day, (_, waits) in days.items() if year.first <= day < year.last}
    open_now = Pending()
    for one in pending.values():
        open_now = open_now.plus(one)
    evidence = Evidence(
        count=Count(Tally(), open_now.waiting, open_now.overdue, open_now.lapsed, open_now.elapsed),
        stages=dict.fromkeys(Stage, 0),
        value=known.value,
        coverage=known.coverage,
        has_source=bool(held.sources),
        outlook=_outlook(plan, row, days, pending, today),
        statement=last_before(held.statements, year.last),
        of_the_year=True,
    )
    verdict = judge(row, year, None, evidence, today)
    if row.measure.percentile is None:
        return verdict
    foretold = None if known.ranked is None else Forecast(known.ranked, known.ranked, known.ranked, 0.0)
    return replace(verdict, forecast=foretold)


def _outlook(plan: Plan, row: Indicator, days: Days, pending: Mapping[Day, Pending], today: Day) -> Outlook | None:
    target = target_on(row, today)
    if target is None:
        return None
    prospect = Prospect(plan, row, day_kinds(plan))
    prospect.load({("", day): tally for day, (tally, _) in days.items()})
    return prospect.follows(target, pending, today)


# --- written and read -------------------------------------------------------------------------------------------------


def as_json(expected: Expected, known: Known | None) -> dict[str, Any]:
    """One row of `expected.json`."""
    text, likely = expected
    told: dict[str, Any] = {"expected": text, "likely": None if likely is None else likely.value}
    if known is not None:
        value = None if known.value is None else str(known.value)
        told["year"] = {"value": value, "coverage": known.coverage, "ranked": known.ranked}
    return told


def read_known(told: Mapping[str, Any]) -> dict[str, dict[str, Known]]:
    """What `expected.json` says is known, by plan and row."""
    return {
        plan: {place: _known(year) for place, one in rows.items() if (year := one.get("year")) is not None}
        for plan, rows in told.items()
    }


def _known(year: Mapping[str, Any]) -> Known:
    value = year["value"]
    return Known(None if value is None else Fraction(value), year["coverage"], year["ranked"])


def read_days(rows: Iterator[list[str]]) -> dict[str, dict[Day, tuple[Tally, Pending]]]:
    """What `ahead.csv` says, its headings aside."""
    found: dict[str, dict[Day, tuple[Tally, Pending]]] = {}
    for name, day, *numbers in rows:
        counts = [int(number) for number in numbers]
        tally, pending = Tally(*counts[:5]), Pending(*counts[5:])
        found.setdefault(unguarded(name) or "", {})[date.fromisoformat(day).toordinal()] = tally, pending
    return found
