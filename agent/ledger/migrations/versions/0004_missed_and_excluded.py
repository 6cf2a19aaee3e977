"""The records that missed and those taken out are found by what they are, newest first, without a look at each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index("observation_told", "observation")
    op.create_index(
        "observation_told",
        "observation",
        ["definition", "outcome", "day", "record", "system", "reason"],
        sqlite_where=sa.text("outcome IN (1, 2)"),
        postgresql_where=sa.text("outcome IN (1, 2)"),
    )
