"""Which of several statements about one thing counts: ranked against each other and against the ledger. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.book.bodies import content_hash, encode
from agent.model import Record

Statement = tuple[Record, str, int]  # what a source says of a record, with the text and the hash it has in the ledger


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

    def has_rank_of(self, record: Record) -> bool:
        """Whether a source that ranks its statements gave this one the rank of the one held."""
        ranked = record.version is not None or record.changed_at is not None
        equal = self.rank == rank(record.version, record.changed_at)
        return ranked and equal and self.withdrawn == record.withdrawn


def rank(version: int | None, changed_at: int | None) -> tuple[int, int]:
    """The order of two statements about one thing; what a source does not give counts as lowest."""
    lowest = -(1 << 62)
    return (lowest if version is None else version, lowest if changed_at is None else changed_at)


class Ranking:
    """What the statements of one delivery come to, gathered record by record."""

    def __init__(self, marks: Mapping[str, int], seen: set[int] | None) -> None:
        """`marks` are those of the rows by record; `seen`, if any, collects the keys of the records met."""
        self.new: list[Statement] = []
        self.changed: list[tuple[Current, Statement]] = []
        self.outranked: dict[int, list[Statement]] = {}  # by key; of the n-th new record under −n
        self.marked: list[tuple[int, int]] = []  # mark and key of records that another row tells the same of
        self.same = 0
        self._marks, self._seen = marks, seen

    def take(self, records: list[Record], current: Current | None) -> None:
        """Rank all statements about one thing, of which the ledger holds `current`."""
        if len(records) > 1:
            records = sorted(records, key=lambda r: (rank(r.version, r.changed_at), encode(r)))
        winner = records[-1]
        body = encode(winner)
        hashed = content_hash(winner, body)
        if current is None:
            self.new.append((winner, body, hashed))
        else:
            if self._seen is not None:
                self._seen.add(current.pk)
            if hashed == current.hash:
                self.same += 1
                if winner.id in self._marks:
                    self.marked.append((self._marks[winner.id], current.pk))
            elif rank(winner.version, winner.changed_at) < current.rank:
                self.outranked.setdefault(current.pk, []).append((winner, body, hashed))
            else:
                self.changed.append((current, (winner, body, hashed)))
        for record in records[:-1]:
            body = encode(record)
            loser = content_hash(record, body)
            if loser == hashed or (current is not None and loser == current.hash):
                self.same += 1
            else:
                key = -len(self.new) if current is None else current.pk
                self.outranked.setdefault(key, []).append((record, body, loser))
