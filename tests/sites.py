"""A site as a user has it: a folder with targets.yaml, sources.yaml and a ledger, and the command run in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.book import Book, Recomputed, Registered, definitions, recompute, register
from agent.config import Config, load
from agent.evaluate import Board
from agent.ledger import Ledger
from agent.measures import MEASURES
from agent.model import Instant, Verdict, Window
from agent.poll import Outcome, Round
from collectors import COLLECTORS

DABIAO = str(Path(sys.executable).with_name("dabiao"))
PATIENCE_SECONDS = 300.0

# What a ledger says, without the batch numbers and keys that depend on the course it took.
FACTS = {
    "record": "SELECT source, id, kind, system, version, changed_at, withdrawn, body, hash FROM record",
    "revision": "SELECT r.source, r.id, v.n, v.version, v.changed_at, v.withdrawn, v.body "
    "FROM revision v JOIN record r ON r.pk = v.record",
    "event": "SELECT source, id, key, event, at, fields FROM event",
    "reject": "SELECT source, hash, reason, mapped FROM reject",
    "observation": "SELECT d.indicator, r.source, r.id, o.day, o.system, o.outcome, o.reason, o.starts, o.due, "
    "o.worked, o.num, o.den "
    "FROM observation o JOIN record r ON r.pk = o.record JOIN definition d ON d.pk = o.definition",
    "sample": "SELECT d.indicator, s.day, s.system, s.num, r.source, r.id "
    "FROM sample s JOIN record r ON r.pk = s.record JOIN definition d ON d.pk = s.definition",
    "tally": "SELECT d.indicator, t.system, t.day, t.good, t.bad, t.excluded, t.num, t.den "
    "FROM tally t JOIN definition d ON d.pk = t.definition "
    "WHERE t.good <> 0 OR t.bad <> 0 OR t.excluded <> 0 OR t.num <> 0 OR t.den <> 0",
    "source_state": "SELECT source, cursor, highest, records, rows_new, rows_rejected FROM source_state",
}


def promised(timezone: str, systems: Mapping[str, str], measures: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """The content of a targets file with one project `work`: by indicator its target and how it is measured."""
    indicators = {
        id: {"name": id, "level": ["产出指标", "时效"], "text": target, "target": target, "measure": measure}
        for id, (target, measure) in measures.items()
    }
    return {
        "year": 2026,
        "organisation": "交易中心",
        "timezone": timezone,
        "systems": dict(systems),
        "projects": {"work": {"name": "运维", "indicators": indicators}},
    }


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Site:
    """A folder of its own; the ledger is a file in it unless a URL is given."""

    folder: Path
    ledger: str = "ledger.db"

    def write(
        self, targets: Mapping[str, Any], sources: Mapping[str, Any], alerting: Mapping[str, Any] | None = None
    ) -> None:
        """Both files."""
        polled = {"sources": sources} | ({} if alerting is None else {"alerting": alerting})
        for name, content in (("targets.yaml", targets), ("sources.yaml", polled)):
            text = json.dumps(content, ensure_ascii=False, indent=1)  # which is YAML too, and has no references
            (self.folder / name).write_text(text, encoding="utf-8")

    @property
    def ledger_url(self) -> str:
        return self.ledger if "://" in self.ledger else str(self.folder / self.ledger)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DABIAO_LEDGER": self.ledger_url, "COLUMNS": "200"}

    def run(self, *arguments: str, code: int = 0) -> Done:
        """A command to its end; it must end with this code and never with a traceback."""
        done = subprocess.run(
            [DABIAO, *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, f"exit {done.returncode}: {done.stderr}{done.stdout}"
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs; what it says goes into the file `log`. It is killed if it still runs at the end."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [DABIAO, *arguments], cwd=self.folder, env=self._environment(), stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    @property
    def log(self) -> str:
        """What the commands that were started have said so far."""
        return (self.folder / "log").read_text(encoding="utf-8")

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """The site's agent in this process."""
        config = load(
            [self.folder / "targets.yaml"], self.folder / "sources.yaml", measures=MEASURES, collectors=COLLECTORS
        )
        ledger = Ledger.open(self.ledger_url)
        try:
            yield Opened(config, ledger, register(ledger, definitions(config)))
        finally:
            ledger.close()

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the ledger says."""
        ledger = Ledger.open(self.ledger_url)
        try:
            with ledger.read() as session:
                return {name: sorted(map(tuple, session.rows(sql)), key=repr) for name, sql in FACTS.items()}
        finally:
            ledger.close()


@dataclass(frozen=True)
class Opened:
    """A site's configuration and ledger at work in this process."""

    config: Config
    ledger: Ledger
    registered: Registered

    def rounds(self) -> list[Round]:
        book = Book(self.ledger, self.registered.keys)
        return [Round(source, COLLECTORS[source.collector](source.options), book) for source in self.config.sources]

    def collect(self, now: Instant) -> list[Outcome]:
        """One round of every source."""
        return [one.run(now, forced=True) for one in self.rounds()]

    def verdicts(self, now: Instant, windows: Sequence[Window]) -> list[Verdict]:
        """Every verdict of all systems together in these windows."""
        snapshot = Board(self.config, self.ledger, lambda plan, at: tuple(windows)).refresh(now)
        return [verdict for verdict in snapshot.verdicts if verdict.system is None]

    def recomputed(self) -> Recomputed:
        return recompute(self.ledger, self.registered.keys)


def wait_until(holds: Callable[[], bool], what: Callable[[], str] = str, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again until it holds; past the deadline the test fails with what is seen then."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)
