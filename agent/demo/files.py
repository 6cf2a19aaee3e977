"""The inbox folder: workbooks and the video desk's event log, rewritten whole whenever a row in them changes."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path

from agent.demo.changes import Change, Row
from agent.demo.workbooks import SHEETS, write_workbook

LOG, VIDEO = "desk-log", "video-desk"  # the table, and the files it goes to
LOG_COLUMNS = ("工单号", "动作", "时间", "级别", "经办")


class Inbox:
    """Files by period; a file is written beside and renamed, so nobody meets half of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, dict[str, Row]] = {}

    def create(self) -> None:
        """Make the folder, without what an earlier run left there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (*SHEETS, VIDEO):
            for leftover in self.folder.glob(f"{name}-*"):
                leftover.unlink()

    def apply(self, changes: Iterable[Change]) -> None:
        """Take the rows that belong here and write the files that changed."""
        touched: dict[str, None] = {}
        for change in changes:
            sheet = change.table.split("-", 1)[0]
            if sheet not in SHEETS and change.table != LOG:
                continue
            name = f"{VIDEO}-{change.at:%Y-%m}" if change.table == LOG else change.table
            self._rows.setdefault(name, {})[change.key] = change.row
            touched[name] = None
        for name in touched:
            self._write(name, list(self._rows[name].values()))

    def _write(self, name: str, rows: list[Row]) -> None:
        sheet = name.split("-", 1)[0]
        if sheet in SHEETS:
            write_workbook(self.folder / f"{name}.xlsx", sheet, rows)
            return
        text = io.StringIO()
        lines = csv.DictWriter(text, LOG_COLUMNS)
        lines.writeheader()
        lines.writerows(rows)
        unfinished = self.folder / f"{name}.part"
        unfinished.write_bytes(gzip.compress(text.getvalue().encode("gb18030"), mtime=0))
        unfinished.replace(self.folder / f"{name}.csv.gz")
