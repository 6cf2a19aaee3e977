"""The `sql` collector: one SELECT against any database, streamed, read-only, by URL or by a plain DB-API module."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, field_validator, model_validator

from agent.model import SECOND_US, CollectError, Page, Poll, Row, instant_of
from agent.wire.seconds import Seconds
from agent.wire.worker import OverdueError, Worker
from collectors.database import Database, Session, database_of_driver, database_of_url
from collectors.families import Family, Limits

T = TypeVar("T")
PLACEHOLDERS = {"qmark": "?", "numeric": ":1", "named": ":since", "format": "%s", "pyformat": "%(since)s"}
STRING, ESCAPED_STRING = r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'", r"'(?:[^'\\]|\\.|'')*'"
OTHER_TOKENS = r'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*.*?\*/|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|::|(?P<since>:since\b)'
MOST_STUCK = 3
SPELLED = {UUID, bytes, bytearray, memoryview}


class SqlOptions(BaseModel):
    """What a `sql` source may say beside its mapping."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr | None = None
    driver: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*$")
    dsn: SecretStr | Secret[dict[str, str | int | float | bool]] | None = None
    query: str = Field(min_length=1)
    timeout: Seconds = Field(default=60.0, gt=0, le=86_400)  # of connecting, and of each step of the statement
    max_rows: int = Field(default=5_000_000, gt=0)
    fetch_size: int = Field(default=5000, gt=0, le=100_000)

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"\w+(\+\w+)?://", url.get_secret_value()):
            raise ValueError("expected dialect+driver://user:password@host:port/database")
        return url

    @model_validator(mode="after")
    def _one_place(self) -> SqlOptions:
        if (self.url is None) == (self.driver is None) or (self.driver is None) != (self.dsn is None):
            raise ValueError("expected either url, or driver and dsn")
        return self


class SqlCollector:
    """Reads one query, `fetch_size` rows a page. Only the mapped columns leave it."""

    Options: ClassVar[type[BaseModel]] = SqlOptions
    mapping: ClassVar[Mapping[str, Any]] = {}
    revisions: ClassVar[bool] = True

    def __init__(self, options: SqlOptions) -> None:
        """Open nothing yet."""
        self.options = options
        self._stuck: list[Worker] = []  # threads that a driver has not given back

    @cached_property
    def database(self) -> Database:
        """Where to connect, worked out at the first fetch."""
        if self.options.url is not None:
            return database_of_url(self.options.url.get_secret_value(), self.options.timeout)
        assert self.options.driver is not None
        assert self.options.dsn is not None
        return database_of_driver(self.options.driver, self.options.dsn.get_secret_value(), self.options.timeout)

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """The rows of the query, with `:since` bound; the last page covers the time up to now.

        Raises CollectError when the database cannot be read in time, has more rows than allowed or lacks a column.
        """
        self._stuck = [worker for worker in self._stuck if worker.is_alive()]
        if len(self._stuck) >= MOST_STUCK:
            raise CollectError(f"{len(self._stuck)} former polls still hang in the driver")
        yield from Reading(self.options, self.database, poll, self._stuck).pages()


