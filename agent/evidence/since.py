"""What a closed period comes to today beside what it came to when it was closed, by indicator and by record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from agent.book import definitions, ledger_at
from agent.book.closings import Closing, Value, closings
from agent.book.period import Period
from agent.evidence.closing import values_of
from agent.evidence.contents import Contents, Past, Question, judged, known_by
from agent.evidence.table import Column, Row
from agent.evidence.walk import Progress, Walk
from agent.ledger import Ledger, Session, acts
from agent.model import Instant

Rows = dict[tuple[str, str, str], list[dict[str, str]]]  # indicator, source and id → its rows, by column
NAMED = ("数据源", "编号")  # columns that say which record it is
LEARNED = "SELECT source, id, seq, touched_seq FROM record WHERE touched_seq > ?"


class Moved(NamedTuple):
    """One indicator whose value, state, counts, rule or statement is another now."""

    indicator: str
    then: Value | None
    now: Value | None


class Learned(NamedTuple):
    """When the ledger learned something, and of whom: a source, or the account of an act."""

    at: Instant
    of: str
    act: int | None = None


class Difference(NamedTuple):
    """One record that counts otherwise, in the columns that differ; None for no row.

    `learned` is None where nothing was learned of it: its time has run out, or the rule is another.
    """

    indicator: str
    source: str
    id: str
    then: Mapping[str, str] | None
    now: Mapping[str, str] | None
    learned: Learned | None


class Since(NamedTuple):
    """One closing with what has changed since; None where that was not asked."""

    closing: Closing
    moved: tuple[Moved, ...] | None
    records: tuple[Difference, ...] = ()


def closed_periods(ledger: Ledger) -> list[Closing]:
    """Every closing in the order in which they were made."""
    with ledger.read() as session:
        return closings(acts.read(session))


def changed_since(ledger: Ledger, asked: Callable[[Period], Question], progress: Progress) -> list[Since]:
    """Every closing that stands, with what its period comes to now: late data, acts, rules and the passing of time."""
    with ledger.frozen() as still, still.read() as session:
        seq = (session.one("SELECT seq FROM counter WHERE id = 1") or (0,))[0]
        past, found = known_by(session, seq), []
        for closing in closings(past.log):
            if closing.superseded is not None:
                found.append(Since(closing, None))
                continue
            question = asked(closing.period)
            contents = judged(question, still, past)
            now = values_of(contents, session)
            names = dict.fromkeys([*closing.values, *now])
            moved = [Moved(name, closing.values.get(name), now.get(name)) for name in names]
            changed = tuple(one for one in moved if one.then != one.now)
            records = _differences(still, session, question, contents, closing, progress) if changed else ()
            found.append(Since(closing, changed, tuple(records)))
    return found


def _differences(
    still: Ledger, session: Session, asked: Question, contents: Contents, closing: Closing, progress: Progress
) -> Iterator[Difference]:
    """The records that count otherwise than they did when the period was closed."""
    now = _rows(contents, session, progress, closing.batch)
    with ledger_at(
        still,
        definitions(asked.config),
        closing.judged_at,
        known_then=True,
        through=closing.batch,
        moving=True,
        progress=progress,
    ) as scratch:
        with scratch.read() as read:
            past = known_by(read, 0)
        before = judged(_at(asked, closing.judged_at), scratch, past)
        with scratch.read() as read:
            then = _rows(before, read, progress)
    learned = _learned(session, contents.past, closing.batch)
    for place in sorted({*then, *now}):
        for former, latter in zip_longest(then.get(place, ()), now.get(place, ())):
            if former != latter:
                yield Difference(*place, *_apart(former, latter), learned.get(place[1:]))


def _at(asked: Question, now: Instant) -> Question:
    return Question(asked.config, asked.targets_texts, asked.sources_text, asked.period, now)


def _rows(contents: Contents, session: Session, progress: Progress, since: int | None = None) -> Rows:
    """The rows of the records that may count otherwise, of every indicator, as its table shows them."""
    found: Rows = {}
    walk = Walk(contents.config, contents.indicators, contents.window, contents.now)
    names = {walk.path(table): table.held.indicator.subject for table in walk.tables.values()}

    def sink(path: str, columns: Sequence[Column]) -> _Kept:
        return _Kept(names[path], columns, found)

    walk.run(session, sink, with_records=False, progress=progress, since=since)
    return found


class _Kept:
    """Keeps the rows of one table by record."""

    def __init__(self, indicator: str, columns: Sequence[Column], found: Rows) -> None:
        self._indicator, self._names, self._found = indicator, [column.name for column in columns], found

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            told = dict(zip(self._names, row, strict=True))
            source, id = (told.pop(name) for name in NAMED)
            if source:  # rows that are no record's have none
                self._found.setdefault((self._indicator, source, id), []).append(told)


def _apart(
    former: Mapping[str, str] | None, latter: Mapping[str, str] | None
) -> tuple[Mapping[str, str] | None, Mapping[str, str] | None]:
    """Of two rows the columns in which they differ, of one alone what is filled in."""
    if former is None or latter is None:
        pair = [None if row is None else {name: cell for name, cell in row.items() if cell} for row in (former, latter)]
        return pair[0], pair[1]
    differing = [name for name in former if former[name] != latter.get(name)]
    return {name: former[name] for name in differing}, {name: latter.get(name, "") for name in differing}


def _learned(session: Session, past: Past, batch: int) -> dict[tuple[str, str], Learned]:
    """When each record that was touched since a batch changed last, by source and id."""
    acts_by_seq = {act.seq: act for act in past.log if act.seq > batch}
    batches = dict(session.rows("SELECT seq, learned_at FROM batch WHERE seq > ?", (batch,)))
    found: dict[tuple[str, str], Learned] = {}
    for source, id, seq, touched in session.rows(LEARNED, (batch,)):
        if seq in batches:
            found[(source, id)] = Learned(batches[seq], source)
        elif (act := acts_by_seq.get(touched)) is not None:
            found[(source, id)] = Learned(act.at, act.account, act.n)
    return found
