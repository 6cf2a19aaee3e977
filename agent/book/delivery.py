"""What one page of a source brings to the ledger, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.model import Event, Instant, Mapped, Record


@dataclass(slots=True)
class Delivery:
    """What one page of a source brings to the ledger."""

    source: str
    kind: str
    mapped: Mapped
    now: Instant
    fold: Callable[[str, Sequence[Event]], Record] | None = None  # for event logs: how events become a record
    revisions: bool = True  # False where a record only grows (a probe's running interval)
    cursor: Mapping[str, Any] | None = None
    covers: tuple[Instant, Instant] | None = None
    interval_us: int = 0  # between two polls of the source; what is learned after a longer time was not known meanwhile
    signals: Mapping[str, float] = field(default_factory=dict)
    finished: bool = False  # the source was read to its end
    mapping_hash: str | None = None
    seen: set[int] | None = None  # collects the keys met in a complete read
    resolved: Sequence[int] = ()  # rejects that these rows settle
    id_of: Callable[[Mapping[str, str | None]], str | None] | None = None  # the id of one, by its mapped columns
    met: set[int] = field(default_factory=set)  # collects the bad rows met in a round
    read_whole: str | None = None  # the place that was read from its beginning to its end …
    complete: bool = False  # … or everything was
    marks: Mapping[str, int] = field(default_factory=dict)  # by record, of the rows they were mapped from
    unchanged: int = 0  # rows that were not even mapped, for their marks are known


class Booked(NamedTuple):
    """What came of a delivery."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0

    def plus(self, other: Booked) -> Booked:
        """The sum."""
        return Booked(*map(int.__add__, self, other))
