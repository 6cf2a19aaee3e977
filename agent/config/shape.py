"""Checks parts of a document against pydantic models and puts what is wrong into words with a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.config.document import Document
from agent.config.problems import MISSING, Path, unknown

Model = TypeVar("Model", bound=BaseModel)
NOWHERE = object()
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "string_pattern_mismatch": "a name of letters, digits, - and _",
    "string_too_short": "text",
    "too_short": "at least one",
    "frozen_set_type": "a list",
}


def shaped(
    document: Document, path: Path, model: type[Model], raw: object, secret: frozenset[Path] = frozenset()
) -> Model | None:
    """`raw` as the model, or None with every mistake noted. Values at the paths in `secret` are not shown."""
    try:
        return model.model_validate(raw if raw is not None else {})
    except ValidationError as error:
        for details in error.errors(include_url=False):
            where = _written(raw, details)
            shown = not any(_one_within_other((*path, *where), one) for one in secret)
            document.problem((*path, *where), _message(model, where, details, shown))
        return None


def _one_within_other(one: Path, other: Path) -> bool:
    return one[: len(other)] == other or other[: len(one)] == one


def _written(raw: object, details: ErrorDetails) -> Path:
    """The error's place as the file spells it: without the names pydantic gives to its own branches."""
    path: list[str | int] = []
    for part in details["loc"]:
        inner = _inside(raw, part)
        if inner is not NOWHERE:
            path.append(part)
            raw = inner
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    return tuple(path)


def _inside(raw: object, part: str | int) -> object:
    if isinstance(raw, Mapping):
        return raw.get(part, NOWHERE)
    if isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw):
        return raw[part]
    return NOWHERE


def _message(model: type[BaseModel], where: Path, details: ErrorDetails, shown: bool) -> str:
    kind, context = details["type"], details.get("ctx", {})
    got = f", got {_briefly(details['input'])}" if shown else ""
    if kind == "missing":
        return MISSING
    if kind == "extra_forbidden":
        return unknown("key", str(where[-1]), _known_keys(model, where[:-1]))
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"expected {context['expected']}{got}"
    if kind in EXPECTED:
        return f"expected {EXPECTED[kind]}{got}"
    text = details["msg"]
    return text[0].lower() + text[1:] + got


def _briefly(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys with values"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _known_keys(model: type[BaseModel], path: Path) -> set[str]:
    """The keys that may stand at a path below a model; none where the path leaves what models say."""
    models = {model}
    for part in path:
        fields = [field for one in models for name, field in one.model_fields.items() if part in (name, field.alias)]
        if fields:
            models = {inner for field in fields for inner in _models_in(field.annotation)}
    return {field.alias or name for one in models for name, field in one.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
