"""By which clock a record is measured: one for all, or one by the value of a field."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from agent.model import Record
from agent.worktime import Clock, ClockKind, WorkCalendar, make_clock


class ClockBy(BaseModel):
    """A clock by the value of a field: level-1 faults run all day, others in service hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: str
    table: Mapping[str, ClockKind] = Field(min_length=1)


class Clocks:
    """The clocks of one measure. A record's clock has a name, which is empty where there is but one."""

    def __init__(self, told: ClockKind | ClockBy, calendar: WorkCalendar) -> None:
        """Wind them all."""
        self.by = told if isinstance(told, ClockBy) else None
        kinds = set(told.table.values()) if isinstance(told, ClockBy) else {told}
        self._named: dict[str, Clock] = {kind: make_clock(kind, calendar) for kind in kinds}
        self.only = make_clock(told, calendar) if not isinstance(told, ClockBy) else None
        self.kinds = frozenset(self._named)

    def name_of(self, fields: Mapping[str, str]) -> str | None:
        """The name of a record's clock; None where its field names none."""
        return "" if self.by is None else self.by.table.get(fields.get(self.by.by, ""))

    def named(self, name: str) -> Clock:
        """The clock of this name."""
        return self.only if self.only is not None else self._named[name]

    def of(self, record: Record) -> Clock | None:
        """A record's clock; None where its field names none."""
        if self.only is not None:
            return self.only
        name = self.name_of(record.fields)
        return None if name is None else self.named(name)
