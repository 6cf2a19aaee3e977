"""Writing what a ranking came to: records, the versions they had, how they count, and what does not add up."""

from __future__ import annotations

from collections.abc import Sequence

from agent.book.bodies import decode
from agent.book.delivery import Booked, Delivery
from agent.book.exclusions import in_force
from agent.book.lines import Derived, Line, change_observations, observe_all, place_of, stored_lines
from agent.book.noticing import Arrival, Change, notice
from agent.book.ranking import Current, Ranking, Statement
from agent.ledger import Session

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


class Writing:
    """One ranking, written in key order. `derived` are the definitions the ledger serves."""

    def __init__(self, session: Session, delivery: Delivery, ranking: Ranking, derived: Sequence[Derived]) -> None:
        """Nothing is written yet."""
        self.session, self.delivery, self.ranking = session, delivery, ranking
        self.derived = [one for one in derived if one.definition.reads(delivery.source, delivery.kind)]
        self.exclusions = in_force(session, delivery.source)
        self._outranked = {key: [self._never_current(one) for one in told] for key, told in ranking.outranked.items()}
        self._replaced: dict[int, Line] = {}

    def write(self) -> Booked:
        """Write everything; how many rows were new, changed and the same."""
        ranking = self.ranking
        written = self._write_new()
        dropped: list[Line] = []
        if ranking.changed:
            fresh, dropped = self._write_changed()
            written += fresh
        self.session.many("UPDATE record SET mark = ? WHERE pk = ?", ranking.marked)
        repeated = self._write_revisions()
        self._notice()
        change_observations(self.session, self.derived, dropped, written)
        return Booked(len(ranking.new), len(ranking.changed), ranking.same + self.delivery.unchanged + repeated)

    def _never_current(self, statement: Statement) -> Line:
        r, body, hashed = statement
        seq = self.session.seq
        return (r.system, r.version, r.changed_at, r.withdrawn, body, hashed, seq, seq)

    def _write_new(self) -> list[Line]:
        new = self.ranking.new
        if not new:
            return []
        session, source = self.session, self.delivery.source
        session.run("UPDATE counter SET record_pk = record_pk + ? WHERE id = 1", (len(new),))
        found = session.one("SELECT record_pk FROM counter WHERE id = 1")
        assert found is not None
        first = found[0] - len(new) + 1
        seq, rows = session.seq, []
        lines: list[Line] = []
        marks = self.delivery.marks
        caught_up = [one for one in self.derived if one.built_through is None]
        observers = [(one.pk, one.definition.observe) for one in caught_up]
        for pk, (r, body, hashed) in enumerate(new, first):
            said = (r.id, r.kind, r.system, r.version, r.changed_at, r.withdrawn, body, hashed)
            rows.append((pk, source, *said, marks.get(r.id), seq, seq, seq))
            if self.exclusions and (source, r.id) in self.exclusions:
                lines += observe_all(caught_up, pk, r, self.exclusions)
                continue
            for definition, observe in observers:
                lines += [(pk, definition, *observation) for observation in observe(r)]
        if self.delivery.seen is not None:
            self.delivery.seen.update(range(first, first + len(new)))
        session.many(INSERT_RECORD, rows)
        for place in [place for place in self._outranked if place < 0]:
            self._outranked[first - place - 1] = self._outranked.pop(place)
        return lines

    def _write_changed(self) -> tuple[list[Line], list[Line]]:
        """The observation lines to write, and those to drop."""
        session, seq, marks = self.session, self.session.seq, self.delivery.marks
        changed = sorted(self.ranking.changed, key=lambda change: change[0].pk)
        rows = []
        for old, (r, body, hashed) in changed:
            said = (r.kind, r.system, r.version, r.changed_at, r.withdrawn, body, hashed)
            rows.append((*said, marks.get(r.id), seq, seq, old.pk))
        session.many(UPDATE_RECORD, rows)
        if self.delivery.revisions:
            self._replaced = {old.pk: _version(old, seq) for old, _ in changed}
        before = stored_lines(session, [old.pk for old, _ in changed], self.derived)
        after = {
            line for old, (record, *_) in changed for line in observe_all(self.derived, old.pk, record, self.exclusions)
        }
        return sorted(after - before, key=place_of), sorted(before - after, key=place_of)

    def _write_revisions(self) -> int:
        """Keep superseded and outranked versions, each once; how many outranked ones were there already."""
        pks = sorted(self._outranked.keys() | self._replaced.keys())
        if not pks:
            return 0
        known: dict[int, set[int]] = {}
        for pk, hashed in self.session.rows_in("SELECT record, hash FROM revision WHERE record IN {in}", pks):
            known.setdefault(pk, set()).add(hashed)
        highest = "SELECT record, MAX(n) FROM revision WHERE record IN {in} GROUP BY record"
        counts = dict(self.session.rows_in(highest, pks))
        rows: list[Line] = []
        repeated = 0
        for pk in pks:
            told = [one for one in self._outranked.get(pk, ()) if one[5] not in known.get(pk, ())]
            repeated += len(self._outranked.get(pk, ())) - len(told)
            kept = [*told, self._replaced[pk]] if pk in self._replaced else told
            rows += [(pk, n, *line) for n, line in enumerate(kept, counts.get(pk, 0) + 1)]
        self.session.many(INSERT_REVISION, rows)
        return repeated

    def _notice(self) -> None:
        """Hand what came to those who look for what does not add up."""
        delivery, ranking = self.delivery, self.ranking
        changes = [
            Change(
                decode(delivery.kind, delivery.source, r.id, old.system, old.body, old.version, old.changed_at),
                r,
                old.has_rank_of(r),
            )
            for old, (r, *_) in ranking.changed
            if delivery.revisions
        ]
        new = [record for record, *_ in ranking.new]
        watches = [one.definition.watch for one in self.derived]
        notice(self.session, watches, Arrival(delivery.source, delivery.now, new, changes, self._was_read()))

    def _was_read(self) -> bool:
        """Whether the source was read before with this mapping; what has none, as rejects tried again, is no news."""
        known = self.session.one("SELECT mapping_hash FROM source_state WHERE source = ?", (self.delivery.source,))
        return known is not None and known[0] is not None and known[0] == self.delivery.mapping_hash


def _version(old: Current, until: int) -> Line:
    """What a record said from the batch it came with until this one."""
    return (old.system, old.version, old.changed_at, old.withdrawn, old.body, old.hash, old.seq, until)
