"""One sample of a probe: connect, ask, compare; bounded in time whatever the other side does."""

from __future__ import annotations

import codecs
import errno
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agent.model import CollectError
from agent.wire.seconds import Seconds
from agent.wire.worker import OverdueError, Worker

MOST_BYTES = 1 << 20  # of a body, to search the pattern in
CHUNK_BYTES = 1 << 16
# What this machine lacks says nothing about the other one.
LOCAL_ERRORS = {
    *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM),
    *(errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.ENETUNREACH),
}
DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.IGNORECASE)
WIDER = dict.fromkeys(("gb2312", "gbk", "x-gbk", "cp936"), "gb18030")
UTC_TIME, VERSION_TAG = 0x17, 0xA0


class Target(BaseModel):
    """What is common to all probes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    within: Seconds = Field(default=5.0, gt=0, le=300)  # slower is down


class HttpTarget(Target):
    """A page that must answer with a status, and with a text in it where `body` says so. Redirects are not followed."""

    url: str
    status: int | tuple[int, ...] = 200
    body: str | None = None  # a regular expression, searched in the decoded body
    headers: Mapping[str, Annotated[str, Field(pattern=r"^[\t -~]*$")]] = Field(default={}, repr=False)
    ca: str | None = None  # a file of certificates to trust instead of the system's
    insecure: str | None = Field(default=None, min_length=1)  # why no certificate is checked

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^/?#\s@:]+(:\d{1,5})?([/?#]\S*)?|https?://\[[\da-f:]+\]\S*", url):
            raise ValueError("expected http:// or https:// and a host; credentials go into headers")
        return url

    @field_validator("body")
    @classmethod
    def _is_pattern(cls, body: str | None) -> str | None:
        try:
            re.compile(body or "")
        except re.error as error:
            raise ValueError(f"expected a regular expression: {error}") from None
        return body

    @model_validator(mode="after")
    def _one_trust(self) -> HttpTarget:
        if self.ca and self.insecure:
            raise ValueError("expected ca or insecure, not both")
        return self


class TcpTarget(Target):
    """A port that must accept connections."""

    host: str = Field(min_length=1)
    port: int = Field(gt=0, lt=65536)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look at a system found. `reason` says in a few words why it is down; None: it is up."""

    reason: str | None
    seconds: float | None = None  # until the answer was complete
    certificate_expiry: float | None = None  # Unix time

    def signals(self) -> dict[str, float]:
        """The sample as gauges; what was not measured is absent."""
        measured = {"seconds": self.seconds, "certificate_expiry": self.certificate_expiry}
        return {"up": float(self.reason is None)} | {k: value for k, value in measured.items() if value is not None}


def sample_tcp(target: TcpTarget, deadline: float) -> Sample:
    """Whether the port accepts a connection."""
    line = Line(target.host, target.port)
    return _timed(line, lambda: line.connect(target.within), target.within, deadline)


def sample_http(target: HttpTarget, deadline: float) -> Sample:
    """Whether the page answers as it should."""
    parts = urlsplit(target.url)
    secure = parts.scheme == "https"
    line = Line(parts.hostname or "", parts.port or (443 if secure else 80))
    context = _trust(target) if secure else None

    def ask() -> str | None:
        line.connect(target.within)
        if context is not None:
            line.secure(context)
        return _verdict(target, *line.get(target.url, target.headers))

    return _timed(line, ask, target.within, deadline)


def _timed(line: Line, ask: Callable[[], str | None], within: float, deadline: float) -> Sample:
    """The sample `ask` comes to in its time, in a thread of its own: neither a name server nor a trickle holds us."""
    begun = time.monotonic()
    until = min(begun + within, deadline)
    worker = Worker("probe")
    try:
        reason = worker.do(ask, until)
    except (OverdueError, TimeoutError):
        line.hang_up()
        if until == deadline:
            raise CollectError(f"the deadline came before the {within:g} s the probe may take") from None
        return Sample(f"slower than {within:g} s", None, line.certificate_expiry)
    except (OSError, HTTPException) as error:
        return Sample(reason_of(error), None, line.certificate_expiry)
    finally:
        worker.end(line.close, 0.0)
    return Sample(reason, time.monotonic() - begun, line.certificate_expiry)


def _verdict(target: HttpTarget, response: HTTPResponse, body: bytes) -> str | None:
    expected = target.status if isinstance(target.status, tuple) else (target.status,)
    if response.status not in expected:
        return f"HTTP {response.status}"
    text = decoded(body, response.headers.get_content_charset())
    return None if re.search(target.body or "", text) else "body lacks pattern"


