"""The page of one indicator: its account as `dabiao explain` gives it, and the course of its year as a drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from agent import words
from agent.evaluate import Course
from agent.explain import Explanation
from agent.explain.explanation import Case
from agent.explain.glossary import short
from agent.explain.outcome import length, named, outcome, taken_head
from agent.model import State, Target, Unit, Verdict
from agent.plots import Ahead, Stretch, YearPlot
from agent.shown import NOTHING, shown_value
from agent.web.pages import Names
from agent.web.wall import allowance, forecast


@dataclass(frozen=True, slots=True)
class Account:
    """All that is told of one indicator: the account, the course of its year, and the targets in force through it."""

    explanation: Explanation
    course: Course
    targets: Sequence[tuple[int | None, Target]]
    year: int


Accounting = Callable[[Verdict], Account]


def parts(account: Account, names: Names) -> dict[str, Any]:
    """Everything the template names."""
    told, verdict = account.explanation, account.explanation.verdict
    drawing = plot(account)
    return {
        "told": told,
        "state": verdict.state.value,
        "allowance": allowance(verdict),
        "forecast": forecast(verdict),
        "drawing": None if drawing is None else Markup(drawing.svg()),  # all texts in it are escaped
        "months": list(_months(account.course)),
        "taken_head": taken_head(told.wall_clock),
        "excluded": [(group.reason, group.records, named(group)) for group in told.excluded],
        "heads": [short(name) for name in told.time_names],
        "missed": [_case(case, told.time_names, names) for case in told.missed],
        "open": [_case(case, told.time_names, names) for case in told.open],
        "gaps": [(gap.source, _clock(gap.begins), _clock(gap.ends)) for gap in told.gaps],
    }


def plot(account: Account) -> YearPlot | None:
    """The year drawn; None for what is no number, or has none yet."""
    verdict, course = account.explanation.verdict, account.course
    so_far = [(one.window.last, _number(one)) for one in (*course.so_far, verdict)]
    if verdict.unit in (Unit.TEXT, Unit.DATE) or all(value is None for _, value in so_far):
        return None
    return YearPlot(
        id="year",
        title=f"{verdict.name}：{account.year}年的经过",
        year=account.year,
        unit=verdict.unit,
        so_far=so_far,
        months=[Stretch(one.window.first, one.window.last, _number(one)) for one in course.months],
        targets=list(_targets(account)),
        ahead=_ahead(verdict),
    )


def _number(verdict: Verdict) -> float | None:
    return None if verdict.value is None else float(verdict.value)


def _targets(account: Account) -> Iterator[Stretch]:
    first, after = (date(year, 1, 1).toordinal() for year in (account.year, account.year + 1))
    begins = [max(first, first if day is None else day) for day, _ in account.targets]
    for (_, target), start, end in zip(account.targets, begins, [*begins, after][1:], strict=True):
        if target.value is not None and start < end:
            yield Stretch(start, end, float(target.value))
            if target.high is not None:
                yield Stretch(start, end, float(target.high))


def _ahead(verdict: Verdict) -> Ahead | None:
    seen = verdict.forecast
    if seen is None or verdict.value is None:
        return None
    return Ahead(verdict.window.last, float(verdict.value), seen.value, seen.low, seen.high)


def _months(course: Course) -> Iterator[tuple[str, str, str, str, int, int]]:
    for one in course.months:
        month = f"{date.fromordinal(one.window.first).month}月"
        value = shown_value(one)
        word = "" if one.state is State.NOT_APPLICABLE else words.STATES[one.state]
        yield month, value, one.state.value, word, one.good, one.bad


def _case(case: Case, time_names: Sequence[str], names: Names) -> dict[str, Any]:
    return {
        "id": case.id,
        "system": names.system(case.system),
        "times": [_clock(case.times.get(name)) for name in time_names],
        "taken": NOTHING if case.taken_seconds is None else length(case.taken_seconds),
        "fields": " ".join(f"{short(name)}={value}" for name, value in case.fields.items()),
        "outcome": outcome(case),
    }


def _clock(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
