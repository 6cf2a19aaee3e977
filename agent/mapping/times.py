"""Times of a row as instants: ISO 8601, strptime formats, epochs, dates, in a source's zone where they carry none.

Most times of a column share their hours: the instant an hour begins is worked out once and the rest of the text is
looked up, which is several times faster than parsing each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from agent.mapping.spec import EPOCH_FORMATS
from agent.mapping.values import DECIMAL, RowRefusedError, shape, text_of
from agent.model import SECOND_US, Instant, instant_of
from agent.worktime import LocalDays

TimeReader = Callable[[object], Instant | None]
Parse = Callable[[str], datetime | date]
FIRST_YEAR, LAST_YEAR = 1900, 2200
EARLIEST = Decimal(-2_208_988_800)  # 1900-01-01 in seconds since 1970
LATEST = Decimal(7_289_654_400)  # 2201-01-01
HOUR_LESS_A_SECOND = 3599 * SECOND_US
REMEMBERED_HOURS = 20_000
LONGEST_DATE = len("2026-03-14")
ISO_WIDTHS = tuple(map(len, ("2026-03-14 10:00:00", "2026-03-14 10:00:00Z", "2026-03-14 10:00:00+08:00")))
ISO_HOUR = len("2026-03-14 10")
ISO_EXTENDED = re.compile(r"\d{4}-\d\d-\d\d(T.*)?", re.ASCII)
DIRECTIVE = re.compile(r"%(.)")
WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
TIME_OF_DAY = set("HIMSpfcXTRs")


class _Hours(dict[str, Instant]):
    """The text of an hour → the instant it begins. Hours that the zone cuts or doubles are never kept."""

    def __init__(self, parse: Parse, local: LocalDays) -> None:
        super().__init__()
        self.parse, self.local = parse, local

    def __missing__(self, text: str) -> Instant:
        begun = self.parse(text)
        if not isinstance(begun, datetime) or not FIRST_YEAR <= begun.year <= LAST_YEAR:
            raise ValueError(text)
        first = instant_of(begun) if begun.tzinfo else self._unbroken(begun)
        if len(self) >= REMEMBERED_HOURS:
            self.clear()
        self[text] = first
        return first

    def _unbroken(self, begun: datetime) -> Instant:
        first = self.local.instant_of(begun)
        if self.local.instant_of(begun + timedelta(seconds=3599)) - first != HOUR_LESS_A_SECOND:
            raise ValueError(begun)
        return first


@lru_cache(maxsize=64)
def _within_hour(tail: str) -> Mapping[str, int]:
    """Every text the part of a format after its hour can take, with its microseconds."""
    seconds = range(60) if "%S" in tail else (0,)
    minutes = range(60) if "%M" in tail else (0,)
    return {
        tail.replace("%M", f"{minute:02}").replace("%S", f"{second:02}"): (minute * 60 + second) * SECOND_US
        for minute in minutes
        for second in seconds
    }


def iso_moment(text: str) -> datetime | date:
    """The moment an ISO 8601 text names: a date where it has no time of day."""
    moment = datetime.fromisoformat(text)
    return moment.date() if len(text) <= LONGEST_DATE else moment


def _strptime(form: str) -> Parse:
    dated = not TIME_OF_DAY & set(DIRECTIVE.findall(form))
    width = fixed_width(form) if "%" in form and re.search(r"%.%", form) else None

    def parse(text: str) -> datetime | date:
        if width is not None and len(text) != width:  # strptime would cut 10500 in any way that fits
            raise ValueError(text)
        moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the source's
        return moment.date() if dated else moment

    return parse


def fixed_width(form: str) -> int | None:
    """How many characters a text of this format has, None where that varies."""
    letters = DIRECTIVE.findall(form)
    if not all(letter in WIDTHS for letter in letters):
        return None
    return len(DIRECTIVE.sub("", form)) + sum(WIDTHS[letter] for letter in letters)


class TimeText:
    """One column's times: its format, zone and nulls, and what a date alone means there."""

    def __init__(
        self, label: str, form: str | None, local: LocalDays, nulls: frozenset[str], end_of_day: bool = False
    ) -> None:
        """Compile the format; `label` names the column in reasons."""
        self.label, self.form, self.local, self.nulls, self.end_of_day = label, form, local, nulls, end_of_day
        self.parse = _strptime(form) if form and form not in EPOCH_FORMATS else iso_moment

    def reader(self) -> TimeReader:
        """The fastest function from a raw value to an instant, None for null, that this format allows."""
        if self.form in EPOCH_FORMATS:
            return self._epoch
        if self.form is None:
            return self._by_hours(iso_moment, ":%M:%S", ISO_WIDTHS, ISO_HOUR)
        head, hour, tail = self.form.partition("%H")
        width, cut = fixed_width(self.form), fixed_width(head + hour)
        if not hour or width is None or cut is None or set(DIRECTIVE.findall(tail)) - {"M", "S"}:
            return self._by_text()
        return self._by_hours(_strptime(head + hour), tail, (width,), cut)

    def _by_hours(self, parse: Parse, tail: str, widths: Sequence[int], cut: int) -> TimeReader:
        """Texts of these widths hold an hour up to `cut`, then minutes and seconds; what follows is the offset."""
        hours, rest, nulls, slow, until = (
            _Hours(parse, self.local),
            _within_hour(tail),
            self.nulls,
            self.read,
            widths[0],
        )

        def read(value: object) -> Instant | None:
            if type(value) is str and len(value) in widths and value not in nulls:
                offset = rest.get(value[cut:until])
                if offset is not None:
                    try:
                        return hours[value[:cut] + value[until:]] + offset
                    except ValueError:
                        pass  # the slow way says what is wrong, or copes with a broken hour
            return slow(value)

        return read

    def _by_text(self) -> TimeReader:
        remembered: dict[str, Instant | None] = {}

        def read(value: object) -> Instant | None:
            if type(value) is not str:
                return self.read(value)
            try:
                return remembered[value]
            except KeyError:
                instant = self.read(value)
                if len(value) <= LONGEST_DATE:  # dates come again and again, times hardly ever
                    remembered[value] = instant
                return instant

        return read

    def read(self, value: object) -> Instant | None:
        """The instant of one value of any type a source may hand over."""
        if isinstance(value, datetime | date):
            return None if self._is_null_moment(value) else self._settle(value, value.isoformat())
        if isinstance(value, bool | time | timedelta):
            raise self._refused(str(value))
        text = text_of(value)
        if text is None or text in self.nulls:
            return None
        if not isinstance(value, str):
            text = text.zfill(fixed_width(self.form or "") or 0)
        return self._settle(self._moment(text), text)

    def _moment(self, text: str) -> datetime | date:
        try:
            return self.parse(text)
        except ValueError:
            if self.form and ISO_EXTENDED.fullmatch(text):  # as rejects spell the times a database typed
                return self._iso(text)
            raise self._refused(text) from None

    def _iso(self, text: str) -> datetime | date:
        try:
            return iso_moment(text)
        except ValueError:
            raise self._refused(text) from None

    def _settle(self, moment: datetime | date, text: str) -> Instant:
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise RowRefusedError(
                f"{self.label}: outside the years {FIRST_YEAR} to {LAST_YEAR}, got {shape(text)}; "
                "list it under nulls where it stands for no date"
            )
        if not isinstance(moment, datetime):
            midnight = datetime.combine(moment, time())
            if self.end_of_day:
                return self.local.instant_of(midnight + timedelta(days=1)) - 1
            return self.local.instant_of(midnight)
        return self.local.instant_of(moment) if moment.tzinfo is None else instant_of(moment)

    def _is_null_moment(self, moment: datetime | date) -> bool:
        spelled = {moment.isoformat(), moment.isoformat().replace("T", " ")}
        if isinstance(moment, datetime) and moment.time() == time():
            spelled.add(moment.date().isoformat())
        return not spelled.isdisjoint(self.nulls)

    def _epoch(self, value: object) -> Instant | None:
        if isinstance(value, datetime | date):
            return self.read(value)
        text = text_of(value)
        if text is None or text in self.nulls:
            return None
        if isinstance(value, bool) or not DECIMAL.fullmatch(text):
            if ISO_EXTENDED.fullmatch(text):
                return self._settle(self._iso(text), text)
            raise self._refused(text)
        seconds = Decimal(text) / (1000 if self.form == "epoch_ms" else 1)
        if not EARLIEST <= seconds < LATEST:
            raise self._refused(text)
        return int((seconds * SECOND_US).to_integral_value())

    def _refused(self, text: str) -> RowRefusedError:
        return RowRefusedError(f"{self.label}: expected {self.form or 'ISO 8601'}, got {shape(text)}")


def join_parts(columns: Sequence[str], form: str | None) -> Callable[[Sequence[object]], str | None]:
    """A function from the parts of a time to one text: numbers get their leading zeros back, typed dates a format."""
    pieces: Sequence[str | None] = (form or "").split(" ")
    if form is None or len(pieces) != len(columns):
        pieces = (None,) * len(columns)

    def join(values: Sequence[object]) -> str | None:
        parts = [_part_text(value, piece) for value, piece in zip(values, pieces, strict=True)]
        present = [part for part in parts if part]
        if not present:
            return None
        if len(present) < len(parts):
            empty = [name for name, part in zip(columns, parts, strict=True) if not part]
            raise RowRefusedError(f"columns {', '.join(columns)}: {', '.join(empty)} is empty and the rest is not")
        return " ".join(present)

    return join


def _part_text(value: object, piece: str | None) -> str | None:
    if isinstance(value, date | time) and piece:
        return value.strftime(piece)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    text = text_of(value)
    if text and piece and not isinstance(value, str):
        return text.zfill(fixed_width(piece) or 0)
    return text
