"""From when on each source told anything: what it told of everything there is says nothing of the time before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIMES = {
    "sqlite": "json_each(record.body, '$.t') AS moment",
    "postgresql": "jsonb_each_text(record.body::jsonb -> 't') AS moment",
}


def upgrade() -> None:
    """Make the table, from the times of the records there are and the first read of each source."""
    op.create_table(
        "source_first",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "first"),
    )
    times = TIMES[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO source_first (source, first, seq) SELECT source, MIN(first), 0 FROM "
        f"(SELECT record.source AS source, MIN(CAST(moment.value AS BIGINT)) AS first FROM record, {times} "
        "GROUP BY record.source UNION ALL SELECT source, MIN(learned_at) FROM coverage GROUP BY source) known "
        "WHERE first IS NOT NULL GROUP BY source"
    )
