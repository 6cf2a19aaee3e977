"""The records behind a verdict: those that missed, those still open, those taken out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from agent import words
from agent.book.bodies import decode
from agent.book.lines import IS_BAD, IS_EXCLUDED
from agent.evaluate.openwork import OpenObservation
from agent.explain.coverage import first_day_owed
from agent.explain.explanation import Case, Group
from agent.explain.subject import Subject, Waiting
from agent.ledger import Session
from agent.measures import Days, DurationMeasure, Milestone, OnTime, Timed, Uptime
from agent.model import SECOND_US, Day, Instant, Outcome, Record, Stage
from agent.worktime import CalendarUnknown

DueOf = Callable[[Record], Instant | None]
RequestOf = Callable[[str, str], str | None]  # by source and id
# Their index finds the newest misses, and counts without a look at a record.
MISSED = f"SELECT o.record, o.day, o.num, o.den FROM observation o WHERE {IS_BAD}"
NEWEST = "ORDER BY o.day DESC, o.record DESC LIMIT ?"
EXCLUDED = f"SELECT o.reason, COUNT(*) FROM observation o WHERE {IS_EXCLUDED}"
NEWEST_EXCLUDED = (
    f"SELECT r.source, r.id FROM observation o JOIN record r ON r.pk = o.record WHERE {IS_EXCLUDED} "
    "AND {place} AND o.reason = ? ORDER BY o.day DESC, o.record DESC LIMIT 10"
)
FORMER = "SELECT record, seq, body FROM revision WHERE until_seq > seq AND record IN {in}"
RECORD = "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record WHERE pk IN {in}"


def missed(session: Session, about: Subject, waiting: Waiting, limit: int) -> tuple[Case, ...]:
    """The records that count as missed, newest first: final ones, and open ones past their limit where those count.

    Which ones they are does not depend on the order in which the ledger learned of them: an evidence pack has another.
    """
    place, values = about.by_place()
    final = session.rows(f"{MISSED} AND {place} {NEWEST}", (*values, limit))
    if final and len(final) == limit:  # of the last day any number may be missing
        last = final[-1][1]
        final = [row for row in final if row[1] > last] + session.rows(
            f"{MISSED} AND {place} AND o.day = ?", (*values, last)
        )
    running = sorted(about.overdue(waiting), key=lambda one: one.day, reverse=True)
    running = [one for one in running if one.day >= running[min(limit, len(running)) - 1].day]
    records = _records(session, [row[0] for row in final] + [one.record for one in running])
    due_of = due_finder(about)
    cases = [_final(records[pk], day, num, den, due_of, about) for pk, day, num, den in final]
    cases += [_open(records[one.record], one, Stage.OVERDUE, about) for one in running]
    cases.sort(key=lambda case: (case.source, case.id))
    cases.sort(key=lambda case: (case.day, max(case.times.values(), default=about.local(0))), reverse=True)
    return _with_first_dues(session, records, cases[:limit], about)


def undecided(waiting: Waiting, about: Subject) -> Waiting:
    """The open records that do not count as missed."""
    decided = set(about.overdue(waiting))
    return [(one, stage) for one, stage in waiting if one not in decided]


def open_cases(session: Session, about: Subject, nearest: Waiting) -> tuple[Case, ...]:
    """Open records, in the order given."""
    records = _records(session, [one.record for one, _ in nearest])
    cases = [_open(records[one.record], one, stage, about) for one, stage in nearest]
    return _with_first_dues(session, records, cases, about)


def excluded(session: Session, about: Subject, request_of: RequestOf) -> tuple[Group, ...]:
    """The records taken out, by reason, the most frequent first, with the ids of the newest."""
    place, values = about.by_place()
    rows = session.rows(f"{EXCLUDED} AND {place} GROUP BY o.reason", values)
    return tuple(
        Group(
            words.excluded(reason or ""),
            number,
            tuple(
                _named(source, id, request_of)
                for source, id in session.rows(NEWEST_EXCLUDED.replace("{place}", place), (*values, reason))
            ),
        )
        for reason, number in sorted(rows, key=lambda row: (-row[1], row[0]))
    )


def _named(source: str, id: str, request_of: RequestOf) -> str:
    asked = request_of(source, id)
    return f"{source}/{id}" + ("" if asked is None else f"({asked}，待批准)")


def with_requests(cases: Sequence[Case], request_of: RequestOf) -> tuple[Case, ...]:
    """The cases, each with what people ask to change of it."""
    return tuple(replace(case, request=request_of(case.source, case.id)) for case in cases)


def missed_days(session: Session, about: Subject, limit: int) -> tuple[date, ...]:
    """Of a measure of days: the due days without a record, newest first. Today is not missed yet."""
    if not isinstance(about.measure, Days):
        return ()
    place, values = about.by_place()
    kept = {row[0] for row in session.rows(f"SELECT DISTINCT o.day FROM tally o WHERE o.good > 0 AND {place}", values)}
    ends = min(about.window.last, about.plan.days.day_of(about.now), about.plan.calendar.covered_until)
    first = max(about.window.first, first_day_owed(session, about))
    due = about.measure.days_due(about.plan.calendar, first, max(first, ends))
    return tuple(date.fromordinal(day) for day in sorted(set(due) - kept, reverse=True)[:limit])


def _records(session: Session, pks: Sequence[int]) -> dict[int, Record]:
    return {row[0]: decode(*row[1:]) for row in session.rows_in(RECORD, sorted(set(pks)))}


def _with_first_dues(
    session: Session, records: Mapping[int, Record], cases: Sequence[Case], about: Subject
) -> tuple[Case, ...]:
    """The cases, with the due time each was first given where the source has rewritten it since."""
    name = about.measure.due if isinstance(about.measure, OnTime) else None
    if name is None:
        return tuple(cases)
    first: dict[tuple[str, str], Instant] = {}
    for pk, _, body in sorted(session.rows_in(FORMER, sorted(records)), key=lambda row: -row[1]):
        record, due = records[pk], json.loads(body)["t"].get(name)
        if due is not None:
            first[(record.source, record.id)] = due
    present = {(record.source, record.id): record.times.get(name) for record in records.values()}
    moved = {place: about.local(due) for place, due in first.items() if due != present[place]}
    return tuple(replace(case, first_due=moved.get((case.source, case.id))) for case in cases)


def _final(record: Record, day: Day, num: int, den: int, due_of: DueOf, about: Subject) -> Case:
    finished, due = finished_at(record, about), due_of(record)
    late = (finished - due) / SECOND_US if finished is not None and due is not None and finished > due else None
    case = _case(record, day, about, due, taken(record, finished, num, den, about), late)
    return case if late is None else replace(case, late_on_clock_seconds=_on_clock(record, due, finished, about))


def _open(record: Record, one: OpenObservation, stage: Stage, about: Subject) -> Case:
    left = None if one.due is None else (one.due - about.now) / SECOND_US
    used = taken(record, about.now, 0, 0, about)
    late = -left if left is not None and left < 0 else None
    remaining = left if late is None else None
    case = _case(record, one.day, about, one.due, used, late, remaining, stage, _why(one, about))
    if late is not None:
        return replace(case, late_on_clock_seconds=_on_clock(record, one.due, about.now, about))
    return replace(case, remaining_on_clock_seconds=_on_clock(record, about.now, one.due, about))


def _on_clock(record: Record, begins: Instant | None, ends: Instant | None, about: Subject) -> float | None:
    """Seconds between two instants on the record's clock; None where that is the one on the wall, or cannot tell."""
    measure, clock = about.measure, about.clocks.of(record)
    if begins is None or ends is None or clock is None or clock.kind == "always" or not isinstance(measure, Timed):
        return None
    try:
        return max(0, clock.elapsed(begins, ends, measure.pauses(record))) / SECOND_US
    except CalendarUnknown:
        return None


