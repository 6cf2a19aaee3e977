"""What changes between the definitions a ledger serves and those of the files: key by key, in the files' own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from agent.book.definition import Definition, Place
from agent.book.promise import DEMANDS
from agent.book.revival import measure_as_written
from agent.ledger import Ledger
from agent.model import SECOND_US
from agent.worktime import Duration

FOLLOWS = {"limits", "deadline", "year"}  # what follows from the target, which stands there itself
CALENDAR = "calendar"


class Part(NamedTuple):
    """One key with what it was and what it is to be; None: not there."""

    key: str
    old: str | None
    new: str | None


class Change(NamedTuple):
    """What becomes of one indicator: with `old` or `new` None it is added or removed."""

    place: Place
    name: str
    old: str | None  # the hash of the definition that serves
    new: str | None
    parts: tuple[Part, ...]


def changes(ledger: Ledger, definitions: Sequence[Definition]) -> tuple[Change, ...]:
    """What registering these definitions would change, in the order of the files and then what they no longer hold."""
    served = _served(ledger)
    found = []
    for one in definitions:
        if one.project:
            hashed, spec = served.pop(one.place, (None, None))
            parts = tuple(differing(spec, one.spec))
            if parts or hashed != one.hash:
                found.append(Change(one.place, _name(one.spec, one.indicator), hashed, one.hash, parts))
    gone = [Change(at, _name(spec, at[2]), old, None, ()) for at, (old, spec) in served.items() if at[1]]
    return (*found, *gone)


def differing(old: str | None, new: str) -> Iterator[Part]:
    """The keys in which two stored texts differ. What the older text does not tell is not compared."""
    if old is None:
        return
    former, later = json.loads(old), json.loads(new)
    before, after = _told(former), _told(later)
    if "promise" not in former:
        after = {key: text for key, text in after.items() if key not in _promised(later)}
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield Part(key, before.get(key), after.get(key))


def reason_of(old: str, new: str) -> str:
    """The difference in one line, as an approver reads it."""
    return "；".join(f"{part.key}: {part.old or '无'} → {part.new or '无'}" for part in differing(old, new))


def _served(ledger: Ledger) -> dict[Place, tuple[str | None, str | None]]:
    with ledger.read() as session:
        rows = session.rows(
            "SELECT year, project, indicator, hash, spec FROM definition WHERE state IN ('active', 'leaving') "
            "ORDER BY CASE state WHEN 'leaving' THEN 0 ELSE 1 END, pk"
        )
    return {(year, project, indicator): (hashed, spec) for year, project, indicator, hashed, spec in rows}


def _name(spec: str | None, indicator: str) -> str:
    promise = json.loads(spec).get("promise") if spec is not None else None
    return str(promise["name"]) if promise else indicator


def _told(spec: Mapping[str, Any]) -> dict[str, str]:
    told = _promised(spec)
    told |= {f"measure.{key}": _text(value) for key, value in measure_as_written(spec["measure"]).items()}
    beside = spec.keys() - FOLLOWS - {"measure", "promise"}
    return told | {key: _text(spec[key]) for key in sorted(beside) if spec[key] or key == CALENDAR}


def _promised(spec: Mapping[str, Any]) -> dict[str, str]:
    promise = spec.get("promise") or {}
    told = {key: str(promise[key]) for key in ("name", "note") if promise.get(key)}
    if targets := promise.get("target"):
        told["target"] = "；".join(_target(*target[:6]) for target in targets)
        told["text"] = targets[-1][6]
    told |= {key: _demand(key, promise[key]) for key in DEMANDS if promise.get(key) and key != "target"}
    return told | {f"weight.{form}": points for form, points in promise.get("weight", {}).items()}


def _demand(key: str, value: Any) -> str:
    match value:
        case int() if key in ("judged_on", "attest_by"):
            return date.fromordinal(value).isoformat()
        case Mapping():
            return "；".join(f"{month} {_quantity(share, 'ratio')}" for month, share in sorted(value.items()))
        case float():
            return _quantity(str(value), "ratio")
        case _:
            return str(value)


def _target(begins: int | None, op: str, value: str | None, high: str | None, word: str | None, unit: str) -> str:
    since = f"{date.fromordinal(begins)} 起 " if begins is not None else ""
    if value is None:
        return since + (word or "")
    if high is not None:
        return f"{since}{_quantity(value, unit)} .. {_quantity(high, unit)}"
    return f"{since}{op} {_quantity(value, unit)}"


def _quantity(value: str, unit: str) -> str:
    number = Fraction(value)
    match unit:
        case "ratio":
            return f"{_decimal(number * 100)} %"
        case "seconds":
            return Duration(microseconds=int(number * SECOND_US)).text
        case "date":
            return date.fromordinal(int(number)).isoformat()
        case _:
            return _decimal(number) + (" CNY" if unit == "CNY" else "")


def _decimal(number: Fraction) -> str:
    return f"{(Decimal(number.numerator) / Decimal(number.denominator)).normalize():f}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
