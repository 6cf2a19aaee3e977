"""Limits, exclusions and pauses as targets.yaml spells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.conditions import Condition
from agent.model import Record
from agent.worktime import Duration, TooLongError, parse_duration

NUMBER = re.compile(r"[0-9]{1,6}")


class Limit(BaseModel):
    """How long may pass: one duration, a number in a field, or a duration by the value of a field."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    fixed: Duration | None = None
    field: str | None = None
    unit: str = "workdays"
    by: str | None = None
    table: Mapping[str, Duration] = {}

    def of(self, record: Record) -> Duration | None:
        """The limit for this record, or None where its field names none."""
        if self.fixed is not None:
            return self.fixed
        if self.by is not None:
            return self.table.get(record.fields.get(self.by, ""))
        number = record.fields.get(self.field or "", "")
        if not NUMBER.fullmatch(number):
            return None
        try:
            return parse_duration(f"{number} {self.unit}")
        except TooLongError:
            return None

    def names(self) -> set[str]:
        """The fields it reads."""
        return {name for name in (self.field, self.by) if name}


def _parse_limit(raw: object) -> object:
    if isinstance(raw, Limit):
        return raw
    if isinstance(raw, str):
        return Limit(fixed=parse_duration(raw))
    if isinstance(raw, Mapping) and set(raw) == {"by", "table"} and isinstance(raw["table"], Mapping):
        return Limit(by=raw["by"], table={str(key): parse_duration(str(text)) for key, text in raw["table"].items()})
    if isinstance(raw, Mapping) and "field" in raw and set(raw) <= {"field", "unit"}:
        parse_duration(f"1 {raw.get('unit', 'workdays')}")
        return Limit(field=raw["field"], unit=raw.get("unit", "workdays"))
    raise ValueError("expected a duration, {field: days, unit: workdays} or {by: field, table: {value: duration}}")


LimitKey = Annotated[Limit, BeforeValidator(_parse_limit)]


class Exclusion(BaseModel):
    """A rule that takes records out, with the reason that is printed beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    when: Condition
    reason: str


class PausePair(BaseModel):
    """The two times between which the clock stands still."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    start: str = Field(alias="from")
    to: str
