"""Below HTTP: sockets that keep a deadline byte by byte, and what goes wrong with them in words.

The timeout of `requests` holds for each single read, so that a server which trickles can hold a thread for ever. Here
every step, from the name's look-up to the last byte, is given what is left of the whole.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from functools import partial
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import DecodeError, ProtocolError
from urllib3.util.ssl_ import create_urllib3_context

from agent.model import CollectError
from agent.wire.worker import OverdueError, Worker


class Limit:
    """How long may pass without a byte, and when all must be over."""

    def __init__(self, idle: float) -> None:
        self.idle = idle
        self.begun = 0.0
        self._deadline = 0.0

    @property
    def deadline(self) -> float:
        """On time.monotonic(); setting it starts the clock."""
        return self._deadline

    @deadline.setter
    def deadline(self, deadline: float) -> None:
        self.begun, self._deadline = time.monotonic(), deadline

    def left(self) -> float:
        """Seconds for the next step; TimeoutError when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.idle, left)

    def missed(self) -> str:
        """What to say of a step that took too long."""
        if time.monotonic() < self._deadline:
            return f"no answer within {self.idle:g} s"
        return f"no complete answer within the {max(0.0, self._deadline - self.begun):.3g} s left"


class _BoundedReader(io.RawIOBase):
    def __init__(self, raw: Any, sock: socket.socket, limit: Limit) -> None:
        self._raw, self._sock, self._limit = raw, sock, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._limit.left())
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, limit: Limit, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, limit), 1 << 16)


def _connected(host: str, port: int, limit: Limit) -> socket.socket:
    """A connection to the first address that takes one. The system's resolver knows no deadline: it gets a thread."""
    resolver = Worker("resolver")
    try:
        until = time.monotonic() + limit.left()
        found = resolver.do(lambda: socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM), until)
    except OverdueError:
        raise TimeoutError from None
    finally:
        resolver.end(lambda: None, 0.0)
    failure = OSError()
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(limit.left())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class BoundedAdapter(HTTPAdapter):
    """An adapter of `requests` whose connections keep a Limit and show the certificate given."""

    def __init__(self, limit: Limit, cert: str | None, key: str | None, certified: bool) -> None:
        bounded = {
            "response_class": partial(_BoundedResponse, limit),
            "_new_conn": lambda connection: _connected(connection.host, connection.port, limit),
        }
        plain, tls = type("Plain", (HTTPConnection,), bounded), type("Tls", (HTTPSConnection,), bounded)
        self._pools: dict[str, type[HTTPConnectionPool]] = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }
        self._identity = (cert, key)
        self._certified = certified  # whether the server must show a certificate we trust
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Bring our certificate along: loaded here, where a key that wants a passphrase fails rather than asks."""
        kwargs |= self._own_context()
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """The same through a proxy: its connections keep the Limit too."""
        proxy_kwargs |= self._own_context()
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def _own_context(self) -> dict[str, Any]:
        cert, key = self._identity
        if cert is None:
            return {}
        context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if self._certified else ssl.CERT_NONE)
        _show(context, cert, key)
        return {"ssl_context": context}


def _show(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    try:
        context.load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError):
        raise CollectError(f"tls: {cert} and its key cannot be used as a certificate") from None


# --- faults in words --------------------------------------------------------------------------------------------------

# The first kind found among an error and its causes says it; True: it may pass by itself.
REASONS: dict[type[BaseException], tuple[str, bool]] = {
    socket.gaierror: ("the host's name is unknown", True),
    TimeoutError: ("", False),
    ConnectionRefusedError: ("connection refused", True),
    DecodeError: ("the body cannot be decompressed", False),
    requests.exceptions.ContentDecodingError: ("the body cannot be decompressed", False),
    requests.exceptions.InvalidURL: ("the URL cannot be used", False),
    requests.exceptions.InvalidHeader: ("a header cannot be sent", False),
    ConnectionError: ("the connection was closed before the answer was complete", True),
    BadStatusLine: ("what answers there speaks no HTTP", False),
    ssl.SSLEOFError: ("body ended early, or no TLS is spoken here", True),
}


def reason_of(error: BaseException, limit: Limit) -> tuple[str, bool]:
    """What went wrong with an exchange, in words of ours alone, and whether it may pass by itself."""
    causes = list(_causes(error))
    if any(isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed") for cause in causes):
        return "the proxy does not connect us to it", True
    reason, passing = _reason(causes, limit)
    return f"proxy: {reason}" if isinstance(error, requests.exceptions.ProxyError) else reason, passing


def _reason(causes: Sequence[BaseException], limit: Limit) -> tuple[str, bool]:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate not accepted: {cause.verify_message}", False
    for kind, (reason, passing) in REASONS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return reason or limit.missed(), passing
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return f"TLS refused: {(cause.reason or 'unknown reason').lower().replace('_', ' ')}", False
    if any(isinstance(cause, ProtocolError | HTTPException) for cause in causes):
        return "body ended early", True
    if any(isinstance(cause, OSError) and cause.strerror for cause in causes):
        return next(cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror).lower(), True
    return "the request could not be sent, or the answer is no HTTP", False


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all it was made of, which libraries keep in several places."""
    waiting, seen = [error], set[int]()
    while waiting:
        found = waiting.pop(0)
        if id(found) not in seen:
            seen.add(id(found))
            yield found
            nested = [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
            waiting += [cause for cause in nested if isinstance(cause, BaseException)]
