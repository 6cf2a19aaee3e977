"""Prometheus rules: they read states, targets and limits from series, and hold the few thresholds that are ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from agent.config import Config
from agent.render.documents import document
from agent.render.rules.agent import JOB, agent
from agent.render.rules.indicators import attestations, indicators
from agent.render.rules.open_records import open_records
from agent.render.rules.sources import sources
from agent.render.rules.systems import systems
from agent.render.rules.telling import telling
from agent.render.rules.writing import Rule, Writer

__all__ = ["JOB", "SUBJECTS", "files"]

SUBJECTS: Mapping[str, Callable[[Writer], Iterator[Rule]]] = {
    "indicators": indicators,
    "attestations": attestations,
    "open-records": open_records,
    "systems": systems,
    "sources": sources,
    "telling": telling,
    "agent": agent,
}


def files(config: Config) -> Mapping[str, str]:
    """The rule file."""
    groups = [{"name": f"dabiao-{subject}", "rules": list(make(Writer(config)))} for subject, make in SUBJECTS.items()]
    return {"prometheus/rules.yml": document({"groups": groups}, config)}
