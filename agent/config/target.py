"""What was promised, as text: `>= 95 %`, `<= 5 min`, `95..98 %`, `by 2026-12-31` or a word."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from fractions import Fraction

from agent.model import SECOND_US, Target, Unit
from agent.worktime import UNITS_US, WORKDAY_UNITS, parse_duration

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
COMPARED = re.compile(rf"(>=|<=|=)\s*({NUMBER})\s*(\S*)")
BETWEEN = re.compile(rf"({NUMBER})\s*\.\.\s*({NUMBER})\s*(\S*)")
BY = re.compile(r"by\s+(\S.*)")
SIGNS = str.maketrans({"≥": ">=", "≤": "<=", "≧": ">=", "≦": "<="})
MONEY = {"CNY": 1, "元": 1, "万元": 10_000}
EXAMPLES = "such as '>= 95 %', '<= 5 min', '= 100 %', '95..98 %', 'by 2026-12-31' or a word"


def parse_target(written: str) -> Target:
    """The target a text spells, full-width signs included; ValueError says what was expected."""
    text = unicodedata.normalize("NFKC", written.translate(SIGNS)).strip()
    if found := COMPARED.fullmatch(text):
        value, unit = _quantity(found[2], found[3], written)
        return Target(found[1], value, unit, written)
    if found := BETWEEN.fullmatch(text):
        low, unit = _quantity(found[1], found[3], written)
        high, _ = _quantity(found[2], found[3], written)
        if high < low:
            raise ValueError(f"the interval {written!r} ends before it begins")
        return Target("in", low, unit, written, high=high)
    if found := BY.fullmatch(text):
        return Target("by", Fraction(parse_day(found[1])), Unit.DATE, written)
    if not text or re.search(r"[<>=]|\.\.|^[0-9]", text):
        raise ValueError(f"expected a target {EXAMPLES}, got {written!r}")
    return Target("is", None, Unit.TEXT, written, word=text)


def parse_day(raw: object) -> int:
    """The ordinal of a date written as 2026-12-31."""
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        try:
            return date.fromisoformat(raw).toordinal()
        except ValueError:
            pass
    raise ValueError(f"expected a date such as 2026-12-31, got {raw!r}")


def parse_month(text: str) -> str:
    """A month written as 2026-06."""
    if not re.fullmatch(r"[0-9]{4}-(?:0[1-9]|1[0-2])", text):
        raise ValueError(f"expected a month such as 2026-06, got {text!r}")
    return text


def parse_ratio(raw: object) -> Fraction:
    """`40 %` or `0.4` as a share."""
    found = re.fullmatch(rf"({NUMBER})\s*(%?)", raw.strip()) if isinstance(raw, str) else None
    ratio = Fraction(found[1]) / (100 if found[2] else 1) if found else None
    if ratio is None or not 0 <= ratio <= 1:
        raise ValueError(f"expected a share such as 40 % or 0.4, got {raw!r}")
    return ratio


def _quantity(number: str, unit: str, written: str) -> tuple[Fraction, Unit]:
    if Fraction(number) < 0:
        raise ValueError(f"expected a target of 0 or more, got {written!r}")
    if unit == "":
        return Fraction(number), Unit.COUNT
    if unit == "%":
        return Fraction(number) / 100, Unit.RATIO
    if unit in MONEY:
        return Fraction(number) * MONEY[unit], Unit.CNY
    if unit in WORKDAY_UNITS:
        raise ValueError(f"a time in working days is a limit, not a target: got {written!r}")
    if unit not in UNITS_US:
        raise ValueError(f"unknown unit {unit!r} in {written!r}; expected %, CNY, ms, s, min, h, d or none")
    duration = parse_duration(f"{number} {unit}")
    assert duration.microseconds is not None
    return Fraction(duration.microseconds, SECOND_US), Unit.SECONDS
