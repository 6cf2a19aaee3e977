"""The kinds of route: what each may say in sources.yaml, how a message looks to it, and what its answer means.

Robots answer HTTP 200 to what they refuse, so that the code inside the answer decides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import jmespath
import requests
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator, model_validator

from agent.model import SECOND_US, CollectError, ConfigError, Instant
from agent.notify.message import Message, fitted, markdown, plain
from agent.wire.access import STRICT, Access, Auth, Tls, check_header, check_proxy, check_url
from agent.wire.seconds import Seconds
from agent.wire.transport import Transport

WORDS_OF_OTHERS = 100  # characters kept of what a receiver says of a refusal
ANSWER_BYTES = 1 << 16
RETRIES = 3
PLACEHOLDER = re.compile(r"\{(text|title)\}")


class Route(BaseModel):
    """What every route may say: whom to turn to instead, and how long sending may take."""

    model_config = STRICT
    kind: str
    fallback: str | None = None
    deadline: Seconds = Field(default=6.0, gt=0, le=60)

    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Deliver a message before `deadline` on time.monotonic(); CollectError says why that failed."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise ConfigError where the route cannot be used on this machine."""


class OutboxRoute(Route):
    """`outbox`: nowhere but the list of messages that the agent's page shows."""

    kind: Literal["outbox"]

    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Every message is listed before it is sent; there is nothing else to do."""


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

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""
        raise NotImplementedError

    def _read(self, body: bytes) -> None:
        raise NotImplementedError


Printable = Annotated[SecretStr, AfterValidator(lambda secret: SecretStr(check_header(secret.get_secret_value())))]


class Robot(HttpRoute):
    """A robot of a chat group: a JSON body of a certain size, and a code in the answer."""

    code: ClassVar[str]
    words: ClassVar[str]

    def _post(self, url: str, body: bytes, params: Mapping[str, str] | None = None) -> requests.Request:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return requests.Request("POST", url, params=params, data=body, headers=headers)

    def _read(self, body: bytes) -> None:
        answer = _json(body)
        code = answer.get(self.code) if isinstance(answer, Mapping) else None
        if code != 0:
            said = str(answer.get(self.words, "")) if isinstance(answer, Mapping) else ""
            raise CollectError(f"refused: {self.code} {code!r}{_quoted(said, self._secrets())}")

    def _secrets(self) -> Sequence[str]:
        raise NotImplementedError


class WeComRoute(Robot):
    """`wecom`: a group robot of WeCom, or of 政务微信 under its own `api_url`."""

    code, words = "errcode", "errmsg"
    most_bytes: ClassVar[Mapping[str, int]] = {"markdown": 4096, "text": 2048}

    kind: Literal["wecom"]
    key: Printable
    api_url: Https = "https://qyapi.weixin.qq.com"
    format: Literal["markdown", "text"] = "markdown"

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""
        most = self.most_bytes[self.format]
        style = markdown if self.format == "markdown" else plain
        text = fitted(message, style, lambda text: len(text.encode()) <= most)
        body = _encoded({"msgtype": self.format, self.format: {"content": text}})
        return self._post(f"{self.api_url}/cgi-bin/webhook/send", body, {"key": self.key.get_secret_value()})

    def _secrets(self) -> Sequence[str]:
        return [self.key.get_secret_value()]


class DingTalkRoute(Robot):
    """`dingtalk`: a group robot of DingTalk; with `secret` its requests are signed."""

    code, words = "errcode", "errmsg"
    most_bytes: ClassVar[int] = 20_000  # of the whole request

    kind: Literal["dingtalk"]
    token: Printable
    secret: Printable | None = None
    api_url: Https = "https://oapi.dingtalk.com"
    format: Literal["markdown", "text"] = "markdown"

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""
        style = markdown if self.format == "markdown" else plain

        def body(text: str) -> bytes:
            if self.format == "text":
                return _encoded({"msgtype": "text", "text": {"content": text}})
            return _encoded({"msgtype": "markdown", "markdown": {"title": message.title, "text": text}})

        text = fitted(message, style, lambda text: len(body(text)) <= self.most_bytes)
        return self._post(f"{self.api_url}/robot/send", body(text), self._signed(now))

    def _signed(self, now: Instant) -> dict[str, str]:
        params = {"access_token": self.token.get_secret_value()}
        if self.secret is not None:
            stamp = str(now // 1000)
            secret = self.secret.get_secret_value()
            params |= {"timestamp": stamp, "sign": _signature(secret, f"{stamp}\n{secret}")}
        return params

    def _secrets(self) -> Sequence[str]:
        return [one.get_secret_value() for one in (self.token, self.secret) if one is not None]


class FeishuRoute(Robot):
    """`feishu`: a group robot of Feishu; with `secret` its requests are signed."""

    code, words = "code", "msg"
    most_bytes: ClassVar[int] = 20_000  # of the whole request

    kind: Literal["feishu"]
    token: Printable
    secret: Printable | None = None
    api_url: Https = "https://open.feishu.cn"
    format: Literal["markdown", "text"] = "markdown"

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted."""
        style = markdown if self.format == "markdown" else plain
        signed = self._signed(now)

        def body(text: str) -> bytes:
            if self.format == "text":
                return _encoded(signed | {"msg_type": "text", "content": {"text": text}})
            card = {
                "header": {"title": {"tag": "plain_text", "content": message.title}},
                "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}],
            }
            return _encoded(signed | {"msg_type": "interactive", "card": card})

        text = fitted(message, style, lambda text: len(body(text)) <= self.most_bytes)
        return self._post(f"{self.api_url}/open-apis/bot/v2/hook/{self.token.get_secret_value()}", body(text))

    def _signed(self, now: Instant) -> dict[str, Any]:
        if self.secret is None:
            return {}
        stamp = str(now // SECOND_US)
        return {"timestamp": stamp, "sign": _signature(f"{stamp}\n{self.secret.get_secret_value()}", "")}

    def _secrets(self) -> Sequence[str]:
        return [one.get_secret_value() for one in (self.token, self.secret) if one is not None]


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
            body = _filled(self.body, {name: _encoded(word).decode()[1:-1] for name, word in words.items()}).encode()
        else:
            body = _encoded(_filled(self.body, words))
        headers = {"Content-Type": "application/json; charset=utf-8"} | dict(self.headers)
        return requests.Request("POST", self.url, headers=headers, data=body)

    def _read(self, body: bytes) -> None:
        answer = _json(body) if self.ok else None
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


class AppriseRoute(Route):
    """`apprise`: every other receiver the apprise library knows, by its URL. It takes neither proxy nor authority."""

    kind: Literal["apprise"]
    url: SecretStr
    max_bytes: int | None = Field(default=None, ge=100)  # default: as many as the receiver takes characters

    def check(self) -> None:
        """The library must be there and know the URL."""
        from agent.notify.through_apprise import service

        service(self.url.get_secret_value())

    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Have the library send it; what it says of a failure is no more than that."""
        from agent.notify.through_apprise import service, tell

        try:
            receiver = service(self.url.get_secret_value())
        except ConfigError as unusable:
            raise CollectError(str(unusable)) from None
        most = self.max_bytes or receiver.body_maxlen
        text = fitted(message, plain, lambda text: len(text.encode()) <= most)
        tell(receiver, message.title, text, deadline)


KINDS: Mapping[str, type[Route]] = {
    "wecom": WeComRoute,
    "dingtalk": DingTalkRoute,
    "feishu": FeishuRoute,
    "gateway": GatewayRoute,
    "apprise": AppriseRoute,
    "outbox": OutboxRoute,
}


# --- bytes and answers ------------------------------------------------------------------------------------------------


def _encoded(body: object) -> bytes:
    """JSON in UTF-8 as it stands: escaped, a Chinese character would take twice the bytes."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _signature(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise CollectError("answered no JSON") from None


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:WORDS_OF_OTHERS]


def _quoted(words: str, secrets: Sequence[str]) -> str:
    """A receiver's own words, one short line without what it may have echoed."""
    for secret in secrets:
        words = words.replace(secret, "…")
    line = " ".join(words.split())[:WORDS_OF_OTHERS]
    return f" ({line})" if line else ""
