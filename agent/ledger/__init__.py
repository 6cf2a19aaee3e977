"""The ledger: tables, migrations, reads and writes of given values. It decides nothing."""

from __future__ import annotations

from agent.ledger import acts, evidence
from agent.ledger.locks import source_lock
from agent.ledger.session import Session
from agent.ledger.store import Ledger

__all__ = ["Ledger", "Session", "acts", "evidence", "source_lock"]
