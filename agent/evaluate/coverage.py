"""How much of a window an indicator's sources really told: intervals joined, intersected and measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.model import Instant

Stretch = tuple[Instant, Instant]


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
    """The share of [begins, ends) inside the stretches; None for an empty interval."""
    if ends <= begins:
        return None
    return 1 - sum(b - a for a, b in gaps(stretches, begins, ends)) / (ends - begins)
