"""One walk over the records that count in a period: each to the table of its source and to those of its indicators.

Sources come by name, records by id, both in the order of their characters' codes: the tables depend on what the ledger
holds and not on the course it took.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from agent.book.bodies import decode
from agent.book.scratch import MOVING
from agent.config import Config
from agent.evaluate.held import Held
from agent.evidence.records import RecordTable
from agent.evidence.table import Column, Line, Row, Table
from agent.evidence.tables import table_of
from agent.ledger import Session
from agent.model import Day, Instant, Window

SLICE = 4000
# Open work counts by the day it stands on, but an outage that goes on whatever day that is.
WITHIN = "definition IN ({marks}) AND day < ? AND (day >= ? OR outcome >= 3)"
OBSERVED = (
    "SELECT record, definition, day, system, outcome, reason, starts, due, worked, num, den FROM observation "
    "WHERE record IN {in}"
)
RECORDS = "SELECT pk, kind, source, id, system, body, version, changed_at, withdrawn FROM record WHERE pk IN {in}"

Progress = Callable[[int, int], None]


class Sink(Protocol):
    """Takes the rows of one table, in order."""

    def write(self, rows: Sequence[Row]) -> None:
        """Some more rows."""
        ...


SinkOf = Callable[[str, Sequence[Column]], Sink]


def indicator_path(project: str, indicator: str) -> str:
    """Where the table of an indicator, or of an evidence measure `row/measure`, stands in a pack."""
    return "/".join(["indicators", *(safe(part) for part in (project, *indicator.split("/")))]) + ".csv.gz"


def records_path(source: str) -> str:
    """Where the records of a source stand."""
    return f"records/{safe(source)}.csv.gz"


def safe(name: str) -> str:
    """A name as every file system takes it."""
    return quote(name, safe="").replace("~", "%7E").replace("..", "%2E%2E")


class Walk:
    """The tables of one period. `indicators` are as the board judged them."""

    def __init__(self, config: Config, indicators: Sequence[Held], window: Window, now: Instant) -> None:
        """Every indicator that reads records has a table, also where nothing counts."""
        self.config, self.window = config, window
        self.tables: Mapping[int, Table] = {
            held.definition: table_of(held, window, now)
            for held in indicators
            if held.definition is not None and held.indicator.measure.from_records
        }

    def path(self, table: Table) -> str:
        """Where a table stands in the pack."""
        return indicator_path(table.held.indicator.project, table.held.indicator.id)

    def run(
        self, session: Session, sink_of: SinkOf, with_records: bool, progress: Progress, since: int | None = None
    ) -> dict[str, int]:
        """Hand every row to the sinks; how many records there were of each source.

        With `since` only those that may count otherwise than in that batch are looked at.
        """
        sinks = {pk: sink_of(self.path(table), table.columns) for pk, table in self.tables.items()}
        counted, places = {}, self._places(session, since)
        total, done = sum(map(len, places.values())), 0
        days = self.config.plans[0].days
        for source in sorted(places):
            counted[source] = 0
            table = RecordTable(source, self.config.source(source), days)
            records = sink_of(records_path(source), table.columns) if with_records else None
            for begin in range(0, len(places[source]), SLICE):
                part = places[source][begin : begin + SLICE].tolist()
                counted[source] += self._slice(session, part, table, records, sinks)
                done += len(part)
                progress(done, total)
        for pk, one in self.tables.items():
            sinks[pk].write(list(one.more()))
        return counted

    def _places(self, session: Session, since: int | None) -> dict[str, array[int]]:
        """The keys of the records that count, by source, in the order of their ids."""
        top = (session.one("SELECT record_pk FROM counter WHERE id = 1") or (0,))[0]
        counts, known = bytearray(top + 1), sorted(self.tables)
        if known:
            within = WITHIN.replace("{marks}", ",".join("?" * len(known)))
            wanted = session.stream(
                f"SELECT DISTINCT record FROM observation WHERE {within}", (*known, self.window.last, self.window.first)
            )
            for (pk,) in wanted:
                counts[pk] = 1
        moving = "" if since is None else f" AND {MOVING.format(batch=since)}"
        places: dict[str, array[int]] = {}
        for (source,) in session.rows("SELECT DISTINCT source FROM record"):
            ordered = session.stream(
                f"SELECT pk FROM record WHERE source = ?{moving} ORDER BY {session.by_code('id')}", (source,)
            )
            found = array("q", (pk for (pk,) in ordered if counts[pk]))
            if found:
                places[source] = found
        return places

    def _slice(
        self,
        session: Session,
        part: Sequence[int],
        table: RecordTable,
        records: Sink | None,
        sinks: Mapping[int, Sink],
    ) -> int:
        """How many of some records count, all of which are written."""
        lines: dict[int, list[Line]] = {}
        for row in session.rows_in(OBSERVED, sorted(part)):
            lines.setdefault(row[0], []).append(Line._make(row))
        bodies = {row[0]: row[1:] for row in session.rows_in(RECORDS, sorted(part))}
        rows: dict[int, list[Row]] = {}
        said: list[Row] = []
        number = 0
        for pk in part:
            counted = [line for line in sorted(lines[pk], key=_day) if self._counts(line)]
            if not counted:
                continue
            number += 1
            record = decode(*bodies[pk])
            times = table.told(record)
            for line in counted:
                rows.setdefault(line.definition, []).append(self.tables[line.definition].row(record, times, line))
            if records is not None:
                said.append(table.row(record, times))
        if records is not None:
            records.write(said)
        for definition, some in rows.items():
            sinks[definition].write(some)
        return number

    def _counts(self, line: Line) -> bool:
        table = self.tables.get(line.definition)
        return table is not None and table.counts(line)


def _day(line: Line) -> Day:
    return line.day
