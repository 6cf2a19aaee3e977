"""A Snapshot as Prometheus series. Every series and label name is written once, in `families`."""

from __future__ import annotations

from agent.metrics.exposition import Exposition, Rendered
from agent.metrics.families import FAMILIES, Family
from agent.metrics.sources import FRESH_INTERVALS, STALLED_SECONDS, is_fresh

__all__ = ["FAMILIES", "FRESH_INTERVALS", "STALLED_SECONDS", "Exposition", "Family", "Rendered", "is_fresh"]
