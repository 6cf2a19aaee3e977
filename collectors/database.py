"""Databases as the `sql` collector meets them: how each is named, opened and closed, and how its errors are told.

A URL of SQLAlchemy's and a plain DB-API module come to the same thing, a connection of PEP 249. SQLAlchemy is imported
when the first connection is opened, and only for a URL.
"""

from __future__ import annotations

import importlib
import math
import re
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from os import dup
from typing import Any
from urllib.parse import quote, unquote

from agent.model import CollectError
from collectors.families import DIALECTS, FAMILIES, PLAIN, POSTGRESQL, SQLITE, Family, Limits

# What drivers raise beside their own errors: for an answer that is none, and for connect arguments they do not know.
FAULTS = (OSError, ValueError, LookupError, TypeError, AssertionError, RuntimeError, struct.error)
SECRET_KEY = r"(?:password|passwd|pwd|passphrase|secret|token|sslpassword)"
SECRET_IN_TEXT = re.compile(rf"(?i)\b{SECRET_KEY}\s*=\s*('[^']*'|\{{[^}}]*\}}|[^\s;&]+)|(?<=:)([^:@/\s]+)(?=@)")
PLACE_KEY = r"(?:host|hostaddr|server|port|user|uid|dbname|database)"
PLACE_IN_TEXT = re.compile(rf"(?i)\b{PLACE_KEY}\s*=\s*'?([^\s';]+)")
QUOTED = re.compile(r"(?<!\w)[bBeEnNrRuUxX]?(['\"`])(.*?)\1", re.DOTALL)  # not the ' of "can't"
LONGEST_REASON = 300
GRACE_SECONDS = 5  # a driver gives up a little later than we do, so that the statement can still be stopped
EXTRAS = {"psycopg": "postgresql", "pymysql": "mysql", "oracledb": "oracle", "pymssql": "sqlserver",
          "dmPython": "dm", "ksycopg2": "kingbase"}  # fmt: skip


PATIENCE: Mapping[str, tuple[str, ...]] = {  # connect arguments that bound a driver's waiting, in whole seconds
    "psycopg": ("connect_timeout",),
    "psycopg2": ("connect_timeout",),
    "ksycopg2": ("connect_timeout",),
    "pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "mysqldb": ("connect_timeout", "read_timeout", "write_timeout"),
    "MySQLdb": ("connect_timeout", "read_timeout", "write_timeout"),
    "oracledb": ("tcp_connect_timeout",),
    "pymssql": ("login_timeout", "timeout"),
}


class Database:
    """One place to connect to: its name without secrets, its driver, and how that driver's errors may be told."""

    def __init__(
        self, label: str, family: Family, module: Any, connect: Callable[[], Any], secrets: Iterable[str]
    ) -> None:
        self.label, self.family, self.connect = label, family, connect
        self.place = ""  # more words that a message may quote: host, user, database
        self.paramstyle: str = module.paramstyle
        self.errors: tuple[type[Exception], ...] = (module.Error, *FAULTS)
        self.secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)

    def reason(self, error: Exception, known: str, whole: bool = False) -> str:
        """An error in one line: without secrets, and without quoted texts that are not `known`, as they may be data."""
        original = getattr(error, "orig", None) or error
        text = " ".join(_texts(original.args)) if _is_nested(original.args) else str(original)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        message = " ".join(lines) if whole else "".join(lines[:1])
        for secret in self.secrets:
            message = message.replace(secret, "***")
        message = without_data(message, f"{known} {self.label} {self.place}")
        return message[:LONGEST_REASON] or type(original).__name__


def _is_nested(arguments: tuple[object, ...]) -> bool:
    return len(arguments) > 1 or any(isinstance(argument, tuple | bytes | dict) for argument in arguments)


def _texts(arguments: Iterable[object]) -> Iterator[str]:
    for argument in arguments:
        match argument:
            case tuple():
                yield from _texts(argument)
            case bytes():
                yield argument.decode("utf-8", "replace")
            case {"M": str(message)}:  # pg8000
                yield message
            case _:
                yield str(argument)


def without_data(message: str, known: str) -> str:
    """The message with what it quotes left out, from the first quoted text that is no word of `known` to the last."""
    for match in QUOTED.finditer(message):
        if not re.search(rf"(?<!\w){re.escape(match[2])}(?!\w)", known, re.IGNORECASE):
            return message[: match.start()] + "…" + message[message.rindex(match[1]) + 1 :]
    return message


