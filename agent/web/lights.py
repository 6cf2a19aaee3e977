"""Systems and sources in a word: up, down, closed, being maintained or unknown."""

from __future__ import annotations

from agent.metrics import is_fresh
from agent.model import Snapshot
from agent.web.pages import Light, Names

UP = {True: ("up", "正常"), False: ("down", "中断"), None: ("unknown", "未知")}  # colour, icon and word


def system_lights(names: Names, snapshot: Snapshot) -> list[Light]:
    """The systems as their probes saw them lately; one probe that fails is enough."""
    seen: dict[str, list[bool]] = {}
    for source in snapshot.sources:
        if source.collector == "probe" and "up" in source.signals and is_fresh(source, snapshot.as_of):
            for system in source.systems:
                seen.setdefault(system, []).append(bool(source.signals["up"]))
    return [Light(id, name, *UP[all(seen[id]) if id in seen else None]) for id, name in names.systems.items()]
