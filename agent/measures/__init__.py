"""The measures: how one record counts toward an indicator, and what the sums of such counts are worth.

A measure never looks at a target's verdict and never at the clock on the wall. Each kind is one class: its fields are
the keys it has in targets.yaml, `observer` says how a record counts, `value` what the sums are worth.
"""

from __future__ import annotations

from agent.measures.amount import Amount
from agent.measures.clocks import ClockBy, Clocks
from agent.measures.days import Days
from agent.measures.duration import DurationMeasure
from agent.measures.limits import Limit, PausePair
from agent.measures.measure import WITHDRAWN, Count, Measure, Observer, Timed
from agent.measures.milestone import Milestone
from agent.measures.on_time import OnTime
from agent.measures.setting import Setting
from agent.measures.share import Share
from agent.measures.stated import Attested, Entered, Stated
from agent.measures.uptime import Uptime, promised_microseconds

__all__ = [
    "MEASURES",
    "WITHDRAWN",
    "Amount",
    "Attested",
    "ClockBy",
    "Clocks",
    "Count",
    "Days",
    "DurationMeasure",
    "Entered",
    "Limit",
    "Measure",
    "Milestone",
    "Observer",
    "OnTime",
    "PausePair",
    "Setting",
    "Share",
    "Stated",
    "Timed",
    "Uptime",
    "promised_microseconds",
]

MEASURES: dict[str, type[Measure]] = {
    "duration": DurationMeasure,
    "on_time": OnTime,
    "share": Share,
    "uptime": Uptime,
    "amount": Amount,
    "days": Days,
    "entered": Entered,
    "attested": Attested,
    "milestone": Milestone,
}
