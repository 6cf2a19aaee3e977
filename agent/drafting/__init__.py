"""The official sheet of targets → a draft of targets.yaml, with every guess named."""

from __future__ import annotations

from agent.drafting.drafting import Draft, draft
from agent.drafting.sheet import Table, tables

__all__ = ["Draft", "Table", "draft", "tables"]
