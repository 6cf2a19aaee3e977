"""How much of a window an indicator's sources really told: intervals joined, intersected and measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from agent.config import Source
from agent.measures import Measure, Uptime
from agent.model import Day, Instant, SourceStatus, instant_of
from agent.worktime import LocalDays

Stretch = tuple[Instant, Instant]


def registers_of(measure: Measure, sources: Iterable[Source]) -> frozenset[str]:
    """Of the sources of an uptime, those that tell outages alone, where others (probes) tell up time too.

    Such a register is the history from before the others began: it accounts for the time until their first sample, and
    what it tells of the time after changes nothing.
    """
    if not isinstance(measure, Uptime):
        return frozenset()
    stating = {source.id: not measure.states().isdisjoint(source.spec.fields) for source in sources}
    return frozenset(id for id, states in stating.items() if not states) if any(stating.values()) else frozenset()


def systems_told(measure: Measure, promised: Iterable[str], sources: Sequence[Source]) -> tuple[str, ...]:
    """The promised systems for which silence means up: those the sources (beside probes, the registers) speak of.

    Sources that speak of no system at all tell of the systems the measure names, else of the unnamed one.
    """
    registers = registers_of(measure, sources)
    telling = [source.systems for source in sources if not registers or source.id in registers]
    spoken = frozenset[str]().union(*telling)
    if not spoken:
        return measure.systems or ("",)
    unnamed = ("",) if not measure.systems and not all(telling) else ()
    return (*(name for name in measure.systems or promised if name in spoken), *unnamed)


def from_first(told: Iterable[Stretch], source: Source, first: Instant | None, days: LocalDays) -> list[Stretch]:
    """What a source told, of which one stretch may begin at 0: all there is.

    That reaches back to the day of its first record, or of its first read, or to where it is asked to start; where the
    source says since when it is measured, it reaches back to that.
    """
    if first is None or source.measured_from is not None:
        return list(told)
    begun = days.start_of(days.day_of(first))
    if source.since_start is not None:
        begun = min(begun, instant_of(source.since_start))
    return [(a, b) if a > 0 else (begun, max(begun, b)) for a, b in told]


def until_now(told: Iterable[Stretch], status: SourceStatus | None, now: Instant, overlap: int) -> list[Stretch]:
    """What a source told, joined; one that is fresh, and that never reads more than an overlap back, until now."""
    stretches = joined(told)
    if status is None or not status.up or not status.is_fresh(now):
        return stretches
    if stretches and stretches[-1][1] >= status.fresh_since(now) - overlap:
        stretches[-1] = (stretches[-1][0], max(now, stretches[-1][1]))
    return stretches


def together(told: Mapping[str, Sequence[Stretch]], registers: Set[str] = frozenset()) -> list[Stretch]:
    """The time in which all sources told everything; before the others began, that is what the registers told."""
    others = in_all([stretches for source, stretches in told.items() if source not in registers])
    return joined([*history(told, registers), *others]) if registers else others


def history(told: Mapping[str, Sequence[Stretch]], registers: Set[str]) -> list[Stretch]:
    """What the registers told of the time before any other source began."""
    begun = min((one[0][0] for source, one in told.items() if source not in registers and one), default=None)
    known = in_all([told[source] for source in registers])
    return [(a, b if begun is None else min(b, begun)) for a, b in known if begun is None or a < begun]


def in_all(several: Sequence[Sequence[Stretch]]) -> list[Stretch]:
    """The time that lies in every one of several."""
    stretches = list(several[0]) if several else []
    for other in several[1:]:
        stretches = common(stretches, other)
    return stretches


def first_whole_day(days: LocalDays, begun: Instant | None) -> Day:
    """The first day that sources which began at an instant could tell as a whole: no earlier one is owed."""
    if begun is None:
        return 0
    day = days.day_of(begun)
    return day if days.start_of(day) == begun else day + 1


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as disjoint stretches in order."""
    result: list[Stretch] = []
    for begins, ends in sorted(stretches):
        if result and begins <= result[-1][1]:
            result[-1] = (result[-1][0], max(ends, result[-1][1]))
        else:
            result.append((begins, ends))
    return result


def common(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """The time that lies in both; each side disjoint and in order."""
    result: list[Stretch] = []
    i = j = 0
    while i < len(left) and j < len(right):
        begins, ends = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begins < ends:
            result.append((begins, ends))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


def gaps(stretches: Sequence[Stretch], begins: Instant, ends: Instant) -> list[Stretch]:
    """The time of [begins, ends) that lies in none of the stretches."""
    result, at = [], begins
    for a, b in stretches:
        if b <= at:
            continue
        if a >= ends:
            break
        if a > at:
            result.append((at, a))
        at = b
    if at < ends:
        result.append((at, ends))
    return result


def share(stretches: Sequence[Stretch], begins: Instant, ends: Instant) -> float | None:
    """The share of [begins, ends) inside the stretches: of a single instant all or nothing, None of a time to come."""
    if ends < begins:
        return None
    if ends == begins:
        return float(any(a <= begins <= b for a, b in stretches))
    return 1 - sum(b - a for a, b in gaps(stretches, begins, ends)) / (ends - begins)
