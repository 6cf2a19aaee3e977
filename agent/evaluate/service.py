"""Whether a system is in service at an instant: open, closed by its hours, or under planned maintenance. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.config import Plan, System
from agent.evaluate.ownership import plans_in_force
from agent.model import Instant, Service


def service_at(system: System, at: Instant) -> Service:
    """Planned maintenance goes before the hours, for it is announced also where the system would be closed."""
    if any(begins <= at < ends for begins, ends in system.maintenance):
        return Service.MAINTENANCE
    if system.hours is not None and not system.hours.clip(at, at + 1):
        return Service.CLOSED
    return Service.OPEN


def systems_at(plans: Sequence[Plan], at: Instant) -> Mapping[str, System]:
    """Every system by its id, as the plan in force at an instant has it; one it does not name, as another plan does."""
    return {id: system for plan in (*plans, *plans_in_force(plans, at)) for id, system in plan.systems.items()}