def _why(one: OpenObservation, about: Subject) -> str | None:
    """Why an open record has no due time, where that is not a pause."""
    if one.reason is not None:
        return words.excluded(one.reason)
    if one.due is not None or about.measure.pause is not None:
        return None
    return "区间尚未结束" if isinstance(about.measure, Uptime) else "尚未完成，不设时限"


def _case(
    record: Record,
    day: Day,
    about: Subject,
    due: Instant | None,
    taken: float | None,
    late: float | None,
    left: float | None = None,
    stage: Stage | None = None,
    note: str | None = None,
) -> Case:
    return Case(
        source=record.source,
        id=record.id,
        system=record.system,
        day=date.fromordinal(day),
        times=_local_times(record, about),
        fields={name: record.fields[name] for name in sorted(record.fields) if name in about.measure.names()},
        due=None if due is None else about.local(due),
        taken_seconds=taken,
        late_seconds=late,
        remaining_seconds=left,
        stage=stage,
        note=note,
    )


def _local_times(record: Record, about: Subject) -> dict[str, datetime]:
    return {name: about.local(at) for name, at in sorted(record.times.items(), key=lambda item: (item[1], item[0]))}


def finished_at(record: Record, about: Subject) -> Instant | None:
    """When a record was done, where its measure asks for that."""
    measure = about.measure
    return record.times.get(measure.to) if isinstance(measure, OnTime | DurationMeasure | Milestone) else None


def due_finder(about: Subject) -> DueOf:
    """When a finished record's time was up: the due time it would have if it were still open."""
    measure = about.measure
    if not isinstance(measure, OnTime | DurationMeasure | Milestone):
        return lambda record: None
    done = measure.to
    observe = measure.model_copy(update={"among": None, "exclude": (), "cohort": None}).observer(about.setting)

    def find(record: Record) -> Instant | None:
        waiting = record._replace(times={name: at for name, at in record.times.items() if name != done})
        return next((one.due for one in observe(waiting) if one.outcome == Outcome.OPEN), None)

    return find


def taken(record: Record, until: Instant | None, num: int, den: int, about: Subject) -> float | None:
    """Seconds on the measure's clock from start to end; of a down interval, those of the piece that counts."""
    measure = about.measure
    if isinstance(measure, Uptime) and until is None:
        return (den - num) / SECOND_US
    if not isinstance(measure, Timed) or until is None or (begun := record.times.get(measure.start_name)) is None:
        return None
    try:
        clock = about.clocks.of(record)
        return None if clock is None else max(0, clock.elapsed(begun, until, measure.pauses(record))) / SECOND_US
    except CalendarUnknown:
        return None
