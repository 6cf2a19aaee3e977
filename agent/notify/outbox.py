"""The messages sent last, in memory, for the page that shows what a chat group has received."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from agent.model import Instant

KEPT = 50


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it went to a route, and whether it arrived there."""

    at: Instant
    route: str
    title: str
    text: str
    delivered: bool


class Outbox:
    """Keeps the newest messages. Any thread may add, any may read."""

    def __init__(self, most: int = KEPT) -> None:
        """Empty; the oldest beyond `most` are forgotten."""
        self._most = most
        self._newest_first: tuple[Sent, ...] = ()
        self._adding = threading.Lock()

    def add(self, sent: Sent) -> None:
        """Note a message."""
        with self._adding:
            self._newest_first = (sent, *self._newest_first)[: self._most]

    def recent(self) -> tuple[Sent, ...]:
        """The messages, newest first."""
        return self._newest_first
