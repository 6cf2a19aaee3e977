"""Conditions on a record's times and fields, as `among`, `exclude`, `good_when` and the like spell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator

from agent.model import Record

Predicate = Callable[[Record], bool]
COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "ge": Decimal.__ge__,
    "gt": Decimal.__gt__,
    "le": Decimal.__le__,
    "lt": Decimal.__lt__,
}


def check_condition(raw: object) -> Mapping[str, Any]:
    """A mapping of names to tests, all of which must hold; ValueError says what is wrong with it."""
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError("expected a condition such as {level: '1'} or {resolved_at: present}")
    for name, test in raw.items():
        if isinstance(test, Mapping):
            _check_comparison(name, test)
        elif isinstance(test, list | tuple):
            if not test or not all(isinstance(value, str | int | bool) for value in test):
                raise ValueError(f"{name}: expected a list of values, e.g. [a, b]")
        elif not isinstance(test, str | int | bool):
            raise ValueError(f"{name}: expected a value, a list, present, absent, {{not: v}} or {{ge: n}}")
    return raw


def _check_comparison(name: str, test: Mapping[str, Any]) -> None:
    for key, value in test.items():
        if key == "not":
            continue
        if key not in COMPARISONS:
            raise ValueError(f"{name}: unknown comparison {key!r}; known: not, {', '.join(COMPARISONS)}")
        if _number(str(value)) is None:
            raise ValueError(f"{name}: {key} expects a number, got {value!r}")


Condition = Annotated[Mapping[str, Any], BeforeValidator(check_condition)]


def predicate(condition: Mapping[str, Any]) -> Predicate:
    """The condition as a function of a record; an empty one always holds."""
    tests = [_test(name, wanted) for name, wanted in condition.items()]
    match tests:
        case []:
            return lambda record: True
        case [only]:
            return only
        case _:
            return lambda record: all(test(record) for test in tests)


def _test(name: str, wanted: object) -> Predicate:
    match wanted:
        case "present":
            return lambda record: name in record.times or name in record.fields
        case "absent":
            return lambda record: name not in record.times and name not in record.fields
        case Mapping():
            parts = [_comparison(name, key, value) for key, value in wanted.items()]
            return lambda record: all(part(record) for part in parts)
        case list() | tuple():
            values = {text_of(value) for value in wanted}
            return lambda record: record.fields.get(name) in values
        case _:
            value = text_of(wanted)
            return lambda record: record.fields.get(name) == value


def _comparison(name: str, key: str, value: object) -> Predicate:
    if key == "not":
        inner = _test(name, value)
        return lambda record: not inner(record)
    compare = COMPARISONS[key]
    bound = Decimal(str(value))

    def holds(record: Record) -> bool:
        number = _number(record.fields.get(name, ""))
        return number is not None and compare(number, bound)

    return holds


def text_of(value: object) -> str:
    """A value in the spelling field texts have: booleans as true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
        return number if number.is_finite() else None
    except InvalidOperation:
        return None
