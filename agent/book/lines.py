"""Observation lines: what the ledger holds of how records count, and moving tallies by exactly the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from agent.book.definition import Definition
from agent.book.exclusions import Exclusions, observed
from agent.ledger import Session
from agent.model import Outcome, Record

INSERT_OBSERVATION = (
    "INSERT INTO observation (record, definition, day, system, outcome, reason, starts, due, worked, num, den) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
# Of a line that is decided and has no times. The driver takes as long for a NULL or an Outcome as for four numbers.
INSERT_DECIDED = (
    "INSERT INTO observation (record, definition, day, system, outcome, worked, num, den) VALUES (?,?,?,?,?,0,?,?)"
)
ADD_TALLY = (
    "INSERT INTO tally (definition, system, day, good, bad, excluded, num, den, seq) VALUES (?,?,?,?,?,?,?,?,?) "
    "ON CONFLICT (definition, system, day) DO UPDATE SET good = tally.good + excluded.good, "
    "bad = tally.bad + excluded.bad, excluded = tally.excluded + excluded.excluded, "
    "num = tally.num + excluded.num, den = tally.den + excluded.den, seq = excluded.seq"
)
STORED = (
    "SELECT record, definition, day, system, outcome, reason, starts, due, worked, num, den FROM observation "
    "WHERE record IN {in}"
)
DROP_OBSERVATION = "DELETE FROM observation WHERE record = ? AND definition = ? AND day = ?"

# The index of told observations is made for these: the list of outcomes is its own condition, word by word.
IS_BAD = "outcome IN (1, 2) AND outcome = 1"
IS_EXCLUDED = "outcome IN (1, 2) AND outcome = 2"

Line = tuple[Any, ...]  # (record, definition, day, system, outcome, reason, starts, due, worked, num, den)
UNTIMED = (None, None, None, 0)  # no reason, neither start nor due time, nothing worked
EXCLUDED, OPEN = int(Outcome.EXCLUDED), int(Outcome.OPEN)


class Derived(NamedTuple):
    """A definition as the ledger serves it."""

    pk: int
    definition: Definition
    built_through: int | None  # None: every record is derived


def observe_all(derived: Sequence[Derived], pk: int, record: Record, exclusions: Exclusions) -> Iterable[Line]:
    """The observation lines of one record, as every definition that has reached it derives them."""
    for one in derived:
        if one.built_through is None or pk <= one.built_through:
            for observation in observed(one.definition, record, exclusions):
                yield (pk, one.pk, *observation)


def change_observations(
    session: Session, derived: Sequence[Derived], dropped: Sequence[Line], written: Sequence[Line]
) -> None:
    """Replace observation lines and move the tallies and samples by exactly the difference."""
    session.many(DROP_OBSERVATION, [place_of(line) for line in dropped])
    _insert(session, written)
    ranked = {one.pk for one in derived if one.definition.percentile}
    if ranked:
        session.many(
            "DELETE FROM sample WHERE definition = ? AND day = ? AND system = ? AND num = ? AND record = ?",
            _samples(dropped, ranked),
        )
        session.many(
            "INSERT INTO sample (definition, day, system, num, record) VALUES (?,?,?,?,?)", _samples(written, ranked)
        )
    sums: dict[tuple[int, str, int], list[int]] = {}
    for lines, sign in ((dropped, -1), (written, 1)):
        for _, definition, day, system, outcome, _, _, _, _, num, den in lines:
            if outcome >= OPEN:
                continue
            key = (definition, system, day)
            tally = sums.get(key)
            if tally is None:
                tally = sums[key] = [0, 0, 0, 0, 0]
            tally[outcome] += sign
            tally[3] += sign * num
            tally[4] += sign * den
    session.many(ADD_TALLY, [(*key, *sums[key], session.seq) for key in sorted(sums) if any(sums[key])])


def _insert(session: Session, lines: Sequence[Line]) -> None:
    decided: list[Line] = []
    others: list[Line] = []
    for line in lines:
        if line[5:9] == UNTIMED:
            record, definition, day, system, outcome, _, _, _, _, num, den = line
            decided.append((record, definition, day, system, int(outcome), num, den))
        else:
            others.append(line)
    session.many(INSERT_DECIDED, decided)
    session.many(INSERT_OBSERVATION, others)


def _samples(lines: Iterable[Line], ranked: set[int]) -> list[Line]:
    return sorted(
        (line[1], line[2], line[3], line[9], line[0]) for line in lines if line[1] in ranked and line[4] < EXCLUDED
    )


def stored_lines(session: Session, pks: Sequence[int], derived: Sequence[Derived]) -> set[Line]:
    """The observation lines the ledger holds of some records and definitions."""
    keys = {one.pk for one in derived}
    return {tuple(line) for line in session.rows_in(STORED, pks) if line[1] in keys}


def place_of(line: Line) -> tuple[int, int, int]:
    """Record, definition and day: the key a line is stored by, in which lines are written."""
    return line[0], line[1], line[2]
