"""What follows for the year: how many more may miss, what is needed from now on, and where the year will end.

Everything is said of losses (see `reading`): lost so far N of D, an expected further volume M at the usual ratio r.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from agent.forecast.foreseen import foresee
from agent.forecast.history import History, Lesson
from agent.forecast.ordered import Ordered
from agent.forecast.reading import Reading
from agent.forecast.year import Year
from agent.model import Day, Forecast, Target

NEARLY_GONE = 10  # the allowance is nearly gone when at most one in so many is left


@dataclass(frozen=True, slots=True)
class Standing:
    """What open records add to the tallies at this instant. Those not counted (`leave_out`) are `waiting` all along."""

    waiting: int = 0  # undecided, on days through today
    waiting_ahead: int = 0  # undecided, on later days of the year: part of the volume expected there
    overdue: int = 0  # count as bad
    lapsed: int = 0  # error checks passed without an error: count as good
    elapsed: int = 0  # microseconds the overdue ones have taken, for a mean
    down: int = 0  # microseconds of down intervals still open


@dataclass(frozen=True, slots=True)
class Outlook:
    """The rest of the year. What cannot be said is None."""

    expected_remaining: int | None  # the volume still to come, beside what is waiting: records, or ledger units
    misses_allowed: int | None  # records that may miss in the whole year at the expected volume
    allowance_left: int | None  # how many more may; negative when there are already too many
    slack: int | None  # what may still be lost, in ledger units (records, microseconds, millionths)
    rate_needed: Fraction | None  # the value needed from now on; None where none would do, or nothing more comes
    unreachable_on: Day | None  # losing as usual, the first day at whose end the target is out of reach
    reachable: bool  # False: missed even if nothing more is lost
    forecast: Forecast | None
    forecast_meets: bool | None  # whether the forecast's value meets the target
    nearly_gone: bool  # at most a tenth of an allowance that was not zero is left, and more than that is to come
    assumed_from: Day | None  # from this day on the volume assumes ordinary weeks: the calendar is not published

    @property
    def warns(self) -> bool:
        """Whether a target that is met is at risk: the allowance nearly gone, or the forecast's value misses."""
        return self.nearly_gone or self.forecast_meets is False


def outlook(
    history: History,
    target: Target | None,
    today: Day,
    standing: Standing | None = None,
    volume_left: int | None = None,
    ordered: Callable[[], Ordered] | None = None,
) -> Outlook | None:
    """What follows from a History as it stands during `today`; None where no number is promised.

    `volume_left` is the volume to come after what is tallied, where it is known (due days, planned tasks); otherwise it
    is expected. `ordered` gives the year's values so far, for the forecast of a percentile or maximum.
    """
    reading = history.reading
    bounds = reading.bounds(target) if target is not None else None
    if target is None or target.value is None or bounds is None:
        return None
    if today > history.last:
        today, volume_left = history.last, 0
    now = standing or Standing()
    lesson, ahead = history.lesson(today), history.ahead(today)
    expected = volume_left
    if expected is None and ahead:
        expected = max(round(ahead[-1]), now.waiting_ahead)
    lost, total = _with_open(history, now)
    waiting = now.waiting if reading.in_records else 0
    year = Year(lost, total, (expected or 0) + waiting, *bounds, reading.rank is not None, reading.bounded)
    begins = history.kinds.assumed_from
    assumed = max(begins, today) if begins is not None and begins <= history.last else None
    if expected is None or not year.end:
        hopeless = year.high == 0 and lost > 0
        return Outlook(expected, None, None, None, None, None, not hopeless, None, None, False, assumed)
    allowed = _allowed(reading, year)
    left = _left(history, year, lesson, allowed)
    values = ordered() if ordered is not None and reading.rank is not None else None
    foreseen = foresee(reading, year, lesson, float(target.value), values)
    return Outlook(
        expected_remaining=expected,
        misses_allowed=allowed,
        allowance_left=left,
        slack=None if year.slack is None else floor(year.slack),
        rate_needed=_needed(reading, year),
        unreachable_on=_spent(year, lesson, ahead, max(today, history.first), waiting),
        reachable=year.reachable,
        forecast=foreseen.forecast,
        forecast_meets=foreseen.meets,
        nearly_gone=bool(allowed) and left is not None and left * NEARLY_GONE <= (allowed or 0) and left < year.more,
        assumed_from=assumed,
    )


def _with_open(history: History, now: Standing) -> tuple[int, int]:
    lost, total = history.so_far
    if history.reading.whole:
        return lost + now.overdue, total + now.overdue + now.lapsed
    if history.reading.in_records:
        return lost + now.elapsed, total + now.overdue
    return lost + now.down, total


def _allowed(reading: Reading, year: Year) -> int | None:
    """Records that may miss: only where each is lost or not."""
    return floor(year.most) if reading.whole and year.most is not None else None


def _left(history: History, year: Year, lesson: Lesson | None, allowed: int | None) -> int | None:
    """How many more may miss.

    A mean spends its slack on records that take twice the target where others take the usual time; an up time on
    outages as long as those so far. An amount knows no records.
    """
    if allowed is not None:
        return allowed - year.lost
    if year.slack is None or year.high is None:
        return None
    if history.reading.by_outage:
        return floor(year.slack * history.bad / year.lost) if year.lost > 0 and history.bad else None
    if not history.reading.in_records or lesson is None:
        return None
    usual = Fraction(lesson.ratio)
    return floor((year.slack - usual * year.more) / (2 * year.high - usual)) if 2 * year.high > usual else None


def _needed(reading: Reading, year: Year) -> Fraction | None:
    """The value the rest must have; None where no rest would do, or none is to come."""
    edge = year.most if year.most is not None else year.low and year.low * year.end
    if edge is None or not year.more or not year.reachable:
        return None
    ratio = max((edge - year.lost) / year.more, Fraction(0))
    if reading.bounded:
        ratio = min(ratio, Fraction(1))
    return 1 - ratio if reading.rank is not None else reading.offset + reading.slope * ratio


def _spent(year: Year, lesson: Lesson | None, ahead: Sequence[float], begins: Day, waiting: int) -> Day | None:
    """Losing at the usual ratio, the day by whose end the slack is spent: a perfect run must begin that day at latest.

    The first day looked at where the target is out of reach already; None where the year ends first.
    """
    if year.slack is None:
        return None
    if year.slack < 0:
        return begins
    if lesson is None or lesson.ratio <= 0:
        return None
    index = bisect_right(ahead, float(year.slack) / lesson.ratio - waiting)
    return begins + index if index < len(ahead) else None
