"""The numbers of a verdict put into its formula, so that anybody can work out the same value with a calculator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from agent.evaluate.coverage import common, systems_told
from agent.evaluate.openwork import OpenObservation
from agent.explain.coverage import accountable, measured_from, told
from agent.explain.explanation import Numbers
from agent.explain.subject import Subject, Waiting
from agent.ledger import Session
from agent.measures import Amount, DurationMeasure, Milestone, Share, Uptime, promised_microseconds
from agent.model import AMOUNT_SCALE, SECOND_US, Unit
from agent.shown import shown_value

DIGITS = 10  # of a value that has no end
NAMES = {"p50": "第50百分位", "p95": "第95百分位", "max": "最大值"}


def numbers(session: Session, about: Subject, waiting: Waiting) -> Numbers | None:
    """The formula with its numbers; None where there is no value to work out."""
    verdict = about.verdict
    if verdict.value is None or not about.measure.from_records:
        return None
    return Numbers(
        expression=_expression(session, about, waiting),
        precise=precise(verdict.value, verdict.unit),
        shown=shown_value(verdict),
    )


def _expression(session: Session, about: Subject, waiting: Waiting) -> str:
    verdict, measure = about.verdict, about.measure
    good, bad = f"{verdict.good:,}", f"{verdict.bad:,}"
    match measure:
        case DurationMeasure(statistic="mean"):
            return _mean(about, about.overdue(waiting))
        case DurationMeasure():
            return f"{verdict.good + verdict.bad:,} 个用时的{NAMES[measure.statistic]}"
        case Uptime():
            return _uptime(session, about)
        case Amount():
            return f"{_amount(verdict.numerator)} ÷ {_amount(verdict.denominator)}"
        case Milestone():
            return f"{verdict.good + verdict.bad:,} 项全部完成，取最晚一项"
        case Share() if measure.bad_when is not None:
            return f"{bad} ÷ ({bad} + {good})"
        case _:
            return f"{good} ÷ ({good} + {bad})"


def _mean(about: Subject, overdue: Sequence[OpenObservation]) -> str:
    final, records = about.verdict.numerator, about.verdict.denominator
    if not overdue:
        return f"{_seconds(final)} 秒 ÷ {records:,}"
    work = about.open_work()
    running = sum(work.taken(one, about.now) for one in overdue)
    return f"({_seconds(final)} + 未完成已用 {_seconds(running)}) 秒 ÷ ({records:,} + {len(overdue):,})"


def _uptime(session: Session, about: Subject) -> str:
    value = about.verdict.value
    assert value is not None
    known = about.verdict.denominator + _known(session, about)
    return f"({_seconds(known)} − {_seconds(known * (1 - value))}) 秒 ÷ {_seconds(known)} 秒"


def _known(session: Session, about: Subject) -> int:
    """The promised time down intervals are held against where nothing states the up time."""
    known = told(session, about)
    limits = [(max(about.window.start, measured_from(known, about)), min(about.window.end, about.now))]
    stretches = common(accountable(known, about), limits)
    names = systems_told(about.measure, about.plan.systems, about.sources)
    counted = [name for name in names if about.system in (None, name)]
    return sum(promised_microseconds(about.setting, name, a, b) for name in counted for a, b in stretches)


def _seconds(microseconds: int | Fraction) -> str:
    return _digits(Fraction(microseconds) / SECOND_US)


def _amount(units: int) -> str:
    return _digits(Fraction(units, AMOUNT_SCALE))


def precise(value: Fraction, unit: Unit) -> str:
    """A value with all its digits, or with many and an ellipsis where they do not end."""
    match unit:
        case Unit.RATIO:
            return _digits(value * 100) + "%"
        case Unit.SECONDS:
            return _digits(value) + " 秒"
        case Unit.DATE:
            return date.fromordinal(int(value)).isoformat()
        case _:
            return _digits(value)


def _digits(value: Fraction) -> str:
    scaled = abs(value) * 10**DIGITS
    whole, part = divmod(scaled.numerator // scaled.denominator, 10**DIGITS)
    sign, tail = "-" if value < 0 else "", f"{part:0{DIGITS}d}".rstrip("0")
    if scaled.denominator != 1:
        tail = f"{part:0{DIGITS}d}…"
    return f"{sign}{whole:,}" + (f".{tail}" if tail else "")
