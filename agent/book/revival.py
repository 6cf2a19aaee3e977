"""Definitions out of the text the ledger keeps, so that one is derived on after its file has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.book.definition import Definition, derived, meaning_of
from agent.measures import MEASURES, Setting
from agent.worktime import Duration, Hours

DURATIONS = ("limit", "judge_after")  # the keys of measures that are lengths of time


def revived(successor: Definition, spec: str) -> Definition | None:
    """The definition of a stored text, on the calendar of the plan that replaces it; None where it cannot be derived.

    That is so after a change of time zone, and for a text written by a program that measured otherwise.
    """
    told = json.loads(spec)
    plan = successor.plan
    if told["timezone"] != plan.timezone:
        return None
    try:
        measure = MEASURES[told["measure"]["kind"]].model_validate(measure_as_written(told["measure"]))
    except (KeyError, ValueError):
        return None
    hours: Mapping[str, list[str]] = told.get("hours", {})
    setting = Setting(
        year=plan.year,
        days=plan.days,
        calendar=plan.calendar,
        hours={id: Hours(texts, plan.days) for id, texts in hours.items()},
        maintenance={id: tuple((a, b) for a, b in pairs) for id, pairs in told.get("maintenance", {}).items()},
        limits=tuple((begins, limit) for begins, limit in told.get("limits", ())),
        deadline=told.get("deadline"),
    )
    meaning = meaning_of(measure, setting, hours)
    names = successor.project, successor.indicator
    return derived(plan, *names, measure, setting, successor.watch, meaning, told.get("promise"))


def measure_as_written(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a measure as targets.yaml has them, lengths of time in words."""
    return {key: _spelled(value) if key in DURATIONS else value for key, value in stored.items()}


def _spelled(stored: Any) -> Any:
    match stored:
        case {"microseconds": int() as length, **rest} if not any(rest.values()):
            return Duration(microseconds=length).text
        case {"workdays": int() as days, **rest} if not any(rest.values()):
            return Duration(workdays=days).text
        case {"fixed": fixed}:
            return _spelled(fixed)
        case {"by": field, "table": table}:
            return {"by": field, "table": {value: _spelled(one) for value, one in table.items()}}
        case _:
            return stored
