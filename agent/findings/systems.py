"""Findings about systems: down without a ticket, and work that only piles up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from agent.findings.look import Look
from agent.findings.recent import TICKET, Outage
from agent.measures import promised_microseconds
from agent.model import SECOND_US, Finding, Instant, utc_of

NEAR_US = 30 * 60 * SECOND_US
GROWING_DAYS = 7
GROWING_ON = 5  # of them: a weekend may add nothing
LEAST_GROWTH = 10
LEAST_SHARE = 4  # … and a quarter of what was open


def outage_without_ticket(look: Look) -> Iterator[Finding]:
    """A system that a probe found down, within its promised hours, without a fault ticket 30 min before to after.

    One sample is no outage: two have to say so. It is judged once the fault desks were read half an hour later.
    """
    tickets: dict[str, list[Instant]] = {}
    for system, at in look.recent.tickets.values():
        tickets.setdefault(system, []).append(at)
    for one in sorted(look.recent.outages.values(), key=lambda outage: (outage.begins, outage.source)):
        near = any(one.begins - NEAR_US <= at <= one.ends + NEAR_US for at in tickets.get(one.system, ()))
        if not near and _counts(look, one) and _desks_read(look, one.system) >= one.begins + NEAR_US:
            text = f"{look.system_name(one.system)} {_moment(look, one.begins)} 至 {_moment(look, one.ends)} 无应答"
            yield Finding(
                "outage_without_ticket", f"{one.source}/{one.id}", f"{text}，前后30分钟内没有故障工单", one.begins
            )


def _counts(look: Look, one: Outage) -> bool:
    """Whether at least two samples found it down, in hours for which the system is promised."""
    source = look.config.source(one.source)
    return (
        source is not None
        and promised_microseconds(look.setting, one.system, one.begins, one.ends) * 2 >= source.every_us * 3
    )


def _desks_read(look: Look, system: str) -> Instant:
    """When all fault desks that speak of a system had been read last; 0 where there is none."""
    desks = [status for source, status in look.sources() if source.spec.record == TICKET and system in source.systems]
    return min((status.last_success or 0 for status in desks), default=0)


def _moment(look: Look, at: Instant) -> str:
    return f"{utc_of(at).astimezone(look.zone):%m-%d %H:%M:%S}"


def backlog_grows(look: Look) -> Iterator[Finding]:
    """A system whose open records only grew over the last seven days.

    At no midnight there were fewer than at the one before, on five days at least there were more, and in all it grew by
    ten records and a quarter at least. Nothing is said while it is not known what was finished in that time.
    """
    midnights = [look.days.start_of(look.today - GROWING_DAYS + n) for n in range(GROWING_DAYS + 1)]
    if look.recent.since > midnights[0]:
        return
    for system, open_at in sorted(_open_at(look, midnights).items()):
        steps = [later - earlier for earlier, later in pairwise(open_at)]
        growth = open_at[-1] - open_at[0]
        if min(steps) < 0 or sum(step > 0 for step in steps) < GROWING_ON:
            continue
        if growth >= LEAST_GROWTH and growth * LEAST_SHARE >= open_at[0]:
            text = f"{look.system_name(system)}的未结记录七天来只增不减：{open_at[0]} 件增到 {open_at[-1]} 件"
            yield Finding("backlog_grows", system, text, look.now)


def _open_at(look: Look, midnights: list[Instant]) -> dict[str, list[int]]:
    """How many records of each system were open at each midnight: those open now, and those finished since."""
    counts: dict[str, list[int]] = {}

    def add(system: str, begins: Instant, ends: Instant | None) -> None:
        open_at = counts.setdefault(system, [0] * len(midnights))
        for place, midnight in enumerate(midnights):
            open_at[place] += begins < midnight and (ends is None or midnight <= ends)

    for name, _, _ in look.recent.kinds.values():
        for system, starts in look.session.rows(
            "SELECT system, starts FROM observation WHERE outcome >= 3 AND definition = ? AND starts IS NOT NULL",
            (look.serving.get(name),),
        ):
            add(system, starts, None)
    for one in look.recent.answered.values():
        add(one.system, one.begins, one.ends)
    return {system: open_at for system, open_at in counts.items() if system}
