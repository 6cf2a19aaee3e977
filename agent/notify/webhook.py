"""What Alertmanager posts to a webhook (version 4) → a message in Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent import words
from agent.notify.message import Item, Message

MOST_BYTES = 4 << 20
RANKS = {severity: rank for rank, severity in enumerate(words.SEVERITIES)}
NOT_TOLD_WHEN_OVER = "info"  # that a digest is no longer standing is no news


def _present(raw: object) -> object:
    return {} if raw is None else raw


Texts = Annotated[Mapping[str, str], BeforeValidator(_present)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, hide_input_in_errors=True)


class PostedAlert(_Part):
    """One alert as Alertmanager describes it."""

    status: Literal["firing", "resolved"]
    labels: Texts
    annotations: Texts = {}
    starts_at: str = Field(default="", alias="startsAt")


class Posted(_Part):
    """One notification: a group of alerts."""

    version: Literal["4"]
    alerts: tuple[PostedAlert, ...]
    truncated: int = Field(default=0, ge=0, alias="truncatedAlerts")


def read(body: bytes) -> Posted:
    """The notification in a request's body; ValueError says what is wrong with it, quoting nothing."""
    try:
        return Posted.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def message_of(posted: Posted) -> Message | None:
    """The message a group of alerts makes, the most urgent first; None where nothing is worth saying.

    Alerts of one text are one item: a record rings for everybody it concerns in one message.
    """
    firing = [alert for alert in posted.alerts if alert.status == "firing"]
    over = [
        alert
        for alert in posted.alerts
        if alert.status == "resolved" and alert.labels.get("severity") != NOT_TOLD_WHEN_OVER
    ]
    firing.sort(key=lambda alert: (RANKS.get(alert.labels.get("severity", ""), len(RANKS)), alert.starts_at))
    standing = list(dict.fromkeys(_standing(alert) for alert in firing))
    ended = list(dict.fromkeys(_ended(alert) for alert in over))
    return several(standing, ended, posted.truncated)


def several(standing: Sequence[Item], ended: Sequence[Item], left_out: int = 0) -> Message | None:
    """What stands, then what has ended, with a line above that counts them where there is more than one."""
    items = (*standing, *ended)
    if not items:
        return None
    number = len(items) + left_out
    over = sum(item.text.startswith(f"【{words.ENDED}】") for item in ended)
    kinds = ((len(standing), "条待处理"), (over, "条已解除"), (len(ended) - over, f"条{words.LET_GO}"))
    counts = "，".join(f"{count}{kind}" for count, kind in kinds if count)
    heading = "" if number == 1 else f"共{number}条" if left_out else f"共{number}条：{counts}"
    return Message(items, heading, left_out)


def _standing(alert: PostedAlert) -> Item:
    summary = alert.annotations.get("summary") or alert.labels.get("alertname", "")
    if not summary.startswith("【"):
        severity = alert.labels.get("severity", "")
        summary = f"【{words.SEVERITIES.get(severity, severity) or words.ALERT}】{summary}"
    description = alert.annotations.get("description", "")
    text = f"{summary}\n{description}" if description and description != summary else summary
    return Item(text, alert.annotations.get("dashboard_url") or None)


def _ended(alert: PostedAlert) -> Item:
    """How an alert ended, as it says itself. One of the agent's own that does not say was posted no longer."""
    notes = alert.annotations
    if "ended" in notes:
        return Item(notes["ended"])
    if "subject" in notes:
        return Item(words.unheard(notes["subject"]))
    summary = notes.get("summary") or alert.labels.get("alertname", "")
    return Item(f"【{words.ENDED}】{summary.partition('】')[2] or summary}")
