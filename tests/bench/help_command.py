"""`dabiao --help` answers before the heavy packages are imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.measuring import Cost, Reading, typical

HEAVY = ("sqlalchemy", "openpyxl", "jinja2")
REPEATS = 5
ASK = f"""
import contextlib, io, sys, time
wall = time.perf_counter()
from agent.cli import main
sys.argv = ["dabiao", "--help"]
with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
    main()
assert "status" in said.getvalue()
print(time.process_time(), time.perf_counter() - wall, *[name for name in {HEAVY} if name in sys.modules])
"""


def measure(folder: Path) -> list[Reading]:
    """What it imports, and how long it takes from the start of the interpreter."""
    answers = [_ask() for _ in range(REPEATS)]
    cost = typical([Cost(float(cpu), float(wall)) for cpu, wall, *_ in answers])
    imported = sorted({name for answer in answers for name in answer[2:]})
    return [
        Reading(
            "dabiao --help",
            f"imports {', '.join(imported) or 'none of them'}; {cost.cpu:.2f} s cpu, {cost.wall:.2f} s wall",
            "no SQLAlchemy, openpyxl, Jinja2",
            holds=not imported,
        )
    ]


def _ask() -> list[str]:
    done = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True)
    return done.stdout.split()
