"""The kinds of route there are, by the word that sources.yaml says, and the two that post to no server of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr

from agent.model import CollectError, ConfigError, Instant
from agent.notify.gateway import GatewayRoute
from agent.notify.message import Message, fitted, plain
from agent.notify.robots import DingTalkRoute, FeishuRoute, WeComRoute
from agent.notify.route import Route


class OutboxRoute(Route):
    """`outbox`: nowhere but the list of messages that the agent's page shows."""

    kind: Literal["outbox"]

    def send(self, message: Message, now: Instant, deadline: float) -> None:
        """Every message is listed before it is sent; there is nothing else to do."""


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
