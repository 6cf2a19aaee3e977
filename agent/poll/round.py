"""One round of one source: ask the collector, map its rows, book each page, keep the cursor, tell what came of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from agent.book import Book, Booked, Delivery
from agent.config import Source
from agent.ledger import Ledger, source_lock
from agent.mapping import Mapper, MappingSpec, mapping_hash
from agent.model import SECOND_US, CollectError, Instant, LedgerError, Mapped, Page, Poll, Row, instant_of, utc_of

Progress = Callable[[str, Booked], None]
BACKFILL_US = 24 * 3600 * SECOND_US


class Fetching(Protocol):
    """The part of a collector a round needs."""

    revisions: ClassVar[bool]

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """Read the source once, page by page."""
        ...


class Remembered(NamedTuple):
    """What the ledger remembers of a source between rounds."""

    cursor: Mapping[str, Any] | None = None
    highest: Instant | None = None
    last_attempt: Instant | None = None
    last_complete: Instant | None = None
    renamed: bool = False  # its records stand in the ledger under ids made in another way


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a round: rows by what they were, or the reason the source could not be read."""

    source: str
    booked: Booked
    reason: str | None = None
    skipped: bool = False  # another agent on this ledger has just read it


class Round:
    """Reads one source again and again. One thread at a time."""

    def __init__(self, source: Source, collector: Fetching, book: Book) -> None:
        """Compile the mapping; open nothing."""
        self.source, self.collector, self.book = source, collector, book
        self.mapper = Mapper(source.spec, source.id, source.days)
        self.hash = f"{identity_hash(source.spec)}:{mapping_hash(source.spec)}"
        self._booked = Booked()  # of the round at hand
        self.overlap_us = source.spec.since.overlap if source.spec.since else 0

    def run(
        self,
        now: Instant,
        *,
        complete: bool = False,
        forced: bool = False,
        allow_withdrawals: str | None = None,
        progress: Progress = lambda source, booked: None,
    ) -> Outcome:
        """Read the source once and book what it says. A source's fault ends in `reason`, never in an exception.

        `allow_withdrawals` is the account that accepts that many records are gone.
        LedgerError passes through: then nothing of the page at hand was booked, and the next round goes on from there.
        """
        with source_lock(self.book.ledger, self.source.id, wait=forced) as got:
            known = remembered(self.book.ledger, self.source.id, self.hash)
            if not got or (not forced and self._just_read(known, now)):
                return Outcome(self.source.id, Booked(), skipped=True)
            complete = complete or known.renamed or self._complete_is_due(known, now)
            begun = time.monotonic()
            try:
                if known.renamed and not allow_withdrawals:
                    raise CollectError(self._renamed())
                poll = self._poll(known, now, begun, complete, forced)
                booked = self._read(known, now, poll, allow_withdrawals, progress)
            except CollectError as failed:
                self.book.fail(self.source.id, str(failed), now, {"duration_seconds": time.monotonic() - begun})
                return Outcome(self.source.id, self._booked, str(failed))
        return Outcome(self.source.id, booked)

    def _renamed(self) -> str:
        made = ", ".join(self.source.spec.id)
        return (
            f"its ids are now made of {made}, and every record in the ledger stands under another: "
            f"dabiao collect {self.source.id} --confirm-withdrawals replaces them"
        )

    def _just_read(self, known: Remembered, now: Instant) -> bool:
        return known.last_attempt is not None and 0 <= now - known.last_attempt < self.source.every_us * 9 // 10

    def _complete_is_due(self, known: Remembered, now: Instant) -> bool:
        every = self.source.spec.complete
        return every is not None and (known.last_complete is None or now - known.last_complete >= every)

    def _read(self, known: Remembered, now: Instant, poll: Poll, allow: str | None, progress: Progress) -> Booked:
        complete, begun = poll.complete, time.monotonic()
        self._booked, highest = Booked(), known.highest
        seen: set[int] | None = set() if complete and (known.renamed or not self.source.spec.is_log) else None
        pending: Delivery | None = None
        met: set[int] = set()
        signals: dict[str, float] = {}
        try:
            for page in self.collector.fetch(poll):
                signals.update(page.signals)
                if pending is not None:
                    self._deliver(pending, progress)
                mapped, marks, unchanged = self._map(page, known, seen)
                # A change dated in the future must not keep the cursor from what comes before it.
                highest = max((min(at, now) for at in (highest, mapped.highest) if at is not None), default=None)
                pending = self._delivery(mapped, page, now, seen, met)
                pending.marks, pending.unchanged = marks, unchanged
        except CollectError:
            if pending is not None:  # what was read before is kept: one bad file must not have all others read again
                self._deliver(pending, progress)
            raise
        signals["duration_seconds"] = time.monotonic() - begun
        last = pending or self._delivery(Mapped([], [], [], None), Page(), now, seen, met)
        last.finished, last.complete, last.signals = True, complete, signals
        last.mapped = last.mapped._replace(highest=highest)
        self._deliver(last, progress)
        if seen is not None:
            self._booked = self._booked.plus(self._withdraw(last, allow))
            progress(self.source.id, self._booked)
        return self._booked

    def _deliver(self, delivery: Delivery, progress: Progress) -> None:
        self._booked = self._booked.plus(self.book.deliver(delivery))
        progress(self.source.id, self._booked)

    def _withdraw(self, delivery: Delivery, allow: str | None) -> Booked:
        try:
            nothing = replace(delivery, mapped=Mapped([], [], [], None), marks={}, unchanged=0)
            return self.book.withdraw_missing(nothing, allow)
        except LedgerError as refused:
            raise CollectError(str(refused)) from refused

    def _map(self, page: Page, known: Remembered, seen: set[int] | None) -> tuple[Mapped, dict[str, int], int]:
        """What a page says, the marks of its rows, and how many rows were passed over for their marks are known."""
        page, marks, unchanged = self._unknown(page, known, seen)
        mapped = self.mapper.map(page.rows, page.where, page.numbers)
        if page.rejects:
            mapped = mapped._replace(rejects=[*mapped.rejects, *page.rejects])
        return mapped, marks, unchanged

    def _unknown(self, page: Page, known: Remembered, seen: set[int] | None) -> tuple[Page, dict[str, int], int]:
        """The page without the rows from which the ledger's records were made: they say nothing new."""
        spec = self.source.spec
        # Before the first whole read the cursor is still to be learned, from every row.
        if spec.is_log or not self.collector.revisions or (spec.since is not None and known.highest is None):
            return page, {}, 0
        ids = self.mapper.ids(page.rows)
        marks = marks_of(page.rows, self.hash)
        told = dict(zip(ids, marks, strict=True))
        if len(told) < len(ids):  # of rows about one thing each has its say
            often = {id for id, times in Counter(ids).items() if times > 1}
            told = {id: mark for id, mark in told.items() if id not in often}
        held = self.book.marks(self.source.id, sorted(id for id in told if id is not None))
        same = {id for id, (_, mark) in held.items() if told[id] == mark}
        if seen is not None:
            seen.update(held[id][0] for id in same)
        left = [place for place, id in enumerate(ids) if id not in same]
        kept = replace(page, rows=[page.rows[place] for place in left], numbers=[page.numbers[place] for place in left])
        return kept, {id: mark for id, mark in told.items() if id is not None and id not in same}, len(ids) - len(left)

    def _delivery(self, mapped: Mapped, page: Page, now: Instant, seen: set[int] | None, met: set[int]) -> Delivery:
        return Delivery(
            source=self.source.id,
            kind=self.source.spec.record,
            mapped=mapped,
            now=now,
            fold=self.mapper.fold if self.source.spec.is_log else None,
            revisions=self.collector.revisions,
            cursor=page.cursor,
            covers=self._covers(page),
            interval_us=self.source.every_us,
            id_of=None if self.source.spec.is_log else self.id_of,
            signals=page.signals,
            mapping_hash=self.hash,
            seen=seen,
            met=met,
            read_whole=page.where if page.ends else None,
        )

    def id_of(self, mapped: Mapping[str, str | None]) -> str | None:
        """The id of a row that could not be read, by its mapped columns; None where these do not tell it."""
        if set(mapped) != set(self.mapper.columns):
            return None
        return self.mapper.ids([tuple(mapped[column] for column in self.mapper.columns)])[0]

    def _covers(self, page: Page) -> tuple[Instant, Instant] | None:
        """What the page covers, less the overlap: the newest rows may still be on their way into the source."""
        if page.covers is None or self.overlap_us == 0:
            return page.covers
        begins, ends = page.covers
        return begins, max(begins, ends - self.overlap_us)

    def _poll(self, known: Remembered, now: Instant, begun: float, complete: bool, forced: bool) -> Poll:
        since = since_of(self.source, None if complete else known.highest)
        # Whoever asks for a round now waits for it, however much there is to read.
        deadline_us = max(BACKFILL_US, self.source.deadline_us) if forced else self.source.deadline_us
        return Poll(
            source=self.source.id,
            columns=self.mapper.columns,
            now=now,
            deadline=begun + deadline_us / SECOND_US,
            cursor=known.cursor,
            since=since,
            since_text=since_text(self.source, since),
            complete=complete,
            patient=forced,
        )


