"""Which records people are chased for by the minute: those of a clock below four hours. Pure."""

from __future__ import annotations

from agent.config import Indicator
from agent.measures import DurationMeasure, OnTime
from agent.model import SECOND_US, Unit

SHORT_CLOCK_US = 4 * 3600 * SECOND_US


def is_chased(indicator: Indicator) -> bool:
    """Whether a record of an indicator has only minutes or a few hours."""
    measure = indicator.measure
    if not isinstance(measure, OnTime | DurationMeasure):
        return False
    if measure.limit is None:
        return isinstance(measure, DurationMeasure) and any(
            target.unit is Unit.SECONDS and target.value is not None and target.value * SECOND_US < SHORT_CLOCK_US
            for _, target in indicator.targets[-1:]
        )
    limits = [measure.limit.fixed] if measure.limit.fixed else list(measure.limit.table.values())
    return any(one.microseconds is not None and one.microseconds < SHORT_CLOCK_US for one in limits)
