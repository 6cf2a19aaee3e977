"""What is noticed of a record while it is booked: facts that need no other record, kept in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from agent.ledger import Session
from agent.model import SECOND_US, Instant, Record, utc_of

# A change of the record puts these right, or states them anew; the others are history and stay.
CLOCKS_DIFFER_US = 3600 * SECOND_US  # what lies less ahead may be a clock that is off
PUT_RIGHT = ("in_the_future", "out_of_order", "same_rank", "share_above_one")
OF_CHANGES = ("same_rank", "entered_late", "answer_edited")  # the record as it is does not show them
CLEAR = (
    "UPDATE finding SET cleared_seq = ? WHERE subject = ? AND cleared_seq IS NULL "
    f"AND kind IN ({','.join('?' * len(PUT_RIGHT))})"
)
MOST_NAMED = 20  # records of one delivery, each with a finding of its own
INSERT = "INSERT INTO finding (kind, subject, text, at, seq) VALUES (?,?,?,?,?)"

Found = Iterator[tuple[str, str]]  # kind, text


@dataclass(frozen=True, slots=True)
class Watch:
    """What one definition expects of a record."""

    order: tuple[str, str] | None  # the times between which it measures: the second should not come first
    answer: str | None  # the time by which a promise was kept or broken
    share: tuple[str, str] | None  # a part and its whole
    entered_by: Callable[[Instant], Instant | None]  # by when a source should hold what was answered; None: not known
    local: Callable[[Instant], datetime]


NOTHING = Watch(None, None, None, lambda answered: None, utc_of)


class Change(NamedTuple):
    """A record that took another's place, what that had said, and whether both have the same rank."""

    former: Record
    record: Record
    same_rank: bool


class Arrival(NamedTuple):
    """What a delivery brought of one source, as far as something may be noticed of it."""

    source: str
    now: Instant
    new: Sequence[Record]
    changed: Sequence[Change]
    was_read: bool  # the same rows could have been read before: neither a new mapping nor rejects tried again


def notice(session: Session, watches: Sequence[Watch], arrival: Arrival) -> None:
    """Note what a person should look at, and clear what a change has put right."""
    changed = [one.record.id for one in arrival.changed]
    if changed and session.one("SELECT 1 FROM finding WHERE cleared_seq IS NULL LIMIT 1"):
        session.many(CLEAR, [(session.seq, f"{arrival.source}/{id}", *PUT_RIGHT) for id in changed])
    found: dict[tuple[str, str], str] = {}
    answered = {watch.answer: watch for watch in watches if watch.answer is not None}
    ordered = sorted({watch.order for watch in watches if watch.order is not None})
    shares = sorted({watch.share for watch in watches if watch.share is not None})
    names = sorted({name for pair in ordered for name in pair})
    told = _told(session, arrival) if answered and arrival.new else []
    for record in chain(arrival.new, (change.record for change in arrival.changed)):
        for kind, text in _of_one(record, names, ordered, shares, arrival.now):
            found[(kind, record.id)] = text
    for record in arrival.new if told else ():
        for kind, text in _late(record, answered, told, arrival.now):
            found[(kind, record.id)] = text
    for change in arrival.changed:
        for kind, text in _of_change(change, answered, ordered):
            found[(kind, change.record.id)] = text
    gathered = _gathered(arrival.source, found)
    session.many(INSERT, [(kind, place, text, arrival.now, session.seq) for kind, place, text in gathered])


def _gathered(source: str, found: dict[tuple[str, str], str]) -> Iterator[tuple[str, str, str]]:
    """Kind, subject and text. What many records of one delivery share is said of the source, once."""
    shared = Counter(kind for kind, _ in found)
    for (kind, id), text in sorted(found.items()):
        if kind in PUT_RIGHT or shared[kind] <= MOST_NAMED:
            yield kind, f"{source}/{id}", text
    for kind, number in sorted(shared.items()):
        if kind not in PUT_RIGHT and number > MOST_NAMED:
            id, text = min((id, text) for (one, id), text in found.items() if one == kind)
            yield kind, source, f"一次 {number:,} 件，如 {id}：{text}"


def _of_one(
    record: Record,
    names: Sequence[str],
    ordered: Sequence[tuple[str, str]],
    shares: Sequence[tuple[str, str]],
    now: Instant,
) -> Found:
    fields, times = record.fields, record.times
    latest = now + CLOCKS_DIFFER_US
    if ahead := [name for name in names if times.get(name, now) > latest]:
        yield "in_the_future", f"{'、'.join(ahead)} 晚于采集时刻"
    for begin, end in ordered:
        if _out_of_order(record, begin, end):
            yield "out_of_order", f"{end} 早于 {begin}"
    for part, whole in shares:
        if part in fields and whole in fields and Decimal(fields[part]) > Decimal(fields[whole]):
            yield "share_above_one", f"{part} {fields[part]} 大于 {whole} {fields[whole]}"


def _out_of_order(record: Record, begin: str, end: str) -> bool:
    times = record.times
    return end in times and begin in times and times[end] < times[begin]


def _of_change(change: Change, answered: dict[str, Watch], ordered: Sequence[tuple[str, str]]) -> Found:
    former, record = change.former, change.record
    if change.same_rank:
        yield "same_rank", "内容变了,版本号和更新时间却没有变"
    for name, watch in sorted(answered.items()):
        before, after = former.times.get(name), record.times.get(name)
        if before is None or after is None or before == after or record.withdrawn:
            continue
        was_impossible = any(end == name and _out_of_order(former, begin, end) for begin, end in ordered)
        if not was_impossible:
            yield "answer_edited", f"{name} 由 {_moment(watch, before)} 改为 {_moment(watch, after)}"


def _late(record: Record, answered: dict[str, Watch], told: Sequence[tuple[Instant, Instant]], now: Instant) -> Found:
    """Answered more than a working day before the end of what the source had told, which did not hold it."""
    for name, watch in sorted(answered.items()):
        at = record.times.get(name)
        by = None if at is None else watch.entered_by(at)
        if at is not None and by is not None and any(begins <= at and by < ends for begins, ends in told):
            yield "entered_late", f"{name} {_moment(watch, at)}，{_moment(watch, now)} 才首次读到"


def _told(session: Session, arrival: Arrival) -> list[tuple[Instant, Instant]]:
    """The time of which the source had told everything before; none where it could not have told these rows."""
    if not arrival.was_read:
        return []
    return [(a, b) for a, b in session.rows("SELECT begins, ends FROM coverage WHERE source = ?", (arrival.source,))]


def _moment(watch: Watch, at: Instant) -> str:
    return f"{watch.local(at):%Y-%m-%d %H:%M:%S}"