class Line:
    """A connection to one host and port; all but `hang_up` is done in one thread."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.socket: socket.socket | None = None
        self.certificate_expiry: float | None = None

    def connect(self, seconds: float) -> None:
        """Connect to the first address that answers; of several errors the one that tells of the other side counts."""
        try:
            self.socket = socket.create_connection((self.host, self.port), seconds, all_errors=True)
        except ExceptionGroup as group:
            errors = [error for error in group.exceptions if isinstance(error, OSError)]
            raise min(errors, key=lambda error: error.errno in LOCAL_ERRORS) from None

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on."""
        assert self.socket is not None
        self.socket = secured = context.wrap_socket(self.socket, server_hostname=self.host)
        certificate = secured.getpeercert(binary_form=True)
        self.certificate_expiry = expiry_of(certificate) if certificate else None

    def get(self, url: str, headers: Mapping[str, str]) -> tuple[HTTPResponse, bytes]:
        """The answer, and its body as far as a pattern is searched in it."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = HTTPConnection(self.host, self.port)
        connection.sock = self.socket
        own = {"Host": parts.netloc, "User-Agent": "dabiao", "Accept": "*/*", "Accept-Encoding": "identity"}
        connection.request("GET", quote(path, safe="/%:=&?~+!$,;'@()*[]"), headers=own | {**headers})
        with connection.getresponse() as response:
            body = b""
            while len(body) < MOST_BYTES and (chunk := response.read(CHUNK_BYTES)):
                body += chunk
            if response.length and len(body) < MOST_BYTES:
                raise IncompleteRead(body, response.length)
        return response, body

    def hang_up(self) -> None:
        """End whatever waits on the connection; from any thread."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.socket is not None:
            self.socket.close()


def reason_of(error: OSError | HTTPException) -> str:
    """Why a system is down, in words that hold nothing of its answer. CollectError where this machine is to blame."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"certificate refused: {error.verify_message}"
        case socket.gaierror():
            if error.errno in (socket.EAI_AGAIN, socket.EAI_MEMORY, socket.EAI_SYSTEM):
                raise CollectError(f"name server: {error.strerror}") from None
            return "name does not resolve"
        case ConnectionRefusedError():
            return "connection refused"
        case ConnectionError() | IncompleteRead() | ssl.SSLEOFError():
            return "connection closed early"
        case ssl.SSLError():
            return "TLS failed"
        case HTTPException():
            return "no HTTP answer"
    words = os.strerror(error.errno or 0).lower()
    if error.errno in LOCAL_ERRORS:
        raise CollectError(f"this machine cannot connect: {words}") from None
    return words


def _trust(target: HttpTarget) -> ssl.SSLContext:
    try:
        changed_at = Path(target.ca).stat().st_mtime_ns if target.ca else 0
        return _context(target.ca, changed_at, target.insecure is None)
    except OSError as error:
        raise CollectError(f"ca: no certificates in {target.ca}: {error.strerror or error.args[-1]}") from None


@lru_cache(maxsize=64)
def _context(ca: str | None, _changed_at: int, checked: bool) -> ssl.SSLContext:
    """Kept, as reading the system's certificates takes longer than the sample."""
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = checked
    context.verify_mode = ssl.CERT_REQUIRED if checked else ssl.CERT_NONE
    return context


def decoded(body: bytes, declared: str | None) -> str:
    """The body as text: by the header's charset, the page's own, UTF-8 or GB 18030, the first that fits."""
    stated = DECLARED.search(body[:2048])
    names = [declared, stated[1].decode() if stated else None, "utf-8", "gb18030"]
    for name in filter(None, names):
        try:
            text: str = codecs.getincrementaldecoder(WIDER.get(name.lower(), name))().decode(body)
            return text  # less a last character that is cut
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("utf-8", "replace")


def expiry_of(certificate: bytes) -> float:
    """The Unix time at which a DER certificate ends: notAfter of RFC 5280, section 4.1."""
    _, at, _ = _element(certificate, 0)  # Certificate
    _, at, _ = _element(certificate, at)  # TBSCertificate
    if certificate[at] == VERSION_TAG:
        _, _, at = _element(certificate, at)
    for _ in ("serialNumber", "signature", "issuer"):
        _, _, at = _element(certificate, at)
    _, at, _ = _element(certificate, at)  # validity
    _, _, at = _element(certificate, at)  # notBefore
    tag, start, end = _element(certificate, at)
    text = certificate[start:end].decode("ascii")
    if tag == UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the DER element at a place."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    return der[at], start, start + length
