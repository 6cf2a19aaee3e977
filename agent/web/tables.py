"""The pages with long tables: every indicator, and every source with what does not add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from agent import words
from agent.causes import cause
from agent.config import Config
from agent.explain.judged import words_of_state
from agent.model import Finding, Snapshot, SourceStatus, Verdict
from agent.shown import NOTHING, moment, shown_value
from agent.status import zone_of
from agent.web.lights import UP, system_lights
from agent.web.pages import Names, indicator_address
from agent.web.wall import WINDOW, allowance, forecast, promises, states

FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of the full table, or an evidence measure under it."""

    name: str
    address: str
    target: str
    value: str
    state: str
    word: str
    allowance: str
    forecast: str
    counts: str
    notes: str
    is_evidence: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The indicators of one project."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How one source is doing: `cause` is the reason in Chinese where it is known, `reason` as it was given."""

    id: str
    state: str
    word: str
    last: str
    records: int
    rejects: int
    cause: str | None
    reason: str | None


def indicators(names: Names, snapshot: Snapshot) -> dict[str, Any]:
    """What the page of all indicators names."""
    totals = [one for one in snapshot.verdicts if one.window.name == WINDOW and one.system is None]
    tables = [
        Table(names.projects.get(project, project), tuple(line(one) for one in totals if one.project == project))
        for project in dict.fromkeys(one.project for one in totals)
    ]
    promised = promises(snapshot)
    return {"tables": tables, "promised": len(promised), "states": states(promised), "window": words.WINDOWS[WINDOW]}


def sources(config: Config, snapshot: Snapshot) -> dict[str, Any]:
    """What the page of systems, sources and findings names."""
    zone = zone_of(config)
    return {
        "systems": system_lights(config, snapshot),
        "sources": [source_line(source, zone) for source in snapshot.sources],
        "findings": said_findings(snapshot.findings[:FINDINGS], zone),
        "finding_count": len(snapshot.findings),
    }


def line(verdict: Verdict) -> Line:
    """One indicator in words."""
    notes = [words.REASONS.get(verdict.reason, verdict.reason)] if verdict.reason else []
    notes += words.flags(verdict)
    numbers = {"good": verdict.good, "bad": verdict.bad, "open": verdict.open, "excluded": verdict.excluded}
    return Line(
        name=verdict.name,
        address=indicator_address(verdict.project, verdict.indicator),
        target=verdict.target.text if verdict.target else NOTHING,
        value=shown_value(verdict),
        state=verdict.state.value,
        word=words_of_state(verdict),
        allowance=allowance(verdict),
        forecast=forecast(verdict),
        counts=" ".join(f"{words.OUTCOMES[name]}{number:,}" for name, number in numbers.items() if number),
        notes="；".join(notes),
        is_evidence="/" in verdict.indicator,
    )


def said_findings(findings: Sequence[Finding], zone: tzinfo) -> list[tuple[str, str, str]]:
    """Findings as time, kind and text."""
    return [(moment(one.at, zone), words.finding(one.kind), f"{one.subject}：{one.text}") for one in findings]


def source_line(source: SourceStatus, zone: tzinfo) -> SourceLine:
    """How one source is doing, in words."""
    state, word = UP[source.up]
    return SourceLine(
        id=source.source,
        state=state,
        word=word,
        last=moment(source.last_success, zone),
        records=source.records,
        rejects=source.rejects,
        cause=cause(source.reason) if source.reason else None,
        reason=source.reason,
    )
