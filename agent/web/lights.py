"""Systems in a word: up, down, outside their hours, being maintained or unknown."""

from __future__ import annotations

from agent import words
from agent.config import Config
from agent.evaluate import service_at, systems_at
from agent.model import Service, Snapshot
from agent.web.pages import Light

UP = {answers: (name, words.UP[answers]) for answers, name in ((True, "up"), (False, "down"), (None, "unknown"))}
"""What names colour and icon, and the word."""


def system_lights(config: Config, snapshot: Snapshot) -> list[Light]:
    """The systems as their probes saw them lately; one probe that fails is enough.

    Of a system that is not promised to be up now, only that is said.
    """
    seen: dict[str, list[bool]] = {}
    for source in snapshot.sources:
        if source.collector == "probe" and "up" in source.signals and source.is_fresh(snapshot.as_of):
            for name in source.systems:
                seen.setdefault(name, []).append(bool(source.signals["up"]))
    lights = []
    for id, system in systems_at(config.plans, snapshot.as_of).items():
        service = service_at(system, snapshot.as_of)
        if service is Service.OPEN:
            state, word = UP[all(seen[id]) if id in seen else None]
        else:
            state, word = service.value, words.SERVICES[service]
        lights.append(Light(id, system.name, state, word))
    return lights