def identity_hash(spec: MappingSpec) -> str:
    """The same text as long as the same thing gets the same id."""
    return blake2b(json.dumps([spec.record, spec.id]).encode(), digest_size=4).hexdigest()


def marks_of(rows: Sequence[Row], mapping: str) -> list[int]:
    """A 64-bit mark of each row as this mapping reads it: equal rows have equal marks."""
    begun = blake2b(mapping.encode(), digest_size=8)
    marks = []
    for row in rows:
        mark = begun.copy()
        mark.update(repr(row).encode())
        marks.append(int.from_bytes(mark.digest(), "big", signed=True))
    return marks


def since_of(source: Source, highest: Instant | None) -> datetime | None:
    """From when on to ask for changes: the highest change seen less the overlap, or the start; None: everything."""
    since = source.spec.since
    if since is None or highest is None:
        return source.since_start
    from_then = utc_of(highest) - timedelta(microseconds=since.overlap)
    zone = source.since_start.tzinfo if source.since_start is not None else ZoneInfo(source.timezone)
    return from_then.astimezone(zone)


def since_text(source: Source, since: datetime | None) -> str | None:
    """The same in the source's own format; None where it has none."""
    form = source.spec.since.format if source.spec.since else None
    if since is None or form is None:
        return None
    match form:
        case "epoch":
            return str(instant_of(since) // SECOND_US)
        case "epoch_ms":
            return str(instant_of(since) // 1000)
        case _:
            return since.strftime(form)


def remembered(ledger: Ledger, source: str, mapping: str) -> Remembered:
    """What the ledger remembers; after a change of the mapping everything is to be read anew."""
    with ledger.read() as session:
        row = session.one(
            "SELECT cursor, highest, last_attempt, last_complete, mapping_hash FROM source_state WHERE source = ?",
            (source,),
        )
    if row is None:
        return Remembered()
    if row[4] is not None and row[4] != mapping:
        return Remembered(renamed=row[4].partition(":")[0] != mapping.partition(":")[0])
    return Remembered(json.loads(row[0]) if row[0] else None, row[1], row[2], row[3])