def database_of_url(url: str, patience: float) -> Database:
    """By a URL of SQLAlchemy's; its dialect makes the connection, without a pool."""
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect()
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        raise CollectError(f"url: no such database or driver ({type(error).__name__})") from None
    label = parsed.set(query={}).render_as_string(hide_password=True)
    if dialect.name == "sqlite" and parsed.database not in (None, "", ":memory:"):
        parsed = parsed.set(
            database=read_only_uri(str(parsed.database)), query={**parsed.query, "mode": "ro", "uri": "true"}
        )
    limits = {name: value for name, value in _patience(dialect.driver, patience).items() if name not in parsed.query}
    try:
        engine = create_engine(parsed, poolclass=NullPool, pool_reset_on_return=None, connect_args=limits)
    except ImportError as error:
        raise _missing(error) from None
    secrets = [str(parsed.password or ""), quote(str(parsed.password or ""), safe="")]
    secrets += [str(value) for key, value in parsed.query.items() if re.fullmatch(SECRET_KEY, key, re.IGNORECASE)]
    family = FAMILIES.get(dialect.driver) or DIALECTS.get(dialect.name, PLAIN)
    database = Database(label, family, engine.dialect.loaded_dbapi, engine.raw_connection, secrets)
    database.errors += (SQLAlchemyError,)
    return database


def database_of_driver(driver: str, dsn: str | Mapping[str, Any], patience: float) -> Database:
    """By the name of a DB-API module, with what its `connect` takes."""
    try:
        module = importlib.import_module(driver)
    except ImportError as error:
        raise _missing(error) from None
    limits: dict[str, Any] = _patience(driver, patience)
    if isinstance(dsn, str):
        limits = {name: value for name, value in limits.items() if name not in dsn}
        place: tuple[str, ...] = (dsn,)
        secrets = [value.strip("'{}") for match in SECRET_IN_TEXT.finditer(dsn) for value in match.groups() if value]
        secrets += [unquote(secret) for secret in secrets]
        shown = PLACE_IN_TEXT.findall(dsn)
    else:
        limits |= dsn
        place = ()
        secrets = [str(value) for key, value in dsn.items() if re.fullmatch(SECRET_KEY, key, re.IGNORECASE)]
        shown = [str(value) for key, value in dsn.items() if re.fullmatch(PLACE_KEY, key, re.IGNORECASE)]
    family = FAMILIES.get(driver, PLAIN)
    if family is SQLITE:
        path = str(place[0] if place else limits.pop("database"))
        if path != ":memory:":
            place, limits = (f"{read_only_uri(path)}?mode=ro",), {**limits, "uri": True}
    database = Database(driver, family, module, lambda: module.connect(*place, **limits), secrets)
    database.place = " ".join(shown)
    return database


def read_only_uri(path: str) -> str:
    """The `file:` URI of an SQLite file: opened by it with `mode=ro`, a file that is missing is not made."""
    return path.partition("?")[0] if path.startswith("file:") else f"file:{quote(path)}"


def _patience(driver: str, seconds: float) -> dict[str, Any]:
    return dict.fromkeys(PATIENCE.get(driver, ()), math.ceil(seconds) + GRACE_SECONDS)


def _missing(error: ImportError) -> CollectError:
    if not isinstance(error, ModuleNotFoundError):
        return CollectError(f"driver {error.name} cannot be loaded: {error.msg}")
    extra = EXTRAS.get(str(error.name))
    hint = f"; pip install 'dabiao[{extra}]'" if extra else ""
    return CollectError(f"driver {error.name} is not installed{hint}")


class Session:
    """One connection and what is read through it. All but `stop` runs in one thread."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database, self.limits = database, limits
        self.connection: Any = None
        self.driver: Any = None  # the same, without what SQLAlchemy puts around it
        self.cursor: Any = None
        self.wire: socket.socket | None = None

    def open(self) -> None:
        """Connect."""
        self.connection = self.database.connect()
        self.driver = getattr(self.connection, "driver_connection", self.connection)
        if self.database.family is POSTGRESQL:
            self.wire = socket.socket(fileno=dup(self.driver.fileno()))

    def prepare(self) -> datetime | None:
        """Make the session read-only and limited; the server's time where it is cheap to ask."""
        return self.database.family.prepare(self.connection, self.limits)

    def execute(self, statement: str, parameters: Any, rows: int) -> None:
        """Run the query, to be read `rows` at a time."""
        self.cursor = self.database.family.stream(self.connection)
        self.cursor.arraysize = rows
        self.cursor.execute(statement, *(() if parameters is None else (parameters,)))

    def stop(self) -> None:
        """End the statement under way; from any thread."""
        if self.driver is not None:
            with suppress(*self.database.errors):
                self.database.family.stop(self)

    def close(self) -> None:
        """Hang up. Nothing was committed."""
        for one in (self.cursor, self.connection, self.cursor, self.wire):  # when broken off, a cursor closes only now
            if one is not None:
                with suppress(*self.database.errors):
                    one.close()
