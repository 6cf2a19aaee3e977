"""What the commands print: Snapshots, explanations and outcomes as Rich renderables. Nothing here prints by itself."""

from __future__ import annotations

from agent.terminal.calendar import arrangement
from agent.terminal.changes import changed
from agent.terminal.checks import checked, recomputed
from agent.terminal.deeds import acts
from agent.terminal.evidence import closed, verified
from agent.terminal.explained import explanation
from agent.terminal.owing import attested, owed
from agent.terminal.reading import collected, rejects, retried, tried
from agent.terminal.since import closings
from agent.terminal.standing import looked_back, open_records, sources, status, tried_on

__all__ = [
    "acts",
    "arrangement",
    "attested",
    "changed",
    "checked",
    "closed",
    "closings",
    "collected",
    "explanation",
    "looked_back",
    "open_records",
    "owed",
    "recomputed",
    "rejects",
    "retried",
    "sources",
    "status",
    "tried",
    "tried_on",
    "verified",
]
