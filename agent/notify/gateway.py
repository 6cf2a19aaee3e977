"""Gateways: any service that takes a form or JSON, such as one for SMS, with the text where it was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import jmespath
import requests
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, Field, field_validator, model_validator

from agent.model import CollectError, Instant
from agent.notify.message import Message, fitted, plain
from agent.notify.route import JSON, WORDS_OF_OTHERS, HttpRoute, Https, decoded, encoded
from agent.wire.access import Auth, check_header

PLACEHOLDER = re.compile(r"\{(text|title)\}")


def _is_path(path: str) -> str:
    try:
        jmespath.compile(path)
    except JMESPathError:
        raise ValueError(f"expected a JMESPath expression, got {path!r}") from None
    return path


JsonPath = Annotated[str, AfterValidator(_is_path)]


class GatewayRoute(HttpRoute):
    """`gateway`: any service that takes a form or JSON, such as one for SMS. `{text}` and `{title}` are filled in."""

    kind: Literal["gateway"]
    url: Https = Field(repr=False)
    auth: Auth | None = None
    headers: Mapping[str, str] = Field(default={}, repr=False)
    form: Mapping[str, str] | None = Field(default=None, repr=False)
    body: Any = Field(default=None, repr=False)  # JSON: as keys with text, or written out as one text
    ok: Mapping[JsonPath, str] = {}
    max_bytes: int = Field(default=1_000, ge=100)  # of the text in UTF-8: three a Chinese character

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {name: check_header(value) for name, value in headers.items()}

    @model_validator(mode="after")
    def _says_what_to_send(self) -> GatewayRoute:
        if (self.form is None) == (self.body is None):
            raise ValueError("expected exactly one of form (sent as a form) and body (sent as JSON)")
        if "{text}" not in json.dumps(self.form or self.body):
            raise ValueError("expected {text} in form or body, where the message goes")
        return self

    def _auth(self) -> Auth | None:
        return self.auth

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""
        text = fitted(message, plain, lambda text: len(text.encode()) <= self.max_bytes)
        words = {"text": text, "title": message.title}
        if self.form is not None:
            return requests.Request("POST", self.url, headers=self.headers, data=_filled(self.form, words))
        if isinstance(self.body, str):
            body = _filled(self.body, {name: encoded(word).decode()[1:-1] for name, word in words.items()}).encode()
        else:
            body = encoded(_filled(self.body, words))
        return requests.Request("POST", self.url, headers=JSON | dict(self.headers), data=body)

    def _read(self, body: bytes) -> None:
        answer = decoded(body) if self.ok else None
        for path, wanted in self.ok.items():
            got = jmespath.search(path, answer)
            if _spelled(got) != wanted:
                raise CollectError(f"refused: expected {path} to be {wanted!r}, got {_spelled(got)!r}")


def _filled(part: Any, words: Mapping[str, str]) -> Any:
    if isinstance(part, Mapping):
        return {key: _filled(value, words) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return [_filled(value, words) for value in part]
    return PLACEHOLDER.sub(lambda found: words[found[1]], part) if isinstance(part, str) else part


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:WORDS_OF_OTHERS]
