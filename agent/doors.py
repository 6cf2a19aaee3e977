"""The doors of the agent: the sockets it listens on, TLS, and who is let in."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config.webfile import load_web
from agent.model import ConfigError

if TYPE_CHECKING:
    from starlette.middleware import Middleware


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may come in, and where: what the options of `run` and `demo` say."""

    web_config: Path | None = None
    wall_token_file: Path | None = None
    metrics_listen: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """The server's side of TLS; None where connections are plain."""
        web = None if self.web_config is None else load_web(self.web_config)
        return None if web is None or web.tls is None else web.tls.context()

    def sockets(self, listen: str) -> list[socket.socket]:
        """Bound for the pages, and for the series where they have an address of their own."""
        return [_listen(one) for one in (listen, self.metrics_listen) if one is not None]

    def apart(self, sockets: Sequence[socket.socket]) -> list[Middleware]:
        """What keeps the series to the last of several sockets, and everything else from it."""
        return [] if self.metrics_listen is None else [_apart(*sockets)]

    def layers(self) -> list[Middleware]:
        """What stands before the pages; ConfigError where a token would guard nothing."""
        from starlette.middleware import Middleware

        web = None if self.web_config is None else load_web(self.web_config)
        if self.web_config is None or web is None or not web.users:
            if self.wall_token_file is not None:
                raise ConfigError("--wall-token-file: expected basic_auth_users in --web.config; without, all is open")
            return []
        try:
            from agent.web.access import Access, Users, wall_token
        except ModuleNotFoundError:
            raise ConfigError("basic_auth_users: needs bcrypt: pip install 'dabiao[auth]'") from None
        token = None if self.wall_token_file is None else wall_token(self.wall_token_file)
        return [Middleware(Access, Users(self.web_config), token, is_secure=web.tls is not None)]


def _listen(listen: str) -> socket.socket:
    """A socket bound to the address, so that a taken one is told before anything starts."""
    host, port = address(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as failed:
        listening.close()
        raise ConfigError(f"--listen: {listen} cannot be listened on: {failed.strerror}") from failed
    return listening


def _apart(pages: socket.socket, series: socket.socket) -> Middleware:
    from starlette.middleware import Middleware

    from agent.web.headers import MetricsApart

    port, apart = (one.getsockname()[1] for one in (pages, series))
    if port == apart:
        raise ConfigError(f"--metrics-listen: expected another port than that of the pages, got {apart}")
    return Middleware(MetricsApart, apart)


def address(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8046` → host and port."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"--listen: expected host:port such as 127.0.0.1:8046, got {listen!r}")
    return host.strip("[]") or "0.0.0.0", int(port)