class Reading:
    """One fetch: a connection of its own, in a thread of its own."""

    def __init__(self, options: SqlOptions, database: Database, poll: Poll, stuck: list[Worker]) -> None:
        self.options, self.database, self.poll, self.stuck = options, database, poll, stuck
        self.begun = time.monotonic()
        zone = None if poll.since is None else getattr(poll.since.tzinfo, "key", None)
        self.session = Session(database, Limits(options.timeout, poll.deadline - self.begun, zone))
        self.worker: Worker
        self.signals: dict[str, float] = {}
        self.running = False  # whether a statement is left that nobody will read to its end

    def pages(self) -> Iterator[Page]:
        """Every row of the query. A worker whose driver does not come back is added to `stuck`."""
        paramstyle = self.database.paramstyle
        statement, parameters = bound(self.options.query, self._since(), paramstyle, self.database.family)
        self.worker = Worker(f"sql {self.poll.source}")
        try:
            self._ask("connecting", self.session.open)
            self._compare_clocks()
            self._ask("query", lambda: self.session.execute(statement, parameters, self.options.fetch_size))
            self.running = True
            yield from self._rows()
        finally:
            if self.running:
                threading.Thread(target=self.session.stop, name=f"stop {self.poll.source}", daemon=True).start()
            self.worker.end(self.session.close, 0.0 if self.worker in self.stuck else self.poll.deadline)

    def _since(self) -> str | datetime | None:
        if self.poll.since_text is not None or self.poll.since is None:
            return self.poll.since_text
        naive = self.poll.since.replace(tzinfo=None)
        return naive.isoformat(" ") if self.database.family.times_as_text else naive

    def _ask(self, what: str, step: Callable[[], T]) -> T:
        limit = min(self.poll.deadline, time.monotonic() + self.options.timeout)
        asked = time.monotonic()
        try:
            return self.worker.do(step, limit)
        except OverdueError:
            self.stuck.append(self.worker)
            self.running = True
            waited = time.monotonic() - asked
            raise CollectError(f"{self.database.label}: {what}: no answer within {waited:.2f} s") from None
        except self.database.errors as error:
            self.running = False
            reason = self.database.reason(error, self.options.query, whole=what == "connecting")
            raise CollectError(f"{self.database.label}: {what}: {reason}") from None

    def _compare_clocks(self) -> None:
        before = time.monotonic()
        server = self._ask("preparing a read-only session", self.session.prepare)
        if server is not None:
            ours = self.poll.now / SECOND_US + (before + time.monotonic()) / 2 - self.begun
            self.signals["clock_offset_seconds"] = server.timestamp() - ours

    def _rows(self) -> Iterator[Page]:
        size, read = self.options.fetch_size, 0
        pick: Callable[[Sequence[Any]], Row] | None = None
        while True:
            rows = self._ask("reading", lambda: self.session.cursor.fetchmany(size))
            if pick is None:  # some drivers describe the columns only now
                pick = picker(self.session.cursor.description, self.poll.columns)
            first, read, last = read + 1, read + len(rows), len(rows) < size
            if read > self.options.max_rows:
                raise CollectError(f"{self.database.label}: more rows than max_rows: {self.options.max_rows}")
            page = Page(spelled([pick(row) for row in rows]), "row", range(first, read + 1))
            if last:
                self.running = False
                begin = 0 if self.poll.since is None else instant_of(self.poll.since)
                yield replace(page, covers=(begin, self.poll.now), signals=self.signals)
                return
            yield page


def bound(query: str, since: str | datetime | None, paramstyle: str, family: Family) -> tuple[str, Any]:
    """The statement in the driver's parameter style with what is to be bound, None for nothing.

    `:since` counts where it stands by itself: not in a string, a quoted name, a comment or a cast.
    """
    tokens = re.compile((ESCAPED_STRING if family.backslash_escapes else STRING) + OTHER_TOKENS, re.DOTALL)
    text = query.strip().rstrip(";").rstrip()
    count = sum(match["since"] is not None for match in tokens.finditer(text))
    if not count:
        return text, None
    if since is None:
        raise CollectError("the query has :since, and the source says no `since` with its start")
    if paramstyle in ("format", "pyformat"):
        text = text.replace("%", "%%")
    place = PLACEHOLDERS[paramstyle]
    statement = tokens.sub(lambda match: place if match["since"] else match[0], text)
    match paramstyle:
        case "named" | "pyformat":
            return statement, {"since": since}
        case "numeric":
            return statement, [since]
    return statement, [since] * count


def picker(description: Sequence[Sequence[Any]] | None, columns: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
    """A function from a row as it comes to the wanted columns. Names match exactly, else but for their case."""
    if description is None:
        raise CollectError("the query gives no rows: expected a SELECT")
    names = [str(column[0]) for column in description]
    found = [_place(name, names) for name in columns]
    places = [place for place in found if place is not None]
    if len(places) < len(columns):
        missing = [name for name, place in zip(columns, found, strict=True) if place is None]
        raise CollectError(
            f"no column {', '.join(missing)} in the query's result: "
            f"expected {', '.join(columns)}; got {', '.join(names)}"
        )
    if len(places) == 1:
        only = places[0]
        return lambda row: (row[only],)
    return itemgetter(*places)


def _place(wanted: str, names: Sequence[str]) -> int | None:
    same = [place for place, name in enumerate(names) if name == wanted]
    same = same or [place for place, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(same) > 1:
        raise CollectError(f"column {wanted} stands {len(same)} times in the query's result: name each by AS")
    return same[0] if same else None


def spelled(rows: list[Row]) -> list[Row]:
    """The rows with keys and bytes as text, as no mapping takes them otherwise; other values as they are."""
    kinds = {type(value) for row in rows for value in row}
    return [tuple(map(_text, row)) for row in rows] if kinds & SPELLED else rows


def _text(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            try:
                return bytes(value).decode()
            except UnicodeDecodeError:
                return value
    return value
