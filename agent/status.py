"""A Snapshot as the JSON object that `status --json` prints and `/api/v1/status` answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from agent.config import Config
from agent.evaluate import WINDOW_NAMES
from agent.model import (
    SECOND_US,
    Acknowledgement,
    ConfigError,
    Course,
    Day,
    Finding,
    Forecast,
    Instant,
    Objection,
    OpenRecord,
    Snapshot,
    SourceStatus,
    Statement,
    Target,
    Unit,
    Verdict,
    instant_of,
    utc_of,
)

Json = dict[str, Any]
PARAMETERS = ("window", "from", "to", "at", "as_of", "system", "open")
YEARS = range(1900, 2201)  # what can be asked about; all arithmetic on days stays well inside what dates can hold
YES_OR_NO = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the status: a named window, or the local days [first, last), of one system or of all."""

    window: str = "ytd"
    first: Day | None = None
    last: Day | None = None
    at: Instant | None = None  # judged at this instant with what is known today
    as_of: Instant | None = None  # with what was known then
    system: str | None = None
    with_open: bool = False
    through: int | None = None  # with what was known in this batch, …
    learned_by: Instant | None = None  # … which was the last at this instant; None: at `as_of`
    with_year: bool = False  # beside the days asked for the window `year`, to which what is foreseen belongs

    @property
    def is_of_now(self) -> bool:
        """Whether the latest Snapshot holds the answer."""
        return self.first is None and self.at is None and self.as_of is None


def question(asked: Mapping[str, str], config: Config) -> Question:
    """The question behind options or query parameters as typed; ConfigError names everything wrong with them."""
    problems = [
        f"unknown parameter {name!r}; known: {', '.join(PARAMETERS)}" for name in asked if name not in PARAMETERS
    ]
    known = {system for plan in config.plans for system in plan.systems}
    if (window := asked.get("window", "ytd")) not in WINDOW_NAMES:
        problems.append(f"window: expected one of {', '.join(WINDOW_NAMES)}, got {window!r}")
    if (system := asked.get("system")) is not None and system not in known:
        problems.append(f"system: unknown system {system!r}; known: {', '.join(sorted(known))}")
    if (with_open := YES_OR_NO.get(asked.get("open", "0"))) is None:
        problems.append(f"open: expected 1 or 0, got {asked['open']!r}")
    moments = {name: _read(asked.get(name), name, config, problems) for name in ("from", "to", "at", "as_of")}
    days = {name: _day(moments[name], name, config, problems) for name in ("from", "to")}
    problems += _not_together(asked, days["from"], days["to"])
    if problems:
        raise ConfigError(problems)
    return Question(window, days["from"], days["to"], moments["at"], moments["as_of"], system, bool(with_open))


