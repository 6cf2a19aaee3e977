"""What differs between databases: how each is kept from writing, limited, streamed and stopped. One entry a driver."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collectors.database import Session


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session is held to: seconds a statement may take, seconds until the deadline, the zone of naive times."""

    statement_seconds: float
    seconds_left: float
    timezone: str | None


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between databases. `prepare` gives the server's own time where asking is cheap."""

    prepare: Callable[[Any, Limits], datetime | None]
    stream: Callable[[Any], Any]  # a cursor that does not hold all rows
    stop: Callable[[Session], None]  # called from another thread: ends the running statement
    times_as_text: bool = False
    backslash_escapes: bool = False


def _prepare_nothing(_connection: Any, _limits: Limits) -> None:
    """Nothing that every database would understand; nothing is ever committed."""


def _ordinary_cursor(connection: Any) -> Any:
    return connection.cursor()


def _cancel(session: Session) -> None:
    if hasattr(session.driver, "cancel"):
        session.driver.cancel()


def _prepare_oracle(connection: Any, _limits: Limits) -> None:
    connection.cursor().execute("SET TRANSACTION READ ONLY")


def _prepare_sqlite(connection: Any, _limits: Limits) -> None:
    connection.cursor().execute("PRAGMA query_only = ON")


def _interrupt(session: Session) -> None:
    session.driver.interrupt()


def _prepare_postgresql(connection: Any, limits: Limits) -> datetime:
    """Read-only for this transaction and any other; naive times mean the source's zone."""
    milliseconds = max(1, int(min(limits.statement_seconds, limits.seconds_left) * 1000))
    cursor = connection.cursor()
    cursor.execute("SET default_transaction_read_only = on")
    cursor.execute("SET TRANSACTION READ ONLY")
    cursor.execute(f"SET statement_timeout = {milliseconds}")
    if limits.timezone:
        cursor.execute(f"SET TIME ZONE '{limits.timezone}'")
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
    ((seconds,),) = cursor.fetchall()
    return datetime.fromtimestamp(float(seconds), UTC)


def _named_cursor(connection: Any) -> Any:
    return connection.cursor(name="dabiao")


def _hang_up(session: Session) -> None:
    # The server ends the statement itself, by statement_timeout; cancel() would wait for a server that hangs.
    if session.wire is not None:
        session.wire.shutdown(socket.SHUT_RDWR)


def _prepare_mysql(connection: Any, limits: Limits) -> datetime:
    """Read-only for every transaction. The server's limit is the deadline, as it counts the time rows are read, too."""
    cursor = connection.cursor()
    cursor.execute("SELECT UTC_TIMESTAMP(6), VERSION()")
    ((moment, version),) = cursor.fetchall()
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    seconds = max(0.001, limits.seconds_left)
    if "mariadb" in str(version).lower():
        cursor.execute(f"SET SESSION max_statement_time = {seconds:.3f}")
    else:
        cursor.execute(f"SET SESSION max_execution_time = {int(seconds * 1000)}")
    return datetime.fromisoformat(str(moment)).replace(tzinfo=UTC)


def _unbuffered_cursor(connection: Any) -> Any:
    driver = type(getattr(connection, "driver_connection", connection)).__module__.partition(".")[0]
    return connection.cursor(importlib.import_module(f"{driver}.cursors").SSCursor)


def _kill_query(session: Session) -> None:
    # Without it closing would read all rows that are left.
    other = session.database.connect()
    try:
        other.cursor().execute(f"KILL QUERY {session.driver.thread_id()}")
    finally:
        other.close()


PLAIN = Family(_prepare_nothing, _ordinary_cursor, _cancel)
ORACLE = Family(_prepare_oracle, _ordinary_cursor, _cancel)
SQLITE = Family(_prepare_sqlite, _ordinary_cursor, _interrupt, times_as_text=True)
POSTGRESQL = Family(_prepare_postgresql, _named_cursor, _hang_up)
MYSQL = Family(_prepare_mysql, _unbuffered_cursor, _kill_query, backslash_escapes=True)
FAMILIES: Mapping[str, Family] = {
    "sqlite3": SQLITE,
    "pysqlite": SQLITE,
    "psycopg": POSTGRESQL,
    "psycopg2": POSTGRESQL,
    "ksycopg2": POSTGRESQL,
    "pymysql": MYSQL,
    "mysqldb": MYSQL,
    "MySQLdb": MYSQL,
    "oracledb": ORACLE,
}
# For other drivers of a dialect's: read-only and limited, but they may hold all rows, and cannot be interrupted.
DIALECTS: Mapping[str, Family] = {
    "postgresql": replace(POSTGRESQL, stream=_ordinary_cursor, stop=_cancel),
    "mysql": replace(MYSQL, stream=_ordinary_cursor, stop=_cancel),
    "mariadb": replace(MYSQL, stream=_ordinary_cursor, stop=_cancel),
    "oracle": ORACLE,
}
