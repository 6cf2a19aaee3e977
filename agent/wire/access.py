"""What the files say about reaching a server over HTTP: where it is, who we are to it, whom we trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from agent.wire.seconds import Seconds

STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)
MEBIBYTE = 1 << 20


def check_header(value: str) -> str:
    """The value itself; ValueError when a header cannot carry it."""
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError("expected printable ASCII without spaces around it (does the secret end with a line break?)")
    return value


def check_url(url: str) -> str:
    """The URL itself; ValueError when it is none of http(s), or carries a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ValueError("expected http://host[:port]/path or https://…")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected no user or password in the URL: write auth: {basic: {user: …, password: …}}")
    return url


def check_proxy(url: str) -> str:
    """The URL of a proxy itself, which may carry user and password; ValueError when it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and bool(parts.hostname) and bool(parts.port) and parts.path in ("", "/")
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ValueError("expected http://host:port or http://user:password@host:port")
    return url


class Basic(BaseModel):
    """User and password."""

    model_config = STRICT
    user: str
    password: SecretStr


class Named(BaseModel):
    """A secret under a name, as a header or as a parameter of the query."""

    model_config = STRICT
    name: str = Field(min_length=1)
    value: SecretStr


class Auth(BaseModel):
    """Who we are to the server, in exactly one way."""

    model_config = STRICT
    bearer: SecretStr | None = None
    basic: Basic | None = None
    header: Named | None = None
    query: Named | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        if len(self.model_fields_set) != 1 or None in (getattr(self, name) for name in self.model_fields_set):
            raise ValueError("expected exactly one of bearer, basic, header and query")
        for secret in (self.bearer, self.header.value if self.header else None):
            if secret is not None:
                check_header(secret.get_secret_value())
        return self

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a prepared request, as `requests` asks an auth object to."""
        if self.bearer:
            request.headers["Authorization"] = f"Bearer {self.bearer.get_secret_value()}"
        elif self.header:
            request.headers[self.header.name] = self.header.value.get_secret_value()
        elif self.basic:
            user, password = self.basic.user.encode(), self.basic.password.get_secret_value().encode()
            requests.auth.HTTPBasicAuth(user, password)(request)
        elif self.query and f"{self.query.name}=" not in urlsplit(request.url or "").query:
            request.prepare_url(request.url, {self.query.name: self.query.value.get_secret_value()})
        return request

    def secrets(self) -> Iterator[str]:
        """Every secret in it."""
        named = [holder.value for holder in (self.header, self.query) if holder]
        for secret in [self.bearer, self.basic.password if self.basic else None, *named]:
            if secret is not None:
                yield secret.get_secret_value()


class Tls(BaseModel):
    """Whom we trust (`ca`), our own certificate, or the reason why any certificate will do."""

    model_config = STRICT
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    insecure: str | None = Field(default=None, min_length=5)

    @model_validator(mode="after")
    def _fits(self) -> Tls:
        if self.key is not None and self.cert is None:
            raise ValueError("expected cert beside key")
        if self.insecure is not None and self.ca is not None:
            raise ValueError("expected either ca or insecure")
        return self


class Access(BaseModel):
    """What may be said of every server that is asked over HTTP."""

    model_config = STRICT
    url: str = Field(repr=False)
    headers: Mapping[str, str] = Field(default={}, repr=False)
    auth: Auth | None = None
    tls: Tls = Tls()
    proxy: str | None = Field(default=None, repr=False)
    timeout: Seconds = Field(default=30.0, gt=0, le=86_400)  # without a byte; the whole is bounded by the poll
    max_bytes: int = Field(default=64 * MEBIBYTE, gt=0)  # of one answer, unpacked
    retries: int = Field(default=2, ge=0, le=10)

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return check_url(url)

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: str | None) -> str | None:
        return None if proxy is None else check_proxy(proxy)

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name: check_header(value) for name, value in headers.items()}
