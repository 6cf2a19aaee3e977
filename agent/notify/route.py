"""What every kind of route has: a fallback, a deadline and a way to send; and those that post over HTTP."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Annotated, Any

import requests
from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator

from agent.model import CollectError, Instant
from agent.notify.message import Message
from agent.wire.access import STRICT, Access, Auth, Tls, check_header, check_proxy, check_url
from agent.wire.seconds import Seconds
from agent.wire.transport import Transport

WORDS_OF_OTHERS = 100  # characters kept of what a receiver says of a refusal
ANSWER_BYTES = 1 << 16
RETRIES = 3
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Route(BaseModel, ABC):
    """What every route may say: whom it reaches, whom to turn to instead, and how long sending may take."""

    model_config = STRICT
    kind: str
    name: str | None = None  # what people call those who read it
    fallback: str | None = None
    deadline: Seconds = Field(default=6.0, gt=0, le=60)

    @abstractmethod
    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Deliver a message before `deadline` on time.monotonic(); CollectError says why that failed."""

    def check(self) -> None:
        """Raise ConfigError where the route cannot be used on this machine."""


Https = Annotated[str, AfterValidator(lambda url: check_url(url).rstrip("/"))]


class HttpRoute(Route):
    """A route that posts to a server, through a proxy or to an authority of one's own where the site needs it."""

    proxy: str | None = Field(default=None, repr=False)
    ca: str | None = None

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, proxy: str | None) -> str | None:
        return None if proxy is None else check_proxy(proxy)

    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Post it, more than once where the fault may pass, and read the answer."""
        request = self.request(message, now)
        access = Access(
            url=request.url,
            auth=self._auth(),
            tls=Tls(ca=self.ca),
            proxy=self.proxy,
            timeout=self.deadline,
            retries=RETRIES,
            max_bytes=ANSWER_BYTES,
        )
        self._read(Transport(access).ask(request, deadline, path_is_secret=True).body)

    def _auth(self) -> Auth | None:
        return None

    @abstractmethod
    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""

    @abstractmethod
    def _read(self, body: bytes) -> None:
        """Raise CollectError where the answer says that the message was not taken."""


Printable = Annotated[SecretStr, AfterValidator(lambda secret: SecretStr(check_header(secret.get_secret_value())))]


def encoded(body: object) -> bytes:
    """JSON in UTF-8 as it stands: escaped, a Chinese character would take twice the bytes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def decoded(body: bytes) -> Any:
    """The JSON of an answer; CollectError where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        raise CollectError("answered no JSON") from None
