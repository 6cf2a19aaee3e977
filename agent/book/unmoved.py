"""What counts today as it did in a past batch, taken into a scratch ledger by sets: only the rest is derived anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from agent.book.definition import Definition, Place
from agent.book.lines import INSERT_OBSERVATION, IS_BAD, Derived, Line, change_observations, stored_lines
from agent.ledger import Ledger, Session

SLICE = 20_000
TALLIES = "SELECT definition, system, day, good, bad, excluded, num, den FROM tally WHERE definition IN {in}"
SAMPLES = "SELECT definition, day, system, num, record FROM sample WHERE definition IN {in}"
# Of records that have not moved, the observations that are looked at one by one: open ones, and outages that ended.
LOOKED_AT = (
    "SELECT record, definition, day, system, outcome, reason, starts, due, worked, num, den FROM observation "
    f"WHERE (outcome >= 3 OR ({IS_BAD} AND starts IS NOT NULL)) AND definition IN {{in}}"
)
RECORDS = "SELECT pk, source, id, kind, system, version, changed_at, withdrawn, body, hash FROM record WHERE pk IN {in}"
INSERT_TALLY = (
    "INSERT INTO tally (definition, system, day, good, bad, excluded, num, den, seq) VALUES (?,?,?,?,?,?,?,?,0)"
)
INSERT_SAMPLE = "INSERT INTO sample (definition, day, system, num, record) VALUES (?,?,?,?,?)"
INSERT_RECORD = (
    "INSERT INTO record (pk, source, id, kind, system, version, changed_at, withdrawn, body, hash, "
    "first_seq, seq, touched_seq) VALUES (?,?,?,?,?,?,?,?,?,?,0,0,0)"
)
ACTIVE = "SELECT pk, year, project, indicator, hash FROM definition WHERE state = 'active'"
MOVED = "SELECT pk FROM record WHERE touched_seq > ? ORDER BY pk"
KEEP_COUNT = (
    "INSERT INTO source_state (source, records) VALUES (?,?) ON CONFLICT (source) DO UPDATE SET "
    "records = excluded.records"
)
COUNTS = "SELECT source, COUNT(*) FROM record WHERE touched_seq <= ? GROUP BY source"


def counted_alike(session: Session, wanted: Mapping[int, Definition]) -> dict[int, int] | None:
    """Which key of the ledger's counts as each of the scratch ledger's `wanted`; None where one does not count so."""
    known: dict[tuple[Place, str], int] = {
        ((year, project, indicator), hashed): pk for pk, year, project, indicator, hashed in session.rows(ACTIVE)
    }
    found = {known.get((one.place, one.hash)): key for key, one in wanted.items() if one.kind}
    return None if None in found else {pk: key for pk, key in found.items() if pk is not None}


def take_over(session: Session, scratch: Ledger, wanted: Mapping[int, Definition], seq: int) -> bool:
    """Take over what the records come to that have not moved since a batch; whether that could be done.

    Sums are whole; single observations are those that a verdict looks at, with their records. It cannot be done where a
    definition counts otherwise than the ledger's, and is not worth it where most records have moved.
    """
    keys = counted_alike(session, wanted)
    if keys is None:
        return False
    (top,) = session.one("SELECT record_pk FROM counter WHERE id = 1") or (0,)
    moved = {pk for (pk,) in session.rows(MOVED, (seq,))}
    unmoved = session.rows(COUNTS, (seq,))
    if len(moved) > sum(count for _, count in unmoved):
        return False
    with scratch.write() as write:
        write.run("UPDATE counter SET record_pk = ? WHERE id = 1", (top,))  # those that moved come under new keys
        for rows in _slices(session, TALLIES, list(keys)):
            write.many(INSERT_TALLY, [(keys[row[0]], *row[1:]) for row in rows])
        for rows in _slices(session, SAMPLES, [pk for pk, key in keys.items() if wanted[key].percentile]):
            write.many(INSERT_SAMPLE, [(keys[row[0]], *row[1:]) for row in rows if row[4] not in moved])
        looked_at: set[int] = set()
        for rows in _slices(session, LOOKED_AT, list(keys)):
            lines = [(row[0], keys[row[1]], *row[2:]) for row in rows if row[0] not in moved]
            looked_at.update(line[0] for line in lines)
            write.many(INSERT_OBSERVATION, lines)
        write.many(INSERT_RECORD, session.rows_in(RECORDS, sorted(looked_at)))
        write.many(KEEP_COUNT, unmoved)
        _take_out(session, write, sorted(moved), keys, wanted)
    return True


def _take_out(
    session: Session, write: Session, moved: Sequence[int], keys: Mapping[int, int], wanted: Mapping[int, Definition]
) -> None:
    """Take what moved records count today out of the sums."""
    today = [Derived(pk, wanted[key], None) for pk, key in keys.items()]
    then = [Derived(key, wanted[key], None) for key in keys.values()]
    for begin in range(0, len(moved), SLICE):
        lines: list[Line] = [
            (line[0], keys[line[1]], *line[2:]) for line in stored_lines(session, moved[begin : begin + SLICE], today)
        ]
        change_observations(write, then, lines, [])


def _slices(session: Session, sql: str, keys: Sequence[int]) -> Iterator[list[Line]]:
    """The rows of a query about definitions, some at a time."""
    if keys:
        rows = session.stream(sql.replace("{in}", f"({','.join('?' * len(keys))})"), keys)
        while part := list(islice(rows, SLICE)):
            yield part
