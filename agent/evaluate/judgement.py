"""The only place where a value is compared with its target: sums + open records + target + now → Verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from agent.config import Indicator
from agent.evaluate.since_closing import CHANGED
from agent.forecast import Outlook, course
from agent.measures import Count, Milestone
from agent.model import (
    Acknowledgement,
    Band,
    Course,
    Day,
    Instant,
    Objection,
    Stage,
    State,
    Statement,
    Target,
    Unit,
    Verdict,
    Window,
)

UNCONFIRMED = "unconfirmed"
PARTIAL = "partial"
INTERIM = "interim"
BEHIND = "behind"
ACKNOWLEDGED = "acknowledged"
OWED = ("unstated", "interim")  # why there is no value where a person still owes it
COUNTED_WHOLE = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one indicator in one window, for one system or all: the input of a judgement."""

    count: Count
    stages: Mapping[Stage, int]
    value: Fraction | None  # already worked out by the measure
    coverage: float | None  # None: nothing of the window has been measured yet
    has_source: bool = True
    next_due: Instant | None = None
    due_today: int = 0
    catching_up: bool = False
    put_off: bool = False  # what its value takes is read when the others have been told
    confirmed: bool = False  # a person has confirmed how the printed row is read
    definition: str | None = None  # by which rule its records were counted
    definition_waiting: str | None = None
    outlook: Outlook | None = None  # what is said of the year, where the window stands for it
    statement: Statement | None = None  # the last one a person made of the time before the window's end
    stated_values: tuple[tuple[Day, Fraction], ...] = ()  # all numbers stated, by the day they speak of
    of_the_year: bool = False  # the window stands for the year, of all systems together
    acknowledged: Acknowledgement | None = None  # the one in force
    objection: Objection | None = None  # to how the printed row is read
    changed_since_closing: bool = False  # days of the window were closed for good, and would come out otherwise now


def judge(indicator: Indicator, window: Window, system: str | None, known: Evidence, today: Day) -> Verdict:
    """The verdict on one indicator in one window."""
    target = target_on(indicator, max(window.first, min(today, window.last - 1)))
    statement = known.statement if _is_of_the_year(indicator, window) else None
    value, reason = _usable(indicator, window, known, statement, today)
    state = _state(indicator, target, value, reason, known, statement, today)
    outlook = known.outlook if state not in (State.NO_DATA, State.NOT_APPLICABLE) else None
    if state is State.MET and outlook is not None and outlook.warns:
        state = State.AT_RISK
    if state is State.EMPTY or state is State.NO_DATA:
        value = None
    tally = known.count.tally
    along = _course(indicator, target, value, known, today) if known.of_the_year else None
    forecast = None if outlook is None else outlook.forecast
    return Verdict(
        project=indicator.project,
        indicator=indicator.id,
        name=indicator.name,
        system=system,
        window=window,
        value=value,
        text=None if statement is None or statement.not_applicable else statement.word,
        unit=unit_of(indicator, target),
        target=target,
        state=state,
        flags=tuple(_flags(indicator, known, statement, along, today)),
        good=tally.good + known.count.lapsed,
        bad=tally.bad + known.count.overdue,
        open=known.count.waiting,
        excluded=tally.excluded,
        coverage=known.coverage,
        reachable=None if outlook is None else _reachable(outlook, known),
        allowance_left=None if outlook is None else outlook.allowance_left,
        forecast=along.forecast if along is not None and along.forecast is not None else forecast,
        reason=reason,
        stages=known.stages,
        next_due=known.next_due,
        due_today=known.due_today,
        numerator=tally.num,
        denominator=tally.den,
        definition=known.definition,
        definition_waiting=known.definition_waiting,
        rate_needed=None if outlook is None else outlook.rate_needed,
        unreachable_on=None if outlook is None else outlook.unreachable_on,
        course=along,
        stated=statement,
        acknowledged=known.acknowledged,
        objection=known.objection,
    )


def _course(
    indicator: Indicator, target: Target | None, value: Fraction | None, known: Evidence, today: Day
) -> Course | None:
    """A cumulative row with a plan beside it; what records measure stands on today alone."""
    if not indicator.plan or target is None or target.value is None:
        return None
    told = known.stated_values if not indicator.measure.from_records else ()
    so_far = told or (((today, value),) if value is not None else ())
    return course(target, indicator.plan, indicator.judged_on, today, so_far)


