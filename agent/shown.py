"""Values as people read them, in Chinese units: the terminal, the pages and the forms all print through here.

Rounding never hides a verdict: where the rounded value would sit on the other side of the target, it is printed with
more digits until it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, tzinfo
from fractions import Fraction
from itertools import islice

from agent.model import SECOND_US, Instant, Target, Unit, Verdict, utc_of

NOTHING = "—"
OPERATORS = {">=": "≥", "<=": "≤", "=": "=", "by": "不晚于", "in": "", "is": ""}
MINUTE, HOUR, DAY = 60, 3_600, 86_400
LONGEST = 12  # digits after which a promised value that is no decimal is rounded after all

Step = Fraction  # what a value is rounded to a multiple of


def shown(value: Fraction | None, unit: Unit, target: Target | None = None, word: str | None = None) -> str:
    """A value in words; `word` is the value where the unit is text. What is unknown is a dash."""
    if unit is Unit.TEXT:
        return word or NOTHING
    if value is None:
        return NOTHING
    steps, write = FORMATS[unit]
    for step in steps(value):
        rounded = round_to(value, step)
        if target is None or target.value is None or target.holds(rounded) == target.holds(value):
            return write(rounded, step)
    raise AssertionError("the steps have no end")


def shown_value(verdict: Verdict) -> str:
    """What a verdict came to, in words: the one way in which every page, form and command writes it."""
    return shown(verdict.value, verdict.unit, verdict.target, verdict.text)


def written(value: Fraction, places: int = 2) -> str:
    """A number with at most so many decimals and no needless zero: `7.5`, `476.3873`."""
    text = _decimal(round_to(value, Fraction(1, 10**places)), Fraction(1, 10**places)).replace(",", "")
    return text.rstrip("0").rstrip(".") if places else text


def in_unit(value: Fraction | None, target: Target) -> tuple[str, str]:
    """A value as a bare number in the unit its target is promised in, and that unit: `("3.04", "分钟")`.

    What is no number is empty; of a promised value itself ask with `target.value`.
    """
    scale, unit = _unit_of(target)
    if value is None or target.value is None or target.unit is Unit.DATE:
        return "", unit
    for step in _finer(scale / 100):
        rounded = round_to(value, step)
        if target.holds(rounded) == target.holds(value):
            return written(rounded / scale, len(str((scale / step).numerator)) - 1), unit
    raise AssertionError("the steps have no end")


def _unit_of(target: Target) -> tuple[Fraction, str]:
    if target.unit is Unit.SECONDS and target.value is not None:
        scales = ((DAY, "天"), (HOUR, "小时"), (MINUTE, "分钟"))
        fitting = ((Fraction(size), name) for size, name in scales if target.value and target.value % size == 0)
        return next(fitting, (Fraction(1), "秒"))
    return {Unit.RATIO: (Fraction(1, 100), "%"), Unit.CNY: (Fraction(1), "元")}.get(target.unit, (Fraction(1), ""))


def shown_target(target: Target | None) -> str:
    """A target as operator and value, `≥95%`; a word stands as it is."""
    if target is None:
        return NOTHING
    if target.value is None:
        return target.word or target.text
    value = _trimmed(target.value, target.unit)
    if target.high is not None:
        return f"{value}～{_trimmed(target.high, target.unit)}"
    return OPERATORS[target.op] + value


def duration(seconds: Fraction) -> str:
    """A length of time in its two largest units, `1天4小时` or `3分02秒`."""
    return shown(seconds, Unit.SECONDS)


def between(start: Instant, end: Instant) -> str:
    """The time from one instant to a later one, to the second."""
    return duration(Fraction((end - start) // SECOND_US))


def countdown(due: Instant | None, now: Instant, left_us: int | None = None) -> str:
    """`还剩1分50秒` or `已超时3分00秒`; on a clock that stands still at night, what is left of working time."""
    if due is None:
        return NOTHING
    left, kind = (due - now, "") if left_us is None else (left_us, "(工作时间)")
    if left >= 0 and due >= now:
        return f"还剩{between(0, left)}{kind}"
    return f"已超时{between(0, -left)}{kind}"


def moment(instant: Instant | None, zone: tzinfo) -> str:
    """An instant as local date and time to the second."""
    return NOTHING if instant is None else f"{utc_of(instant).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def round_to(value: Fraction, step: Step) -> Fraction:
    """The nearest multiple of a step; halves go away from zero, as officials round."""
    halves = abs(value) / step + Fraction(1, 2)
    rounded = (halves.numerator // halves.denominator) * step
    return rounded if value >= 0 else -rounded


# --- one way of writing a unit ----------------------------------------------------------------------------------------


def _finer(first: Step) -> Iterator[Step]:
    while True:
        yield first
        first /= 10


def _ratio(value: Fraction, step: Step) -> str:
    return _decimal(value * 100, step * 100) + "%"


def _second_steps(value: Fraction) -> Iterator[Step]:
    length = abs(value)
    if length >= DAY:
        yield Fraction(HOUR)
    if length >= HOUR:
        yield Fraction(MINUTE)
    if length >= MINUTE or value.denominator == 1:
        yield Fraction(1)
    yield from _finer(Fraction(1, 10))


def _seconds(value: Fraction, step: Step) -> str:
    length, sign = abs(value), "-" if value < 0 else ""
    days, rest = divmod(length, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    parts = [(days, "天", DAY), (hours, "小时", HOUR), (minutes, "分", MINUTE)]
    text = ""
    for number, name, size in parts:
        if step <= size and (number or text):
            text += f"{number:02d}{name}" if text and name == "分" else f"{number}{name}"
    if step <= 1:
        written = _decimal(seconds, step)
        text += ("0" + written if text and seconds < 10 else written) + "秒"
    return sign + (f"{text}钟" if text == f"{minutes}分" else text)


def _amount_steps(value: Fraction) -> Iterator[Step]:
    if value.denominator == 1:
        yield Fraction(1)
    yield from _finer(Fraction(1, 100))


def _amount(value: Fraction, step: Step) -> str:
    return _decimal(value, step)


def _money(value: Fraction, step: Step) -> str:
    return _decimal(value, step) + "元"


def _decimal(value: Fraction, step: Step) -> str:
    """A multiple of a step written out with thousands separators; the step is 1 or a power of a tenth."""
    places = len(str(step.denominator)) - 1
    scaled = round(abs(value) * 10**places)
    whole, part = divmod(scaled, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


def _trimmed(value: Fraction, unit: Unit) -> str:
    """A promised value: as few digits as say it exactly."""
    steps, write = FORMATS[unit]
    match unit:
        case Unit.RATIO:
            start = _finer(Fraction(1, 100))
        case Unit.SECONDS:
            start = _promised_second_steps()
        case _:
            start = steps(value)
    exact = (write(value, step) for step in islice(start, LONGEST) if round_to(value, step) == value)
    return next(exact, shown(value, unit))


def _promised_second_steps() -> Iterator[Step]:
    yield from (Fraction(DAY), Fraction(HOUR), Fraction(MINUTE))
    yield from _finer(Fraction(1))


FORMATS: dict[Unit, tuple[Callable[[Fraction], Iterator[Step]], Callable[[Fraction, Step], str]]] = {
    Unit.RATIO: (lambda value: _finer(Fraction(1, 10_000)), _ratio),
    Unit.SECONDS: (_second_steps, _seconds),
    Unit.COUNT: (_amount_steps, _amount),
    Unit.CNY: (_amount_steps, _money),
    Unit.DATE: (lambda value: _finer(Fraction(1)), lambda value, step: date.fromordinal(int(value)).isoformat()),
}
