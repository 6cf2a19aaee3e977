"""Telling what stands: to Alertmanager, or without one straight to a route. Each in a thread of its own.

The tick only leaves its Snapshot behind: the newest one wins, so nothing queues up however long the other side takes.
What was not taken is worked out anew from the newest Snapshot and tried again, with waits that double.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import requests

from agent import words
from agent.alerts.names import ACCEPTED, FAILED, SUBJECT, SUMMARY
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
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0
BATCH = 200
Clock = Callable[[], Instant]


class Teller(threading.Thread):
    """A thread that is left Snapshots and tells somebody what stands. `tell` says whether that was taken."""

    def __init__(self, name: str, standing: Standing) -> None:
        """Nothing is told before the first Snapshot."""
        super().__init__(name=name, daemon=True)
        self._standing = standing
        self._snapshot: Snapshot | None = None
        self._wake, self._ending = threading.Event(), False

    def __call__(self, snapshot: Snapshot) -> None:
        """Take a Snapshot; at once, whatever the other side does."""
        self._snapshot = snapshot
        self._wake.set()

    def end(self) -> None:
        """Stop after what is under way."""
        self._ending = True
        self._wake.set()

    def run(self) -> None:
        """Tell until the end, whatever happens."""
        wait = FIRST_WAIT_SECONDS
        while not self._ending:
            self._wake.wait(AGAIN_SECONDS)
            self._wake.clear()
            snapshot = self._snapshot
            if snapshot is None:
                continue
            try:
                taken = self.tell(self._standing.at(snapshot), snapshot.as_of)
            except Exception:  # the next Snapshot may be told all the same
                log.exception("event=internal-error teller=%s", self.name)
                taken = False
            wait = FIRST_WAIT_SECONDS if taken else min(LONGEST_WAIT_SECONDS, wait * 2)
            if not taken:
                time.sleep(wait)
                self._wake.set()

    def tell(self, standing: Mapping[Labels, Alert], as_of: Instant) -> bool:
        """Tell what stands, and what no longer does."""
        raise NotImplementedError


class Poster(Teller):
    """Posts to one Alertmanager."""

    def __init__(
        self, access: Access, standing: Standing, clock: Clock, count: Callable[[str, float, str], None]
    ) -> None:
        """`clock` is the wall clock, by which Alertmanager reads when an alert ends."""
        super().__init__("alertmanager", standing)
        self._access, self._clock, self._count = access, clock, count
        self._posted: dict[Labels, Alert] = {}
        self._gone: dict[Labels, Instant] = {}  # what was posted and stands no longer, since when
        self._last = -AGAIN_SECONDS
        self._reason: str | None = None

    def tell(self, standing: Mapping[Labels, Alert], as_of: Instant) -> bool:
        """Post what is new, and all of it now and then; what stands no longer ends a little later."""
        now = self._clock()
        self._gone = {labels: self._gone.get(labels, now) for labels in self._posted if labels not in standing}
        held = {labels for labels, since in self._gone.items() if now - since < ENDS_LATE_US}
        over = [self._posted[labels] for labels in self._gone if labels not in held]
        again = time.monotonic() - self._last >= AGAIN_SECONDS
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


class Direct(Teller):
    """Sends what is new and what has ended to a route, several at once as one message."""

    def __init__(self, route: str, notifier: Notifier, standing: Standing) -> None:
        """Nothing has been told."""
        super().__init__("direct", standing)
        self._route, self._notifier = route, notifier
        self._told: dict[Labels, Alert] = {}

    def tell(self, standing: Mapping[Labels, Alert], as_of: Instant) -> bool:
        """Send the difference; what could not be delivered is part of the next one."""
        subjects = {alert.annotations[SUBJECT] for alert in standing.values()}
        new = [alert for labels, alert in standing.items() if labels not in self._told]
        over = [alert for labels, alert in self._told.items() if labels not in standing and not _is_digest(labels)]
        began = dict.fromkeys(_item(alert) for alert in new)
        ended = dict.fromkeys(
            Item(f"【{words.ENDED}】{subject}")
            for alert in over
            if (subject := alert.annotations[SUBJECT]) not in subjects
        )
        message = several(list(began), list(ended))
        if message is not None and not delivered(self._notifier.send(self._route, message, as_of)):
            return False
        self._told = dict(standing)
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
