"""One targets file → a Plan, with every mistake in it noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Any

from agent.config.document import Document
from agent.config.keys import (
    CalendarKeys,
    EvidenceKeys,
    IndicatorKeys,
    MaintenanceKeys,
    MeasuredKeys,
    PlanKeys,
    ProjectKeys,
    SystemKeys,
    YearKeys,
    YearsFileKeys,
)
from agent.config.links import Links
from agent.config.plan import Indicator, Plan, Project, Reading, System
from agent.config.problems import MISSING, Path, unknown
from agent.config.shape import shaped
from agent.measures import Measure
from agent.model import Day, Target, Unit
from agent.worktime import Hours, Interval, Maintenance, WorkCalendar, YearArrangement, local_days

Measures = Mapping[str, type[Measure]]


class TargetsFile:
    """Reads one document. A part that cannot be read is left out; its mistakes are in the document's problems."""

    def __init__(self, document: Document, measures: Measures, offline: bool = False) -> None:
        """Take the document and the measures there are; `offline`, no file that stands beside it is read."""
        self.document, self.measures, self.offline = document, measures, offline
        self.year = date.min.year
        self.days = local_days("UTC")

    def plan(self) -> Plan | None:
        """The plan, or None where its head is wrong."""
        if not self.document.is_whole:
            return None
        raw = self.document.content
        keys = shaped(self.document, (), PlanKeys, raw)
        head = raw if isinstance(raw, Mapping) else {}
        self.year = keys.year if keys else _year(head.get("year"))
        self.days = local_days(keys.timezone) if keys else self.days
        calendar = self._calendar(head.get("calendar"))
        systems = {id: system for id, one in _items(head.get("systems")) if (system := self._system(id, one))}
        projects = [self._project(id, one) for id, one in _items(head.get("projects"))]
        if keys is None or calendar is None:
            return None
        path, found = FilePath(self.document.file), tuple(project for project in projects if project)
        asked = keys.links
        links = Links(asked.agent, asked.grafana, asked.runbooks or f"{asked.agent}/runbooks")
        readings = tuple(Reading(id, one.name, one.text, one.note, one.options) for id, one in keys.readings.items())
        return Plan(
            path, keys.year, keys.organisation, keys.timezone, self.days, calendar, systems, found, links, readings
        )

    # --- calendar and systems ---

    def _calendar(self, raw: object) -> WorkCalendar | None:
        keys = shaped(self.document, ("calendar",), CalendarKeys, raw)
        if keys is None:
            return None
        years = self._years(self.document, ("calendar", "years"), keys.years)
        for number, name in enumerate(() if self.offline else keys.years_file or ()):
            found = self._years_of_file(name)
            if known := sorted(found.keys() & years.keys()):
                says = f"expected each year once, got {known[0]} in {name} again"
                self.document.problem(("calendar", "years_file", number), says)
            years |= found
        try:
            return WorkCalendar(self.days, keys.country, keys.hours, keys.extended, keys.closed, keys.open, years)
        except ValueError as error:
            self.document.problem(("calendar",), str(error))
            return None

    def _years(self, document: Document, path: Path, keys: Mapping[int, YearKeys]) -> dict[int, YearArrangement]:
        """The arrangements that can be meant; what is wrong with another is noted."""
        years = {}
        for year, one in keys.items():
            arrangement = YearArrangement(one.holidays, one.makeup)
            try:
                arrangement.check(year)
                years[year] = arrangement
            except ValueError as error:
                document.problem((*path, str(year)), str(error))
        return years

    def _years_of_file(self, name: str) -> dict[int, YearArrangement]:
        """The years of a file that stands beside this one."""
        beside = Document.of_file(FilePath(self.document.file).parent / name, self.document.problems)
        keys = shaped(beside, (), YearsFileKeys, beside.content) if beside.is_whole else None
        return self._years(beside, ("years",), keys.years) if keys is not None else {}

    def _system(self, id: str, raw: object) -> System | None:
        path: Path = ("systems", id)
        keys = shaped(self.document, path, SystemKeys, {"name": raw} if isinstance(raw, str) else raw)
        if keys is None:
            return None
        hours = None
        try:
            hours = Hours(keys.hours, self.days) if keys.hours else None
        except ValueError as error:
            self.document.problem((*path, "hours"), str(error))
        maintenance = tuple(self._maintenance(path, keys.maintenance))
        return System(id, keys.name, hours, keys.hours or (), maintenance, keys.owner)

    def _maintenance(self, path: Path, windows: Iterable[MaintenanceKeys]) -> Iterator[Interval]:
        for number, window in enumerate(windows):
            where = (*path, "maintenance", number)
            try:
                begins, ends = (self.days.instant_of(datetime.fromisoformat(at)) for at in (window.begins, window.ends))
                yield from Maintenance([(begins, ends)]).windows
            except (ValueError, TypeError):
                says = "expected local times such as {from: 2026-05-01 22:00, to: 2026-05-02 02:00}, the later one last"
                self.document.problem(where, says)

    # --- projects and indicators ---

    def _project(self, id: str, raw: object) -> Project | None:
        path: Path = ("projects", id)
        keys = shaped(self.document, path, ProjectKeys, raw)
        rows = raw.get("indicators") if isinstance(raw, Mapping) else None
        indicators = [self._indicator(id, row, one) for row, one in _items(rows)]
        if keys is None:
            return None
        return Project(id, keys.name, keys.funds, keys.form, tuple(one for one in indicators if one))

    def _indicator(self, project: str, id: str, raw: object) -> Indicator | None:
        path: Path = ("projects", project, "indicators", id)
        keys = shaped(self.document, path, IndicatorKeys, raw)
        measure = self._measure(path, raw)
        evidence = raw.get("evidence") if isinstance(raw, Mapping) else None
        beside = [self._evidence(project, id, name, one) for name, one in _items(evidence)]
        if keys is None or measure is None:
            return None
        self._check_row(path, keys)
        return Indicator(
            project=project,
            id=id,
            name=keys.name,
            level=keys.level,
            text=keys.text,
            targets=self._targets(path, keys, keys.text, measure),
            measure=measure,
            note=keys.note,
            owner=keys.owner,
            weight=keys.weight,
            evidence=tuple(
                replace(one, warn_before_us=one.warn_before_us or keys.warn_before) for one in beside if one
            ),
            warn_before_us=keys.warn_before,
            alert_windows=keys.alert_windows,
            alert_volume=keys.alert_volume,
            accumulation=keys.accumulation,
            judged_on=keys.judged_on if keys.judged_on is not None else date(self.year, 12, 31).toordinal(),
            plan=keys.plan,
            attest_by=keys.attest_by,
            form=keys.form,
            coverage_min=float(keys.coverage_min),
            when_empty=keys.when_empty,
            file=self.document.file,
            line=self.document.line(path),
            options=keys.options,
        )

    def _evidence(self, project: str, row: str, id: str, raw: object) -> Indicator | None:
        path: Path = ("projects", project, "indicators", row, "evidence", id)
        keys, measure = shaped(self.document, path, EvidenceKeys, raw), self._measure(path, raw)
        if keys is None or measure is None:
            return None
        return Indicator(
            project=project,
            id=f"{row}/{id}",
            name=keys.name,
            level=(),
            text=keys.text,
            targets=self._targets(path, keys, keys.text, measure),
            measure=measure,
            note=keys.note,
            owner=None,
            weight={},
            evidence=(),
            warn_before_us=keys.warn_before,
            alert_windows=(),
            alert_volume=0,
            accumulation="rate",
            judged_on=date(self.year, 12, 31).toordinal(),
            plan={},
            attest_by=None,
            form="none",
            coverage_min=float(keys.coverage_min),
            when_empty=keys.when_empty,
            file=self.document.file,
            line=self.document.line(path),
        )

    def _check_row(self, path: Path, keys: IndicatorKeys) -> None:
        if keys.judged_on is not None and date.fromordinal(keys.judged_on).year != self.year:
            says = f"expected a day of {self.year}, got {date.fromordinal(keys.judged_on)}"
            self.document.problem((*path, "judged_on"), says)
        for month in keys.plan:
            if not month.startswith(f"{self.year}-"):
                self.document.problem((*path, "plan", month), f"expected a month of {self.year}")
        if keys.plan and keys.accumulation != "cumulative":
            self.document.problem((*path, "plan"), "a course by month belongs to accumulation: cumulative")

    # --- measure and target ---

    def _measure(self, path: Path, raw: object) -> Measure | None:
        given = raw.get("measure") if isinstance(raw, Mapping) else None
        if not isinstance(given, Mapping):
            return None  # its absence is noted with the indicator's shape
        where = (*path, "measure")
        kind = given.get("kind")
        if not isinstance(kind, str):
            self.document.problem((*where, "kind"), f"{MISSING}; known: {', '.join(self.measures)}")
            return None
        if kind not in self.measures:
            self.document.problem((*where, "kind"), unknown("measure kind", kind, self.measures))
            return None
        measure = shaped(self.document, where, self.measures[kind], dict(given))
        if measure is not None and measure.from_records and not measure.of:
            self.document.problem((*where, "of"), MISSING)
            return None
        return measure

    def _targets(
        self, path: Path, keys: MeasuredKeys, printed: str, measure: Measure
    ) -> tuple[tuple[Day | None, Target], ...]:
        for dated in keys.target:
            self._check_target((*path, "target"), dated.target, measure)
        begins = [dated.begins for dated in keys.target]
        if begins.count(None) > 1 or len(set(begins)) < len(begins):
            self.document.problem((*path, "target"), "expected one target a day: only the first may lack `from`")
        found = sorted(((one.begins, one.target) for one in keys.target), key=lambda one: one[0] or 0)
        if len(found) == 1 and printed:
            return ((found[0][0], replace(found[0][1], text=printed)),)
        return tuple(found)

    def _check_target(self, path: Path, target: Target, measure: Measure) -> None:
        unit = measure.unit
        if unit is not None and target.unit != unit:
            says = f"a measure of kind {measure.kind} expects {UNITS[unit]} as target, got {target.text!r}"
            self.document.problem(path, says)
        highest = target.high if target.high is not None else target.value
        if measure.kind in SHARES and target.unit is Unit.RATIO and highest is not None and highest > 1:
            self.document.problem(path, f"expected 0 % to 100 %, got {target.text!r}")
        accepted: Any = getattr(measure, "accept", None)
        if accepted is not None and target.word is not None and target.word not in accepted:
            self.document.problem(
                path, f"expected a word the measure accepts ({', '.join(accepted)}), got {target.word!r}"
            )


SHARES = ("share", "on_time", "uptime", "days")  # kinds whose value is a part of a whole, never more than it
UNITS: Mapping[Unit, str] = {
    Unit.RATIO: "a share such as '>= 95 %'",
    Unit.SECONDS: "a duration such as '<= 5 min'",
    Unit.COUNT: "a number such as '>= 12'",
    Unit.CNY: "an amount such as '<= 4763873 CNY'",
    Unit.DATE: "a date such as 'by 2026-12-31'",
    Unit.TEXT: "a word",
}


def _items(raw: object) -> Iterable[tuple[str, Any]]:
    return raw.items() if isinstance(raw, Mapping) else ()


def _year(raw: object) -> int:
    return int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() and 0 < int(raw) < 9999 else 1
