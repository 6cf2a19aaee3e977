"""The three official forms of a big ledger's year as workbooks, by one command, beside a command that only starts."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from tests.bench.ledgers import TARGETS, configuration, prepared
from tests.bench.measuring import Cost, Reading, apart, records_wanted, typical

UNFINISHED = 1_000
SECONDS, AT = 5.0, 1_000_000
REPEATS = 3


def measure(folder: Path) -> list[Reading]:
    """`dabiao export --form all`, and `dabiao check`, which reads the same files and no ledger, in turn."""
    records = records_wanted()
    apart(_prepare, folder, records)
    files = ["--targets", str(TARGETS), "--sources", str(folder / "sources.yaml")]
    ledger = ["--ledger", str(folder / f"{records}-{UNFINISHED}.db")]
    turns = [
        (_command("check", *files), _command("export", "--form", "all", "-o", str(folder / "forms"), *files, *ledger))
        for _ in range(REPEATS)
    ]
    begun, made = typical(one for one, _ in turns), typical(one for _, one in turns)
    beyond = Cost(made.cpu - begun.cpu, made.wall - begun.wall)
    return [
        Reading(
            f"the three official forms as .xlsx, {records:,} records, beyond start-up",
            f"{beyond.cpu:.2f} s cpu, {beyond.wall:.2f} s wall",
            f"≤ {SECONDS:.0f} s at {AT:,}",
            f"start-up {begun.cpu:.2f} s cpu",
            holds=beyond.cpu <= SECONDS,
        )
    ]


def _prepare(folder: Path, records: int) -> None:
    prepared(configuration(folder), folder, records, UNFINISHED).close()


def _command(*arguments: str) -> Cost:
    """What a command costs, its interpreter's start included."""
    wall, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", "from agent.cli import main; main()", *arguments], check=True, capture_output=True
    )
    after = getrusage(RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.perf_counter() - wall)
