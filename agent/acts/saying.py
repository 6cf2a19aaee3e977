"""What a person says of one row, read from text: everything wrong with it at once, in Chinese, or a claim.

The terminal and the workbook say the same parts and are read here by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from agent import words
from agent.book.statements import said_by
from agent.config import Indicator, Plan
from agent.evaluate import custom, judge
from agent.evaluate.judgement import Evidence
from agent.measures import Attested, Count, Entered
from agent.model import BAND_SHARES, Band, Cause, DabiaoError, Day, State, Tally, Unit, Verdict
from agent.shown import shown_target, shown_value
from agent.told import decimal, percent
from agent.written import day, narrow, number, plain, tidy

MOST_DIGITS, MOST_PLACES = 15, 6
MOST_TIMES = 10  # a numerator beyond so many denominators is a slip
LONGEST_WORD, LONGEST_REASON = 30, 2000
TICKS = ("√", "✓", "✔", "☑")
YES, NO = ("是", "不适用", "true", "yes", "1", *TICKS), ("", "否", "适用", "false", "no", "0")


class Part(StrEnum):
    """One thing that can be said of a row."""

    THROUGH = "through"
    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    WORD = "word"
    BAND = "band"
    SCORE = "score"
    SENT = "sent"
    RETURNED = "returned"
    VALID = "valid"
    EVIDENCE = "evidence"
    CAUSE_FUNDS = "cause_funds"
    CAUSE_RULES = "cause_rules"
    CAUSE_STAFF = "cause_staff"
    CAUSE_HARDWARE = "cause_hardware"
    CAUSE_OTHER = "cause_other"
    REASON = "reason"
    NOT_APPLICABLE = "not_applicable"


OF_SURVEY = (Part.SENT, Part.RETURNED, Part.VALID)
OF_CAUSE: Mapping[Part, Cause] = {Part(f"cause_{cause}"): cause for cause in Cause}
UNDENIED = {Part.THROUGH, Part.REASON, Part.NOT_APPLICABLE}  # what is said of a row that does not apply
OF_ALL = UNDENIED | OF_CAUSE.keys()
OF_ENTERED = OF_ALL | {Part.NUMERATOR, Part.DENOMINATOR, Part.EVIDENCE, *OF_SURVEY}
OF_ATTESTED = OF_ALL | {Part.WORD, Part.BAND, Part.SCORE, Part.EVIDENCE}


class Wrong(NamedTuple):
    """What is wrong with one part: what was expected and what stands there."""

    part: Part
    says: str


class Unclear(DabiaoError):
    """What a person says cannot be taken as it is."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        """Take everything that is wrong."""
        self.wrong = tuple(wrong)
        super().__init__("\n".join(f"{words.PARTS[part]}：{says}" for part, says in wrong))


class File(NamedTuple):
    """A file put beside a statement; without content it is in the ledger already."""

    name: str
    sha256: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person says of one row in one year, checked: the body of the act it will be."""

    indicator: Indicator
    year: int
    body: Mapping[str, Any]
    files: tuple[File, ...]
    verdict: Verdict  # how the row stands on the morning after the last day it speaks of

    @property
    def subject(self) -> str:
        """The row's name in the log of acts."""
        return self.indicator.subject


def parts_of(indicator: Indicator) -> set[Part]:
    """What can be said of a row: of a measured one only why it is off target, or that it does not apply."""
    match indicator.measure:
        case Entered():
            return OF_ENTERED
        case Attested():
            return OF_ATTESTED
        case _:
            return OF_ALL


def claim(plan: Plan, indicator: Indicator, said: Mapping[Part, str], today: Day, files: Sequence[File] = ()) -> Claim:
    """The claim these texts make; Unclear with everything that is wrong. Empty texts say nothing."""
    reading = _Reading(plan, indicator, {part: text for part, text in said.items() if tidy(text)}, today)
    reading.read(files)
    verdict = None if reading.wrong else reading.judged()
    if verdict is not None and verdict.state is State.MISSED and Part.REASON not in reading.said:
        value = shown_value(verdict)
        reading.note(Part.REASON, f"未达目标（目标{shown_target(verdict.target)}，填报{value}），须填写")
    if verdict is None or reading.wrong:
        raise Unclear(sorted(reading.wrong, key=lambda one: list(Part).index(one.part)))
    return Claim(indicator, plan.year, reading.body, tuple(files), verdict)


