"""What a row promises, as the ledger keeps it beside the rule its records are counted by; which of it judges. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from agent.config import Indicator
from agent.model import Day, Target, Unit

# By these a value is judged: a change of one waits for approval. The others are told, and taken over at once.
DEMANDS = ("target", "accumulation", "judged_on", "plan", "attest_by", "coverage_min", "when_empty")
Demands = Mapping[str, object]


def canonical(content: object) -> str:
    """The one text of a content."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def promise_of(indicator: Indicator) -> dict[str, object]:
    """What was promised, as the file says it."""
    return {
        "name": indicator.name,
        "target": [
            [
                begins,
                target.op,
                _number(target.value),
                _number(target.high),
                target.word,
                target.unit.value,
                target.text,
            ]
            for begins, target in indicator.targets
        ],
        "weight": {form: str(points) for form, points in indicator.weight.items()},
        "note": indicator.note,
        "accumulation": indicator.accumulation,
        "judged_on": indicator.judged_on,
        "plan": {month: str(share) for month, share in indicator.plan.items()},
        "attest_by": indicator.attest_by,
        "coverage_min": indicator.coverage_min,
        "when_empty": indicator.when_empty,
    }


def _number(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def version_of(spec: str) -> str:
    """The hash of everything a verdict depends on beside the records: how they are counted, and what is demanded."""
    told = json.loads(spec)
    demanded = _demands(told.pop("promise", None))
    return hashlib.sha256(canonical([told, demanded]).encode()).hexdigest()[:16]


def demands_differ(old: str, new: str) -> bool:
    """Whether another value would be demanded. What the older text does not tell is not compared."""
    former, later = (_demands(json.loads(spec).get("promise")) for spec in (old, new))
    return any(former[key] != later.get(key) for key in former)


def _demands(promise: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a stored promise judges; how a target is printed does not."""
    told = {key: promise[key] for key in DEMANDS if key in promise} if promise else {}
    return told | {"target": [target[:6] for target in told["target"]]} if told else told


def with_promise(spec: str, promise: object) -> str:
    """A rule's text with another promise."""
    return canonical({**json.loads(spec), "promise": promise})


def as_promised(indicator: Indicator, spec: str) -> Indicator:
    """An indicator of the files with what the ledger's text demands of it, as far as that tells it."""
    promise = json.loads(spec).get("promise") or {}
    told: dict[str, Any] = {key: promise[key] for key in DEMANDS if key in promise}
    if "target" in told:
        told["targets"] = tuple(_target(*target) for target in told.pop("target"))
    if "plan" in told:
        told["plan"] = {month: Fraction(share) for month, share in told["plan"].items()}
    return replace(indicator, **told)


def _target(
    begins: Day | None, op: str, value: str | None, high: str | None, word: str | None, unit: str, text: str
) -> tuple[Day | None, Target]:
    number, upper = (None if one is None else Fraction(one) for one in (value, high))
    return begins, Target(op, number, Unit(unit), text, high=upper, word=word)
