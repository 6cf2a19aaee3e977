"""In which batch it became known what a source had told, and how it was doing: instants alone leave the order open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two columns; of what is there already the batch is not known."""
    op.add_column("telling", sa.Column("first_seq", sa.BigInteger(), nullable=True))
    op.add_column("source_turn", sa.Column("seq", sa.BigInteger(), nullable=True))
