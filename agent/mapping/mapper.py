"""Rows → Records, Events or Rejects. A mapping is compiled once; then each column is read in one pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, TypeVar

from agent.mapping.folding import SYSTEM_FIELD, Fold
from agent.mapping.passes import Compiler, Pass, Reasons
from agent.mapping.personal import masked
from agent.mapping.spec import MappingSpec
from agent.mapping.values import RowRefusedError, text_of
from agent.model import Event, Instant, Mapped, Record, Reject, Row
from agent.worktime import LocalDays

Made = TypeVar("Made")
NOTHING: Mapping[str, Any] = {}


class Mapper:
    """One source's mapping, compiled. `columns` is the order in which rows give their values."""

    def __init__(self, spec: MappingSpec, source: str, local: LocalDays) -> None:
        """Compile `spec`; `local` are the days of the zone of times that carry none."""
        self.spec, self.source, self.local = spec, source, local
        compiler = Compiler(spec, local)
        self.columns = compiler.columns
        self._passes = compiler.passes()
        self._fold = Fold(spec, source)

    def map(self, rows: Sequence[Row], where: str = "", numbers: Sequence[int] = ()) -> Mapped:
        """What the rows say: Records of a table, Events of a log, and a Reject for each row that says neither.

        `where:number` locates a row; without numbers `where` alone does.
        """
        if not rows:
            return Mapped([], [], [], None)
        cells = list(zip(*rows, strict=True))
        reasons: Reasons = {}
        records: list[Record] = []
        events: list[Event] = []
        if self.spec.is_log:
            events, highest = self._events(cells, len(rows), reasons)
        else:
            records, highest = self._records(cells, len(rows), reasons)
        return Mapped(records, events, self._rejects(rows, reasons, where, numbers), highest)

    def ids(self, rows: Sequence[Row]) -> list[str | None]:
        """The ids of a table's rows, None where a row has none."""
        return self._passes.id.over(list(zip(*rows, strict=True)), {}) if rows else []

    def fold(self, id: str, events: Iterable[Event]) -> Record:
        """The Record that the stored events of one id make, in whatever order they are given."""
        return self._fold.record(id, events)

    def _records(
        self, cells: Sequence[Sequence[object]], n: int, reasons: Reasons
    ) -> tuple[list[Record], Instant | None]:
        passes = self._passes
        changed: Iterable[Any] = _column(passes.changed_at, cells, reasons, n)
        since = _column(passes.since, cells, reasons, n) if passes.since else changed
        made = zip(
            repeat(self.spec.record, n),
            repeat(self.source),
            passes.id.over(cells, reasons),
            self._systems(cells, n, reasons),
            _dicts(passes.times, cells, n, reasons),
            _dicts(passes.fields, cells, n, reasons),
            repeat(NOTHING),
            _column(passes.version, cells, reasons, n),
            changed,
            _column(passes.deleted, cells, reasons, n, False),
            strict=False,  # what repeats never ends
        )
        records = _without(list(map(Record._make, made)), reasons)
        return records, max((moment for moment in since if moment is not None), default=None)

    def _events(
        self, cells: Sequence[Sequence[object]], n: int, reasons: Reasons
    ) -> tuple[list[Event], Instant | None]:
        passes = self._passes
        assert passes.event is not None
        ids, names = passes.id.over(cells, reasons), passes.event.over(cells, reasons)
        moments = _column(passes.at, cells, reasons, n)
        fields = _dicts(passes.fields, cells, n, reasons)
        if passes.system is not None:
            for values, system in zip(fields, self._systems(cells, n, reasons), strict=True):
                if system is not None:
                    values[SYSTEM_FIELD] = system
        if passes.event_id is not None:
            keys = passes.event_id.over(cells, reasons)
        else:
            keys = list(map(_event_key, names, moments, fields))
        since = _column(passes.since, cells, reasons, n) if passes.since else moments
        events = _without(list(map(Event._make, zip(ids, names, moments, keys, fields, strict=True))), reasons)
        return events, max((moment for moment in since if moment is not None), default=None)

    def _systems(self, cells: Sequence[Sequence[object]], n: int, reasons: Reasons) -> list[str | None]:
        fixed = self.spec.system.fixed if self.spec.system else None
        return _column(self._passes.system, cells, reasons, n, fixed)

    def _rejects(self, rows: Sequence[Row], reasons: Reasons, where: str, numbers: Sequence[int]) -> list[Reject]:
        return [
            Reject(
                f"{where}:{numbers[number]}" if numbers else where,
                "; ".join(reasons[number]),
                {column: masked(plain_text(value)) for column, value in zip(self.columns, rows[number], strict=True)},
            )
            for number in sorted(reasons)
        ]


def _column(
    found: Pass | None, cells: Sequence[Sequence[object]], reasons: Reasons, n: int, default: Any = None
) -> list[Any]:
    return [default] * n if found is None else found.over(cells, reasons)


def _dicts(
    passes: Mapping[str, Pass], cells: Sequence[Sequence[object]], n: int, reasons: Reasons
) -> list[dict[str, Any]]:
    """One dict a row of what is there: null is left out. Filling them by column is several times faster than by row."""
    made: list[dict[str, Any]] = [{} for _ in range(n)]
    for name, one in passes.items():
        for row, value in zip(made, one.over(cells, reasons), strict=True):
            if value is not None:
                row[name] = value
    return made


def _without(made: list[Made], reasons: Reasons) -> list[Made]:
    return [one for number, one in enumerate(made) if number not in reasons] if reasons else made


def _event_key(event: str | None, at: Instant | None, fields: Mapping[str, str]) -> str:
    """Equal rows have equal keys: a log that says the same twice says it once."""
    parts = [event or "", str(at), *(text for item in sorted(fields.items()) for text in item)]
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=12).hexdigest()


def plain_text(value: object) -> str | None:
    """A value as a Reject keeps it: text that any ledger takes."""
    try:
        return text_of(value)
    except RowRefusedError:
        return str(value).replace("\x00", "\ufffd").encode(errors="replace").decode()
