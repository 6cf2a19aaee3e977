"""What goes into the workbook: the rows of each office, their verdicts, and what the heads of the forms say so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent import words
from agent.config import Indicator, Plan, Project
from agent.model import Day, Verdict


@dataclass(frozen=True, slots=True)
class Sheets:
    """What goes into the workbook."""

    plan: Plan
    verdicts: Mapping[tuple[str, str], Verdict]  # of the period, all systems together, evidence measures included
    heads: Mapping[str, Mapping[str, str]]  # of each project what the head of its forms says so far
    through: Day  # the last day of the period
    owners: Mapping[str, Sequence[tuple[Project, Indicator]]]


def sheets_of(
    plan: Plan,
    verdicts: Sequence[Verdict],
    heads: Mapping[tuple[int, str], Mapping[str, str]],
    through: Day,
    owner: str | None = None,
) -> Sheets:
    """The sheets of every office, or of one. ValueError names the offices there are where it is none of them."""
    owners: dict[str, list[tuple[Project, Indicator]]] = {}
    for project in plan.projects:
        for row in project.indicators:
            owners.setdefault(row.owner or words.NO_OWNER, []).append((project, row))
    if owner is not None and owner not in owners:
        raise ValueError(f"责任处室应为 {'、'.join(owners)} 之一，现为“{owner}”")
    chosen = owners if owner is None else {owner: owners[owner]}
    found = {(one.project, one.indicator): one for one in verdicts if one.system is None}
    mine = {project: dict(head) for (year, project), head in heads.items() if year == plan.year}
    return Sheets(plan, found, mine, through, chosen)
