"""Numbers and dates as people write them into forms: full-width digits, thousands separators, 2026年10月31日.

What a cell of a workbook holds is first brought to text (`text_of`), so that a form on the screen and a form in Excel
are read by the same rules.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

DATE = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?")
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
TIME_OF_DAY = re.compile(r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
SERIAL = re.compile(r"[3-9]\d{4}")  # days as Excel counts them, from 1982 on
SERIAL_BEGINS = date(1899, 12, 30)
SIGNS = str.maketrans({"≥": ">=", "≧": ">=", "≤": "<=", "≦": "<=", "＞": ">", "＜": "<", "＝": "="})
DIGITS_KEPT = 15  # as many as Excel keeps of a number: what comes after them is noise of its arithmetic


def text_of(cell: object) -> str:
    """What a cell says, as text: numbers as decimals, dates as 2026-10-31, nothing as the empty text."""
    match cell:
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
        case date():
            return cell.isoformat()
        case float():
            return plain(Decimal(f"{cell:.{DIGITS_KEPT}g}"))
        case _:
            return tidy(str(cell))


def tidy(text: str) -> str:
    """The text without what cannot be seen: line ends alike, no control characters, no spaces around."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(char for char in lines if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf")).strip()


def narrow(text: str) -> str:
    """The text with full-width digits and signs made narrow, and without spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def spelled(text: str) -> str:
    """The same with the signs of comparison in one spelling: `≥`, `＞=` and `≧` are `>=`."""
    return narrow(text.translate(SIGNS))


def number(text: str) -> Decimal | None:
    """The decimal number a text spells; None where it spells none."""
    found = narrow(text)
    return Decimal(found.replace(",", "")) if NUMBER.fullmatch(found) else None


def plain(value: Decimal) -> str:
    """A decimal number without exponent and needless zeros: 4763873.5."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(text: str) -> date | None:
    """The date a text spells, a time of day left aside, or the serial number by which Excel means one; else None."""
    found = narrow(TIME_OF_DAY.sub("", text.strip()))
    if SERIAL.fullmatch(found):
        return SERIAL_BEGINS + timedelta(days=int(found))
    spelled = DATE.fullmatch(found)
    try:
        return date(*map(int, spelled.groups())) if spelled else None
    except ValueError:
        return None
