"""Times of day written as `09:00-11:30`, a system's daily opening hours, and planned maintenance.

Intervals are half-open `[a, b)`; lists of them are in order and apart from each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.model import Instant
from agent.worktime.local import DAY_MINUTES, Interval, LocalDays, Spans

_SPAN = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*")


def merge(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of intervals: sorted, overlapping and touching ones joined, empty and reversed ones gone."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pair for pair in intervals if pair[0] < pair[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def without(intervals: Iterable[tuple[int, int]], cuts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of the intervals lies in none of the cuts; both in order and apart."""
    left: list[tuple[int, int]] = []
    for start, end in intervals:
        for cut_start, cut_end in cuts:
            if cut_end <= start or end <= cut_start:
                continue
            if start < cut_start:
                left.append((start, cut_start))
            start = cut_end
        if start < end:
            left.append((start, end))
    return left


def parse_spans(texts: str | Sequence[str], *, overnight: bool = False) -> Spans:
    """The times of day the texts spell, joined where they meet; ValueError says what was expected.

    `overnight` allows `22:00-02:00`, which stands for the last two and the first two hours of every day.
    """
    spans: list[tuple[int, int]] = []
    for text in [texts] if isinstance(texts, str) else texts:
        opens, closes = _span(text)
        if opens < closes:
            spans.append((opens, closes))
        elif overnight and opens > closes:
            spans += [(opens, DAY_MINUTES), (0, closes)]
        else:
            expected = "an end other than the start" if overnight else "an end after the start, on the same day"
            raise ValueError(f"hours {text!r}: expected {expected}")
    if not spans:
        raise ValueError("expected at least one span of hours such as '09:00-17:00', got none")
    return tuple(merge(spans))


def _span(text: str) -> tuple[int, int]:
    matched = _SPAN.fullmatch(text)
    if matched is not None:
        open_hour, open_minute, close_hour, close_minute = map(int, matched.groups())
        opens, closes = open_hour * 60 + open_minute, close_hour * 60 + close_minute
        if open_minute < 60 and close_minute < 60 and opens < DAY_MINUTES and closes <= DAY_MINUTES:
            return opens, closes
    raise ValueError(f"expected hours such as '09:00-11:30' (the end at most 24:00), got {text!r}")


class Hours:
    """The hours a system is promised to be open, every day of the year."""

    def __init__(self, texts: str | Sequence[str], local: LocalDays) -> None:
        self._spans = parse_spans(texts, overnight=True)
        self._local = local

    def clip(self, start: Instant, end: Instant) -> list[Interval]:
        """The parts of `[start, end)` within opening hours; one that runs over midnight stays whole."""
        if end <= start:
            return []
        days = range(self._local.day_of(start), self._local.day_of(end - 1) + 1)
        opened = (interval for day in days for interval in self._local.opening(day, self._spans))
        return merge((max(opens, start), min(closes, end)) for opens, closes in opened)

    def open_microseconds(self, start: Instant, end: Instant) -> int:
        """How much of `[start, end)` lies within opening hours."""
        return sum(closes - opens for opens, closes in self.clip(start, end))


class Maintenance:
    """Planned maintenance windows, which take time out of what was promised."""

    def __init__(self, windows: Iterable[Interval]) -> None:
        windows = list(windows)
        if any(end <= start for start, end in windows):
            raise ValueError("a maintenance window's `to` must be after its `from`")
        self.windows = merge(windows)

    def outside(self, start: Instant, end: Instant) -> list[Interval]:
        """The parts of `[start, end)` in no maintenance window."""
        return without([(start, end)] if start < end else [], self.windows)
