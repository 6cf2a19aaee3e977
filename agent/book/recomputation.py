"""Deriving all observations, samples and tallies anew from the records, and telling whether anything differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from agent.book.bodies import decode
from agent.book.definition import Definition
from agent.book.exclusions import Exclusions, in_force
from agent.book.lines import Derived, Line, observe_all
from agent.ledger import Ledger, Session
from agent.model import Outcome

SLICE = 5000


class Difference(NamedTuple):
    """One place where the ledger does not hold what its records say."""

    what: str  # observation, sample, tally
    where: str
    stored: str
    derived: str


class Recomputed(NamedTuple):
    """What a recomputation looked at and found."""

    records: int
    observations: int
    tallies: int
    differences: tuple[Difference, ...]


def recompute(
    ledger: Ledger,
    definitions: Mapping[int, Definition],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Recomputed:
    """Compare everything derived with what the records say. It reads one state of the ledger and writes nothing."""
    differences: list[Difference] = []
    sums: dict[tuple[int, str, int], list[int]] = {}
    count = observations = 0
    with ledger.read() as session:
        served = [
            Derived(pk, definitions[pk], built if state == "building" else None)
            for pk, state, built in session.rows(
                "SELECT pk, state, built_through FROM definition WHERE state IN ('active', 'building')"
            )
            if pk in definitions
        ]
        total = (session.one("SELECT record_pk FROM counter WHERE id = 1") or (0,))[0]
        keys, exclusions = {one.pk for one in served}, in_force(session)
        through = 0
        while rows := session.rows(
            "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record WHERE pk > ? "
            f"ORDER BY pk LIMIT {SLICE}",
            (through,),
        ):
            derived = _derive(served, rows, exclusions)
            stored = _stored(session, through, rows[-1][0], keys)
            observations += len(derived)
            count += len(rows)
            differences += _compare_lines(stored, derived)
            _sum(sums, derived)
            through = rows[-1][0]
            progress(through, total)
        differences += _orphans(session, through)
        tallies = {key: sums for key, sums in _tallies(session).items() if key[0] in keys}
        differences += _compare_tallies(tallies, sums)
    return Recomputed(count, observations, len(tallies), tuple(differences))


def _derive(served: list[Derived], rows: list[Line], exclusions: Exclusions) -> set[Line]:
    lines: set[Line] = set()
    for pk, *stored in rows:
        record = decode(*stored)
        reading = [one for one in served if one.definition.reads(record.source, record.kind)]
        lines.update(observe_all(reading, pk, record, exclusions))
    return lines


def _stored(session: Session, after: int, through: int, keys: set[int]) -> set[Line]:
    return {
        tuple(line)
        for line in session.rows(
            "SELECT record, definition, day, system, outcome, reason, starts, due, worked, num, den FROM observation "
            "WHERE record > ? AND record <= ?",
            (after, through),
        )
        if line[1] in keys
    }


def _compare_lines(stored: set[Line], derived: set[Line]) -> list[Difference]:
    differences = [Difference("observation", _where(line), str(line[3:]), "nothing") for line in stored - derived]
    return differences + [
        Difference("observation", _where(line), "nothing", str(line[3:])) for line in derived - stored
    ]


def _where(line: Line) -> str:
    return f"record {line[0]}, definition {line[1]}, day {line[2]}"


def _orphans(session: Session, through: int) -> list[Difference]:
    found = session.one("SELECT COUNT(*) FROM observation WHERE record > ?", (through,))
    count = found[0] if found else 0
    return (
        [Difference("observation", f"after record {through}", f"{count} without a record", "nothing")] if count else []
    )


def _sum(sums: dict[tuple[int, str, int], list[int]], lines: set[Line]) -> None:
    for _, definition, day, system, outcome, _, _, _, _, num, den in lines:
        if outcome < Outcome.OPEN:
            tally = sums.setdefault((definition, system, day), [0, 0, 0, 0, 0])
            tally[outcome] += 1
            tally[3] += num
            tally[4] += den


def _tallies(session: Session) -> dict[tuple[int, str, int], list[int]]:
    return {
        (definition, system, day): sums
        for definition, system, day, *sums in session.rows(
            "SELECT definition, system, day, good, bad, excluded, num, den FROM tally"
        )
        if any(sums)
    }


def _compare_tallies(
    stored: Mapping[tuple[int, str, int], list[int]], derived: Mapping[tuple[int, str, int], list[int]]
) -> list[Difference]:
    wanted = {key: sums for key, sums in derived.items() if any(sums)}
    return [
        Difference(
            "tally", f"definition {key[0]}, system {key[1]!r}, day {key[2]}", str(stored.get(key)), str(wanted.get(key))
        )
        for key in sorted(stored.keys() | wanted.keys())
        if stored.get(key) != wanted.get(key)
    ]
