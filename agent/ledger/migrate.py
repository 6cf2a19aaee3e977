"""Bringing a ledger to the newest schema with Alembic. Imported only when there is something to do."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from agent.ledger.founding import begin_alone

FOLDER = Path(__file__).with_name("migrations")


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
    with engine.connect() as connection:
        begin_alone(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.exec_driver_sql("COMMIT")
