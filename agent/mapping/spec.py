"""The mapping keys of sources.yaml: which column becomes what. Shapes only; `mapper` does the work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent.worktime import TooLongError, parse_duration

EPOCH_FORMATS = ("epoch", "epoch_ms")
ANY_EVENT = "*"
UNMAPPED_KEYS = {"agree_with", "allow_personal", "complete", "measured_from", "since"}  # they change no record


def _check_format(text: str) -> str:
    if text in EPOCH_FORMATS:
        return text
    sample = datetime(2026, 3, 14)  # noqa: DTZ001 - only the spelling is tried
    try:
        again = datetime.strptime(sample.strftime(text), text)  # noqa: DTZ007 - only the spelling is tried
    except ValueError as error:
        raise ValueError(f"{text!r} is no time format: {error}") from None
    if not again.tzinfo and (again.month, again.day) != (3, 14) and again.time() == sample.time():
        raise ValueError(f'{text!r} names no date; write it like "%Y-%m-%d %H:%M:%S", epoch or epoch_ms')
    return text


def _check_timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {text!r}; expected a name such as Asia/Shanghai") from None
    return text


def _fixed_microseconds(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    try:
        microseconds = parse_duration(raw).microseconds
    except TooLongError:
        raise
    except ValueError:
        microseconds = None
    if not microseconds:
        raise ValueError(f"expected a duration such as 90s, 5 min, 2h or 1d, got {raw!r}")
    return microseconds


def _share(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    number, percent, rest = raw.strip().partition("%")
    try:
        share = Fraction(number.strip()) / (100 if percent else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if rest or not 0 <= share < 1:
        raise ValueError(f"expected a share such as 2 %, got {raw!r}")
    return share


def _as_source(raw: object) -> object:
    return {"source": raw} if isinstance(raw, str) else raw


def _as_column(raw: object) -> object:
    return {"column": raw} if isinstance(raw, str) else raw


def _as_list(raw: object) -> object:
    return (raw,) if isinstance(raw, str) else raw


NAME = r"^[^\W\d][\w-]*$"
Name = Annotated[str, Field(pattern=NAME)]
ColumnName = Annotated[str, Field(min_length=1)]
TimeFormat = Annotated[str, AfterValidator(_check_format)]
ZoneName = Annotated[str, AfterValidator(_check_timezone)]
Microseconds = Annotated[int, BeforeValidator(_fixed_microseconds)]
ShareText = Annotated[Fraction, BeforeValidator(_share)]
Words = Annotated[tuple[ColumnName, ...], BeforeValidator(_as_list), Field(min_length=1)]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def _exactly_one(self, *keys: str) -> None:
        if sum(getattr(self, key) is not None for key in keys) != 1:
            raise ValueError(f"expected exactly one of {', '.join(keys)}")


class TimeSpec(_Keys):
    """Where a time stands: in one column, in several joined by a space, or, in a log, at an event."""

    column: ColumnName | None = None
    columns: tuple[ColumnName, ...] | None = Field(default=None, min_length=1)
    format: TimeFormat | None = None
    end_of_day: bool | None = None  # a bare date means the end of that day; default: for names that begin with `due`
    first: Words | None = None
    last: Words | None = None

    @model_validator(mode="after")
    def _one_place(self) -> TimeSpec:
        self._exactly_one("column", "columns", "first", "last")
        if (self.first or self.last) and (self.format or self.end_of_day is not None):
            raise ValueError("a time taken from an event has no format: write it as time_format")
        return self

    def places(self) -> tuple[str, ...]:
        """The columns it is read from; none where an event says it."""
        return self.columns or ((self.column,) if self.column else ())


class FieldSpec(_Keys):
    """Where a field stands, its type, and what its codes mean. In a log: the column's first or last value."""

    column: ColumnName | None = None
    first: ColumnName | None = None
    last: ColumnName | None = None
    type: Literal["text", "integer", "decimal", "boolean"] = Field(default="text", alias="as")
    map: Mapping[str, str] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> FieldSpec:
        self._exactly_one("column", "first", "last")
        return self

    def place(self) -> str:
        """The column it is read from."""
        return self.column or self.first or self.last or ""


