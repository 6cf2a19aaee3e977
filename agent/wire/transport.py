"""HTTP as all rooms speak it: what is tried again, how long and how much is read, and every fault in words.

No secret, no query and no content of an answer is ever part of a message.
"""

from __future__ import annotations

import logging
import ssl
import time
import warnings
from collections.abc import Container, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from agent.model import CollectError
from agent.wire.access import MEBIBYTE, Access
from agent.wire.sockets import BoundedAdapter, Limit, reason_of

CHUNK_BYTES = 1 << 16
BACK_OFF_SECONDS = 0.5
MOST_REDIRECTS = 5
PASSING = {429, 502, 503, 504}  # worth another try
REDIRECTS = {301, 302, 303, 307, 308}

logging.getLogger("urllib3").setLevel(logging.INFO)  # its debug lines hold whole URLs, and so tokens


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, read to its end. `links` are those of its Link header, by their relation."""

    status: int
    url: str  # whole: it may hold a token
    headers: Mapping[str, str]
    links: Mapping[str, Mapping[str, str]]
    body: bytes


class PassingError(CollectError):
    """A fault that may be gone at once; the server may have said when."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        self.wait = wait
        super().__init__(reason)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: `requests` would read a redirect's whole body, however long, and follow it anywhere."""


class Transport:
    """Asks one server. Not for several threads at once."""

    def __init__(self, options: Access) -> None:
        """Open nothing yet."""
        self.options = options
        self._limit = Limit(options.timeout)

    @cached_property
    def _session(self) -> requests.Session:
        tls = self.options.tls
        session = _Session()
        session.trust_env = False  # neither proxies nor .netrc of whoever starts the agent
        if self.options.proxy is not None:
            session.proxies = {"http": self.options.proxy, "https": self.options.proxy}
        session.headers["User-Agent"] = "dabiao"
        session.headers.update(self.options.headers)
        session.verify = False if tls.insecure else _trusted(tls.ca) if tls.ca else True
        if tls.insecure:
            warnings.filterwarnings("ignore", category=InsecureRequestWarning)  # the configuration gives its reason
        adapter = BoundedAdapter(self._limit, tls.cert, tls.key, certified=tls.insecure is None)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def ask(
        self, request: requests.Request, deadline: float, answered: Container[int] = (), *, path_is_secret: bool = False
    ) -> Answer:
        """The answer: of status 2xx, or one of `answered`; anything else is a CollectError that says what and where.

        What may pass by itself is tried again, with a wait that doubles or as the server asks, within the deadline.
        """
        shown = shown_url(request.url, path=not path_is_secret)
        tries = 0
        while True:
            try:
                return self._follow(request, deadline, answered)
            except PassingError as passing:
                tries += 1
                wait = BACK_OFF_SECONDS * 2 ** (tries - 1) if passing.wait is None else passing.wait
                if tries > self.options.retries or time.monotonic() + wait >= deadline:
                    raise CollectError(f"{shown}: {passing}") from None
            except CollectError as error:
                raise CollectError(f"{shown}: {error}") from None
            time.sleep(wait)

    def _follow(self, request: requests.Request, deadline: float, answered: Container[int]) -> Answer:
        self._limit.deadline = deadline
        try:
            session = self._session
            request.auth = self.options.auth.apply if self.options.auth else None
            prepared = session.prepare_request(request)
            for _ in range(MOST_REDIRECTS + 1):
                response = session.send(prepared, stream=True, timeout=self._limit.left(), allow_redirects=False)
                with response:
                    if response.status_code not in REDIRECTS:
                        return self._whole(response, answered)
                    self._go_on(prepared, response.headers.get("Location", ""))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            reason, passing = reason_of(error, self._limit)
            raise (PassingError if passing else CollectError)(reason) from None
        raise CollectError(f"more than {MOST_REDIRECTS} redirects")

    def _go_on(self, prepared: requests.PreparedRequest, location: str) -> None:
        target = urljoin(prepared.url or "", location)
        if not same_origin(prepared.url or "", target):
            raise CollectError(f"redirected to another server, {shown_url(target, path=False)}: not followed")
        prepared.prepare_url(target, None)
        if self.options.auth:
            self.options.auth.apply(prepared)

    def _whole(self, response: requests.Response, answered: Container[int]) -> Answer:
        status = response.status_code
        if status in PASSING and status not in answered:
            raise PassingError(_status(status), _retry_after(response.headers))
        if not 200 <= status < 300 and status not in answered:
            raise CollectError(_status(status))
        body = self._read(response)
        return Answer(status, response.url, response.headers, response.links, body)

    def _read(self, response: requests.Response) -> bytes:
        most = self.options.max_bytes
        body = bytearray()
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > most:
            raise CollectError(f"more than {_size(most)}")
        for chunk in response.raw.stream(CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > most:
                raise CollectError(f"more than {_size(most)}")
        return bytes(body)

    def without_secrets(self, text: str, most: int = 200) -> str:
        """A server's own words: one line, cut, and free of what it may have echoed."""
        for secret in self.options.auth.secrets() if self.options.auth else ():
            text = text.replace(secret, "…") if secret else text
        return " ".join(text.split())[:most]


def _trusted(ca: str) -> str:
    try:
        ssl.create_default_context(cafile=ca)
    except OSError:
        raise CollectError(f"tls: {ca} cannot be used as the certificate to trust") from None
    return ca


def shown_url(url: str, path: bool = True) -> str:
    """Scheme, host, port and path: no query, no user."""
    parts = _split(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path if path else ''}"


def same_origin(one: str, other: str) -> bool:
    """Whether both have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def clock_offset_seconds(headers: Mapping[str, str], now_seconds: float) -> float | None:
    """How far the server's clock is ahead, by the answer's Date."""
    stamp = _date(headers.get("Date"))
    return None if stamp is None else stamp - now_seconds


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = _split(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _status(status: int) -> str:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    return f"HTTP {status} {phrase}".strip()


def _size(count: int) -> str:
    return f"{count // MEBIBYTE} MiB" if count % MEBIBYTE == 0 else f"{count} bytes"


def _date(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; a date is taken against the server's own."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    then, now = _date(text), _date(headers.get("Date"))
    return None if then is None or now is None else max(0.0, then - now)
