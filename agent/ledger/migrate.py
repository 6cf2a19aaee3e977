"""Bringing a ledger to the newest schema with Alembic. Imported only when there is something to do."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

FOLDER = Path(__file__).with_name("migrations")
MIGRATING = 80461  # the key of PostgreSQL's lock


def configuration() -> Config:
    """Alembic, pointed at the migrations beside this file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


def known_versions() -> set[str]:
    """The versions this program can bring up to date."""
    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}


def upgrade(engine: Engine) -> None:
    """Run every migration that is missing, in one transaction."""
    config = configuration()
    # The ledger's connections commit each statement by themselves, so the transaction is begun by hand.
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN")
        if engine.dialect.name == "postgresql":  # of two that begin at once, one waits and finds all done
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql("COMMIT")