class _Reading:
    """Reads the parts one by one into the body of an act, and notes what is wrong with each."""

    def __init__(self, plan: Plan, indicator: Indicator, said: Mapping[Part, str], today: Day) -> None:
        self.plan, self.indicator, self.said, self.today = plan, indicator, said, today
        self.wrong: list[Wrong] = []
        self.body: dict[str, Any] = {"year": plan.year}

    def note(self, part: Part, says: str) -> None:
        self.wrong.append(Wrong(part, says))

    def read(self, files: Sequence[File]) -> None:
        said = set(self.said) | ({Part.EVIDENCE} if files else set())
        for part in sorted(said - parts_of(self.indicator)):
            self.note(part, _not_of(self.indicator))
        self._read_through()
        if reason := self._text(Part.REASON, LONGEST_REASON):
            self.body["reason"] = reason
        self._read_causes()
        if self._says_not_applicable():
            self._read_not_applicable(said)
        elif isinstance(self.indicator.measure, Entered):
            self._read_number(self.indicator.measure)
            self._read_survey()
        elif isinstance(self.indicator.measure, Attested):
            self._read_quality(self.indicator.measure)
        elif Part.REASON not in said and "causes" not in self.body:
            self.note(Part.REASON, "本行数值由系统计量，只可填写原因或“不适用”，现均为空")
        if files:
            self._read_files(files)

    def judged(self) -> Verdict:
        """How the row stands by this statement alone on the morning after the last day it speaks of."""
        through = date.fromisoformat(self.body["through"]).toordinal()
        window = custom(self.plan.days, date(self.plan.year, 1, 1).toordinal(), through + 1)
        known = Evidence(Count(Tally()), {}, None, None, has_source=False, statement=said_by(self.body))
        return judge(self.indicator, window, None, known, through + 1)

    # --- what every row has ---

    def _read_through(self) -> None:
        first, last = date(self.plan.year, 1, 1), date(self.plan.year, 12, 31)
        today = date.fromordinal(self.today)
        written = self.said.get(Part.THROUGH)
        spoken = min(today, last) if written is None else day(written)
        if spoken is None:
            self.note(Part.THROUGH, f"应为日期，如 {min(today, last)}，现为“{written}”")
        elif not first <= spoken <= last:
            self.note(Part.THROUGH, f"应在 {first} 至 {last} 之间，现为 {spoken}")
        elif spoken > today:
            self.note(Part.THROUGH, f"不应晚于今天（{today}），现为 {spoken}")
        else:
            self.body["through"] = spoken.isoformat()

    def _text(self, part: Part, longest: int) -> str:
        text = tidy(self.said.get(part, ""))
        if len(text) > longest:
            self.note(part, f"不应超过 {longest} 字，现为 {len(text)} 字")
        return text

    def _read_causes(self) -> None:
        causes = [cause for part, cause in OF_CAUSE.items() if self._is_ticked(part)]
        if causes:
            self.body["causes"] = [cause.value for cause in causes]
            if Part.REASON not in self.said:
                self.note(Part.REASON, f"勾选了{'、'.join(words.CAUSES[one] for one in causes)}的须说明原因，现为空")

    def _is_ticked(self, part: Part) -> bool:
        answer = narrow(self.said.get(part, "")).lower()
        if answer not in YES + NO:
            self.note(part, f"应为“{TICKS[0]}”或空，文字写入原因，现为“{self.said[part]}”")
        return answer in YES

    def _says_not_applicable(self) -> bool:
        written = self.said.get(Part.NOT_APPLICABLE, "")
        answer = narrow(written).lower()
        if answer not in YES + NO:
            self.note(Part.NOT_APPLICABLE, f"应为“是”或“否”，现为“{written}”")
        return answer in YES

    def _read_not_applicable(self, said: set[Part]) -> None:
        self.body["not_applicable"] = True
        if Part.REASON not in said:
            self.note(Part.REASON, "填“不适用”的须说明原因")
        for part in sorted(said - UNDENIED - {Part.EVIDENCE}):
            self.note(part, f"填了“不适用”的不应再填，现为“{self.said[part]}”")

    def _read_files(self, files: Sequence[File]) -> None:
        names = [file.name for file in files]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.note(Part.EVIDENCE, f"文件名不应重复，现有两个“{name}”")
        self.body["evidence"] = [{"name": file.name, "sha256": file.sha256} for file in files]

    # --- numbers ---

    def _read_number(self, measure: Entered) -> None:
        if measure.unit is Unit.DATE:
            self._read_day()
            return
        above = self._number(Part.NUMERATOR)
        if Part.NUMERATOR not in self.said:
            self.note(Part.NUMERATOR, f"应为数字（{words.UNITS[measure.stated_unit]}），现为空")
        if measure.unit is Unit.RATIO and Part.DENOMINATOR not in self.said:
            self.note(Part.DENOMINATOR, "应为大于 0 的数字，现为空：比率须同时填写分子和分母")
        below = self._number(Part.DENOMINATOR)
        if below == 0:
            self.note(Part.DENOMINATOR, "应大于 0，现为 0")
        elif measure.unit is Unit.RATIO and above is not None and below is not None and above > MOST_TIMES * below:
            says = f"不应超过分母的 {MOST_TIMES} 倍（{plain(below)} × {MOST_TIMES}），现为 {plain(above)}"
            self.note(Part.NUMERATOR, says)

    def _read_day(self) -> None:
        written = self.said.get(Part.NUMERATOR, "")
        spoken = day(written)
        if spoken is None:
            self.note(Part.NUMERATOR, f"应为日期，如 {self.plan.year}-10-31，现为“{written}”")
        else:
            self.body["numerator"] = str(spoken.toordinal())
        if Part.DENOMINATOR in self.said:
            self.note(Part.DENOMINATOR, f"本行填日期，没有分母，现为“{self.said[Part.DENOMINATOR]}”")

    def _number(self, part: Part) -> Decimal | None:
        if (written := self.said.get(part)) is None:
            return None
        value = number(written)
        if value is None:
            self.note(part, f"应为数字，如 95 或 4763873.50，不带单位和百分号，现为“{written}”")
            return None
        text = plain(value)
        whole, _, places = text.lstrip("-").partition(".")
        if value < 0:
            self.note(part, f"不应小于 0，现为 {text}")
        elif len(whole) > MOST_DIGITS or len(places) > MOST_PLACES:
            self.note(part, f"整数不应超过 {MOST_DIGITS} 位、小数不应超过 {MOST_PLACES} 位，现为 {text}")
        else:
            self.body[part.value] = text
            return value
        return None

    def _read_survey(self) -> None:
        counts = {part: count for part in OF_SURVEY if (count := self._count(part)) is not None}
        if not any(part in self.said for part in OF_SURVEY):
            return
        for part in OF_SURVEY:
            if part not in self.said:
                self.note(part, "应为份数，现为空：发放、回收、有效三个份数须一并填写")
        for larger, smaller in pairwise(OF_SURVEY):
            if larger in counts and smaller in counts and counts[smaller] > counts[larger]:
                says = f"不应多于{words.PARTS[larger]}（{counts[larger]}），现为 {counts[smaller]}"
                self.note(smaller, says)
        valid, below = counts.get(Part.VALID), self.body.get("denominator")
        if valid is not None and below is not None and Decimal(below) != valid:
            self.note(Part.DENOMINATOR, f"应等于有效问卷份数（{valid}），现为 {below}")
        above = self.body.get("numerator")
        if valid is not None and above is not None and Decimal(above) > valid:
            self.note(Part.NUMERATOR, f"不应多于有效问卷份数（{valid}），现为 {above}")
        self.body["survey"] = {part.value: count for part, count in counts.items()}

    def _count(self, part: Part) -> int | None:
        if (written := self.said.get(part)) is None:
            return None
        value = number(written)
        if value is None or value < 0 or value != int(value) or value >= 10**9:
            self.note(part, f"应为份数（整数），现为“{written}”")
            return None
        return int(value)

    # --- qualities ---

    def _read_quality(self, measure: Attested) -> None:
        word = self._text(Part.WORD, LONGEST_WORD)
        band = self._band()
        accepted = "、".join(f"“{one}”" for one in measure.accept)
        if not word:
            self.note(Part.WORD, f"应为对完成情况的判断，达成时为{accepted}，现为空")
        elif band is Band.ACHIEVED and word not in measure.accept:
            self.note(Part.WORD, f"填“{words.BANDS[band]}”的应为{accepted}，现为“{word}”")
        self.body["word"] = word
        if band is not None:
            self.body["band"] = band.value
            self._read_score(band)

    def _band(self) -> Band | None:
        expected = "、".join(f"“{name}”" for name in words.BANDS.values())
        if (written := self.said.get(Part.BAND)) is None:
            self.note(Part.BAND, f"应为{expected}之一，现为空")
            return None
        band = words.BANDS_WRITTEN.get(narrow(written))
        if band is None:
            self.note(Part.BAND, f"应为{expected}之一，现为“{written}”")
        return band

    def _read_score(self, band: Band) -> None:
        low, high = (percent(share) for share in BAND_SHARES[band])
        within = f"{low}（含）至 {high}" + ("（含）" if band is Band.ACHIEVED else "（不含）")
        if (written := self.said.get(Part.SCORE)) is None:
            if band is not Band.ACHIEVED:
                self.note(Part.SCORE, f"填“{words.BANDS[band]}”的须填 {within}，现为空")
                return
            share = Fraction(1)
        elif (spoken := _share(written)) is None:
            self.note(Part.SCORE, f"应为百分数，如 85%，现为“{written}”")
            return
        else:
            share = spoken
        if not band.admits(share):
            self.note(Part.SCORE, f"填“{words.BANDS[band]}”的应在 {within} 之间，现为 {percent(share)}")
        self.body["score"] = decimal(share)


def _share(written: str) -> Fraction | None:
    """A share of the points written as 85%, 0.85 or 85; None where it is none."""
    text = narrow(written)
    value = number(text.removesuffix("%"))
    if value is None or value < 0 or len(plain(value)) > MOST_PLACES:
        return None
    return Fraction(value) / 100 if text.endswith("%") or value > 1 else Fraction(value)


def _not_of(indicator: Indicator) -> str:
    match indicator.measure:
        case Entered():
            return "本行填数字，不填此项"
        case Attested():
            return "本行填完成情况和档次，不填此项"
        case _:
            return "本行数值由系统计量，不由人填报"
