"""`explain` and the page of an indicator, each of every indicator in turn, on a big ledger: the slowest counts."""

from __future__ import annotations

from pathlib import Path

from agent.book import all_indicators
from agent.evaluate import Board, course
from agent.explain import explain
from tests.bench.ledgers import NOW, configuration, prepared
from tests.bench.measuring import Cost, Reading, milliseconds, records_wanted, timed, typical

UNFINISHED = 1_000
REPEATS = 3
EXPLAIN_SECONDS, PAGE_SECONDS = 1.0, 0.3


def measure(folder: Path) -> list[Reading]:
    """What a person waits for after the start: the explanation, and with the course of the year the page."""
    config, records = configuration(folder), records_wanted()
    ledger = prepared(config, folder, records, UNFINISHED)
    (plan,) = config.plans
    snapshot = Board(config, ledger).refresh(NOW)
    explained: dict[str, Cost] = {}
    drawn: dict[str, Cost] = {}
    for one in all_indicators(plan):
        if "/" in one.id:
            continue
        told = typical(
            timed(lambda one=one: explain(config, ledger, snapshot, one.project, one.id))  # type: ignore[misc]
            for _ in range(REPEATS)
        )
        ran = typical(
            timed(lambda one=one: course(config, ledger, plan, one, NOW))  # type: ignore[misc]
            for _ in range(REPEATS)
        )
        explained[one.id], drawn[one.id] = told, told.plus(ran)
    ledger.close()
    return [
        _slowest(f"dabiao explain, {records:,} records, beyond start-up and Snapshot", explained, EXPLAIN_SECONDS),
        _slowest("the page of an indicator, its course included", drawn, PAGE_SECONDS),
    ]


def _slowest(what: str, costs: dict[str, Cost], most: float) -> Reading:
    id = max(costs, key=lambda id: costs[id].cpu)
    cost = costs[id]
    return Reading(
        f"{what}: the slowest ({id})", milliseconds(cost), f"≤ {most * 1e3:.0f} ms cpu", holds=cost.cpu <= most
    )
