"""The `probe` collector: whether a system answers, by HTTP or TCP, as intervals of `up` and `down`.

One fetch is one sample. The interval that is running lives in the cursor: a sample that finds the same state moves its
end, one that finds another state ends it at this instant and begins the next, so that time is neither lost nor double.
When the samples were further apart than twice the interval, what was between is unknown: the former interval stays as
it was and a new one begins. A system that is down is a finding of the probe, not a failure of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.model import SECOND_US, CollectError, Instant, Page, Poll, Row, utc_of
from collectors.sampling import HttpTarget, Sample, TcpTarget, sample_http, sample_tcp

GAP_INTERVALS = 2
CLOCK_ERROR = 3600 * SECOND_US
ROW_COLUMNS = ("started", "until", "state", "reason")


class ProbeOptions(BaseModel):
    """What a `probe` source says."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    http: HttpTarget | None = None
    tcp: TcpTarget | None = None
    interval_seconds: float = Field(default=60.0, gt=0)  # the source's `every`

    @model_validator(mode="after")
    def _one_target(self) -> ProbeOptions:
        if (self.http is None) == (self.tcp is None):
            raise ValueError("expected exactly one of http, tcp")
        return self


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time in one state, with the reason of its first sample."""

    started: Instant
    until: Instant
    state: Literal["up", "down"]
    reason: str | None
    samples: int = 1  # that found it so, in a row

    def row(self, columns: Sequence[str]) -> Row:
        """The interval as a row; `started` is its identity."""
        values = (utc_of(self.started), utc_of(self.until), self.state, self.reason)
        return tuple(values[ROW_COLUMNS.index(column)] for column in columns)

    def cursor(self) -> dict[str, Any]:
        """The interval as the cursor keeps it."""
        return {name: getattr(self, name) for name in (*ROW_COLUMNS, "samples")}


def follow(running: Interval | None, now: Instant, sample: Sample, gap: int) -> list[Interval]:
    """The intervals that a sample taken at `now` begins or moves, the running one last.

    A clock that went back stands still at the end of the running interval, whose time has been told, until it has
    caught up; when it went back by more than an hour it was wrong before, and a new interval begins at `now`.
    """
    state: Literal["up", "down"] = "down" if sample.reason else "up"
    if running is None or now - running.until > gap or running.until - now > CLOCK_ERROR:
        return [Interval(now, now, state, sample.reason)]
    at = max(now, running.until)
    moved, begun = replace(running, until=at), Interval(at, at, state, sample.reason)
    if state == running.state:
        return [replace(moved, samples=running.samples + 1)]
    return [moved, begun] if running.started < at else [begun]  # an interval of no length takes the later state


class ProbeCollector:
    """Takes one sample a fetch."""

    Options: ClassVar[type[BaseModel]] = ProbeOptions
    revisions: ClassVar[bool] = False
    mapping: ClassVar[Mapping[str, Any]] = {
        "record": "uptime",
        "id": "started",
        "times": {"from": "started", "to": "until"},
        "fields": {"state": "state", "reason": "reason"},
    }

    def __init__(self, options: ProbeOptions) -> None:
        """Open nothing."""
        self.options = options

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """One page: the interval this sample moves and the one it begins. CollectError when no sample can be taken.

        Signals: `up` (1 or 0), `failed_samples` in a row, `seconds` until the answer was complete, and
        `certificate_expiry` (Unix time).
        """
        if unknown := set(poll.columns) - set(ROW_COLUMNS):
            raise CollectError(f"a probe has no column {', '.join(sorted(unknown))}: expected {', '.join(ROW_COLUMNS)}")
        sample = self._sample(poll.deadline)
        running = None if poll.cursor is None else Interval(**poll.cursor)
        gap = int(GAP_INTERVALS * self.options.interval_seconds * SECOND_US)
        intervals = follow(running, poll.now, sample, gap)
        last = intervals[-1]
        joined = running is not None and intervals[0].started == running.started
        yield Page(
            rows=[interval.row(poll.columns) for interval in intervals],
            where="sample",
            numbers=range(1, len(intervals) + 1),
            cursor=last.cursor(),
            covers=(running.until if running is not None and joined else last.until, last.until),
            signals={**sample.signals(), "failed_samples": float(last.samples if last.state == "down" else 0)},
        )

    def _sample(self, deadline: float) -> Sample:
        if self.options.http is not None:
            return sample_http(self.options.http, deadline)
        assert self.options.tcp is not None
        return sample_tcp(self.options.tcp, deadline)
