"""The page of one system: whether it is up, its part of each indicator, what is open, and what does not add up."""

from __future__ import annotations

from typing import Any

from agent.config import Config, System
from agent.evaluate import systems_at
from agent.model import Instant, Snapshot
from agent.shown import moment
from agent.status import zone_of
from agent.web.countdowns import Countdowns, nearest
from agent.web.lights import system_lights
from agent.web.tables import line, said_findings, source_line
from agent.web.wall import WINDOW

OPEN = 20


def find(config: Config, id: str, now: Instant) -> System | None:
    """The system of this id."""
    return systems_at(config.plans, now).get(id)


def parts(config: Config, countdowns: Countdowns, system: System, snapshot: Snapshot, now: Instant) -> dict[str, Any]:
    """Everything the template names."""
    zone = zone_of(config)
    sources = [one for one in snapshot.sources if system.id in one.systems]
    subjects = {system.id, *(one.source for one in sources if one.systems == (system.id,))}
    findings = [one for one in snapshot.findings if one.subject.partition("/")[0] in subjects]
    mine = [one for one in snapshot.open if one.system == system.id]
    return {
        "system": system,
        "light": next(one for one in system_lights(config, snapshot) if one.id == system.id),
        "maintenance": [(moment(begins, zone), moment(ends, zone)) for begins, ends in system.maintenance],
        "lines": [line(one) for one in snapshot.verdicts if one.window.name == WINDOW and one.system == system.id],
        "waiting": [countdowns.waiting(one, snapshot.as_of, now) for one in nearest(mine, snapshot.as_of, OPEN)],
        "sources": [source_line(one, zone) for one in sources],
        "findings": said_findings(findings, zone),
    }
