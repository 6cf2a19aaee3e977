"""The files behind a pack: targets as they are written, sources without secrets, and both read again elsewhere."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Secret, SecretStr

from agent.config import Config, Plan, load
from agent.config.document import Document
from agent.config.problems import Problems
from agent.config.sources import Collectors
from agent.evidence.writing import BOM
from agent.model import ConfigError

HIDDEN = "***"


def plan_names(config: Config) -> dict[str, Plan]:
    """The plans by the name their files have in a pack: the year, and a number where several are of one."""
    names: dict[str, Plan] = {}
    for plan in config.plans:
        of_year = sum(other.year == plan.year for other in names.values())
        names[f"{plan.year}" if not of_year else f"{plan.year}-{of_year + 1}"] = plan
    return names


def targets_texts(config: Config) -> dict[str, bytes]:
    """The targets files, as they are written."""
    return {name: plan.path.read_bytes() for name, plan in plan_names(config).items()}


def sources_text(config: Config, path: Path) -> bytes:
    """The sources file as JSON, references unread; a secret that was typed into it is hidden."""
    problems = Problems()
    content = Document.of_file(path, problems).content
    problems.raise_any()
    for source in config.sources:
        secrets = set(_secrets(source.options))
        content["sources"][source.id] = _without(content["sources"][source.id], secrets)
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _secrets(value: object) -> Iterator[str]:
    """Every text the collector's options keep secret. An address without account and parameters tells nothing."""
    match value:
        case SecretStr() | Secret():
            yield from _secrets_in(value.get_secret_value())
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name))
        case Mapping():
            for one in value.values():
                yield from _secrets(one)
        case list() | tuple():
            for one in value:
                yield from _secrets(one)


def _secrets_in(secret: object) -> Iterator[str]:
    match secret:
        case str():
            if "://" not in secret or "@" in secret or "?" in secret:
                yield secret
        case Mapping():
            for one in secret.values():
                yield str(one)


def _without(raw: Any, secrets: set[str]) -> Any:
    match raw:
        case dict():
            return {key: _without(value, secrets) for key, value in raw.items()}
        case list():
            return [_without(value, secrets) for value in raw]
        case str() if raw in secrets:
            return HIDDEN
        case _:
            return raw


def read_again(folder: Path, names: list[str], collectors: Collectors) -> Config:
    """The configuration in a pack's files, on the working days that were resolved when it was written.

    `folder` holds them as the pack does; ConfigError says what is wrong with them.
    """
    targets = [folder / "targets" / f"{name}.yaml" for name in names]
    config = load(targets, folder / "sources.json", collectors=collectors, offline=True)
    by_name = {
        name: _on_its_days(plan, folder / "calendar" / f"{name}.csv") for name, plan in plan_names(config).items()
    }
    return replace(config, plans=tuple(by_name.values()))


def _on_its_days(plan: Plan, file: Path) -> Plan:
    table = csv.reader(StringIO(file.read_text(encoding="utf-8").removeprefix(BOM)))
    next(table, None)
    try:
        days = [(date.fromisoformat(row[0]).toordinal(), row[1] == "1") for row in table]
    except (ValueError, IndexError) as broken:
        raise ConfigError(f"calendar/{file.name}：每行应为一个日期及其是否工作日") from broken
    if not days or [day for day, _ in days] != list(range(days[0][0], days[0][0] + len(days))):
        raise ConfigError(f"calendar/{file.name}：每一天应依次出现一次")
    first, until = days[0][0], days[-1][0] + 1
    return replace(plan, calendar=plan.calendar.on_days(first, until, (day for day, works in days if works)))
