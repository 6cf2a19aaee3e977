"""What was known when: the texts indicators were judged by, what sources had told, how they were doing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; what holds now is their beginning."""
    op.create_table(
        "served",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("year", "project", "indicator", "seq"),
    )
    op.execute(
        "INSERT INTO served (year, project, indicator, seq, spec) "
        "SELECT year, project, indicator, MAX(from_seq), MAX(spec) FROM definition "
        "WHERE state IN ('active', 'leaving') GROUP BY year, project, indicator"
    )
    op.create_table(
        "telling",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("first_ends", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "begins", "first_at"),
    )
    op.create_table(
        "source_turn",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("source", "at"),
    )
    op.execute(
        "INSERT INTO telling (source, begins, first_at, last_at, first_ends, ends) "
        "SELECT source, begins, learned_at, CASE WHEN ends > learned_at THEN ends ELSE learned_at END, "
        "CASE WHEN ends < learned_at THEN ends ELSE learned_at END, ends FROM coverage"
    )
    op.execute(
        "INSERT INTO source_turn (source, at, reason) "
        "SELECT source, last_attempt, reason FROM source_state WHERE reason IS NOT NULL AND last_attempt IS NOT NULL"
    )
