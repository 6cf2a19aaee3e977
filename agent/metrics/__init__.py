"""A Snapshot as Prometheus series. Every series and label name is written once, in `families`."""

from __future__ import annotations

from agent.metrics.exposition import Exposition, Rendered
from agent.metrics.families import FAMILIES, Family
from agent.metrics.sources import STALLED_SECONDS

__all__ = ["FAMILIES", "STALLED_SECONDS", "Exposition", "Family", "Rendered"]
