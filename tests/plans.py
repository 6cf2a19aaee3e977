"""Small sites for tests: a targets file and a sources file made from Python values, loaded by the real loader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.book import Book, Definition, Delivery, definitions, register
from agent.config import Config, load
from agent.ledger import Ledger
from agent.model import Instant, Mapped, Record, instant_of
from collectors import COLLECTORS

SHANGHAI = ZoneInfo("Asia/Shanghai")
TARGETS = {"duration": "<= 2h", "milestone": "by 2026-12-31", "attested": "健全"}
CASE_SOURCE = {
    "collector": "file",
    "path": "inbox/cases*.csv",
    "record": "case",
    "id": "id",
    "system": {"column": "system"},
    "times": {"accepted_at": "accepted_at", "due_at": "due_at", "finished_at": "finished_at"},
    "fields": {
        "state": "state",
        "level": "level",
        "days": "days",
        "planned": "planned",
        "made": {"column": "made", "as": "decimal"},
        "owed": {"column": "owed", "as": "decimal"},
    },
    "changed_at": "changed_at",
}


def at(text: str) -> Instant:
    """The instant of a Shanghai wall-clock time."""
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def site(
    folder: Path,
    measures: Mapping[str, Mapping[str, Any]],
    *,
    target: str | None = None,
    sources: Mapping[str, Mapping[str, Any]] | None = None,
    top: Mapping[str, Any] | None = None,
    keys: Mapping[str, Any] | None = None,
) -> Config:
    """A configuration with one indicator for each measure; JSON is YAML, so the real loader reads it."""
    indicators = {
        id: {
            "name": id,
            "level": ["产出目标", "质量"],
            "text": "如印",
            "target": target or TARGETS.get(measure["kind"], ">= 95 %"),
            "measure": measure,
            **(keys or {}),
        }
        for id, measure in measures.items()
    }
    plan = {
        "year": "2026",
        "organisation": "测试单位",
        "timezone": "Asia/Shanghai",
        "systems": {"archive": "档案管理系统", "portal": {"name": "房地产交易网站", "hours": "06:00-22:00"}},
        "projects": {"ops": {"name": "运维", "indicators": indicators}},
        **(top or {}),
    }
    (folder / "targets.yaml").write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
    (folder / "sources.yaml").write_text(json.dumps({"sources": sources or {"cases": CASE_SOURCE}}), encoding="utf-8")
    return load([folder / "targets.yaml"], folder / "sources.yaml", collectors=COLLECTORS)


def case(id: str, *, system: str | None = "archive", changed: str | None = None, **values: str) -> Record:
    """A case; values whose names end in `_at` are Shanghai times, the others fields."""
    times = {name: at(value) for name, value in values.items() if name.endswith("_at")}
    fields = {name: value for name, value in values.items() if not name.endswith("_at")}
    return Record("case", "cases", id, system, times, fields, changed_at=at(changed) if changed else None)


@contextmanager
def empty_ledger() -> Iterator[Ledger]:
    """One for a single history, in memory: thousands follow one another, and a new file costs more than the history."""
    with closing(Ledger.open(":memory:")) as ledger:
        yield ledger


def booked(ledger: Ledger, config: Config, *batches: list[Record], now: Instant | None = None) -> dict[int, Definition]:
    """Book batches of cases one after the other; the definitions that were derived."""
    keys = register(ledger, definitions(config)).keys
    book = Book(ledger, keys)
    for records in batches:
        learned = at("2027-01-01") if now is None else now
        mapped = Mapped(records, [], [], None)
        book.deliver(Delivery("cases", "case", mapped, learned, finished=True, covers=(0, 1 << 60)))
    return keys