class SystemSpec(_Keys):
    """Which system a row speaks of: by a column's code, or always the same."""

    column: ColumnName | None = None
    map: Mapping[str, str] | None = None
    fixed: str | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _one_place(self) -> SystemSpec:
        if (self.column is None) == (self.fixed is None):
            raise ValueError("expected exactly one of column, is")
        if self.fixed is not None and self.map is not None:
            raise ValueError("map belongs to column, not to is")
        return self


class DeletedSpec(_Keys):
    """The column and the codes that say a row was deleted at the source."""

    column: ColumnName
    codes: Words = Field(alias="is")


class SinceSpec(_Keys):
    """How a source is asked for changes only, and the column that says how far it was read."""

    param: str | None = None
    column: ColumnName | None = None
    format: TimeFormat | None = None
    overlap: Microseconds = 0
    start: str | None = None


class AgreeSpec(_Keys):
    """Another source that should tell as many records of each day, and the share by which the two may differ."""

    source: str
    tolerance: ShareText = Fraction(0)


TimeKey = Annotated[TimeSpec, BeforeValidator(_as_column)]
FieldKey = Annotated[FieldSpec, BeforeValidator(_as_column)]


class MappingSpec(_Keys):
    """The mapping keys common to all sources."""

    record: Name
    id: Words
    system: SystemSpec | None = None
    times: Mapping[Name, TimeKey] = {}
    fields: Mapping[Name, FieldKey] = {}
    changed_at: TimeKey | None = None
    version: ColumnName | None = None
    deleted: DeletedSpec | None = None
    complete: Microseconds | None = None
    time_format: TimeFormat | None = None
    timezone: ZoneName | None = None
    nulls: tuple[str, ...] = ("",)
    since: SinceSpec | None = None
    measured_from: str | None = None
    event: ColumnName | None = None
    at: TimeKey | None = None
    event_id: ColumnName | None = None
    pairs: Mapping[Name, tuple[str, str]] = {}
    agree_with: Annotated[AgreeSpec, BeforeValidator(_as_source)] | None = None
    allow_personal: str | None = Field(default=None, min_length=1)

    @property
    def is_log(self) -> bool:
        """Whether rows are events, of which Records are folded."""
        return self.event is not None

    @model_validator(mode="after")
    def _fits_together(self) -> MappingSpec:
        problems = list(self._log_problems() if self.is_log else self._table_problems())
        names = [*self.times, *self.fields, *self.pairs]
        problems += [f"{name!r} names two things" for name in dict.fromkeys(names) if names.count(name) > 1]
        if self.since and not (self.since.column or self.changed_at or self.is_log):
            problems.append("since needs changed_at or since.column, to know how far the source was read")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _log_problems(self) -> Iterable[str]:
        if self.at is None:
            yield "event needs at, the column that says when it happened"
        elif not self.at.places():
            yield "at expects a column"
        for key in ("changed_at", "version", "deleted", "complete"):
            if getattr(self, key) is not None:
                yield f"{key} belongs to a table of records, not to a log of events"
        for name, time in self.times.items():
            if time.places():
                yield f"times.{name}: in a log of events expected {{first: EVENT}} or {{last: EVENT}}"

    def _table_problems(self) -> Iterable[str]:
        for key in ("at", "event_id", "pairs"):
            if getattr(self, key):
                yield f"{key} belongs to a log of events: it needs event"
        for name, time in self.times.items():
            if not time.places():
                yield f"times.{name}: first and last belong to a log of events"
        for name, field in self.fields.items():
            if field.column is None:
                yield f"fields.{name}: first and last belong to a log of events"
        if self.changed_at and not self.changed_at.places():
            yield "changed_at expects a column"


def columns(spec: MappingSpec) -> tuple[str, ...]:
    """The mapped columns, each once, in a stable order."""
    found = [*spec.id]
    if spec.system and spec.system.column:
        found.append(spec.system.column)
    found += [spec.event] if spec.event else []
    for time in (spec.at, *spec.times.values(), spec.changed_at):
        found += time.places() if time else ()
    found += [field.place() for field in spec.fields.values()]
    found += [name for name in (spec.version, spec.event_id) if name]
    found += [spec.deleted.column] if spec.deleted else []
    found += [spec.since.column] if spec.since and spec.since.column else []
    return tuple(dict.fromkeys(found))


def mapping_hash(spec: MappingSpec) -> str:
    """The same text for the same mapping; another where rows would become other records."""
    keys: dict[str, Any] = spec.model_dump(mode="json", exclude=UNMAPPED_KEYS)
    text = json.dumps(keys, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
