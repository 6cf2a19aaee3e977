"""Why a record that was drawn counts as it does: its times and fields as the source calls them, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agent.book.bodies import decode
from agent.config import Source
from agent.evidence.contents import Contents
from agent.explain.cases import due_finder, finished_at, taken
from agent.explain.glossary import short
from agent.explain.outcome import length
from agent.explain.subject import Subject, subject
from agent.explain.wording import CRITERIA, formula
from agent.ledger import Session
from agent.measures import Uptime
from agent.model import SECOND_US, Instant, Record
from agent.shown import between, moment

RECORD = "SELECT kind, source, id, system, body, version, changed_at, withdrawn FROM record WHERE source = ? AND id = ?"


class Grounds(NamedTuple):
    """What is looked up in the source, a line each, and what decides by it."""

    facts: str
    why: str


class Deciding:
    """Tells of any record that counts what decides; an indicator's rules are found once."""

    def __init__(self, contents: Contents) -> None:
        """Of a judged period."""
        self._contents = contents
        self._known: dict[tuple[str, str], Subject] = {}

    def of(self, session: Session, place: tuple[str, str], source: str, id: str) -> Grounds:
        """Of one record, toward one indicator."""
        record = decode(*session.rows(RECORD, (source, id))[0])
        about = self._about(place)
        return Grounds("\n".join(_facts(record, about)), "\n".join(_why(record, about)))

    def _about(self, place: tuple[str, str]) -> Subject:
        if place not in self._known:
            contents = self._contents
            self._known[place] = subject(
                contents.config, contents.board.ledger, contents.snapshot, *place, contents.window, None
            )
        return self._known[place]


def _facts(record: Record, about: Subject) -> Iterator[str]:
    """The times and fields its measure reads, under the names they have in the source."""
    names, source = about.measure.names(), about.config.source(record.source)
    for name, at in sorted(record.times.items(), key=lambda item: (item[1], item[0])):
        if name in names:
            yield f"{_called(name, source)} {moment(at, about.zone)}"
    for name in sorted(record.fields.keys() & names):
        yield f"{_called(name, source)} {_as_coded(name, record.fields[name], source)}"
    for name in sorted(names & _mapped(source) - record.times.keys() - record.fields.keys()):
        yield f"{_called(name, source)} 空"
    for begins, ends in about.measure.pauses(record):
        yield f"暂停 {moment(begins, about.zone)} 至 {'今' if ends is None else moment(ends, about.zone)}"


def _mapped(source: Source | None) -> set[str]:
    return set() if source is None else {*source.spec.times, *source.spec.fields}


def _called(name: str, source: Source | None) -> str:
    """`响应时间(RESPOND_TIME)`: what it is, and the column to look for."""
    columns: tuple[str, ...] = ()
    if source is not None and name in source.spec.times:
        columns = source.spec.times[name].places()
    elif source is not None and name in source.spec.fields:
        columns = (source.spec.fields[name].place(),)
    said = "、".join(column for column in columns if column and column != short(name))
    return f"{short(name)}({said})" if said else short(name)


def _as_coded(name: str, value: str, source: Source | None) -> str:
    """A field's value, and the codes by which the source says it where the mapping reads codes."""
    spec = None if source is None else source.spec.fields.get(name)
    codes = [code for code, meant in (spec.map or {}).items() if meant == value] if spec is not None else []
    return f"{value or '空'}（代码 {'、'.join(codes)}）" if codes else value or "空"


def _why(record: Record, about: Subject) -> Iterator[str]:
    rules = formula(about.indicator, about.plan, about.sources, about.window).rules
    yield from (f"{rule.label}：{rule.text}" for rule in rules if rule.label in CRITERIA)
    if isinstance(about.measure, Uptime):
        return
    due, until = due_finder(about)(record), finished_at(record, about)
    if due is not None:
        yield f"时限届满 {moment(due, about.zone)}"
    used = taken(record, until if until is not None else about.now, 0, 0, about)
    if used is not None:
        clock = about.clocks.of(record)
        on_clock = "" if clock is None or clock.kind == "always" else "(计时时间)"
        yield f"{'用时' if until is not None else '至判定时已用'} {length(used)}{on_clock}"
    yield from _late(due, until if until is not None else about.now)


def _late(due: Instant | None, until: Instant) -> Iterator[str]:
    if due is not None and until > due + SECOND_US:
        yield f"超过时限 {between(due, until)}"
