"""One transaction on the ledger: plain SQL with `?` places on the driver's cursor, the same text on every database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

Values = Sequence[Any]
IN_LIMIT = 5000  # places in one IN list; SQLite allows 32,766


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    def execute(self, sql: str, parameters: Values = ..., /) -> Any:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Run one statement for many rows."""

    def fetchall(self) -> list[Any]:
        """All rows of the last statement."""

    def fetchmany(self, size: int = ..., /) -> list[Any]:
        """Some rows of the last statement."""


class Session:
    """Statements inside one transaction. The caller of `Ledger.write` or `Ledger.read` owns its end."""

    def __init__(self, cursor: Cursor, places: str, seq: int) -> None:
        """Wrap a cursor; `places` is the driver's own place holder, `seq` this transaction's batch number."""
        self._cursor = cursor
        self._places = places
        self.seq = seq

    def by_code(self, column: str) -> str:
        """How to order by a text column in the order of its characters' codes, whatever the database's language."""
        return column if self._places == "?" else f'{column} COLLATE "C"'

    def _text(self, sql: str) -> str:
        return sql if self._places == "?" else sql.replace("?", self._places)

    def run(self, sql: str, values: Values = ()) -> None:
        """Run one statement that returns nothing."""
        self._cursor.execute(self._text(sql), values)

    def many(self, sql: str, rows: Iterable[Values]) -> None:
        """Run one statement for each row."""
        batch = rows if isinstance(rows, list) else list(rows)
        if batch:
            self._cursor.executemany(self._text(sql), batch)

    def rows(self, sql: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        self._cursor.execute(self._text(sql), values)
        return self._cursor.fetchall()

    def stream(self, sql: str, values: Values = (), size: int = 10_000) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, a slice at a time; no other statement may run in this session meanwhile."""
        self._cursor.execute(self._text(sql), values)
        while part := self._cursor.fetchmany(size):
            yield from part

    def one(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        found = self.rows(sql, values)
        return found[0] if found else None

    def rows_in(self, sql: str, wanted: Sequence[Any], before: Values = ()) -> list[tuple[Any, ...]]:
        """The rows of a query whose text has `{in}` where the list of wanted values belongs."""
        found: list[tuple[Any, ...]] = []
        for begin in range(0, len(wanted), IN_LIMIT):
            part = wanted[begin : begin + IN_LIMIT]
            marks = ",".join("?" * len(part))
            found += self.rows(sql.replace("{in}", f"({marks})"), [*before, *part])
        return found
