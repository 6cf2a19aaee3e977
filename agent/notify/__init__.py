"""Messages to people: chat robots and gateways by route, and what was sent last."""

from __future__ import annotations

from agent.notify.outbox import Outbox, Sent

__all__ = ["Outbox", "Sent"]
