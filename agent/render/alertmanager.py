"""Alertmanager's configuration: the routes written by hand, and the working hours of the site's own calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from agent.config import Config, Plan
from agent.model import ConfigError
from agent.render.documents import document
from agent.worktime.local import Spans

INTERVAL = "working-hours"
HANDWRITTEN = Path("alertmanager/alertmanager.yml")
TEMPLATES = Path("alertmanager/templates")


def files(config: Config, deploy: Path) -> Mapping[str, str]:
    """The routes of `deploy/alertmanager` with the working hours added, and the templates they use."""
    path = deploy / HANDWRITTEN
    try:
        written = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: expected the routes written by hand: {error.strerror}") from None
    try:
        parsed = yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: expected YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(parsed, dict) or "time_intervals" in parsed:
        raise ConfigError(f"{path}: expected a configuration without time_intervals, which come from the calendar")
    added = document({"time_intervals": [{"name": INTERVAL, "time_intervals": list(intervals(config))}]}, config)
    templates = {
        f"{TEMPLATES}/{file.name}": file.read_text(encoding="utf-8")
        for file in sorted((deploy / TEMPLATES).glob("*.tmpl"))
    }
    return {str(HANDWRITTEN): f"{written}\n{added}", **templates}


def intervals(config: Config) -> Iterator[dict[str, Any]]:
    """The service hours of every known working day, by month; after the last known year Monday to Friday."""
    for plan in config.plans:
        last = date(plan.year, 12, 31).toordinal() + 1
        if plan is config.plans[-1]:
            last = max(last, plan.calendar.covered_until)
        yield from _of_days(plan, date(plan.year, 1, 1).toordinal(), min(last, plan.calendar.covered_until))
    plan = config.plans[-1]
    unknown = date.fromordinal(plan.calendar.covered_until).year
    known_first = plan.calendar.working_days(plan.calendar.covered_until - 14, plan.calendar.covered_until)
    usual = plan.calendar.service_spans(known_first[-1]) if known_first else ()
    yield {
        "weekdays": ["monday:friday"],
        "years": [f"{unknown}:{unknown + 50}"],
        "times": _times(usual),
        "location": plan.timezone,
    }


def _of_days(plan: Plan, first: int, end: int) -> Iterator[dict[str, Any]]:
    """Working days with the same hours in one month are one entry."""
    found: dict[tuple[int, int, Spans], list[int]] = {}
    for day in plan.calendar.working_days(first, end) if first < end else ():
        on = date.fromordinal(day)
        found.setdefault((on.year, on.month, plan.calendar.service_spans(day)), []).append(on.day)
    for (year, month, spans), days in found.items():
        if spans:
            yield {
                "years": [str(year)],
                "months": [str(month)],
                "days_of_month": [str(day) for day in days],
                "times": _times(spans),
                "location": plan.timezone,
            }


def _times(spans: Spans) -> list[dict[str, str]]:
    return [{"start_time": _clock(opens), "end_time": _clock(closes)} for opens, closes in spans]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
