"""The headers every answer carries, so that a browser takes nothing from elsewhere and shows us in no frame."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LASTING_TLS = {"Strict-Transport-Security": "max-age=31536000"}


class SecurityHeaders:
    """Adds them to every answer; what is no static file is not to be kept by caches either."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        lasting = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY | (LASTING_TLS if scope["scheme"] == "https" else {}))
                headers.setdefault("Cache-Control", "no-cache" if lasting else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class MetricsApart:
    """Serves the series on their own port and nowhere else; health on both."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        """`port` is the one of the series."""
        self._app, self._port = app, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. The port is that of the connection, not what the client says."""
        if scope["type"] == "http" and scope["path"] not in ("/healthz", "/readyz"):
            is_apart = scope["server"][1] == self._port
            if is_apart != (scope["path"] == "/metrics"):
                await PlainTextResponse("Not Found\n", 404)(scope, receive, send)
                return
        await self._app(scope, receive, send)
