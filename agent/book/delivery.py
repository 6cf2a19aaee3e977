"""The one write path: records and their observations, tallies, rejects, cursor and coverage in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.book.bodies import content_hash, decode, digest, encode
from agent.book.definition import Definition
from agent.book.exclusions import in_force
from agent.book.lines import Derived, Line, change_observations, observe_all, place_of, stored_lines
from agent.book.noticing import Arrival, Change, notice
from agent.book.standing import WITHDRAW
from agent.ledger import Ledger, Session, acts
from agent.model import Event, Instant, LedgerError, Mapped, Record, Reject

INSERT_RECORD = (
    "INSERT INTO record (pk, source, id, kind, system, version, changed_at, withdrawn, body, hash, mark, "
    "first_seq, seq, touched_seq) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
UPDATE_RECORD = (
    "UPDATE record SET kind=?, system=?, version=?, changed_at=?, withdrawn=?, body=?, hash=?, mark=?, seq=?, "
    "touched_seq=? WHERE pk=?"
)
INSERT_REVISION = (
    "INSERT INTO revision (record, n, system, version, changed_at, withdrawn, body, hash, seq, until_seq) "
    "VALUES (?,?,?,?,?,?,?,?,?,?)"
)
INSERT_EVENT = "INSERT INTO event (source, id, key, event, at, fields, seq) VALUES (?,?,?,?,?,?,?)"
INSERT_REJECT = "INSERT INTO reject (source, locator, hash, reason, mapped, seq) VALUES (?,?,?,?,?,?)"
CURRENT = (
    "SELECT id, pk, hash, version, changed_at, seq, withdrawn, system, body FROM record WHERE source = ? AND id IN {in}"
)


WITHDRAWN_NAMED = 1000  # ids an act of withdrawal names


@dataclass(slots=True)
class Delivery:
    """What one page of a source brings to the ledger."""

    source: str
    kind: str
    mapped: Mapped
    now: Instant
    fold: Callable[[str, Sequence[Event]], Record] | None = None  # for event logs: how events become a record
    revisions: bool = True  # False where a record only grows (a probe's running interval)
    cursor: Mapping[str, Any] | None = None
    covers: tuple[Instant, Instant] | None = None
    signals: Mapping[str, float] = field(default_factory=dict)
    finished: bool = False  # the source was read to its end
    mapping_hash: str | None = None
    seen: set[int] | None = None  # collects the keys met in a complete read
    resolved: Sequence[int] = ()  # rejects that these rows settle
    marks: Mapping[str, int] = field(default_factory=dict)  # by record, of the rows they were mapped from
    unchanged: int = 0  # rows that were not even mapped, for their marks are known


class Booked(NamedTuple):
    """What came of a delivery."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0

    def plus(self, other: Booked) -> Booked:
        """The sum."""
        return Booked(*map(int.__add__, self, other))


class Current(NamedTuple):
    """What the ledger holds of a record."""

    pk: int
    hash: int
    version: int | None
    changed_at: int | None
    seq: int
    withdrawn: bool
    system: str | None
    body: str

    @property
    def rank(self) -> tuple[int, int]:
        """The higher wins."""
        return rank(self.version, self.changed_at)


def rank(version: int | None, changed_at: int | None) -> tuple[int, int]:
    """The order of two statements about one thing; what a source does not give counts as lowest."""
    lowest = -(1 << 62)
    return (lowest if version is None else version, lowest if changed_at is None else changed_at)


