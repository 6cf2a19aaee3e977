"""Which of several plans owns which days: of each project every plan the cohort days of its own year.

The earliest also owns all days before, the latest all after, and a year without a plan belongs to the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from agent.config import Plan
from agent.model import ConfigError, Day, Instant


def plans_in_force(plans: Sequence[Plan], now: Instant) -> list[Plan]:
    """The plans that own today, each with the projects it owns it for: they answer for the named windows."""
    return _owners(plans, plans[0].days.day_of(now)) if plans else []


def plans_of_days(plans: Sequence[Plan], first: Day, last: Day) -> list[Plan]:
    """The plans that own the days [first, last); ConfigError where these belong to two plans of one project."""
    begins, ends = _owners(plans, first), _owners(plans, last - 1)
    for plan in begins:
        for project in plan.projects:
            other = next(one for one in ends if project.id in {owned.id for owned in one.projects})
            if other.year != plan.year:
                span = f"{date.fromordinal(first)} to {date.fromordinal(last)}"
                raise ConfigError(
                    f"from and to: expected days of one plan, got {span}: {plan.path} owns those of {plan.year}, "
                    f"{other.path} those of {other.year}; ask for each year alone"
                )
    return begins


def _owners(plans: Sequence[Plan], day: Day) -> list[Plan]:
    ordered, year = sorted(plans, key=lambda plan: plan.year), date.fromordinal(day).year
    chosen: dict[str, int] = {}
    for plan in ordered:
        for project in plan.projects:
            if project.id not in chosen or plan.year <= year:
                chosen[project.id] = plan.year
    return [owned for plan in ordered if (owned := _part(plan, chosen)).projects]


def _part(plan: Plan, chosen: dict[str, int]) -> Plan:
    """The plan with the projects it owns; itself where these are all."""
    mine = tuple(project for project in plan.projects if chosen[project.id] == plan.year)
    return plan if len(mine) == len(plan.projects) else replace(plan, projects=mine)
