"""What the log of acts comes to: requests that wait, exclusions in force, readings confirmed. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agent.config import Indicator
from agent.ledger.acts import Act
from agent.model import Objection

EXCLUDE, RESTORE, APPROVE, CONFIRM, DEFINE = "exclude", "restore", "approve", "confirm", "define"
OBJECT = "object"  # to a reading; the last of objecting and confirming holds
RETRACT = "retract"  # a request is taken back by the account that made it
WITHDRAW = "withdraw"  # that many records of a source are gone was accepted


class Standing(NamedTuple):
    """What the acts come to: requests that wait for approval, exclusions in force, readings agreed to or not."""

    waiting: tuple[Act, ...]
    excluded: Mapping[tuple[str, str], Act]  # (source/id, indicator or "") → the request in force
    confirmed: Mapping[str, Act]  # project/indicator → the last confirmation, unless it was objected to since
    objected: Mapping[str, Act]  # project/indicator → the last objection, unless it was confirmed since


def standing(log: Iterable[Act]) -> Standing:
    """Fold the log into what holds now."""
    requests: dict[int, Act] = {}
    excluded: dict[tuple[str, str], Act] = {}
    confirmed: dict[str, Act] = {}
    objected: dict[str, Act] = {}
    for act in log:
        match act.kind:
            case "exclude" | "restore":
                requests[act.n] = act
            case "define":  # a later change of the same row takes the place of one that still waits
                for n in [n for n, other in requests.items() if _is_of_one_row(act, other)]:
                    del requests[n]
                requests[act.n] = act
            case "approve":
                request = requests.pop(int(act.subject))
                if request.kind == EXCLUDE:
                    excluded[(request.subject, request.body["indicator"])] = request
                elif request.kind == RESTORE:
                    excluded.pop((request.subject, request.body["indicator"]), None)
            case "retract":
                requests.pop(int(act.subject), None)
            case "confirm":
                confirmed[act.subject] = act
                objected.pop(act.subject, None)
            case "object":
                objected[act.subject] = act
                confirmed.pop(act.subject, None)
    return Standing(tuple(requests.values()), excluded, confirmed, objected)


def _is_of_one_row(act: Act, other: Act) -> bool:
    return other.kind == DEFINE and (act.subject, act.body["year"]) == (other.subject, other.body["year"])


def objection_of(act: Act) -> Objection:
    """The objection an act made."""
    return Objection(act.n, act.at, act.account, act.body["objection"])


def reading_hash(indicator: Indicator) -> str:
    """What is confirmed: how the row is measured and what is demanded of it."""
    meaning = {
        "measure": indicator.measure.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "targets": [[begins, target.op, str(target.value), target.word] for begins, target in indicator.targets],
        "text": indicator.text,
    }
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
