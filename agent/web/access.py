"""Who may read what: users with passwords, a wall screen with its token, and health for everybody."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import time
from asyncio import Semaphore
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import bcrypt
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.config.webfile import load_web
from agent.model import ConfigError

log = logging.getLogger("dabiao.access")

OPEN = ("/healthz", "/readyz")
PAGES = ("/indicators", "/sources", "/systems/", "/static/")  # what a wall screen may see, beside /
READING = ("GET", "HEAD")
COOKIE = "dabiao_wall"
COOKIE_SECONDS = 400 * 86_400  # the longest a browser keeps one
LEAST_TOKEN = 20
KNOWN_FOR_SECONDS = 300.0
KNOWN_AT_MOST = 100
CHECKED_AT_ONCE, WAITING_AT_MOST = 1, 16  # a password costs the processor a tenth of a second or more
LONGEST_PASSWORD = 72  # bytes that bcrypt looks at


class Users:
    """The users of a web configuration, read again when the file changes."""

    def __init__(self, path: Path) -> None:
        """Read the file; ConfigError where it is wrong."""
        self._path = path
        self._stamp = _stamp(path)
        self._users = load_web(path).users
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, float] = {}
        self._checking, self._waiting = Semaphore(CHECKED_AT_ONCE), 0

    def current(self) -> Mapping[str, str]:
        """The users as the file has them. While it is wrong, or names none, the former ones stay: nothing opens."""
        if (stamp := _stamp(self._path)) != self._stamp:
            self._stamp = stamp
            try:
                found = load_web(self._path).users
            except ConfigError as mistake:
                log.error("event=web-config-refused former-users-stay=true reason=%r", "; ".join(mistake.problems))
                return self._users
            if found:
                self._users = found
            log.info("event=web-config-read users=%d", len(found))
        return self._users

    async def admit(self, name: str, password: str) -> bool | None:
        """Whether the password is right; None where too many wait to be told."""
        hashed = self.current().get(name)
        proof = hmac.digest(self._key, f"{name}\0{hashed}\0{password}".encode(), "sha256")
        if hashed is not None and self._known.get(proof, 0.0) > time.monotonic():
            return True
        if self._waiting >= WAITING_AT_MOST:
            return None
        self._waiting += 1
        try:
            async with self._checking:
                right = await run_in_threadpool(self._matches, password, hashed)
        finally:
            self._waiting -= 1
        if right:
            if len(self._known) >= KNOWN_AT_MOST:
                self._known.clear()
            self._known[proof] = time.monotonic() + KNOWN_FOR_SECONDS
        return right

    def stand_in(self) -> str:
        """What is compared for a name that is not known: as dear as the dearest, so that the time tells no names."""
        return _nobody(max(map(_cost, self._users.values())))

    def _matches(self, password: str, hashed: str | None) -> bool:
        secret, against = password.encode(), self.stand_in() if hashed is None else hashed
        right = bcrypt.checkpw(secret[:LONGEST_PASSWORD], against.encode())
        return right and len(secret) <= LONGEST_PASSWORD and hashed is not None


def _cost(hashed: str) -> int:
    return int(hashed.split("$")[2])


@lru_cache
def _nobody(cost: int) -> str:
    """A hash that no password has, compared for a name that is not known."""
    return bcrypt.hashpw(secrets.token_bytes(32), bcrypt.gensalt(cost)).decode()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def wall_token(path: Path) -> str:
    """The token in a file; ConfigError where there is none, or one that could be guessed."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--wall-token-file: {path} cannot be read: {type(error).__name__}") from None
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"--wall-token-file: {path}: expected at least {LEAST_TOKEN} letters and digits on one line")
    return token


class Access:
    """Lets a request through, or says what is asked for."""

    def __init__(self, app: ASGIApp, users: Users, token: str | None, *, is_secure: bool) -> None:
        """Without a token no wall screen has a way of its own."""
        self._app, self._users, self._token, self._is_secure = app, users, token, is_secure
        self._cookie = "" if token is None else hashlib.sha256(f"dabiao wall {token}".encode()).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        """The answer in place of what was asked for; None where it may be had."""
        headers, path, is_reading = Headers(scope=scope), scope["path"], scope["method"] in READING
        if not is_reading and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return PlainTextResponse("from another site\n", 403)  # a browser that was led here by its passwords
        if is_reading and path in OPEN:
            return None
        if is_reading and self._token is not None and (path == "/" or path.startswith(PAGES)):
            if path == "/" and _same(QueryParams(scope["query_string"]).get("token", ""), self._token):
                return self._welcome()
            if _same(_cookie(headers), self._cookie):
                return None
        if (said := _credentials(headers)) is None:
            return _ask()
        admitted = await self._users.admit(*said)
        if admitted is None:
            return PlainTextResponse("too many passwords to check\n", 503, {"Retry-After": "1"})
        return None if admitted else _ask()

    def _welcome(self) -> Response:
        """To the page without the token in its address, with a cookie instead."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, self._cookie, COOKIE_SECONDS, httponly=True, samesite="lax", secure=self._is_secure)
        return answer


def _ask() -> Response:
    return PlainTextResponse("a user and a password are needed\n", 401, {"WWW-Authenticate": 'Basic realm="dabiao"'})


def _same(got: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(got.encode(), wanted.encode())


def _cookie(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def _credentials(headers: Headers) -> tuple[str, str] | None:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
