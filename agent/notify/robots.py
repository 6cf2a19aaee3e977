"""Robots of chat groups: how a message looks to each, how long it may be, how it is signed, what the answer means.

They answer HTTP 200 to what they refuse, so that the code inside the answer decides.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import requests

from agent.model import SECOND_US, CollectError, Instant
from agent.notify.message import Message, fitted, markdown, plain
from agent.notify.route import JSON, WORDS_OF_OTHERS, HttpRoute, Https, Printable, decoded, encoded

MOST_BYTES = 20_000  # of a whole request


class Robot(HttpRoute):
    """A robot of a chat group: a JSON body of a certain size, and a code in the answer."""

    code: ClassVar[str] = "errcode"
    words: ClassVar[str] = "errmsg"

    format: Literal["markdown", "text"] = "markdown"

    def request(self, message: Message, now: Instant) -> requests.Request:
        """What is posted: the longest text that fits."""
        style = markdown if self.format == "markdown" else plain
        text = fitted(message, style, lambda text: self._fits(self._post(text, message.title, now), text))
        return self._post(text, message.title, now)

    @abstractmethod
    def _post(self, text: str, title: str, now: Instant) -> requests.Request:
        """The request for a text."""

    def _fits(self, request: requests.Request, text: str) -> bool:
        return len(request.data) <= MOST_BYTES

    def _read(self, body: bytes) -> None:
        answer = decoded(body)
        code = answer.get(self.code) if isinstance(answer, Mapping) else None
        if code != 0:
            said = str(answer.get(self.words, "")) if isinstance(answer, Mapping) else ""
            raise CollectError(f"refused: {self.code} {code!r}{_quoted(said, self._secrets())}")

    @abstractmethod
    def _secrets(self) -> Sequence[str]:
        """What the answer may echo and no message of ours may repeat."""


class WeComRoute(Robot):
    """`wecom`: a group robot of WeCom, or of 政务微信 under its own `api_url`."""

    most_bytes: ClassVar[Mapping[str, int]] = {"markdown": 4096, "text": 2048}  # of the text alone

    kind: Literal["wecom"]
    key: Printable
    api_url: Https = "https://qyapi.weixin.qq.com"

    def _post(self, text: str, title: str, now: Instant) -> requests.Request:
        body = {"msgtype": self.format, self.format: {"content": text}}
        return _request(f"{self.api_url}/cgi-bin/webhook/send", body, {"key": self.key.get_secret_value()})

    def _fits(self, request: requests.Request, text: str) -> bool:
        return len(text.encode()) <= self.most_bytes[self.format]

    def _secrets(self) -> Sequence[str]:
        return [self.key.get_secret_value()]


class SignedRobot(Robot):
    """A robot known by its token, whose requests are signed where it has a `secret`."""

    token: Printable
    secret: Printable | None = None

    def _secrets(self) -> Sequence[str]:
        return [one.get_secret_value() for one in (self.token, self.secret) if one is not None]


class DingTalkRoute(SignedRobot):
    """`dingtalk`: a group robot of DingTalk."""

    kind: Literal["dingtalk"]
    api_url: Https = "https://oapi.dingtalk.com"

    def _post(self, text: str, title: str, now: Instant) -> requests.Request:
        part = {"content": text} if self.format == "text" else {"title": title, "text": text}
        params = {"access_token": self.token.get_secret_value(), **self._signed(now)}
        return _request(f"{self.api_url}/robot/send", {"msgtype": self.format, self.format: part}, params)

    def _signed(self, now: Instant) -> dict[str, str]:
        if self.secret is None:
            return {}
        stamp, secret = str(now // 1000), self.secret.get_secret_value()
        return {"timestamp": stamp, "sign": _signature(secret, f"{stamp}\n{secret}")}


class FeishuRoute(SignedRobot):
    """`feishu`: a group robot of Feishu."""

    code, words = "code", "msg"

    kind: Literal["feishu"]
    api_url: Https = "https://open.feishu.cn"

    def _post(self, text: str, title: str, now: Instant) -> requests.Request:
        url = f"{self.api_url}/open-apis/bot/v2/hook/{self.token.get_secret_value()}"
        if self.format == "text":
            return _request(url, self._signed(now) | {"msg_type": "text", "content": {"text": text}})
        card = {
            "header": {"title": {"tag": "plain_text", "content": title}},
            "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": text}}],
        }
        return _request(url, self._signed(now) | {"msg_type": "interactive", "card": card})

    def _signed(self, now: Instant) -> dict[str, Any]:
        if self.secret is None:
            return {}
        stamp = str(now // SECOND_US)
        return {"timestamp": stamp, "sign": _signature(f"{stamp}\n{self.secret.get_secret_value()}", "")}


def _request(url: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None) -> requests.Request:
    return requests.Request("POST", url, params=params, data=encoded(body), headers=JSON)


def _signature(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def _quoted(words: str, secrets: Sequence[str]) -> str:
    """A receiver's own words, one short line without what it may have echoed."""
    for secret in secrets:
        words = words.replace(secret, "…")
    line = " ".join(words.split())[:WORDS_OF_OTHERS]
    return f" ({line})" if line else ""