class Book:
    """Books deliveries and keeps observations and tallies in step. `definitions` maps ledger keys to definitions."""

    def __init__(self, ledger: Ledger, definitions: Mapping[int, Definition]) -> None:
        """Use `agent.book.registry.register` to learn the keys."""
        self.ledger = ledger
        self.definitions = definitions

    def deliver(self, delivery: Delivery) -> Booked:
        """Book one page: all of it or, when anything fails, nothing."""
        with self.ledger.write() as session:
            derived = self._served(session)
            records = self._fold_events(session, delivery)
            booked = self._records(session, delivery, records, derived)
            rejected = _book_rejects(session, delivery)
            session.many(
                "UPDATE reject SET resolved_seq = ? WHERE pk = ?", [(session.seq, pk) for pk in delivery.resolved]
            )
            booked = booked._replace(rejected=rejected)
            _book_state(session, delivery, booked)
        return booked

    def marks(self, source: str, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """The key and the mark of records whose mark is known."""
        with self.ledger.read() as session:
            rows = session.rows_in(
                "SELECT id, pk, mark FROM record WHERE source = ? AND id IN {in} AND mark IS NOT NULL", ids, (source,)
            )
        return {id: (pk, mark) for id, pk, mark in rows}

    def fail(self, source: str, reason: str, now: Instant, signals: Mapping[str, float]) -> None:
        """Note that a source could not be read, and why."""
        with self.ledger.write() as session:
            session.run(
                "INSERT INTO source_state (source, last_attempt, reason, signals) VALUES (?,?,?,?) "
                "ON CONFLICT (source) DO UPDATE SET last_attempt = excluded.last_attempt, reason = excluded.reason, "
                "signals = excluded.signals",
                (source, now, reason, json.dumps(dict(signals))),
            )

    def withdraw_missing(self, delivery: Delivery, allow: str | None = None, most: float = 0.10) -> Booked:
        """After a complete read, withdraw what it did not contain.

        Above the share `most` only when an account allows it; that is an act of its, kept with the ids.
        """
        seen = delivery.seen or set()
        with self.ledger.write() as session:
            held = session.rows(
                "SELECT pk, id, kind, system, body, version, changed_at FROM record WHERE source = ? AND NOT withdrawn",
                (delivery.source,),
            )
            gone = [row for row in held if row[0] not in seen]
            many = len(gone) > most * len(held)
            if many and allow is not None:
                ids = sorted(row[1] for row in gone)
                told = {"records": len(ids), "ids": ids[:WITHDRAWN_NAMED]}
                acts.append(session, delivery.now, allow, WITHDRAW, delivery.source, told)
            elif many:
                raise LedgerError(
                    f"{delivery.source}: a complete read lacks {len(gone)} of {len(held)} records; "
                    "nothing was withdrawn (confirm with collect --confirm-withdrawals)"
                )
            records = [
                decode(kind, delivery.source, id, system, body, version, changed_at, True)
                for _, id, kind, system, body, version, changed_at in gone
            ]
            booked = self._records(session, delivery, records, self._served(session))
            _note_batch(session, delivery, booked)
            session.run(
                "UPDATE source_state SET last_complete = ?, rows_changed = rows_changed + ? WHERE source = ?",
                (delivery.now, booked.changed, delivery.source),
            )
        return booked

    def derive_again(self, session: Session, source: str, id: str) -> None:
        """Derive one record anew, after something other than the record itself changed how it counts."""
        row = session.one(
            "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record "
            "WHERE source = ? AND id = ?",
            (source, id),
        )
        if row is None:
            return
        record = decode(*row[1:])
        derived = [one for one in self._served(session) if one.definition.reads(source, record.kind)]
        before = stored_lines(session, [row[0]], derived)
        after = set(observe_all(derived, row[0], record, in_force(session, source)))
        change_observations(
            session, derived, sorted(before - after, key=place_of), sorted(after - before, key=place_of)
        )
        session.run("UPDATE record SET touched_seq = ? WHERE pk = ?", (session.seq, row[0]))

    def _served(self, session: Session) -> list[Derived]:
        """The definitions to derive. Another process may have brought new ones, which we could not keep in step."""
        served = []
        for pk, state, built in session.rows(
            "SELECT pk, state, built_through FROM definition WHERE state IN ('active', 'building')"
        ):
            known = self.definitions.get(pk)
            if known is None:
                raise LedgerError(
                    "the ledger now serves other targets than this process was started with; start it again with them"
                )
            served.append(Derived(pk, known, built if state == "building" else None))
        return served

    def _fold_events(self, session: Session, delivery: Delivery) -> list[Record]:
        """Store new events and fold every record they touch; for other sources, the records as they are."""
        if delivery.fold is None:
            return delivery.mapped.records
        events = {(event.id, event.key): event for event in delivery.mapped.events}
        ids = sorted({id for id, _ in events})
        known = {
            (id, key)
            for id, key in session.rows_in(
                "SELECT id, key FROM event WHERE source = ? AND id IN {in}", ids, (delivery.source,)
            )
        }
        fresh = [event for place, event in sorted(events.items()) if place not in known]
        session.many(
            INSERT_EVENT,
            [(delivery.source, e.id, e.key, e.event, e.at, json.dumps(e.fields), session.seq) for e in fresh],
        )
        touched = sorted({event.id for event in fresh})
        if delivery.seen is not None:
            touched = ids
        by_id: dict[str, list[Event]] = {id: [] for id in touched}
        for id, key, name, at, fields in session.rows_in(
            "SELECT id, key, event, at, fields FROM event WHERE source = ? AND id IN {in}", touched, (delivery.source,)
        ):
            by_id[id].append(Event(id, name, at, key, json.loads(fields)))
        return [delivery.fold(id, by_id[id]) for id in touched]

    def _records(
        self, session: Session, delivery: Delivery, records: Iterable[Record], derived: Sequence[Derived]
    ) -> Booked:
        """Book records of one source: new ones, changed ones, outranked ones; equal ones cost a comparison."""
        by_id: dict[str, list[Record]] = {}
        for record in records:
            by_id.setdefault(record.id, []).append(record)
        ids = sorted(by_id)
        current = {row[0]: Current(*row[1:]) for row in session.rows_in(CURRENT, ids, (delivery.source,))}
        work = _Work(session, delivery, derived)
        for id in ids:
            work.take(by_id[id], current.get(id))
        return work.finish()


class _Work:
    """The changes of one delivery, gathered and written in key order."""

    def __init__(self, session: Session, delivery: Delivery, derived: Sequence[Derived]) -> None:
        self.session, self.delivery = session, delivery
        self.derived = [one for one in derived if one.definition.reads(delivery.source, delivery.kind)]
        self.exclusions = in_force(session, delivery.source)
        self.new: list[tuple[Record, str, int]] = []
        self.changed: list[tuple[Current, Record, str, int]] = []
        self.revisions: dict[int, list[Line]] = {}
        self.same = delivery.unchanged
        self.marked: list[tuple[int, int]] = []

    def take(self, records: list[Record], current: Current | None) -> None:
        """Rank the statements about one thing against each other and against the ledger."""
        if len(records) > 1:
            records = sorted(records, key=lambda r: (rank(r.version, r.changed_at), encode(r)))
        winner = records[-1]
        body = encode(winner)
        hashed = content_hash(winner, body)
        if current is None:
            self.new.append((winner, body, hashed))
        else:
            if self.delivery.seen is not None:
                self.delivery.seen.add(current.pk)
            if hashed == current.hash:
                self.same += 1
                if winner.id in self.delivery.marks:
                    self.marked.append((self.delivery.marks[winner.id], current.pk))
            elif rank(winner.version, winner.changed_at) < current.rank:
                self._outranked(current.pk, winner, body, hashed)
            else:
                self.changed.append((current, winner, body, hashed))
        for record in records[:-1]:
            body = encode(record)
            loser = content_hash(record, body)
            if loser == hashed or (current is not None and loser == current.hash):
                self.same += 1
            elif current is not None:
                self._outranked(current.pk, record, body, loser)
            else:
                self.revisions.setdefault(-len(self.new), []).append(self._revision(record, body, loser))

    def _outranked(self, pk: int, record: Record, body: str, hashed: int) -> None:
        self.revisions.setdefault(pk, []).append(self._revision(record, body, hashed))

    def _revision(self, r: Record, body: str, hashed: int) -> Line:
        seq = self.session.seq
        return (r.system, r.version, r.changed_at, r.withdrawn, body, hashed, seq, seq)

    def finish(self) -> Booked:
        """Write everything; how many rows were new, changed and the same."""
        written = [*self._write_new()]
        dropped: list[Line] = []
        if self.changed:
            fresh, stale = self._write_changed()
            written += fresh
            dropped = stale
        self.session.many("UPDATE record SET mark = ? WHERE pk = ?", self.marked)
        outranked = self._write_revisions()
        self._write_findings()
        change_observations(self.session, self.derived, dropped, written)
        self.same += outranked
        return Booked(len(self.new), len(self.changed), self.same)

    def _write_new(self) -> list[Line]:
        if not self.new:
            return []
        session, source = self.session, self.delivery.source
        session.run("UPDATE counter SET record_pk = record_pk + ? WHERE id = 1", (len(self.new),))
        found = session.one("SELECT record_pk FROM counter WHERE id = 1")
        assert found is not None
        first = found[0] - len(self.new) + 1
        seq, rows = session.seq, []
        lines: list[Line] = []
        marks = self.delivery.marks
        caught_up = [one for one in self.derived if one.built_through is None]
        observers = [(one.pk, one.definition.observe) for one in caught_up]
        for pk, (r, body, hashed) in enumerate(self.new, first):
            said = (r.id, r.kind, r.system, r.version, r.changed_at, r.withdrawn, body, hashed)
            rows.append((pk, source, *said, marks.get(r.id), seq, seq, seq))
            if self.exclusions and (source, r.id) in self.exclusions:
                lines += observe_all(caught_up, pk, r, self.exclusions)
                continue
            for definition, observe in observers:
                lines += [(pk, definition, *observation) for observation in observe(r)]
        if self.delivery.seen is not None:
            self.delivery.seen.update(range(first, first + len(self.new)))
        session.many(INSERT_RECORD, rows)
        for place in [place for place in self.revisions if place < 0]:
            self.revisions[first - place - 1] = self.revisions.pop(place)
        return lines

    def _write_changed(self) -> tuple[list[Line], list[Line]]:
        session, seq, marks = self.session, self.session.seq, self.delivery.marks
        self.changed.sort(key=lambda change: change[0].pk)
        session.many(
            UPDATE_RECORD,
            [
                (
                    r.kind,
                    r.system,
                    r.version,
                    r.changed_at,
                    r.withdrawn,
                    body,
                    hashed,
                    marks.get(r.id),
                    seq,
                    seq,
                    old.pk,
                )
                for old, r, body, hashed in self.changed
            ],
        )
        if self.delivery.revisions:
            for old, *_ in self.changed:
                self.revisions.setdefault(old.pk, []).append(
                    (old.system, old.version, old.changed_at, old.withdrawn, old.body, old.hash, old.seq, seq)
                )
        before = stored_lines(session, [old.pk for old, *_ in self.changed], self.derived)
        after = {
            line
            for old, record, *_ in self.changed
            for line in observe_all(self.derived, old.pk, record, self.exclusions)
        }
        return sorted(after - before, key=place_of), sorted(before - after, key=place_of)

    def _write_findings(self) -> None:
        """Hand what came to those who look for what does not add up."""
        delivery = self.delivery
        changes = [
            Change(
                decode(delivery.kind, delivery.source, r.id, old.system, old.body, old.version, old.changed_at),
                r,
                _same_rank(old, r),
            )
            for old, r, *_ in self.changed
            if delivery.revisions
        ]
        new = [record for record, *_ in self.new]
        watches = [one.definition.watch for one in self.derived]
        notice(self.session, watches, Arrival(delivery.source, delivery.now, new, changes, self._was_read()))

    def _was_read(self) -> bool:
        """Whether the source was read before with this mapping; what has none, as rejects tried again, is no news."""
        known = self.session.one("SELECT mapping_hash FROM source_state WHERE source = ?", (self.delivery.source,))
        return known is not None and known[0] is not None and known[0] == self.delivery.mapping_hash

    def _write_revisions(self) -> int:
        """Keep superseded and outranked versions, each once; how many outranked ones were there already."""
        if not self.revisions:
            return 0
        pks = sorted(self.revisions)
        known: dict[int, set[int]] = {}
        for pk, hashed in self.session.rows_in("SELECT record, hash FROM revision WHERE record IN {in}", pks):
            known.setdefault(pk, set()).add(hashed)
        highest = "SELECT record, MAX(n) FROM revision WHERE record IN {in} GROUP BY record"
        counts = dict(self.session.rows_in(highest, pks))
        rows, repeated = [], 0
        for pk in pks:
            n = counts.get(pk, 0)
            for line in self.revisions[pk]:
                outranked = line[-1] == line[-2]
                if outranked and line[5] in known.get(pk, ()):
                    repeated += 1
                    continue
                n += 1
                rows.append((pk, n, *line))
        self.session.many(INSERT_REVISION, rows)
        return repeated


def _same_rank(old: Current, record: Record) -> bool:
    ranked = record.version is not None or record.changed_at is not None
    return ranked and old.rank == rank(record.version, record.changed_at) and old.withdrawn == record.withdrawn


def _book_rejects(session: Session, delivery: Delivery) -> int:
    """Keep each bad row once; how many were not known before."""
    rejects = {_reject_hash(reject): reject for reject in delivery.mapped.rejects}
    known = {
        row[0]
        for row in session.rows_in(
            "SELECT hash FROM reject WHERE source = ? AND hash IN {in}", sorted(rejects), (delivery.source,)
        )
    }
    fresh = [(hashed, reject) for hashed, reject in rejects.items() if hashed not in known]
    session.many(
        INSERT_REJECT,
        [
            (delivery.source, r.locator, hashed, r.reason, json.dumps(r.mapped, ensure_ascii=False), session.seq)
            for hashed, r in fresh
        ],
    )
    return len(fresh)


def _reject_hash(reject: Reject) -> int:
    """Equal rows are one reject wherever they stood; a row without columns is told by its place."""
    text = json.dumps(reject.mapped, sort_keys=True, ensure_ascii=False) if reject.mapped else reject.locator
    return digest(f"{reject.reason}\0{text}")


def _note_batch(session: Session, delivery: Delivery, booked: Booked) -> None:
    if booked.new or booked.changed or booked.rejected:
        session.run(
            "INSERT INTO batch (seq, source, learned_at, new, changed, same, rejected) VALUES (?,?,?,?,?,?,?)",
            (session.seq, delivery.source, delivery.now, *booked),
        )


def _book_state(session: Session, delivery: Delivery, booked: Booked) -> None:
    """Cursor, counters, coverage and success of the source, in the same transaction as its rows."""
    _note_batch(session, delivery, booked)
    session.run(
        "INSERT INTO source_state (source, last_attempt) VALUES (?,?) ON CONFLICT (source) DO UPDATE SET "
        "last_attempt = excluded.last_attempt",
        (delivery.source, delivery.now),
    )
    session.run(
        "UPDATE source_state SET rows_new = rows_new + ?, rows_changed = rows_changed + ?, rows_same = rows_same + ?, "
        "rows_rejected = rows_rejected + ?, records = records + ?, cursor = COALESCE(?, cursor) WHERE source = ?",
        (
            *booked,
            booked.new,
            None if delivery.cursor is None else json.dumps(delivery.cursor, sort_keys=True),
            delivery.source,
        ),
    )
    if delivery.finished:
        session.run(
            "UPDATE source_state SET last_success = ?, reason = NULL, signals = ?, mapping_hash = ?, highest = ? "
            "WHERE source = ?",
            (
                delivery.now,
                json.dumps(dict(delivery.signals)),
                delivery.mapping_hash,
                delivery.mapped.highest,
                delivery.source,
            ),
        )
    if delivery.covers is not None:
        _extend_coverage(session, delivery.source, delivery.covers, delivery.now)


def _extend_coverage(session: Session, source: str, covers: tuple[Instant, Instant], now: Instant) -> None:
    """Add a stretch to what the source has told, joined with every stretch it touches."""
    begins, ends = covers
    touching = session.rows(
        "SELECT begins, ends, learned_at FROM coverage WHERE source = ? AND ends >= ? AND begins <= ?",
        (source, begins, ends),
    )
    if len(touching) == 1 and touching[0][0] <= begins:
        if touching[0][1] < ends:
            session.run("UPDATE coverage SET ends = ? WHERE source = ? AND begins = ?", (ends, source, touching[0][0]))
        return
    session.many("DELETE FROM coverage WHERE source = ? AND begins = ?", [(source, row[0]) for row in touching])
    session.run(
        "INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)",
        (
            source,
            min([begins, *(row[0] for row in touching)]),
            max([ends, *(row[1] for row in touching)]),
            min([now, *(row[2] for row in touching)]),
        ),
    )