def _read(text: str | None, name: str, config: Config, problems: list[str]) -> Instant | None:
    """A typed date or time; one without a zone is local."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        problems.append(f"{name}: expected a date or time such as 2026-11-23 or 2026-11-23T10:00, got {text!r}")
        return None
    if read.year not in YEARS:
        problems.append(f"{name}: expected a date from {YEARS[0]} to {YEARS[-1]}, got {text!r}")
        return None
    return config.plans[0].days.instant_of(read) if read.tzinfo is None else instant_of(read)


def _day(moment: Instant | None, name: str, config: Config, problems: list[str]) -> Day | None:
    if moment is None:
        return None
    days = config.plans[0].days
    if days.start_of(day := days.day_of(moment)) != moment:
        problems.append(f"{name}: expected a date such as 2026-11-23, got a time of day")
    return day


def _not_together(asked: Mapping[str, str], first: Day | None, last: Day | None) -> list[str]:
    if ("from" in asked) != ("to" in asked):
        return ["from and to: expected both or none; the window is [from, to)"]
    if "from" in asked and "window" in asked:
        return ["window: expected either a window or from and to, got both"]
    if first is not None and last is not None and first >= last:
        return ["from and to: expected from before to, the first day that no longer belongs to the window"]
    if "at" in asked and "as_of" in asked:
        return ["at and as_of: expected one of them, got both"]
    return []


def status_answer(
    snapshot: Snapshot,
    config: Config,
    window: str = "ytd",
    system: str | None = None,
    *,
    project: str | None = None,
    indicator: str | None = None,
    with_open: bool = False,
) -> Json:
    """The verdicts of one window, all systems together and each system, or of `system` alone.

    Every key is always there; what is unknown is None. `with_open` adds the nearest open records.
    """
    zone = zone_of(config)
    wanted = {"project": project, "indicator": indicator, "system": system}
    chosen = {name: value for name, value in wanted.items() if value is not None}
    answer: Json = {
        "as_of": _moment(snapshot.as_of, zone),
        "indicators": [
            _verdict(verdict, zone)
            for verdict in snapshot.verdicts
            if verdict.window.name == window and _is_chosen(verdict, chosen)
        ],
        "sources": [_source(source, zone) for source in snapshot.sources],
        "findings": [_finding(finding, zone) for finding in snapshot.findings],
    }
    if with_open:
        answer["open"] = [_open_record(one, snapshot.as_of, zone) for one in snapshot.open if _is_chosen(one, chosen)]
    return answer


def zone_of(config: Config) -> tzinfo:
    """The time zone in which instants are written: that of the first targets file."""
    return ZoneInfo(config.plans[0].timezone)


def _is_chosen(one: Verdict | OpenRecord, chosen: Mapping[str, str]) -> bool:
    return all(getattr(one, name) == value for name, value in chosen.items())


def _verdict(verdict: Verdict, zone: tzinfo) -> Json:
    return {
        "project": verdict.project,
        "indicator": verdict.indicator,
        "name": verdict.name,
        "system": verdict.system,
        "window": verdict.window.name,
        "start": _moment(verdict.window.start, zone),
        "end": _moment(verdict.window.end, zone),
        "value": verdict.text if verdict.unit is Unit.TEXT else _value(verdict.value, verdict.unit),
        "unit": verdict.unit.value,
        "target": None if verdict.target is None else _target(verdict.target),
        "state": verdict.state.value,
        "flags": list(verdict.flags),
        "good": verdict.good,
        "bad": verdict.bad,
        "open": verdict.open,
        "excluded": verdict.excluded,
        "coverage": _finite(verdict.coverage),
        "reachable": verdict.reachable,
        "allowance_left": verdict.allowance_left,
        "forecast": None if verdict.forecast is None else _forecast(verdict.forecast),
        "rate_needed": _value(verdict.rate_needed, verdict.unit),
        "unreachable_on": _date(verdict.unreachable_on),
        "course": None if verdict.course is None else _course(verdict.course, verdict.unit),
        "reason": verdict.reason,
        "stages": {stage.value: number for stage, number in verdict.stages.items()},
        "next_due": _moment(verdict.next_due, zone),
        "definition": verdict.definition,
        "definition_waiting": verdict.definition_waiting,
        "stated": None if verdict.stated is None else _stated(verdict.stated, zone),
        "acknowledged": None if verdict.acknowledged is None else _acknowledged(verdict.acknowledged, zone),
        "objection": None if verdict.objection is None else _objection(verdict.objection, zone),
    }


def _objection(one: Objection, zone: tzinfo) -> Json:
    return {"act": one.act, "at": _moment(one.at, zone), "account": one.account, "says": one.says}


def _acknowledged(one: Acknowledgement, zone: tzinfo) -> Json:
    return {
        "act": one.act,
        "at": _moment(one.at, zone),
        "account": one.account,
        "reason": one.reason,
        "until": date.fromordinal(one.until).isoformat(),
    }


def _stated(statement: Statement, zone: tzinfo) -> Json:
    return {
        "act": statement.act,
        "at": _moment(statement.at, zone),
        "account": statement.account,
        "through": date.fromordinal(statement.through).isoformat(),
        "numerator": _number(statement.numerator),
        "denominator": _number(statement.denominator),
        "word": statement.word,
        "band": None if statement.band is None else statement.band.value,
        "score": _number(statement.score),
        "not_applicable": statement.not_applicable,
        "causes": [cause.value for cause in statement.causes],
        "reason": statement.reason,
        "survey": dict(statement.survey),
        "evidence": [{"name": name, "sha256": hashed} for name, hashed in statement.evidence],
    }


def _target(target: Target) -> Json:
    return {
        "op": target.op,
        "value": target.word if target.value is None else _value(target.value, target.unit),
        "high": _value(target.high, target.unit),
        "text": target.text,
    }


def _course(along: Course, unit: Unit) -> Json:
    return {
        "expected": _value(along.expected, unit),
        "behind": along.behind,
        "next_day": _date(along.next_day),
        "next_value": _value(along.next_value, unit),
    }


def _date(day: Day | None) -> str | None:
    return None if day is None else date.fromordinal(day).isoformat()


def _forecast(forecast: Forecast) -> Json:
    return {
        "value": _finite(forecast.value),
        "low": _finite(forecast.low),
        "high": _finite(forecast.high),
        "chance": _finite(forecast.chance),
    }


def _source(source: SourceStatus, zone: tzinfo) -> Json:
    return {
        "source": source.source,
        "collector": source.collector,
        "systems": sorted(source.systems),
        "interval_seconds": source.interval_seconds,
        "up": source.up,
        "last_success": _moment(source.last_success, zone),
        "covered_through": _moment(source.covered_through, zone),
        "records": source.records,
        "rejects": source.rejects,
        "reason": source.reason,
        "rows": dict(source.rows),
        "signals": {name: _finite(source.signals[name]) for name in sorted(source.signals)},
    }


def _finding(finding: Finding, zone: tzinfo) -> Json:
    return {
        "kind": finding.kind,
        "subject": finding.subject,
        "text": finding.text,
        "at": _moment(finding.at, zone),
    }


def _open_record(one: OpenRecord, now: Instant, zone: tzinfo) -> Json:
    wall = None if one.due is None else one.due - now
    left = wall if one.left_us is None else one.left_us
    return {
        "project": one.project,
        "indicator": one.indicator,
        "source": one.source,
        "id": one.id,
        "system": one.system,
        "stage": one.stage.value,
        "starts": _moment(one.starts, zone),
        "due": _moment(one.due, zone),
        "left_seconds": left if left is None else left / SECOND_US,
    }


def _value(value: Fraction | None, unit: Unit) -> float | str | None:
    if value is not None and unit is Unit.DATE:
        return date.fromordinal(int(value)).isoformat()
    return _number(value)


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _moment(instant: Instant | None, zone: tzinfo) -> str | None:
    return None if instant is None else utc_of(instant).astimezone(zone).isoformat()


def _finite(number: float | None) -> float | None:
    """A float JSON can carry; one that is no number is unknown."""
    return number if number is not None and math.isfinite(number) else None
