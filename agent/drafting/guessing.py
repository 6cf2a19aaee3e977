"""What a printed target is taken to mean: operator, value and unit, or a word; every reading that is ours is named."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from agent.written import SIGNS, spelled

WORDS = ("合理", "健全", "有效", "规范", "合规", "完备", "完善", "稳定", "符合", "良好", "通畅", "及时", "完成", "合格")
UNITS = {
    "%": "%",
    "分钟": "min",
    "分": "min",
    "小时": "h",
    "天": "d",
    "日": "d",
    "秒": "s",
    "元": "CNY",
    "万元": "万元",
}
MEASURED_AS = {
    "%": "ratio",
    "min": "seconds",
    "h": "seconds",
    "d": "seconds",
    "s": "seconds",
    "CNY": "CNY",
    "万元": "CNY",
}
COUNTED = ("个", "次", "篇", "件", "套", "项", "份", "人", "")
QUANTITY = re.compile(r"(>=|<=|=|>|<)?([0-9][0-9,]*(?:\.[0-9]+)?)(\D{0,3})")
YEAR_END = re.compile(r"(\d{4})年?年?底[之以]?前?")
BY_DAY = re.compile(r"(\d{4})[-年/.](\d{1,2})[-月/.](\d{1,2})日?[之以]?前?")
MORE_IS_BETTER = ("及时率", "合格率", "满意率", "满意度", "完成率", "覆盖率", "处理率", "到位率", "执行率")
SURELY_A_LEAST = 80  # percent: nobody promises at most so much of what should be high
IN_PROSE = re.compile(r"([\u4e00-\u9fff]{2,10}率)\s*(>=|<=|=)\s*([0-9]+(?:\.[0-9]+)?)\s*%")


@dataclass(frozen=True, slots=True)
class Guess:
    """A reading: the target and measure of targets.yaml, and what of it is ours rather than printed."""

    target: str
    measure: dict[str, Any]
    notes: tuple[str, ...] = ()


def guess(name: str, printed: str, year: int) -> Guess:
    """What a printed target is taken to mean for a year."""
    text = spelled(printed)
    if (found := QUANTITY.fullmatch(text)) and (read := _quantity(name, printed, *found.groups())) is not None:
        return read
    if (found := YEAR_END.fullmatch(text)) or (found := BY_DAY.fullmatch(text)):
        end = "12-31" if found.re is YEAR_END else f"{int(found[2]):02d}-{int(found[3]):02d}"
        moved = (f"原表为{found[1]}年，按{year}年考核",) if int(found[1]) != year else ()
        return Guess(f"by {year}-{end}", {"kind": "entered", "unit": "date"}, moved)
    word = next((one for one in WORDS if text == one), None)
    if word == "完成" and _is_rate(name):
        return Guess(">= 100 %", _entered("ratio"), ("名为“率”，目标值只写“完成”，按100%考核",))
    if word is not None:
        asked = next((one for one in WORDS if one != word and name.endswith(f"{one}性")), None)
        if asked is None:
            return Guess(word, _attested(word))
        return Guess(
            asked, _attested(asked, word), (f"名为“{asked}性”而目标值为“{word}”，填“{asked}”或“{word}”均认可",)
        )
    if _is_rate(name):
        return Guess(">= 100 %", _entered("ratio"), (f"目标值“{printed}”不是数值，按100%考核",))
    return Guess("达成", _attested("达成"), (f"目标值“{printed}”不是数值，由填报人判断是否“达成”",))


def _is_rate(name: str) -> bool:
    return name.endswith("率") and not name.endswith("效率")


def _quantity(name: str, printed: str, sign: str | None, digits: str, suffix: str) -> Guess | None:
    unit = UNITS.get(suffix)
    if unit is None and suffix not in COUNTED:
        return None
    value, notes = digits.replace(",", ""), []
    quality = next((one for one in WORDS if name.endswith(f"{one}性")), None)
    if unit == "%" and quality is not None:
        return Guess(quality, _attested(quality), (f"定性指标印作“{printed}”，按“{quality}”填报",))
    op = {">": ">=", "<": "<="}.get(sign or "", sign)
    if op is None:
        op = "=" if unit == "%" and float(value) == 100 else ">="
        notes.append(f"原表未印运算符，按“{op}{digits}{suffix}”考核")
    elif op != sign:
        notes.append(f"印作“{printed}”，按“{op}”考核")
    if op == "=" and sign == "=" and unit == "%" and float(value) != 100:
        notes.append(f"印作“{printed}”，按不低于考核")
    if op == "<=" and unit == "%" and float(value) >= SURELY_A_LEAST and name.endswith(MORE_IS_BETTER):
        op = ">="
        notes.append(f"印作“{printed}”，符号疑印反，按不低于考核")
    if name.endswith("率") and unit not in ("%", None):
        notes.append("名为“率”，目标不是比率，按印出的单位考核")
    return Guess(f"{op} {value} {unit or ''}".strip(), _entered(MEASURED_AS.get(unit or "", "count")), tuple(notes))


def _entered(unit: str) -> dict[str, Any]:
    return {"kind": "entered", "unit": unit}


def _attested(*accept: str) -> dict[str, Any]:
    return {"kind": "attested", "accept": list(accept)}


def in_prose(text: str) -> list[tuple[str, str]]:
    """Targets that stand in the prose alone: name and target as printed, `受理差错率`, `≤3%`."""
    found = IN_PROSE.finditer(unicodedata.normalize("NFKC", text.translate(SIGNS)))
    return [(one[1], f"{ {'>=': '≥', '<=': '≤', '=': '='}[one[2]] }{one[3]}%") for one in found]
