"""One writer a source: a lock that dies with its holder, whether by file or by PostgreSQL itself."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from agent.ledger.store import Ledger, driver_words
from agent.model import LedgerError


@contextmanager
def source_lock(ledger: Ledger, source: str, wait: bool = False) -> Iterator[bool]:
    """Whether this process holds the source's writer lock for the time being; `wait` waits for it."""
    held = _file_lock if ledger.dialect == "sqlite" else _advisory_lock
    with held(ledger, source, wait) as got:
        yield got


@contextmanager
def _file_lock(ledger: Ledger, source: str, wait: bool) -> Iterator[bool]:
    database = ledger.engine.url.database
    if not database or database == ":memory:":
        yield True
        return
    folder = Path(f"{database}.locks")
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / hashlib.sha256(source.encode()).hexdigest()[:16], os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)  # closing lets the lock go


@contextmanager
def _advisory_lock(ledger: Ledger, source: str, wait: bool) -> Iterator[bool]:
    key = int.from_bytes(hashlib.sha256(source.encode()).digest()[:8], "big", signed=True)
    with _reaching(ledger):
        connection = ledger.engine.connect()
    with connection:
        with _reaching(ledger):
            asked = "SELECT pg_advisory_lock(%s)" if wait else "SELECT pg_try_advisory_lock(%s)"
            got = connection.exec_driver_sql(asked, (key,)).scalar() is not False
        try:
            yield got
        finally:
            if got:
                with suppress(SQLAlchemyError):  # a connection that is lost has let the lock go
                    connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (key,))


@contextmanager
def _reaching(ledger: Ledger) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as failed:
        raise LedgerError(f"ledger {ledger.name} cannot be reached: {driver_words(failed)}") from failed
