"""Robots of chat groups as real HTTP servers: they check what the real ones check, and keep what they take."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.web_serving import Asked, Reply

KEY, TOKEN, SECRET = "key-693axxx6", "0a1b2c3d", "SECd0e1f2"
WECOM_BYTES = {"markdown": 4096, "text": 2048}
MOST_BYTES = 20_000
HOUR_SECONDS = 3600


def signature(key: str, words: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), words.encode(), hashlib.sha256).digest()).decode()


@dataclass
class Robot:
    """Answers as its kind does. `received` are the texts shown to the group; `failures` are answered first."""

    check: Callable[[Asked], tuple[str | None, str]]  # what is wrong, and the text
    refusal: Callable[[str], Mapping[str, Any]]
    taken: Mapping[str, Any]
    received: list[str] = field(default_factory=list)
    failures: list[Reply] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Reply:
        if self.failures:
            return self.failures.pop(0)
        wrong, text = self.check(asked)
        if wrong is not None:
            return Reply(self.refusal(wrong))
        self.received.append(text)
        return Reply(self.taken)


def wecom() -> Robot:
    def check(asked: Asked) -> tuple[str | None, str]:
        if asked.path != "/cgi-bin/webhook/send" or asked.query != {"key": KEY}:
            return "invalid webhook url", ""
        body = json.loads(asked.body)
        kind = body["msgtype"]
        text = body[kind]["content"]
        return ("content exceed max length" if len(text.encode()) > WECOM_BYTES[kind] else None), text

    return Robot(check, lambda wrong: {"errcode": 93000, "errmsg": wrong}, {"errcode": 0, "errmsg": "ok"})


def dingtalk() -> Robot:
    def check(asked: Asked) -> tuple[str | None, str]:
        stamp = asked.query.get("timestamp", "0")
        if asked.path != "/robot/send" or asked.query.get("access_token") != TOKEN:
            return "token is not exist", ""
        if abs(time.time() - int(stamp) / 1000) > HOUR_SECONDS:
            return "timestamp is invalid", ""
        if asked.query.get("sign") != signature(SECRET, f"{stamp}\n{SECRET}"):
            return "sign not match", ""
        if len(asked.body.encode()) > MOST_BYTES:
            return "message too long", ""
        body = json.loads(asked.body)
        part = body[body["msgtype"]]
        wrong = None if body["msgtype"] == "text" or part["title"] else "title is empty"
        return wrong, part.get("text") or part["content"]

    return Robot(check, lambda wrong: {"errcode": 310000, "errmsg": wrong}, {"errcode": 0, "errmsg": "ok"})


def feishu() -> Robot:
    def check(asked: Asked) -> tuple[str | None, str]:
        body = json.loads(asked.body)
        stamp = body.get("timestamp", "0")
        if asked.path != f"/open-apis/bot/v2/hook/{TOKEN}":
            return "token invalid", ""
        if abs(time.time() - int(stamp)) > HOUR_SECONDS or body.get("sign") != signature(f"{stamp}\n{SECRET}", ""):
            return "sign match fail or timestamp is not within one hour from current time", ""
        if len(asked.body.encode()) > MOST_BYTES:
            return "message too long", ""
        if body["msg_type"] == "text":
            return None, body["content"]["text"]
        return None, body["card"]["elements"][0]["text"]["content"]

    return Robot(check, lambda wrong: {"code": 19021, "msg": wrong}, {"code": 0, "msg": "success"})
