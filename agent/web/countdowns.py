"""Open records as countdowns: what is not done yet, where, and how long is left on the clock that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent import words
from agent.config import Config, Indicator
from agent.evaluate import is_chased, plans_in_force
from agent.explain.glossary import done, kind_alone
from agent.measures import DurationMeasure, OnTime, Timed
from agent.model import SECOND_US, Instant, OpenRecord
from agent.shown import countdown, moment
from agent.status import zone_of
from agent.web.pages import MILLISECOND_US, Names, indicator_address
from agent.worktime import CalendarUnknown, make_clock


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open record. `left_ms` is what is left now, None without a due time; `runs` says whether it gets less."""

    indicator: str
    address: str
    system: str | None
    system_name: str
    ticket: str
    kind: str
    undone: str
    begun: str
    due: str
    stage: str
    word: str
    left_ms: int | None
    runs: bool
    is_worktime: bool
    countdown: str


class Countdowns:
    """Makes them, for one configuration."""

    def __init__(self, config: Config, names: Names) -> None:
        """Hold the clocks that stand still at night."""
        self._config, self._names, self._zone = config, names, zone_of(config)
        self._short = {key for key, one in names.indicators.items() if "/" not in one.id and is_chased(one)}

    def waiting(self, one: OpenRecord, as_of: Instant, now: Instant) -> Waiting:
        """An open record of a Snapshot of `as_of`, as it stands now."""
        left, runs = self._left(one, as_of, now)
        worktime = one.left_us is not None
        known = self._names.indicators.get((one.project, one.indicator))
        return Waiting(
            indicator=self._names.indicator(one.project, one.indicator),
            address=indicator_address(one.project, one.indicator),
            system=one.system,
            system_name=self._names.system(one.system),
            ticket=one.id,
            kind="" if known is None else kind_alone(known.measure.of),
            undone="" if known is None else undone(known),
            begun=self._begun(one, known, now),
            due=self._local(one.due, now),
            stage=one.stage.value,
            word=words.STAGES[one.stage],
            left_ms=None if left is None else left // MILLISECOND_US,
            runs=runs,
            is_worktime=worktime,
            countdown=words.STAGES[one.stage]
            if left is None
            else countdown(now + left, now, left if worktime else None),
        )

    def foremost(self, records: Sequence[OpenRecord], now: Instant) -> OpenRecord | None:
        """The record closest to its limit on either side of it; of those chased by the minute where such are promised.

        One that is late by minutes comes before one due in hours; one that is late by weeks does not come for ever.
        """
        chased = [
            one for one in records if one.due and (not self._short or (one.project, one.indicator) in self._short)
        ]
        return min(chased, key=lambda one: (abs((one.due or 0) - now), one.id), default=None)

    def none_open(self) -> str:
        """What is said where there is no such record: `当前无未响应故障`."""
        kinds = dict.fromkeys(
            f"{undone(one)}{kind_alone(one.measure.of)}"
            for key, one in self._names.indicators.items()
            if key in self._short
        )
        return f"当前无{'、'.join(kinds)}" if kinds else "当前没有计时中的事项"

    def _left(self, one: OpenRecord, as_of: Instant, now: Instant) -> tuple[int | None, bool]:
        """What is left on the record's clock now, and whether that clock runs."""
        if one.due is None:
            return None, False
        if one.left_us is None:
            return one.due - now, True
        plan = plans_in_force(self._config.plans, now)[0]
        worked = make_clock("service_hours", plan.calendar).worked
        try:
            return one.left_us - (worked(now) - worked(as_of)), worked(now + SECOND_US) > worked(now)
        except CalendarUnknown:
            return one.left_us, False

    def _begun(self, one: OpenRecord, known: Indicator | None, now: Instant) -> str:
        if one.starts is None or known is None or not isinstance(known.measure, Timed):
            return ""
        return f"{self._local(one.starts, now)}{done(known.measure.start_name)}"

    def _local(self, at: Instant | None, now: Instant) -> str:
        """The time of day, with the date where that is not today."""
        text = moment(at, self._zone)
        return text.removeprefix(f"{moment(now, self._zone)[:10]} ")


def nearest(records: Sequence[OpenRecord], as_of: Instant, number: int) -> list[OpenRecord]:
    """The open records closest to their limit on either side of it, in the order of their due times.

    Half of the places are kept for those past it, so that much that is due soon never hides what is late; the first of
    them for the one past it for longest, so that much that is a little late never hides what is worst.
    """
    due = sorted(((one.due, one.id, one) for one in records if one.due is not None), key=lambda item: item[:2])
    past = [one for at, _, one in due if at < as_of]
    ahead = [one for at, _, one in due if at >= as_of]
    places = max((number + 1) // 2, number - len(ahead))
    late = past if len(past) <= places else [past[0], *past[len(past) - places + 1 :]]
    return late + ahead[: number - len(late)]


def undone(indicator: Indicator) -> str:
    """What its open records still lack: `未响应`."""
    measure = indicator.measure
    return f"未{done(measure.to)}" if isinstance(measure, OnTime | DurationMeasure) else "未完成"
