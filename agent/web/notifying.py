"""The webhook that Alertmanager posts to: a notification in, a message to a chat group out.

It answers 200 when the message arrived, by the route or by its fallback; 503 when it did not, so that Alertmanager
tries again; and 4xx to what no later try would make better.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from agent.model import Instant
from agent.notify import Attempt, Message, Notifier, delivered
from agent.notify.webhook import MOST_BYTES, message_of, read

JSON = "application/json"


class Webhook:
    """Serves `/notify/<route>`."""

    def __init__(self, notifier: Notifier, clock: Callable[[], Instant]) -> None:
        self._notifier, self._clock = notifier, clock

    async def notify(self, request: Request) -> Response:
        """Take one notification of Alertmanager's."""
        route = request.path_params["route"]
        if route not in self._notifier.routes:
            return _refused(404, f"there is no route {route!r}")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return _refused(415, f"expected {JSON}")  # which no page of another site can send from a browser
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    return _refused(413, f"expected at most {MOST_BYTES} bytes")
        except ClientDisconnect:
            return _refused(400, "expected a whole body")
        try:
            message = message_of(read(bytes(body)))
        except ValueError as mistake:
            return _refused(400, f"expected a notification of Alertmanager, version 4: {mistake}")
        if message is None:
            return JSONResponse({"attempts": []})
        attempts = await run_in_threadpool(self._send, route, message)
        tried = [attempt._asdict() for attempt in attempts]
        return JSONResponse({"attempts": tried}, 200 if delivered(attempts) else 503)

    def _send(self, route: str, message: Message) -> tuple[Attempt, ...]:
        return self._notifier.send(route, message, self._clock())


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status)
