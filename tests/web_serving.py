"""A real HTTP server of one test's own, which answers, hangs, trickles or breaks off as the test tells it to."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers import at_work


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Reply:
    """One answer: bytes as they are, anything else as JSON."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()


Script = Callable[["Handler"], None]
Answering = Callable[[Asked], Reply | Script]


class Web(ThreadingHTTPServer):
    """The server. `over` is set when the test ends: a script that hangs waits for it."""

    daemon_threads = True

    def __init__(self, answering: Answering, tls: ssl.SSLContext | None) -> None:
        self.answering, self.tls = answering, tls
        self.asked: list[Asked] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection; its handshake is left to the thread that serves it."""
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Web

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
        self.server.asked.append(asked)
        reply = self.server.answering(asked)
        if isinstance(reply, Reply):
            content = reply.content()
            self.begin(reply.status, {"Content-Length": str(len(content)), **reply.headers})
            self.wfile.write(content)
        else:
            self.close_connection = True
            reply(self)

    do_POST = do_GET
    do_CONNECT = do_GET

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()

    def hang(self) -> None:
        self.server.over.wait()

    def trickle(self, piece: bytes = b" ") -> None:
        """Bytes without end, too slowly to be worth it and too often for any read to time out."""
        with suppress(OSError):
            while not self.server.over.wait(0.02):
                self.wfile.write(piece)


@contextmanager
def web(answering: Answering, tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A server that answers by this function, for as long as the context lasts."""
    with Web(answering, tls) as server, at_work(server):
        try:
            yield server
        finally:
            server.over.set()


def closed_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    with Web(lambda _: Reply(), None) as server:
        return server.server_port


# --- certificates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificates:
    """A small authority with a server's and a client's certificate."""

    folder: Path

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def server(self, name: str = "server", client_must_show: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        if client_must_show:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.path("ca.pem"))
        return context


def make_certificates(openssl: str, folder: Path) -> Certificates:
    """`ca`, `server` (for 127.0.0.1), `elsewhere` (for another host) and `client`, each as .pem and .key."""

    def request(name: str, *more: str) -> None:
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", f"{name}.key"]
        command = [
            openssl,
            "req",
            "-x509",
            "-days",
            "30",
            *new_key,
            "-subj",
            f"/CN={name}",
            "-out",
            f"{name}.pem",
            *more,
        ]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    issued = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE", "-addext"]
    request("ca", "-addext", "keyUsage=critical,keyCertSign,digitalSignature")
    request("server", *issued, "subjectAltName=IP:127.0.0.1")
    request("elsewhere", *issued, "subjectAltName=DNS:elsewhere.example")
    request("client", *issued, "extendedKeyUsage=clientAuth")
    return Certificates(folder)
