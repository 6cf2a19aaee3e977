"""Working time: work calendar with holidays and 调休, service hours, clocks that pause, local days. Pure."""

from __future__ import annotations

from agent.model import SECOND_US
from agent.worktime.calendar import ClockKind, OverlayEntry, StartRule, WorkCalendar, make_clock
from agent.worktime.clocks import Clock, Pause
from agent.worktime.duration import (
    DAY_US,
    HOUR_US,
    MILLISECOND_US,
    MINUTE_US,
    UNITS_US,
    WORKDAY_UNITS,
    Duration,
    TooLongError,
    parse_duration,
)
from agent.worktime.hours import Hours, Maintenance
from agent.worktime.local import Interval, LocalDays, cut_at_midnight, local_days
from agent.worktime.workdays import CalendarUnknown, YearArrangement

__all__ = [
    "DAY_US",
    "HOUR_US",
    "MILLISECOND_US",
    "MINUTE_US",
    "SECOND_US",
    "UNITS_US",
    "WORKDAY_UNITS",
    "CalendarUnknown",
    "Clock",
    "ClockKind",
    "Duration",
    "Hours",
    "Interval",
    "LocalDays",
    "Maintenance",
    "OverlayEntry",
    "Pause",
    "StartRule",
    "TooLongError",
    "WorkCalendar",
    "YearArrangement",
    "cut_at_midnight",
    "local_days",
    "make_clock",
    "parse_duration",
]