def _flags(
    indicator: Indicator, known: Evidence, statement: Statement | None, along: Course | None, today: Day
) -> Iterator[str]:
    measured = indicator.measure.from_records
    if measured and known.coverage is not None and known.coverage < COUNTED_WHOLE:
        yield PARTIAL
    if not measured and statement is not None and _is_interim(indicator, statement, today):
        yield INTERIM
    if along is not None and along.behind:
        yield BEHIND
    if not known.confirmed:
        yield UNCONFIRMED
    if known.acknowledged is not None:
        yield ACKNOWLEDGED
    if known.changed_since_closing:
        yield CHANGED


def _reachable(outlook: Outlook, known: Evidence) -> bool | None:
    """Whether the target can still be met. Time that still runs may be cut short by an answer not yet told: unknown."""
    return None if known.count.elapsed and not outlook.reachable else outlook.reachable


def target_on(indicator: Indicator, day: Day) -> Target | None:
    """The target in force on a day; None for evidence that has none.

    A target may change within the year. A window is judged whole, against the target in force on its last day or, as
    long as that lies ahead, today; so a year that began under 90 % and ends under 95 % has to reach 95 %. Whether one
    record met a limit is another question: for that the limit in force on its own cohort day counts
    (`Setting.limit_on`), and it stays answered when the limit changes. To weigh each part of a window with its own
    target would be fairer to a promise tightened in autumn, but has no single number to print beside the value.
    """
    found = None
    for begins, target in indicator.targets:
        if begins is None or begins <= day:
            found = target
    return found


def unit_of(indicator: Indicator, target: Target | None) -> Unit:
    """The unit of an indicator's value."""
    return indicator.measure.unit or (target.unit if target else Unit.RATIO)


def _usable(
    indicator: Indicator, window: Window, known: Evidence, statement: Statement | None, today: Day
) -> tuple[Fraction | None, str | None]:
    """The value, or why there is none."""
    if statement is not None and statement.not_applicable:
        return None, "declared"
    if not indicator.measure.from_records:
        return _said(indicator, window, statement, today)
    if known.catching_up:
        return None, "catching_up"
    if not known.has_source:
        return None, "no_source"
    if known.coverage is None:
        return None, "not_measured"
    if known.coverage < indicator.coverage_min:
        return None, "coverage"
    if known.put_off:
        return None, "reading"
    if known.value is None and isinstance(indicator.measure, Milestone) and known.count.waiting + known.count.overdue:
        return None, "unfinished"
    return known.value, None


def _said(
    indicator: Indicator, window: Window, statement: Statement | None, today: Day
) -> tuple[Fraction | None, str | None]:
    """The value a person stated. It is of the year so far, so a window that begins later has none."""
    if not _is_of_the_year(indicator, window):
        return None, "yearly"
    if statement is None:
        return None, "unstated"
    owed = _is_interim(indicator, statement, today) and today >= owed_from(indicator)
    return statement.value, "interim" if owed else None


def owed_from(indicator: Indicator) -> Day:
    """From which day on a person owes the value of the whole year."""
    return indicator.attest_by if indicator.attest_by is not None else indicator.judged_on + 1


def _is_interim(indicator: Indicator, statement: Statement, today: Day) -> bool:
    """Whether the year is over and the statement does not speak of all of it."""
    return statement.through < indicator.judged_on < today


def _is_of_the_year(indicator: Indicator, window: Window) -> bool:
    """Whether a window begins with the year the indicator is promised for."""
    return window.first == date.fromordinal(indicator.judged_on).replace(month=1, day=1).toordinal()


def _state(
    indicator: Indicator,
    target: Target | None,
    value: Fraction | None,
    reason: str | None,
    known: Evidence,
    statement: Statement | None,
    today: Day,
) -> State:
    match reason:
        case "unstated":
            return State.PENDING if today >= owed_from(indicator) else State.NOT_DUE
        case "interim":
            return State.PENDING
        case "yearly" | "declared":
            return State.NOT_APPLICABLE
        case "unfinished":
            return State.MISSED if known.count.overdue else State.NOT_DUE
        case str():
            return State.NO_DATA
    if statement is not None and statement.band is not None:
        return State.MET if statement.band is Band.ACHIEVED else State.MISSED
    if value is None:
        return State.MET if indicator.when_empty == "met" and target is not None else State.EMPTY
    if target is None or target.value is None:
        return State.NOT_APPLICABLE
    if target.holds(value):
        return State.MET
    if indicator.accumulation == "cumulative" and today <= indicator.judged_on:
        return State.NOT_DUE
    return State.MISSED
