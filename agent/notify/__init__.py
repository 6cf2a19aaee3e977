"""Messages to people: chat robots and gateways by route, and what was sent last."""

from __future__ import annotations

from agent.notify.delivery import Attempt, Notifier, delivered
from agent.notify.kinds import KINDS
from agent.notify.message import Item, Message
from agent.notify.outbox import Outbox, Sent
from agent.notify.route import Route

__all__ = ["KINDS", "Attempt", "Item", "Message", "Notifier", "Outbox", "Route", "Sent", "delivered"]
