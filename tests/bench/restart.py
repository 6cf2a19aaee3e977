"""How soon after its process began the agent has a first Snapshot of a ledger that is there, and then every value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.ledgers import configuration, prepared
from tests.bench.measuring import Cost, Reading, records_wanted, typical

READY_SECONDS, AT = 2.0, 10_000_000
REPEATS = 3
BEGIN = """
import sys, time
from pathlib import Path
from agent.evaluate import Board
from agent.ledger import Ledger
from agent.poll.schedule import AT_ONCE
from tests.bench.ledgers import NOW, configuration
folder, records = Path(sys.argv[1]), sys.argv[2]
config = configuration(folder)
board = Board(config, Ledger.open(folder / f"{records}-1000.db"), patience=AT_ONCE)
assert board.refresh(NOW).verdicts
began = float(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / 100
print(time.process_time(), time.clock_gettime(time.CLOCK_BOOTTIME) - began)
board.refresh(NOW)
assert not board.has_more
print(time.process_time(), time.clock_gettime(time.CLOCK_BOOTTIME) - began)
"""


def measure(folder: Path) -> list[Reading]:
    """A fresh interpreter: imports, configuration, the ledger, every verdict."""
    records = records_wanted()
    prepared(configuration(folder), folder, records, 1_000).close()
    turns = [_restart(folder, records) for _ in range(REPEATS)]
    cost, whole = typical(first for first, _ in turns), typical(last for _, last in turns)
    bound = f"≤ {READY_SECONDS:.0f} s at {AT:,}"
    return [
        Reading(
            f"restart on {records:,} records, to the first Snapshot",
            _seconds(cost),
            bound,
            holds=cost.cpu <= READY_SECONDS,
        ),
        Reading("the same, to the last percentile", _seconds(whole), "stated"),
    ]


def _seconds(cost: Cost) -> str:
    return f"{cost.cpu:.2f} s cpu, {cost.wall:.2f} s wall"


def _restart(folder: Path, records: int) -> tuple[Cost, Cost]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN, str(folder), str(records)], check=True, capture_output=True, text=True
    )
    first, last = (Cost(*map(float, line.split())) for line in done.stdout.splitlines())
    return first, last
