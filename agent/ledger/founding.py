"""A new ledger: every table as the schema has it now, without a walk through the migrations that led there."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Column, MetaData, Table, Text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from agent.ledger.schema import HEAD, metadata

MIGRATING = 80461  # the key of PostgreSQL's lock: of two that begin at once, one waits and finds all done
VERSION_TABLE = "alembic_version"
VERSION = Table(VERSION_TABLE, MetaData(), Column("version_num", Text, primary_key=True))  # where Alembic looks


def begin_alone(connection: Connection) -> None:
    """Begin a transaction in which nobody else changes the schema.

    The ledger's connections commit each statement by themselves, so it is begun by hand.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
    if not is_sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")


def found(engine: Engine) -> bool:
    """Make every table in one transaction; False where somebody else has just begun this ledger."""
    with engine.connect() as connection:
        begin_alone(connection)
        if engine.dialect.has_table(connection, VERSION_TABLE):
            connection.exec_driver_sql("ROLLBACK")
            return False
        for statement in _statements(engine.dialect.name):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("COMMIT")
    return True


@lru_cache(maxsize=2)
def _statements(database: str) -> tuple[str, ...]:
    dialect = make_url(f"{database}://").get_dialect()()
    tables = [*metadata.sorted_tables, VERSION]
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
    made += [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in tables
        for index in sorted(table.indexes, key=lambda one: str(one.name))
    ]
    return (
        *made,
        "INSERT INTO counter (id, seq, record_pk) VALUES (1, 0, 0)",
        f"INSERT INTO {VERSION_TABLE} (version_num) VALUES ('{HEAD}')",
    )
