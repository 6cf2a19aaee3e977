"""The records of one source as a table, and back: mapped times, fields and pairs alone, each a column of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent.config import Source
from agent.evidence.cells import Moments, guarded, instant, pairs_of, stretches, unguarded, whole
from agent.evidence.table import Column, Row
from agent.model import Record
from agent.worktime import LocalDays

HEAD = (
    Column("编号", "text", "记录在数据源中的编号"),
    Column("类别", "text", "记录的类别"),
    Column("系统", "text", "应用系统"),
    Column("版本", "integer", "数据源给出的版本号"),
    Column("变更时间", "time", "数据源给出的最后变更时间"),
    Column("已撤回", "integer", "数据源已撤回的为1"),
)
REST = Column("其他", "text", "以前的映射留下的时间、字段和区间，JSON")
PARTS = (("times", "time", "映射的时间"), ("fields", "text", "映射的字段"), ("pairs", "text", "成对的时间，始/止"))


class RecordTable:
    """The columns of one source's records. What a former mapping named and this one does not stands in the last."""

    def __init__(self, id: str, source: Source | None, days: LocalDays) -> None:
        """`source` is None where it is configured no longer."""
        self.id, self._moments = id, Moments(days)
        self._times = () if source is None else tuple(source.spec.times)
        self._fields = () if source is None else tuple(source.spec.fields)
        self._pairs = () if source is None else tuple(source.spec.pairs)
        self._named = frozenset(self._times), frozenset(self._fields), frozenset(self._pairs)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column in its order."""
        names = (self._times, self._fields, self._pairs)
        mapped = [
            Column(f"{part}.{name}", kept_as, f"{says} {name}")
            for (part, kept_as, says), those in zip(PARTS, names, strict=True)
            for name in those
        ]
        return (*HEAD, *mapped, REST)

    def told(self, record: Record) -> dict[str, str]:
        """The times of a record as cells, by name."""
        text = self._moments.text
        return {name: text(at) for name, at in record.times.items()}

    def row(self, record: Record, told: Mapping[str, str]) -> Row:
        """The row of a record, whose times were told in cells."""
        fields, pairs = record.fields, record.pairs
        return [
            guarded(record.id),
            guarded(record.kind),
            guarded(record.system),
            whole(record.version),
            self._moments.text(record.changed_at),
            "1" if record.withdrawn else "",
            *[told.get(name, "") for name in self._times],
            *[guarded(fields.get(name)) for name in self._fields],
            *[guarded(stretches(pairs[name], self._moments) or None) if name in pairs else "" for name in self._pairs],
            self._rest(record),
        ]

    def record(self, row: Sequence[str]) -> Record:
        """The record of a row; ValueError where it is none."""
        id, kind, system, version, changed_at, withdrawn, *mapped = row
        a, b = len(self._times), len(self._times) + len(self._fields)
        rest: Mapping[str, Any] = json.loads(unguarded(mapped[-1]) or "") if mapped[-1] else {}
        times = {name: instant(cell) for name, cell in zip(self._times, mapped[:a], strict=True) if cell}
        fields = {
            name: text
            for name, cell in zip(self._fields, mapped[a:b], strict=True)
            if (text := unguarded(cell)) is not None
        }
        pairs = {name: pairs_of(cell) for name, cell in zip(self._pairs, mapped[b:-1], strict=True) if cell}
        former = {name: tuple((x, y) for x, y in told) for name, told in rest.get("pairs", {}).items()}
        return Record(
            unguarded(kind) or "",
            self.id,
            unguarded(id) or "",
            unguarded(system),
            times | rest.get("times", {}),
            fields | rest.get("fields", {}),
            pairs | former,
            int(version) if version else None,
            instant(changed_at) if changed_at else None,
            withdrawn == "1",
        )

    def _rest(self, record: Record) -> str:
        """What has no column."""
        if len(record.times) + len(record.fields) + len(record.pairs) == 0 or (
            record.times.keys() <= set(self._times)
            and record.fields.keys() <= set(self._fields)
            and all(record.pairs.get(name) and name in self._pairs for name in record.pairs)
        ):
            return ""
        told = {
            "times": {name: at for name, at in record.times.items() if name not in self._times},
            "fields": {name: text for name, text in record.fields.items() if name not in self._fields},
            "pairs": {name: some for name, some in record.pairs.items() if not some or name not in self._pairs},
        }
        return guarded(
            json.dumps({part: some for part, some in told.items() if some}, ensure_ascii=False, sort_keys=True)
        )
