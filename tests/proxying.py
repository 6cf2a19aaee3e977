"""A real HTTP proxy of one test's own: it forwards what is plain, tunnels what is not, and notes who was asked for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.servers import at_work

PIECE = 1 << 16


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []  # method, target, what it was told of who asks
        super().__init__(("127.0.0.1", 0), Forwarding)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Forwarding(BaseHTTPRequestHandler):
    server: Proxy

    def log_message(self, *_: object) -> None: ...

    def do_CONNECT(self) -> None:
        self._note()
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            _both_ways(self.connection, far)

    def do_GET(self) -> None:
        self._note()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as far:
            path = self.path.removeprefix(f"{parts.scheme}://{parts.netloc}")
            lines = [f"{self.command} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
            far.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
            while piece := far.recv(PIECE):
                self.wfile.write(piece)
        self.close_connection = True

    do_POST = do_GET

    def _note(self) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization")))


def _both_ways(near: socket.socket, far: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(far, near), daemon=True)
    back.start()
    _copy(near, far)
    back.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while piece := one.recv(PIECE):
            other.sendall(piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)


@contextmanager
def proxy() -> Iterator[Proxy]:
    """A proxy for as long as the context lasts."""
    with Proxy() as server, at_work(server):
        yield server
