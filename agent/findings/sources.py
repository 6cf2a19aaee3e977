"""Findings about sources: their clock, their silence, and whether two of them tell the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise

from agent.book import count_of
from agent.config import Source
from agent.findings.arrivals import Arrivals
from agent.findings.look import Look
from agent.model import SECOND_US, Day, Finding, Instant
from agent.shown import duration
from agent.worktime import CalendarUnknown, Clock, make_clock

OFFSET_SECONDS = 30.0
COMPARED_DAYS = 30
TIMES_USUAL = 10
LEAST_GAPS = 20
LEAST_QUIET_US = 600 * SECOND_US
NAMED_DAYS = 3


def clock_offset(look: Look) -> Iterator[Finding]:
    """A source whose clock and ours differ by more than 30 s: times from both do not compare."""
    for source, status in look.sources():
        offset = status.signals.get("clock_offset_seconds")
        if offset is not None and abs(offset) > OFFSET_SECONDS:
            ahead = "快" if offset > 0 else "慢"
            text = f"对方时钟比本机{ahead} {abs(offset):.0f} 秒"
            yield Finding("clock_offset", source.id, text, look.now)


def orphaned_source(look: Look) -> Iterator[Finding]:
    """A source that is configured no longer, though its records count: renamed, it would count everything twice."""
    known = {source.id for source in look.config.sources}
    for name, records in look.session.rows(
        "SELECT source, records FROM source_state WHERE records > 0 ORDER BY source"
    ):
        counts = "SELECT 1 FROM record WHERE source = ? AND NOT withdrawn LIMIT 1"
        if name not in known and look.session.one(counts, (name,)):
            text = (
                f"账本中有 {records:,} 条来自它的记录仍计入指标，但配置里已没有这个数据源；若是改名，请改回原名；"
                "不应再计入的，用 dabiao retire 撤下"
            )
            yield Finding("orphaned_source", name, text, look.now)


def silent(look: Look) -> Iterator[Finding]:
    """A source that usually speaks and has brought no new or changed record for ten times its usual gap.

    Gaps are measured on the clock of the service hours, so that nights and holidays are no silence. The usual gap is
    the one that nine of ten of the last 200 stay within; a source with fewer than 20 gaps has no habit yet. Arrivals
    within half an interval of each other are one. Less than ten minutes are no silence, for the pace of a day changes.
    A source that cannot be read is not silent but down.
    """
    clock = make_clock("service_hours", look.setting.calendar)
    for source, status in look.sources():
        if not status.up:
            continue
        try:
            usual, quiet = _habit(look.arrivals, source, clock, look.now)
        except CalendarUnknown:
            continue
        if usual and quiet > max(TIMES_USUAL * usual, LEAST_QUIET_US):
            text = f"服务时间内已 {_length(quiet)} 没有新消息，平时十次有九次不超过 {_length(usual)}"
            yield Finding("silent", source.id, text, look.arrivals.of(source.id)[0])


def _habit(arrivals: Arrivals, source: Source, clock: Clock, now: Instant) -> tuple[int, int]:
    """The usual gap of a source and its present one, in microseconds of service time; 0 where there is no habit."""
    worked: list[int] = []
    for at in arrivals.of(source.id):
        done = clock.worked(at)
        if not worked or worked[-1] - done > source.every_us // 2:
            worked.append(done)
    gaps = sorted(later - earlier for later, earlier in pairwise(worked))
    if len(gaps) < LEAST_GAPS:
        return 0, 0
    return gaps[len(gaps) * 9 // 10], clock.worked(now) - worked[0]


def counts_disagree(look: Look) -> Iterator[Finding]:
    """Two sources that should tell the same number of records a day, and did not within the last 30 full days.

    Only days of which both told everything are compared. The counts are tallies, kept while booking.
    """
    for source in look.config.sources:
        agree = source.spec.agree_with
        other = look.config.source(agree.source) if agree is not None else None
        if agree is not None and other is not None:
            name = source.shared_time(other)
            counts = [_counts(look, one, name) for one in (source, other)]
            days = [day for day in counts[0] if day in counts[1]]
            apart = [day for day in days if _differ(counts[0][day], counts[1][day], agree.tolerance)]
            if apart:
                yield Finding("counts_disagree", source.id, _apart(other.id, apart, counts), look.now)


def _differ(one: int, other: int, tolerance: Fraction) -> bool:
    return abs(one - other) > tolerance * max(one, other)


def _apart(other: str, days: Sequence[Day], counts: Sequence[dict[Day, int]]) -> str:
    named = "，".join(
        f"{date.fromordinal(day).isoformat()} {counts[0][day]} 对 {counts[1][day]}" for day in days[-NAMED_DAYS:]
    )
    return f"与 {other} 相比，近{COMPARED_DAYS}天有 {len(days)} 天的数量对不上：{named}"


def _counts(look: Look, source: Source, name: str | None) -> dict[Day, int]:
    """How many records a source told of each of the last full days by one of its times, where it told the whole day."""
    definition = look.serving.get(f"/{count_of(source.id, name)}")
    first, last = look.today - COMPARED_DAYS, look.today
    rows = look.session.rows(
        "SELECT day, SUM(good) FROM tally WHERE definition = ? AND day >= ? AND day < ? GROUP BY day",
        (definition, first, last),
    )
    told = look.session.rows("SELECT begins, ends FROM coverage WHERE source = ?", (source.id,))
    starts = look.days.start_of
    whole = [d for d in range(first, last) if any(a <= starts(d) and starts(d + 1) <= b for a, b in told)]
    counted = {day: int(number) for day, number in rows}
    return {day: counted.get(day, 0) for day in whole} if definition is not None else {}


def _length(microseconds: int) -> str:
    return duration(Fraction(round(microseconds / SECOND_US)))
