"""The schedule: runs the collectors, books what they say, ticks, publishes the Snapshot."""

from __future__ import annotations

from agent.poll.retrying import Retried, StoredReject, retry, unresolved
from agent.poll.round import Outcome, Round
from agent.poll.schedule import Publisher, Schedule, now_instant
from agent.poll.trial import Trial, trial

__all__ = [
    "Outcome",
    "Publisher",
    "Retried",
    "Round",
    "Schedule",
    "StoredReject",
    "Trial",
    "now_instant",
    "retry",
    "trial",
    "unresolved",
]
