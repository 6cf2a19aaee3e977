"""Three changed rules derived anew from the records kept, beside the first collection of the same records."""

from __future__ import annotations

from pathlib import Path

from agent.book import catch_up, definitions, recompute, register
from agent.config import load
from agent.ledger import Ledger
from collectors import COLLECTORS
from tests.bench.collection import HOUR_US, NOW, Collected, collect, write_cases
from tests.bench.measuring import Cost, Reading, apart, rate, records_wanted, timed

SHARE = 1 / 2
CHANGES = (
    ("due: due_at", "limit: 9 d"),
    ("statistic: mean", "unfinished: leave_out"),
    ("{channel: online}", "{channel: window}"),
)


def measure(folder: Path) -> list[Reading]:
    """Collect once, then derive every rule anew; the former ones serve until then."""
    site, count = folder / "rederiving", records_wanted()
    site.mkdir()
    write_cases(site / "cases.csv", count, None, NOW - HOUR_US)
    collected: Collected = apart(collect, site, NOW)
    cost = apart(_derive, site)
    reached = collected.cost.cpu / cost.cpu
    return [
        Reading(
            f"{count:,} records derived anew, three changed rules",
            rate(count, cost),
            "≥ 1/2 of the first collection",
            rate(count, collected.cost),
            f"{reached:.1f} times",
            reached >= SHARE,
        )
    ]


def _derive(site: Path) -> Cost:
    targets = (site / "targets.yaml").read_text()
    for old, new in CHANGES:
        targets = targets.replace(old, new)
    (site / "targets.yaml").write_text(targets)
    config = load([site / "targets.yaml"], site / "cases.yaml", collectors=COLLECTORS, environ={})
    ledger = Ledger.open(site / "collected.db")
    registered = register(ledger, definitions(config))
    if len(registered.building) != len(CHANGES):
        raise RuntimeError(f"expected {len(CHANGES)} rules to derive, got {len(registered.building)}")
    cost = timed(lambda: catch_up(ledger, registered))
    if recompute(ledger, registered.keys).differences:
        raise RuntimeError("what was derived is not what the records say")
    ledger.close()
    return cost
