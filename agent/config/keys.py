"""The keys of targets.yaml, as pydantic models: shapes and types of one part each, without references."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from agent.config.links import AGENT, GRAFANA
from agent.config.target import parse_day, parse_month, parse_ratio, parse_target
from agent.mapping.spec import Microseconds, Words, ZoneName
from agent.model import Target

ID = r"^\w[\w.-]*$"
Id = Annotated[str, Field(pattern=ID)]
DayKey = Annotated[int, BeforeValidator(parse_day)]
Ratio = Annotated[Fraction, BeforeValidator(parse_ratio)]
Amount = Annotated[Decimal, Field(allow_inf_nan=False, ge=0)]
Month = Annotated[str, AfterValidator(parse_month)]
WindowName = Literal["today", "7d", "30d", "month", "quarter", "ytd", "year"]
AsTarget = Annotated[Target, BeforeValidator(lambda raw: parse_target(raw) if isinstance(raw, str) else raw)]


def _date(raw: object) -> date:
    return date.fromordinal(parse_day(raw))


DateKey = Annotated[date, BeforeValidator(_date)]


class Keys(BaseModel):
    """What all parts share: nothing unknown, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, arbitrary_types_allowed=True)


class YearKeys(Keys):
    """One year's published arrangement, where the calendar package does not know it."""

    holidays: tuple[DateKey, ...] = ()
    makeup: tuple[DateKey, ...] = ()


def _overlay_day(raw: object) -> object:
    if isinstance(raw, str):
        return _date(raw)
    if isinstance(raw, Mapping) and raw:
        return {_date(day): (hours,) if isinstance(hours, str) else hours for day, hours in raw.items()}
    raise ValueError('expected a date, or a date with hours such as {2026-02-14: "09:00-12:00"}')


def _country(raw: object) -> object:
    if raw not in (None, "CN", "none"):
        raise ValueError(f"unknown country {raw!r}; known: CN, none")
    return raw


class CalendarKeys(Keys):
    """The work calendar."""

    country: Annotated[str | None, BeforeValidator(_country)] = "CN"
    hours: Words = ("09:00-11:30", "13:30-17:00")
    extended: Mapping[str, Words] = {}
    closed: tuple[Annotated[date | Mapping[date, tuple[str, ...]], BeforeValidator(_overlay_day)], ...] = ()
    open: tuple[Annotated[date | Mapping[date, tuple[str, ...]], BeforeValidator(_overlay_day)], ...] = ()
    years: Mapping[int, YearKeys] = {}
    years_file: Words | None = None


class YearsFileKeys(Keys):
    """A file beside targets.yaml that holds years, as `dabiao calendar import` writes it."""

    years: Mapping[int, YearKeys]


class MaintenanceKeys(Keys):
    """One planned maintenance, in local time."""

    begins: str = Field(alias="from")
    ends: str = Field(alias="to")


class SystemKeys(Keys):
    """One application system."""

    name: str
    hours: Words | None = None
    maintenance: tuple[MaintenanceKeys, ...] = ()
    owner: str | None = None


def _address(raw: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s@]+(/[^?#\s]*)?", raw):
        raise ValueError("expected an address such as https://grafana.example, without a query")
    return raw.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class LinksKeys(Keys):
    """Where a reader's browser finds the agent, the dashboards and the runbooks."""

    agent: Address = AGENT
    grafana: Address = GRAFANA
    runbooks: Address | None = None


class ReadingKeys(Keys):
    """How something is read that no single row says."""

    name: str
    text: str
    note: str
    options: tuple[str, ...] = ()


class PlanKeys(Keys):
    """The top of targets.yaml; its parts are read one by one, so that a mistake in one hides none in another."""

    year: int = Field(ge=2000, le=2200)
    organisation: str
    timezone: ZoneName
    links: LinksKeys = LinksKeys()
    calendar: Any = None
    systems: Mapping[Id, Any] = {}
    projects: Mapping[Id, Any]
    readings: Mapping[Id, ReadingKeys] = {}


class ProjectKeys(Keys):
    """The head of one project."""

    name: str
    funds: Mapping[str, Amount] = {}
    form: Mapping[str, str] = {}
    indicators: Mapping[Id, Any]


class DatedTargetKeys(Keys):
    """A target with the day it begins to hold."""

    begins: DayKey | None = Field(default=None, alias="from")
    target: AsTarget


def _dated(raw: object) -> object:
    if isinstance(raw, str):
        return ({"target": raw},)
    if isinstance(raw, Sequence) and raw:
        return raw
    raise ValueError("expected a target, or a list such as [{from: 2026-07-01, target: '<= 4 min'}]")


Targets = Annotated[tuple[DatedTargetKeys, ...], BeforeValidator(_dated)]


class MeasuredKeys(Keys):
    """What an indicator and an evidence measure share."""

    name: str
    target: Targets = ()
    note: str | None = None
    measure: Mapping[str, Any]
    warn_before: Microseconds = 0
    coverage_min: Annotated[Fraction, BeforeValidator(parse_ratio)] = Fraction(98, 100)
    when_empty: Literal["empty", "met"] = "empty"


class IndicatorKeys(MeasuredKeys):
    """One row of a table of targets."""

    level: tuple[str, ...] = Field(min_length=1)
    text: str
    options: tuple[str, ...] = ()  # other ways to read what is printed
    owner: str | None = None
    weight: Mapping[str, Amount] = {}
    evidence: Mapping[Id, Any] = {}
    alert_windows: tuple[WindowName, ...] = ("ytd",)
    alert_volume: int = Field(default=30, ge=0)
    accumulation: Literal["rate", "cumulative", "level"] = "rate"
    judged_on: DayKey | None = None
    plan: Mapping[Month, Ratio] = {}
    attest_by: DayKey | None = None
    form: Literal["table", "none"] = "table"


class EvidenceKeys(MeasuredKeys):
    """A measure shown and exported beside a row's value."""

    text: str = ""
