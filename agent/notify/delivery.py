"""Sending a message by a route, or by the one that stands in for it; what came of it is counted, listed and logged."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.model import CollectError, Instant
from agent.notify.message import Message, fitted, plain
from agent.notify.outbox import Outbox, Sent
from agent.notify.route import Route

log = logging.getLogger("dabiao.notify")
COUNTER = "notifications"
DELIVERY = DELIVERED, FAILED = "delivered", "failed"  # values of the label `result`


class Attempt(NamedTuple):
    """One route that was tried, and why it did not deliver (None: it did)."""

    route: str
    reason: str | None


Count = Callable[[str, float, str, str], None]


class Notifier:
    """Sends messages. Any thread may."""

    def __init__(
        self, routes: Mapping[str, Route], outbox: Outbox, clock: Callable[[], Instant], count: Count | None = None
    ) -> None:
        """`clock` is the wall clock, by which robots check signatures; `count` adds to a counter by its labels."""
        self.routes, self.outbox = routes, outbox
        self._clock, self._count = clock, count
        self._noting = threading.Lock()
        self._reasons: dict[str, str | None] = {}

    def send(self, route: str, message: Message, at: Instant) -> tuple[Attempt, ...]:
        """Every route tried; the last one is that which delivered, if any did. `at` is when it is listed as sent."""
        attempts: list[Attempt] = []
        following: str | None = route
        while following is not None:
            attempts.append(self._attempt(following, message))
            following = None if attempts[-1].reason is None else self.routes[following].fallback
        last = attempts[-1]
        text = fitted(message, plain, lambda text: True)
        self.outbox.add(Sent(at, last.route, message.title, text, last.reason is None))
        return tuple(attempts)

    def _attempt(self, name: str, message: Message) -> Attempt:
        route = self.routes[name]
        reason = None
        try:
            route.send(message, self._clock(), time.monotonic() + route.deadline)
        except CollectError as failed:
            reason = str(failed)
        self._note(name, reason)
        return Attempt(name, reason)

    def _note(self, name: str, reason: str | None) -> None:
        with self._noting:
            former, self._reasons[name] = self._reasons.get(name), reason
        if self._count is not None:
            self._count(COUNTER, 1, name, DELIVERED if reason is None else FAILED)
        if reason is not None and reason != former:
            log.warning("route=%s event=not-delivered reason=%r", name, reason)
        if reason is None and former is not None:
            log.info("route=%s event=delivers-again", name)


def delivered(attempts: tuple[Attempt, ...]) -> bool:
    """Whether any route took the message."""
    return attempts[-1].reason is None
