"""Configuration: targets.yaml and sources.yaml → frozen, typed, checked; every mistake with file, line and path."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.config.alerting import RouteKinds
from agent.config.document import Document
from agent.config.links import Links
from agent.config.plan import Alerting, Config, Indicator, Plan, Project, Reading, Source, System
from agent.config.problems import Problems
from agent.config.references import check_references
from agent.config.sources import Collectors, SourcesFile
from agent.config.target import parse_target
from agent.config.targets import TargetsFile
from agent.measures import MEASURES, Measure
from agent.model import ConfigError
from agent.notify import KINDS

__all__ = [
    "Alerting",
    "Config",
    "Indicator",
    "Links",
    "Plan",
    "Project",
    "Reading",
    "Source",
    "System",
    "load",
    "parse_target",
]


def load(
    targets: Sequence[Path],
    sources: Path | None,
    *,
    collectors: Collectors,
    measures: Mapping[str, type[Measure]] = MEASURES,
    routes: RouteKinds = KINDS,
    environ: Mapping[str, str] = os.environ,
    offline: bool = False,
) -> Config:
    """The configuration of one or several targets files and the sources file.

    Raises ConfigError with all mistakes of all files, sorted by file and line. Without `sources`, nothing is polled.
    `offline` is for judging what was collected elsewhere: secrets, the collectors' own keys and files of working days
    are left unread, and no source can be asked.
    """
    if not targets:
        raise ConfigError("expected at least one targets file, got none")
    problems = Problems()
    read = [Document.of_file(path, problems) for path in dict.fromkeys(targets)]
    plans = [(document, plan) for document in read if (plan := TargetsFile(document, measures, offline).plan())]
    if sources is None:
        check_references(plans, (), None)
        found: tuple[Source, ...] = ()
        alerting = Alerting()
    else:
        timezone = plans[0][1].timezone if plans else "UTC"
        document, known = Document.of_file(sources, problems), None if offline else environ
        file = SourcesFile(document, collectors, timezone, _systems_named(read), known, routes)
        found, alerting = file.read()
        check_references(plans, found, file.document, file.unread_kinds)
    problems.raise_any()
    ordered = sorted((plan for _, plan in plans), key=lambda plan: plan.year)
    return Config(tuple(ordered), found, problems.warnings(), alerting)


def _systems_named(documents: Sequence[Document]) -> Mapping[str, object] | None:
    """The systems the targets files name, also where such a file has mistakes; None where that is unknown."""
    found: dict[str, object] = {}
    for document in documents:
        if not document.is_whole or not isinstance(document.content, Mapping):
            return None
        systems = document.content.get("systems")
        found |= systems if isinstance(systems, Mapping) else {}
    return found
