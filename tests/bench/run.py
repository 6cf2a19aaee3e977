"""`make bench`: every measurement in a process of its own, and a table of what was reached.

    run.py [quick] [NAME …]     quick: a small number of records; NAME: these measurements only

DABIAO_BENCH_RECORDS says how many records are collected, and held by the big ledger.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.bench.measuring import QUICK, SIZE, Reading, apart

MEASUREMENTS = (
    "collection",
    "closing",
    "forms",
    "explaining",
    "rederiving",
    "ticks",
    "restart",
    "exposition",
    "resting",
    "help_command",
    "elapsed",
    "latency",
)
HEADER = ("what", "reached", "must reach", "raw limit", "ratio", "holds")
WORDS = {True: "yes", False: "no", None: ""}


def main(arguments: list[str]) -> int:
    """Measure, print, and end with 1 only where a measurement itself broke."""
    if "quick" in arguments:
        os.environ.setdefault(SIZE, str(QUICK))
    wanted = [name for name in arguments if name != "quick"] or list(MEASUREMENTS)
    readings: list[Reading] = []
    broken = 0
    with tempfile.TemporaryDirectory(prefix="dabiao-bench-") as made:
        for name in wanted:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            try:
                readings += apart(measured, name, Path(made))
            except Exception:  # noqa: BLE001 - one that broke leaves the others to be measured
                broken += 1
                traceback.print_exc()
                readings.append(Reading(name, "broken: see above"))
    for line in table(readings):
        print(line)
    return min(1, broken)


def measured(name: str, folder: Path) -> list[Reading]:
    """The readings of one module."""
    measure: Callable[[Path], list[Reading]] = import_module(f"tests.bench.{name}").measure
    return measure(folder)


def table(readings: list[Reading]) -> list[str]:
    """The readings as a Markdown table, so that it can be kept as it is printed."""
    rows = [HEADER, *((*reading[:-1], WORDS[reading.holds]) for reading in readings)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
