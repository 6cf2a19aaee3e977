"""The simulated world: all that happens from 1 January on, a pure function of seed, start and speed."""

from __future__ import annotations

import heapq
from datetime import date, datetime, timedelta

from agent.demo import accreditation, cases, faults, quality, signing
from agent.demo.changes import Change
from agent.demo.live import Live, Outage
from agent.demo.seasons import SHANGHAI
from agent.demo.workbooks import WORKBOOKS, Daily

STREAMS: dict[str, Daily] = {
    "faults": faults.desk_faults,
    "desk-log": faults.video_events,
    "cases": cases.exchange_cases,
    "new-home-contracts": signing.new_home_contracts,
    "resale-contracts": signing.resale_contracts,
    "deals": signing.registered_deals,
    "accreditations": accreditation.accreditations,
    "reviews": accreditation.reviews,
    "checks": quality.checks,
    "calls": quality.interface_calls,
    "users": quality.department_users,
    **WORKBOOKS,
}


class World:
    """Tells what changed, as far as time has come. Each thing's life is settled when it begins, so time never drifts:
    advancing in steps tells the same changes as advancing at once."""

    def __init__(self, seed: int, start: datetime, speed: float = 1.0) -> None:
        self.seed = seed
        self.start = start.astimezone(SHANGHAI).replace(microsecond=0)
        self.live = Live(seed, self.start, speed)
        self._pending: list[Change] = []
        self._day = date(self.start.year, 1, 1)  # the first day not yet drawn up
        self._minute = 0  # the first live minute not yet drawn up
        self._outages: list[Outage] = []
        self._push(cases.paused_now(seed, self.start))
        self._push(cases.paused_over_the_turn(seed, self.start.year - 1))

    def _push(self, changes: list[Change]) -> None:
        for change in changes:
            heapq.heappush(self._pending, change)

    def advance(self, now: datetime) -> list[Change]:
        """The changes since the last call up to and including `now`, in order of time."""
        now = now.astimezone(SHANGHAI)
        while self._day <= now.date():
            for stream in STREAMS.values():
                self._push(list(stream(self.seed, self._day)))
            self._day += timedelta(days=1)
        while self.live.after(self._minute * 60 - 60) <= now:  # a minute ahead: a fault is seen later than reported
            self._push(list(self.live.minute(self._minute)))
            self._outages += self.live.outages(self._minute)
            self._minute += 1
        told: list[Change] = []
        while self._pending and self._pending[0].at <= now:
            told.append(heapq.heappop(self._pending))
        self._outages = [outage for outage in self._outages if outage.ends > now]
        return told

    def down(self, now: datetime) -> set[str]:
        """The systems that do not answer at `now`; `now` must have been advanced to."""
        return {outage.system for outage in self._outages if outage.begins <= now < outage.ends}
