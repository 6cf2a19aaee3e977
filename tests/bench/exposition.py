"""Ten thousand series after a new Snapshot, beside prometheus_client writing as many plain gauges."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from agent.evaluate import Board
from agent.metrics import Exposition
from agent.model import Snapshot
from tests.bench.ledgers import NOW, configuration, prepared
from tests.bench.measuring import Reading, milliseconds, timed, typical

SERIES, RECORDS, UNFINISHED = 10_000, 10_000, 1_000
REPEATS = 15
SHARE = 1 / 8


def measure(folder: Path) -> list[Reading]:
    """A Snapshot in which every verdict is new, then one that was rendered before."""
    config = configuration(folder)
    full = Board(config, prepared(config, folder, RECORDS, UNFINISHED)).refresh(NOW)
    snapshot = _with_series(full, Exposition(config))
    exposition = Exposition(config)
    series = _series(exposition.render(snapshot, {}).text)
    registry = _gauges(series)
    ours, theirs = [], []
    for turn in range(1, REPEATS + 1):
        moved = _moved(snapshot, turn)
        ours.append(timed(lambda moved=moved: exposition.render(moved, {}).text))  # type: ignore[misc]
        theirs.append(timed(lambda: generate_latest(registry)))
    again = typical([timed(lambda: exposition.render(moved, {}).text) for _ in range(REPEATS)])
    taken, limit = typical(ours), typical(theirs)
    ratio = taken.cpu / limit.cpu
    same = exposition.render(moved, {}).text is exposition.render(moved, {}).text
    return [
        Reading(
            f"exposition of {series:,} series after a new Snapshot",
            milliseconds(taken),
            f"≤ 1/{1 / SHARE:.0f} of the limit",
            milliseconds(limit),
            f"1/{1 / ratio:.1f}",
            ratio <= SHARE,
        ),
        Reading("a scrape of an unchanged Snapshot", f"{again.cpu * 1e6:.1f} µs cpu", "the same bytes", holds=same),
    ]


def _with_series(full: Snapshot, exposition: Exposition) -> Snapshot:
    """As much of a Snapshot as has the wanted number of series."""
    each = _series(exposition.render(full, {}).text) / len(full.verdicts)
    return replace(full, verdicts=full.verdicts[: round(SERIES / each)])


def _moved(snapshot: Snapshot, turn: int) -> Snapshot:
    """The same verdicts with other values."""
    verdicts = [
        replace(one, value=None if one.value is None else one.value + Fraction(turn, 1009), good=one.good + turn)
        for one in snapshot.verdicts
    ]
    return replace(snapshot, as_of=snapshot.as_of + turn, verdicts=tuple(verdicts))


def _series(text: bytes) -> int:
    return sum(not line.startswith(b"#") for line in text.splitlines())


def _gauges(series: int) -> CollectorRegistry:
    registry = CollectorRegistry()
    gauge = Gauge("dabiao_indicator_ratio", "x", ["project", "indicator", "window", "system"], registry=registry)
    for number in range(series):
        gauge.labels("platform-ops", f"fault-response-{number % 60}", "ytd", f"system-{number}").set(number / 7)
    return registry
