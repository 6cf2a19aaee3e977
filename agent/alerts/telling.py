"""Telling what stands: to Alertmanager, or without one straight to a route. Each in a thread of its own.

The tick only leaves its Snapshot behind: the newest one wins, so nothing queues up however long the other side takes.
What was not taken is worked out anew from the newest Snapshot and tried again, with waits that double.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import requests

from agent.alerts.names import ACCEPTED, ENDED, FAILED, SUBJECT, SUMMARY
from agent.alerts.standing import Alert, Labels, Standing
from agent.model import SECOND_US, CollectError, Instant, Snapshot, utc_of
from agent.notify import Item, Notifier, delivered
from agent.notify.webhook import several
from agent.wire.access import Access
from agent.wire.transport import Transport, shown_url

log = logging.getLogger("dabiao.alerts")
AGAIN_SECONDS = 60.0  # an alert that stands is posted again, well before …
ENDS_AFTER_US = 300 * SECOND_US  # … Alertmanager takes it for over: nothing stays for ever when the agent is gone
# An alert that no longer stands ends this much later: the rule behind it, which it silences, ends only after a scrape
# and an evaluation, and would ring for a moment.
ENDS_LATE_US = 15 * SECOND_US
POST_SECONDS = 5.0
WAITS = 1.0, 30.0  # seconds before the first new try, and at most
BATCH = 200
Clock = Callable[[], Instant]


class Telling(Protocol):
    """Somebody who is told."""

    def tell(self, snapshot: Snapshot) -> bool:
        """Tell what stands at the Snapshot's instant, and what no longer does; whether that was taken."""


class Teller(threading.Thread):
    """A thread that is left Snapshots and tells somebody of the newest one, again and again until it is taken."""

    def __init__(self, name: str, telling: Telling, waits: tuple[float, float] = WAITS) -> None:
        """Nothing is told before the first Snapshot. `waits` are the first and the longest between two tries."""
        super().__init__(name=name, daemon=True)
        self._telling, self._waits = telling, waits
        self._snapshot: Snapshot | None = None
        self._wake, self._ended = threading.Event(), threading.Event()

    def __call__(self, snapshot: Snapshot) -> None:
        """Take a Snapshot; at once, whatever the other side does."""
        self._snapshot = snapshot
        self._wake.set()

    def end(self) -> None:
        """Stop after what is under way."""
        self._ended.set()
        self._wake.set()

    def run(self) -> None:
        """Tell until the end, whatever happens."""
        wait, longest = self._waits
        while not self._ended.is_set():
            self._wake.wait(AGAIN_SECONDS)
            self._wake.clear()
            if self._snapshot is None or self._tell(self._snapshot):
                wait = self._waits[0]
            else:
                self._ended.wait(wait)
                wait = min(longest, wait * 2)
                self._wake.set()

    def _tell(self, snapshot: Snapshot) -> bool:
        try:
            return self._telling.tell(snapshot)
        except Exception:  # the next Snapshot may be told all the same
            log.exception("event=internal-error teller=%s", self.name)
            return False


class Poster:
    """Posts to one Alertmanager."""

    def __init__(
        self,
        access: Access,
        standing: Standing,
        clock: Clock,
        count: Callable[[str, float, str], None],
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        """`clock` is the wall clock, by which Alertmanager reads when an alert ends."""
        self._access, self._standing, self._clock, self._count = access, standing, clock, count
        self._posted: dict[Labels, Alert] = {}
        self._gone: dict[Labels, Instant] = {}  # what was posted and stands no longer, since when
        self._again_seconds, self._last = again_seconds, -again_seconds
        self._reason: str | None = None

    def tell(self, snapshot: Snapshot) -> bool:
        """Post what is new, and all of it now and then; what stands no longer ends a little later, and says how."""
        standing, now = self._standing.at(snapshot), self._clock()
        self._gone = {labels: self._gone.get(labels, now) for labels in self._posted if labels not in standing}
        held = {labels for labels, since in self._gone.items() if now - since < ENDS_LATE_US}
        over = [self._with_end(self._posted[labels], snapshot) for labels in self._gone if labels not in held]
        again = time.monotonic() - self._last >= self._again_seconds
        fresh = [alert for labels, alert in standing.items() if again or labels not in self._posted]
        if not over and not fresh:
            return True
        bodies = [_posted(alert, now, now + ENDS_AFTER_US) for alert in fresh]
        bodies += [_posted(alert, now, now) for alert in over]
        for batch in _batches(bodies):
            if not self._post(batch):
                return False
        self._posted = {**standing, **{labels: self._posted[labels] for labels in held}}
        if again:
            self._last = time.monotonic()
        return True

    def _with_end(self, alert: Alert, snapshot: Snapshot) -> Alert:
        return replace(alert, annotations={**alert.annotations, ENDED: self._standing.ended(alert, snapshot)})

    def _post(self, batch: list[dict[str, object]]) -> bool:
        url = f"{self._access.url.rstrip('/')}/api/v2/alerts"
        request = requests.Request(
            "POST", url, headers={"Content-Type": "application/json"}, data=json.dumps(batch).encode()
        )
        reason = None
        try:
            Transport(self._access).ask(request, time.monotonic() + POST_SECONDS)
        except CollectError as failed:
            reason = str(failed)
        self._count("alerts_posted", len(batch), ACCEPTED if reason is None else FAILED)
        if reason is not None and self._reason is None:
            log.warning("alertmanager=%s event=not-taken reason=%r", shown_url(url), reason)
        if reason is None and self._reason is not None:
            log.info("alertmanager=%s event=takes-again", shown_url(url))
        self._reason = reason
        return reason is None


class Direct:
    """Sends what is new and what has ended to a route, several at once as one message."""

    def __init__(self, route: str, notifier: Notifier, standing: Standing) -> None:
        """Nothing has been told."""
        self._route, self._notifier, self._standing = route, notifier, standing
        self._told: dict[Labels, Alert] = {}

    def tell(self, snapshot: Snapshot) -> bool:
        """Send the difference; what could not be delivered is part of the next one."""
        standing = self._standing.at(snapshot)
        subjects = {alert.annotations[SUBJECT] for alert in standing.values()}
        over = [
            alert
            for labels, alert in self._told.items()
            if labels not in standing and alert.annotations[SUBJECT] not in subjects and not _is_digest(labels)
        ]
        began = dict.fromkeys(_item(alert) for labels, alert in standing.items() if labels not in self._told)
        ended = dict.fromkeys(Item(self._standing.ended(alert, snapshot)) for alert in over)
        message = several(list(began), list(ended))
        if message is not None and not delivered(self._notifier.send(self._route, message, snapshot.as_of)):
            return False
        self._told = standing
        return True


def _item(alert: Alert) -> Item:
    description = alert.annotations.get("description", "")
    text = alert.annotations[SUMMARY] + (f"\n{description}" if description else "")
    return Item(text, alert.annotations.get("dashboard_url"))


def _is_digest(labels: Labels) -> bool:
    return ("severity", "info") in labels


def _posted(alert: Alert, now: Instant, ends: Instant) -> dict[str, object]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": utc_of(min(alert.since, now)).isoformat(),
        "endsAt": utc_of(ends).isoformat(),
    }


def _batches(bodies: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for begin in range(0, len(bodies), BATCH):
        yield bodies[begin : begin + BATCH]
