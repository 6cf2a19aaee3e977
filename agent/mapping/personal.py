"""What looks like a person's name, ID number or phone: such a column is mapped only where a reason stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable

PERSON = (
    r"(?:person|people|user|applicant|applier|buyer|seller|customer|client|owner|contact|holder|agent|staff|employee"
    r"|citizen)"
)
NAMES = re.compile(
    r"(?:^|_)(?:name|full_?name|real_?name|first_?name|last_?name|surname|(?:[a-z]{1,4}r)?xm|sqr|sqrmc|lxr"
    rf"|{PERSON}_?(?:name|xm|mc))(?:_|$)"
)
NUMBERS = re.compile(
    r"(?:^|_)(?:sfz|sfzh|sfzhm|zjh|zjhm|zjbh|id_?card(?:_?no)?|id_?no|id_?number|identity_?(?:no|number|card)?|passport(?:_?no)?"
    r"|cert(?:ificate)?_?(?:no|number))(?:_|$)"
)
CONTACTS = re.compile(
    r"(?:^|_)(?:phone|mobile|cell|cellphone|tel|telephone|fax|sj|sjh|sjhm|lxdh|dh|dhhm|e?_?mail|address|addr|dz|wechat|weixin)"
    r"(?:_?(?:no|number))?(?:_|$)"
)
CHINESE = re.compile(r"姓名|身份证|证件号|手机|电话|联系方式|联系人|申请人|住址|地址|邮箱|买受人|出卖人|权利人")
THINGS = re.compile(
    r"(?:^|_)(?:concept|product|system|sys|file|item|project|event|case|task|type|class|table|field|column|service|dept|department|org"
    r"|office|status|host|domain|category|region|district|community)_?name(?:_|$)"
)
ID_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx](?![0-9])")
MOBILE = re.compile(r"(?<![0-9])(?:\+?86[- ]?)?1[3-9][0-9]{9}(?![0-9])")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
MASK = "***"


def looks_personal(column: str, values: Iterable[str | None] = ()) -> str | None:
    """Why a column looks like personal data, by its name or by sampled values; None where it does not."""
    words = _words(column)
    for pattern, what in ((NAMES, "a person's name"), (NUMBERS, "an ID number"), (CONTACTS, "a phone or address")):
        if pattern.search(words) and not THINGS.search(words):
            return f"its name looks like {what}"
    if CHINESE.search(column):
        return "its name looks like a person's data"
    for value in values:
        if value and any(_checks(number) for number in ID_NUMBER.findall(value)):
            return "a value looks like an ID number"
        if value and MOBILE.search(value):
            return "a value looks like a mobile phone number"
    return None


def masked(text: str | None) -> str | None:
    """The text with every citizen's ID number and mobile phone number in it made unreadable."""
    if text is None:
        return None
    text = ID_NUMBER.sub(lambda found: MASK if _checks(found[0]) else found[0], text)
    return MOBILE.sub(MASK, text)


def _words(column: str) -> str:
    """A column's name in small letters with its words apart: applicantName → applicant_name."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")


def _checks(number: str) -> bool:
    """Whether the last digit is the check digit of a citizen's ID number (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number, strict=False))
    return CHECK_DIGITS[total % 11] == number[-1].upper()
