"""Statements for the demonstration, made by the same act as an officer's."""

from __future__ import annotations

from datetime import date, timedelta

from agent.config import Config
from agent.ledger import Ledger
from agent.model import Instant


def state_for_show(config: Config, ledger: Ledger, now: Instant) -> int:
    """State what the demonstration's officers have stated through the end of last month; how many rows that is."""
    from agent import acts
    from agent.demo.stated import ACCOUNT, STATED

    claims = []
    for plan in config.plans:
        today = plan.days.day_of(now)
        through = date.fromordinal(today).replace(day=1) - timedelta(days=1)
        rows = [row for project in plan.projects for row in project.indicators] if through.year == plan.year else []
        for row in rows:
            if (texts := STATED.get(f"{row.project}/{row.id}")) is not None:
                said = {acts.Part(part): text for part, text in texts.items()} | {acts.Part.THROUGH: str(through)}
                claims.append(acts.claim(plan, row, said, today))
    return len(acts.state(ledger, claims, now, ACCOUNT))
