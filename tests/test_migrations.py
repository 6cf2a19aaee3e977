"""Ledgers of earlier versions: brought up to date at the start, with what they held."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from agent.book.source_history import firsts
from agent.ledger import Ledger, acts
from agent.ledger.migrate import FOLDER, configuration
from agent.ledger.schema import HEAD, metadata

OLDEST_FIRST = [one.revision for one in reversed(list(ScriptDirectory(str(FOLDER)).walk_revisions()))]
ACT = (
    "INSERT INTO act (n, at, account, kind, subject, body, former, hash, seq) VALUES (1,0,'li','note','','{}','','',1)"
)


def test_the_newest_migration_is_the_one_the_tables_are_of() -> None:
    assert OLDEST_FIRST[-1] == HEAD


@pytest.mark.parametrize("version", OLDEST_FIRST)
def test_a_ledger_of_any_version_is_brought_up_to_date_with_what_it_held(tmp_path: Path, version: str) -> None:
    path = tmp_path / "ledger.db"
    engine = create_engine(f"sqlite:///{path}")
    config = configuration()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        connection.exec_driver_sql(ACT)
        connection.commit()
    engine.dispose()
    ledger = Ledger.open(path)
    with ledger.read() as session:
        assert [one.account for one in acts.read(session)] == ["li"]
    with ledger.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    ledger.close()


@pytest.mark.server
def test_a_new_ledger_is_what_the_migrations_lead_to(tmp_path: Path, postgresql_url: str) -> None:
    for url in (tmp_path / "ledger.db", postgresql_url):
        ledger = Ledger.open(url)
        with ledger.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        with ledger.read() as session:
            assert session.rows("SELECT id, seq, record_pk FROM counter") == [(1, 0, 0)]
            assert session.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]
        ledger.close()


RECORD = (
    "INSERT INTO record (pk, source, id, kind, withdrawn, body, hash, first_seq, seq, touched_seq) "
    "VALUES ({pk}, 'desk', 'F{pk}', 'fault', {no}, '{body}', 0, 1, 1, 1)"
)
TOLD = "INSERT INTO coverage (source, begins, ends, learned_at) VALUES ('{source}', 0, 900, {at})"


def check_first_records(url: str) -> None:
    """A ledger of version 0005 learns from its records from when on each source told anything."""
    engine = create_engine(url)
    config = configuration()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        no = "FALSE" if engine.dialect.name == "postgresql" else "0"
        bodies = ['{"f":{"level":"1"},"t":{"done":700,"reported":300}}', '{"f":{},"t":{}}', '{"f":{},"t":{"due":400}}']
        for pk, body in enumerate(bodies, 1):
            connection.exec_driver_sql(RECORD.format(pk=pk, no=no, body=body))
        for source, at in (("desk", 800), ("empty", 600)):
            connection.exec_driver_sql(TOLD.format(source=source, at=at))
        connection.commit()
    engine.dispose()
    ledger = Ledger.open(url)
    with ledger.read() as session:
        assert firsts(session) == firsts(session, 0) == {"desk": 300, "empty": 600}
    ledger.close()


def test_from_when_on_a_source_told_anything_is_learned_from_the_records_there_are(tmp_path: Path) -> None:
    check_first_records(f"sqlite:///{tmp_path / 'ledger.db'}")


@pytest.mark.server
def test_a_ledger_on_a_server_learns_from_when_on_its_sources_told_anything(postgresql_url: str) -> None:
    check_first_records(postgresql_url)
