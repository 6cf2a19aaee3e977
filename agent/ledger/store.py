"""Opening a ledger, migrating it, and giving out transactions: one writer at a time, in the order of batch numbers."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import create_engine, event, inspect
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from agent.ledger.founding import VERSION_TABLE, found
from agent.ledger.schema import HEAD
from agent.ledger.session import Session
from agent.model import ConfigError, LedgerError

BUSY_SECONDS = 60


class Ledger:
    """A ledger on SQLite (a file) or PostgreSQL (by URL), with its schema up to date."""

    def __init__(self, engine: Engine) -> None:
        """Wrap an engine whose schema is current; use `Ledger.open`."""
        self.engine = engine
        self.dialect = engine.dialect.name
        self._places = "?" if self.dialect == "sqlite" else "%s"

    @classmethod
    def open(cls, url: str | Path, *, made: bool = True) -> Ledger:
        """Open a ledger; LedgerError if it is of a newer version or cannot be reached.

        A file that is not there is made, or without `made` the user's mistake.
        """
        engine = _engine(url, made)
        try:
            _bring_up_to_date(engine)
        except (DatabaseError, sqlite3.DatabaseError) as failed:
            raise LedgerError(f"ledger {shown(engine.url)} cannot be opened: {driver_words(failed)}") from failed
        return cls(engine)

    @property
    def name(self) -> str:
        """The ledger's address without its password."""
        return shown(self.engine.url)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the ledger and writes nothing."""
        with self._cursor(
            "BEGIN" if self.dialect == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        ) as at:
            yield Session(at, self._places, 0)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits all or nothing; it holds the next batch number and is the only writer meanwhile."""
        with self._cursor("BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN") as at:
            at.execute("UPDATE counter SET seq = seq + 1 WHERE id = 1 RETURNING seq")
            yield Session(at, self._places, int(at.fetchall()[0][0]))

    @contextmanager
    def frozen(self) -> Iterator[Ledger]:
        """This ledger as it stands now: all that is read of it meanwhile is one state, whatever others write."""
        with self.read() as session:
            session.one("SELECT seq FROM counter WHERE id = 1")  # the state is that of the first read
            yield _Frozen(self.engine, session)

    @contextmanager
    def _cursor(self, begin: str) -> Iterator[Any]:
        try:
            pooled = self.engine.raw_connection()
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as failed:
            raise LedgerError(f"ledger {self.name} cannot be reached: {driver_words(failed)}") from failed
        broken = False
        try:
            cursor = pooled.cursor()
            cursor.execute(begin)
            yield cursor
            cursor.execute("COMMIT")
        except BaseException as failed:
            broken = not _roll_back(pooled)
            if reason := _ledger_fault(failed):
                raise LedgerError(f"ledger {self.name}: {reason}") from failed
            raise
        finally:
            if broken:
                pooled.invalidate()
            pooled.close()


class _Frozen(Ledger):
    """A ledger of which one state is read; sessions do not end, and nothing can be written."""

    def __init__(self, engine: Engine, session: Session) -> None:
        super().__init__(engine)
        self._session = session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """The one session there is."""
        yield self._session

    def write(self) -> NoReturn:
        """Refused."""
        raise LedgerError(f"ledger {self.name}: what is read as one state cannot be written")


def _engine(url: str | Path, made: bool) -> Engine:
    parsed = _parsed(str(url))
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite_engine(parsed, made)
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                isolation_level="AUTOCOMMIT",  # transactions are begun by hand, as on SQLite
                pool_pre_ping=True,
                max_overflow=-1,  # each source that hangs holds its lock's connection: they must not use up the rest
                connect_args={"prepare_threshold": 5},
            )
        case other:
            raise ConfigError(f"--ledger: expected sqlite or postgresql, got {other!r}")


def _parsed(url: str) -> URL:
    expected = "--ledger: expected a file or a URL such as postgresql://host/name"
    if not url:
        raise ConfigError(f"{expected}, got nothing")
    try:
        return make_url(url) if "://" in url else URL.create("sqlite", database=url)
    except (ArgumentError, ValueError):  # a port that is no number is a plain ValueError
        # What cannot be parsed cannot be freed of its password, so only its beginning is shown.
        raise ConfigError(f"{expected}, got {url.partition('://')[0]}://… that cannot be read") from None


def _sqlite_engine(url: URL, made: bool) -> Engine:
    in_file = bool(url.database) and url.database != ":memory:"
    if url.database and in_file:
        if not made and not Path(url.database).exists():
            raise ConfigError(f"--ledger: no ledger at {url.database}; dabiao collect or run makes it")
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as failed:
            raise ConfigError(f"--ledger: {url.database}: {failed.strerror}") from failed
    # Each connection has a page cache of its own, so few are kept.
    pool: dict[str, Any] = {"pool_size": 2, "max_overflow": -1, "pool_use_lifo": True} if in_file else {}
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **pool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun by hand
        # Turning to WAL does not wait for others: two that open a new ledger at once take turns.
        with _alone(Path(url.database or "").parent) if in_file else nullcontext():
            connection.execute("PRAGMA journal_mode=WAL")
        for pragma in ("synchronous=NORMAL", "cache_size=-32000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA wal_autocheckpoint=4000")

    return engine


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else who asks for the same folder is inside meanwhile; the lock dies with its holder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bring_up_to_date(engine: Engine) -> None:
    version = _version(engine)
    if version is None and found(engine):
        return
    if (version or _version(engine)) == HEAD:
        return
    from agent.ledger.migrate import known_versions, upgrade  # Alembic is slow to import and seldom needed

    if version is not None and version not in known_versions():
        raise LedgerError(
            f"ledger {shown(engine.url)} is of version {version}, newer than this program's {HEAD}; "
            "use the program that wrote it, or a later one"
        )
    upgrade(engine)


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        version = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
        return None if version is None else str(version)


def shown(url: URL) -> str:
    """A URL as it may be shown: without its password."""
    return url.render_as_string(hide_password=True)


def _roll_back(pooled: Any) -> bool:
    """Whether the connection could be rolled back and may go on serving."""
    try:
        pooled.cursor().execute("ROLLBACK")
    except Exception as failed:  # noqa: BLE001 - each driver has its own errors, and all mean the connection is lost
        return isinstance(failed, sqlite3.OperationalError) and "no transaction" in str(failed)
    return True


def _ledger_fault(failed: BaseException) -> str | None:
    """What is wrong with the ledger itself, in words; None for any other error."""
    if isinstance(failed, sqlite3.OperationalError | sqlite3.DatabaseError) and not isinstance(
        failed, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return str(failed)
    if isinstance(failed, OSError) and failed.errno == errno.ENOSPC:
        return "the disk is full"
    if type(failed).__module__.startswith("psycopg") and type(failed).__name__ in {
        "OperationalError",
        "AdminShutdown",
        "DiskFull",
        "ReadOnlySqlTransaction",
    }:
        return str(failed).splitlines()[0]
    return None


def driver_words(failed: BaseException) -> str:
    """What the database's driver said first."""
    original = getattr(failed, "orig", None)
    return str(original or failed).splitlines()[0]
