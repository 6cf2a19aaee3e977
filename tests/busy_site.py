"""A site with much to collect: case files dropped one after the other and a growing fault desk, from a seed.

Rows come again, change, are outranked and are bad, so that a collection that stops anywhere has something to spoil.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.model import Instant, instant_of
from tests.sites import Site, promised
from tests.web_serving import Asked, Reply, web

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW: Instant = instant_of(datetime(2026, 11, 2, tzinfo=UTC))
FILE_ROWS, DESK_ROWS, PAGE_ROWS = 300, 120, 50
HEADER = "case_no,accepted,due,finished,amount,ver,notes\n"
NOTES = "." * 1000  # so large that the place in a folder is written down after every few files


def _between(kind: str, of: str, start: str, end: str, **more: object) -> dict[str, Any]:
    return {"kind": kind, "of": of, "from": start, "to": end, **more}


LARGE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"amount": {"ge": 500}}}
TARGETS = promised(
    "Asia/Shanghai",
    {"archive": "档案", "desk": "服务台"},
    {
        "cases-on-time": (">= 95 %", _between("on_time", "case", "accepted_at", "finished_at", due="due_at")),
        "fault-mean": ("<= 5 min", _between("duration", "fault", "reported_at", "responded_at", statistic="mean")),
        "fault-p95": ("<= 30 min", _between("duration", "fault", "reported_at", "responded_at", statistic="p95")),
        "large": (">= 50 %", LARGE),
    },
)


def sources(inbox: Path, desk_url: str) -> dict[str, Any]:
    """A folder of files that are ranked by a version, and a desk that tells what changed since."""
    return {
        "cases": {
            "collector": "file",
            "path": str(inbox / "*.csv"),
            "deadline": "1h",
            "record": "case",
            "id": "case_no",
            "system": {"is": "archive"},
            "times": {"accepted_at": "accepted", "due_at": "due", "finished_at": "finished"},
            "fields": {"amount": {"column": "amount", "as": "decimal"}},
            "version": "ver",
            "nulls": [""],
        },
        "faults": {
            "collector": "http",
            "url": desk_url,
            "items": "list",
            "pages": {"style": "page", "size": PAGE_ROWS, "total": "total"},
            "since": {"param": "since", "format": "%Y-%m-%dT%H:%M:%S", "overlap": "30 min", "start": "2026-01-01"},
            "record": "fault",
            "id": "no",
            "system": {"is": "desk"},
            "times": {"reported_at": "reported", "responded_at": "responded"},
            "changed_at": "changed",
            "timezone": "UTC",
        },
    }


@dataclass
class Work:
    """What there is to collect so far, and which of it a ledger must hold in the end."""

    inbox: Path
    rng: random.Random
    files: int = 0
    cases: int = 0
    bad: int = 0
    faults: list[dict[str, str | None]] = field(default_factory=list)

    def grow(self, files: int = 1) -> None:
        """More files in the inbox, more faults at the desk."""
        for _ in range(files):
            self._drop()
        for _ in range(DESK_ROWS):
            self._report()

    def _drop(self) -> None:
        rows = [self._case(self.cases + number) for number in range(FILE_ROWS)]
        rows += [self._case(self.rng.randrange(self.cases + FILE_ROWS)) for _ in range(FILE_ROWS // 5)]
        rows.append(f"C{self.files},no time at all,,,,1,{NOTES}\n")
        self.rng.shuffle(rows)
        self.cases += FILE_ROWS
        self.bad += 1
        path = self.inbox / f"cases-{self.files:05}.csv"
        hidden = path.with_suffix(".part")
        hidden.write_text(HEADER + "".join(rows), encoding="utf-8")
        written = BEGIN.timestamp() + self.files
        os.utime(hidden, (written, written))
        hidden.rename(path)
        self.files += 1

    def _case(self, number: int) -> str:
        accepted = BEGIN + timedelta(minutes=7 * number)
        due, taken = accepted + timedelta(days=9), timedelta(hours=self.rng.randrange(1, 400))
        finished = (accepted + taken).isoformat() if self.rng.random() < 0.8 else ""
        version = self.rng.getrandbits(40)
        amount = self.rng.randrange(1000)
        return f"{number},{accepted.isoformat()},{due.isoformat()},{finished},{amount},{version},{NOTES}\n"

    def _report(self) -> None:
        number = len(self.faults)
        reported = BEGIN + timedelta(minutes=5 * number)
        responded = reported + timedelta(seconds=self.rng.randrange(20, 2400))
        self.faults.append(
            {
                "no": f"F{number}",
                "reported": reported.isoformat(),
                "responded": responded.isoformat() if self.rng.random() < 0.9 else None,
                "changed": (reported + timedelta(hours=1)).isoformat(),
            }
        )

    def answer(self, asked: Asked) -> Reply:
        """One page of what changed since, as the desk tells it."""
        since = datetime.fromisoformat(asked.query["since"]).replace(tzinfo=UTC)
        changed = [one for one in self.faults if datetime.fromisoformat(str(one["changed"])) >= since]
        begin = (int(asked.query["page"]) - 1) * PAGE_ROWS
        return Reply({"list": changed[begin : begin + PAGE_ROWS], "total": len(changed)})


@contextmanager
def busy(folder: Path, ledger: str, seed: int) -> Iterator[tuple[Site, Work]]:
    """The site, its desk answering, and its work, of which there is none yet."""
    site, inbox = Site(folder, ledger), folder / "inbox"
    inbox.mkdir()
    work = Work(inbox, random.Random(seed))
    with web(work.answer) as desk:
        site.write(TARGETS, sources(inbox, f"{desk.url}/faults"))
        yield site, work


def never_killed(site: Site, folder: Path) -> Site:
    """Another ledger that collected the same work in one go."""
    folder.mkdir()
    other = Site(folder)
    for name in ("targets.yaml", "sources.yaml"):
        (folder / name).write_bytes((site.folder / name).read_bytes())
    other.run("collect")
    return other
