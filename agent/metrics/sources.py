"""The series of sources, of the systems they probe, and of the agent itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from agent import __version__
from agent.alerts.names import POSTING
from agent.book import all_indicators
from agent.config import Config
from agent.evaluate import is_chased, reads, service_at, systems_at
from agent.metrics.families import (
    BUILD_INFO,
    CALENDAR_COVERED,
    CERTIFICATE_EXPIRY,
    FINDINGS,
    INDICATOR_SOURCE,
    OWN,
    PROBE_SECONDS,
    PROJECT_INFO,
    ROUTE_INFO,
    SNAPSHOT_TIME,
    SOURCE_CLOCK,
    SOURCE_DURATION,
    SOURCE_INFO,
    SOURCE_INTERVAL,
    SOURCE_LAST_SUCCESS,
    SOURCE_REJECTS,
    SOURCE_ROWS,
    SOURCE_UP,
    SYSTEM_FAILED,
    SYSTEM_IN_SERVICE,
    SYSTEM_INFO,
    SYSTEM_UP,
    Family,
)
from agent.metrics.verdicts import Lines, put
from agent.model import SECOND_US, Instant, Service, Snapshot, SourceStatus
from agent.notify.delivery import DELIVERY

STALLED_SECONDS = 60  # without a new Snapshot

# A signal of the last poll, by the name the collectors give it.
SOURCE_SIGNALS = {"duration_seconds": SOURCE_DURATION, "clock_offset_seconds": SOURCE_CLOCK}
PROBE_SIGNALS: dict[str, Family] = {
    "up": SYSTEM_UP,
    "failed_samples": SYSTEM_FAILED,
    "seconds": PROBE_SECONDS,
    "certificate_expiry": CERTIFICATE_EXPIRY,
}


def write_sources(snapshot: Snapshot, lines: Lines) -> None:
    """How every source is doing, and what the probes saw at their last poll."""
    for source in snapshot.sources:
        key = (source.source,)
        put(lines, SOURCE_UP, key, None if source.up is None else int(source.up))
        put(lines, SOURCE_LAST_SUCCESS, key, seconds_of(source.last_success))
        put(lines, SOURCE_INTERVAL, key, source.interval_seconds)
        put(lines, SOURCE_REJECTS, key, source.rejects)
        for result, rows in source.rows.items():
            put(lines, SOURCE_ROWS, (*key, result), rows)
        _write_signals(source, SOURCE_SIGNALS, key, lines)
        if source.collector == "probe" and source.is_fresh(snapshot.as_of):
            for system in sorted(source.systems):
                _write_signals(source, PROBE_SIGNALS, (system, source.source), lines)


def _write_signals(source: SourceStatus, families: Mapping[str, Family], key: tuple[str, ...], lines: Lines) -> None:
    for signal, family in families.items():
        number = source.signals.get(signal)
        put(lines, family, key, number if number is not None and math.isfinite(number) else None)


def write_systems(config: Config, as_of: Instant, lines: Lines) -> None:
    """Which systems are promised to be up at this instant."""
    for id, system in systems_at(config.plans, as_of).items():
        put(lines, SYSTEM_IN_SERVICE, (id,), int(service_at(system, as_of) is Service.OPEN))


def write_itself(snapshot: Snapshot, lines: Lines) -> None:
    """The instant all figures are of, how far the calendar reaches, and the findings by kind."""
    put(lines, SNAPSHOT_TIME, (), seconds_of(snapshot.as_of))
    put(lines, CALENDAR_COVERED, (), seconds_of(snapshot.calendar_covered_until))
    for kind, number in sorted(Counter(finding.kind for finding in snapshot.findings).items()):
        put(lines, FINDINGS, (kind,), number)


def write_lasting(config: Config, own: Mapping[tuple[str, ...], float], lines: Lines) -> None:
    """What is there before the first Snapshot: version, systems, and the agent's own counters from 0 on."""
    put(lines, BUILD_INFO, (__version__,), 1)
    for project, name in {one.id: one.name for plan in config.plans for one in plan.projects}.items():
        put(lines, PROJECT_INFO, (project, name), 1)
    for key in dict.fromkeys(_fed(config)):
        put(lines, INDICATOR_SOURCE, key, 1)
    chased = _chased(config)
    for source in config.sources:
        put(lines, SOURCE_INFO, (source.id, source.name, "yes" if source.id in chased else "no"), 1)
    routes = config.alerting.routes
    for id, route in routes.items():
        fallback = "" if route.fallback is None else routes[route.fallback].name or route.fallback
        put(lines, ROUTE_INFO, (id, route.name or id, fallback), 1)
    names = {system.id: system.name for plan in config.plans for system in plan.systems.values()}
    for system, name in names.items():
        put(lines, SYSTEM_INFO, (system, name), 1)
    for name, family in OWN.items():
        counts: dict[tuple[str, ...], float] = dict.fromkeys(begun(config, name), 0)
        counts |= {key[1:]: number for key, number in own.items() if key[0] == name}
        for labels, number in counts.items():
            put(lines, family, labels, number)


def begun(config: Config, name: str) -> list[tuple[str, ...]]:
    """The label values of which a counter says 0 from the start."""
    match name:
        case "alerts_posted":
            return [(result,) for result in POSTING if config.alerting.alertmanagers]
        case "notifications":
            return [(route, result) for route in config.alerting.routes for result in DELIVERY]
        case _:
            return [()]


def _fed(config: Config) -> Iterator[tuple[str, str, str]]:
    """Each indicator with each source that gives its records."""
    for plan in config.plans:
        for one in all_indicators(plan):
            for source in config.sources:
                if one.measure.from_records and reads(one.measure.of, one.measure.sources, source):
                    yield one.project, one.id, source.id


def _chased(config: Config) -> set[str]:
    """The sources of records that people are chased for by the minute."""
    return {
        source.id
        for plan in config.plans
        for project in plan.projects
        for one in project.indicators
        for source in config.sources
        if is_chased(one) and reads(one.measure.of, one.measure.sources, source)
    }


def seconds_of(instant: Instant | None) -> float | None:
    """An instant as a Unix timestamp."""
    return None if instant is None else instant / SECOND_US
