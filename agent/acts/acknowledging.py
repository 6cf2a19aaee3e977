"""Saying that a miss is known of, through a day of the year, and taking that back."""

from __future__ import annotations

from datetime import date

from agent.book.acknowledgements import ACKNOWLEDGE, LIFT, acknowledgements
from agent.config import Indicator, Plan
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Day, Instant


def acknowledge(
    ledger: Ledger, plan: Plan, indicator: Indicator, until: Day, reason: str, now: Instant, who: str
) -> Act:
    """Say that a miss of an indicator is known of, through a day of the plan's year; a later act replaces it."""
    first, last = plan.days.day_of(now), date(plan.year, 12, 31).toordinal()
    if not reason.strip():
        raise ConfigError("--reason：应写明理由，现为空")
    if not first <= until <= last:
        span = f"{date.fromordinal(first)} 至 {date.fromordinal(last)}"
        raise ConfigError(f"--until：应在 {span} 之间，现为 {date.fromordinal(until)}")
    body = {"year": plan.year, "until": date.fromordinal(until).isoformat(), "reason": reason.strip()}
    with ledger.write() as session:
        return acts.append(session, now, who, ACKNOWLEDGE, indicator.subject, body)


def lift(ledger: Ledger, plan: Plan, indicator: Indicator, reason: str, now: Instant, who: str) -> Act:
    """End an acknowledgement before its day has come."""
    subject, today = indicator.subject, plan.days.day_of(now)
    if not reason.strip():
        raise ConfigError("--reason：应写明理由，现为空")
    with ledger.write() as session:
        former = acknowledgements(acts.read(session)).get((plan.year, subject))
        if former is None or former.until < today:
            raise ConfigError(f"{subject}：没有登记为已知晓，无可取消")
        return acts.append(session, now, who, LIFT, subject, {"year": plan.year, "reason": reason.strip()})
