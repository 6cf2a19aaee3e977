"""Where a year will end: expected volume, allowance, the rate needed, a calibrated forecast. Pure; judges nothing.

`DayKinds` tells the days of the calendar apart (one for all indicators of a plan), a `History` holds the daily
tallies of one indicator at one place, `outlook` says what follows from them, `course` compares a cumulative row with
its plan. The method and its sources stand in docs/forecast.md and beside each formula.
"""

from __future__ import annotations

from agent.forecast.course import course
from agent.forecast.days import DayKinds
from agent.forecast.history import History
from agent.forecast.ordered import Ordered
from agent.forecast.outlook import Outlook, Standing, outlook
from agent.forecast.reading import Reading, reading_of

__all__ = ["DayKinds", "History", "Ordered", "Outlook", "Reading", "Standing", "course", "outlook", "reading_of"]
