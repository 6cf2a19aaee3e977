"""Open records as alerts, one a record, and what else people are told of them."""

from __future__ import annotations

from agent.alerts.fate import in_ledger
from agent.alerts.standing import Alert, Standing, rings
from agent.alerts.telling import Direct, Poster, Teller

__all__ = ["Alert", "Direct", "Poster", "Standing", "Teller", "in_ledger", "rings"]
