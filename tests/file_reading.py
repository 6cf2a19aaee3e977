"""Files as a source system would drop them, and one poll of them, for the tests of the `file` collector."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from agent.model import CollectError, Page, Poll, Reject, Row, instant_of
from collectors.file import FileCollector, FileOptions

NOW = instant_of(datetime(2026, 3, 2, 9, tzinfo=UTC))
CASES = "id,name,day\n1,张三,2026-03-01\n2,李四,2026-03-02\n"


@dataclass
class Reading:
    """All that one poll gave."""

    pages: list[Page] = field(default_factory=list)
    error: str | None = None
    cursor: Mapping[str, Any] | None = None

    @property
    def rows(self) -> list[Row]:
        return [row for page in self.pages for row in page.rows]

    @property
    def locators(self) -> list[str]:
        return [locator for page in self.pages for locator in page.locators()]

    @property
    def rejects(self) -> list[Reject]:
        return [reject for page in self.pages for reject in page.rejects]

    @property
    def covers(self) -> tuple[int, int] | None:
        return self.pages[-1].covers


def collector(path: Path | str, **options: Any) -> FileCollector:
    return FileCollector(FileOptions(path=str(path), **options))


def read(source: FileCollector, columns: str = "id day", after: Reading | None = None, **poll: Any) -> Reading:
    """One poll, going on after a former one, keeping the cursor as the ledger would."""
    reading = Reading(cursor=after.cursor if after else None)
    asked = {"source": "cases", "now": NOW, "deadline": time.monotonic() + 300, "cursor": reading.cursor, **poll}
    try:
        for page in source.fetch(Poll(columns=tuple(columns.split()), **asked)):
            reading.pages.append(page)
            reading.cursor = json.loads(json.dumps(page.cursor)) if page.cursor else reading.cursor
    except CollectError as error:
        reading.error = str(error)
    return reading


def drop(path: Path, content: str | bytes, age_seconds: float = 60) -> Path:
    """A file that was last written so long before NOW."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return aged(path, age_seconds)


def aged(path: Path, age_seconds: float = 60) -> Path:
    written = NOW * 1000 - int(age_seconds * 1_000_000_000)
    os.utime(path, ns=(written, written))
    return path


def workbook(path: Path, *rows: tuple[object, ...], title: str = "巡检") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return aged(path)
