"""What the agent serves over HTTP: /metrics, health, the status API and the pages, all of one Snapshot."""

from __future__ import annotations

from agent.web.application import Publisher, app
from agent.web.indicator import Account

__all__ = ["Account", "Publisher", "app"]
