"""A mapping compiled: what is read of each row, and by which function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.mapping.spec import FieldSpec, MappingSpec, TimeSpec, columns
from agent.mapping.times import TimeText, join_parts
from agent.mapping.values import (
    RowRefusedError,
    decode_codes,
    field_reader,
    indexable,
    integer_text,
    one_off_reader,
    required,
    text_reader,
)
from agent.model import Instant
from agent.worktime import LocalDays

Reasons = dict[int, list[str]]
HIGHEST_VERSION = 2**63 - 1  # what a ledger's integer holds
SEPARATOR, ESCAPE = "/", "\\"


class Pass(NamedTuple):
    """One value of every row: from which positions, and by which function of a value (of a tuple, if several)."""

    positions: tuple[int, ...]
    read: Callable[[Any], Any]

    def over(self, cells: Sequence[Sequence[object]], reasons: Reasons) -> list[Any]:
        """The values of all rows; None, and a reason, where one is refused."""
        picked = [cells[position] for position in self.positions]
        values: Iterable[Any] = picked[0] if len(picked) == 1 else list(zip(*picked, strict=True))
        try:
            return list(map(self.read, values))
        except RowRefusedError:
            return [self._one(number, value, reasons) for number, value in enumerate(values)]

    def _one(self, number: int, value: Any, reasons: Reasons) -> Any:
        try:
            return self.read(value)
        except RowRefusedError as refused:
            reasons.setdefault(number, []).append(str(refused))
            return None


@dataclass(frozen=True)
class Passes:
    """All that is read of a row."""

    id: Pass
    system: Pass | None
    times: Mapping[str, Pass]
    fields: Mapping[str, Pass]
    changed_at: Pass | None
    version: Pass | None
    deleted: Pass | None
    since: Pass | None
    event: Pass | None
    at: Pass | None
    event_id: Pass | None


class Compiler:
    """Makes the passes of one mapping."""

    def __init__(self, spec: MappingSpec, local: LocalDays) -> None:
        """Take the mapping and the days of the zone of times that carry none."""
        self.spec, self.local = spec, local
        self.columns = columns(spec)
        self.nulls = frozenset(spec.nulls)

    def passes(self) -> Passes:
        """All that is read of a row, compiled."""
        spec = self.spec
        return Passes(
            id=self._id_pass(),
            system=self._system_pass(),
            times={name: self._time_pass(name, time) for name, time in spec.times.items() if time.places()},
            fields={name: self._field_pass(field) for name, field in spec.fields.items()},
            changed_at=self._time_pass("changed_at", spec.changed_at) if spec.changed_at else None,
            version=self._version_pass(),
            deleted=self._deleted_pass(),
            since=self._since_pass(),
            event=self._event_pass(),
            at=self._at_pass(),
            event_id=self._event_id_pass(),
        )

    def _pass(self, column: str, read: Callable[[Any], Any]) -> Pass:
        return Pass((self.columns.index(column),), read)

    def _event_pass(self) -> Pass | None:
        column = self.spec.event
        return self._pass(column, required(column, text_reader(column, self.nulls), "event")) if column else None

    def _event_id_pass(self) -> Pass | None:
        column = self.spec.event_id
        return self._pass(column, required(column, one_off_reader(column, self.nulls), "event id")) if column else None

    def _id_pass(self) -> Pass:
        readers = [required(column, one_off_reader(column, self.nulls), "id") for column in self.spec.id]
        if len(readers) == 1:
            return self._pass(self.spec.id[0], readers[0])

        def read(values: Sequence[object]) -> str:
            parts = [_escaped(reader(value)) for reader, value in zip(readers, values, strict=True)]
            return indexable(SEPARATOR.join(parts), "id")

        return Pass(tuple(self.columns.index(column) for column in self.spec.id), read)

    def _system_pass(self) -> Pass | None:
        system = self.spec.system
        if system is None or system.column is None:
            return None
        spelled = decode_codes(system.column, system.map) if system.map is not None else str
        return self._pass(system.column, text_reader(system.column, self.nulls, spelled))

    def _field_pass(self, field: FieldSpec) -> Pass:
        return self._pass(field.place(), field_reader(field, self.nulls))

    def _time_pass(self, name: str, spec: TimeSpec) -> Pass:
        places, form = spec.places(), spec.format or self.spec.time_format
        end_of_day = spec.end_of_day if spec.end_of_day is not None else name.startswith("due")
        label = f"column{'s' if len(places) > 1 else ''} {', '.join(places)}"
        read = TimeText(label, form, self.local, self.nulls, end_of_day).reader()
        if len(places) == 1:
            return self._pass(places[0], read)
        join = join_parts(places, form)
        return Pass(tuple(self.columns.index(column) for column in places), lambda values: read(join(values)))

    def _at_pass(self) -> Pass | None:
        if self.spec.at is None:
            return None
        found = self._time_pass("at", self.spec.at)
        label = ", ".join(self.spec.at.places())

        def read(value: object) -> Instant:
            moment = found.read(value)
            if moment is None:
                raise RowRefusedError(f"column {label}: no time")
            return int(moment)

        return Pass(found.positions, read)

    def _since_pass(self) -> Pass | None:
        since = self.spec.since
        if since is None or since.column is None:
            return None
        changed = self.spec.changed_at
        if since.format is None and changed is not None and changed.places() == (since.column,):
            return self._time_pass("since", changed)
        return self._time_pass("since", TimeSpec(column=since.column, format=since.format))

    def _version_pass(self) -> Pass | None:
        column = self.spec.version
        if column is None:
            return None
        read_text = text_reader(column, self.nulls, integer_text)

        def read(value: object) -> int | None:
            text = read_text(value)
            number = None if text is None else int(text)
            if number is not None and abs(number) > HIGHEST_VERSION:
                raise RowRefusedError(f"column {column}: expected a version of at most {HIGHEST_VERSION}")
            return number

        return self._pass(column, read)

    def _deleted_pass(self) -> Pass | None:
        deleted = self.spec.deleted
        if deleted is None:
            return None
        codes = frozenset(deleted.codes)
        read_text = text_reader(deleted.column, frozenset())
        return self._pass(deleted.column, lambda value: read_text(value) in codes)


def _escaped(part: str) -> str:
    return part.replace(ESCAPE, ESCAPE * 2).replace(SEPARATOR, ESCAPE + SEPARATOR)
