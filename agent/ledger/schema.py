"""The ledger's tables. `HEAD` names the newest migration; a ledger that says so needs no migration code."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "0006"
metadata = MetaData()

# One row: the last batch number and the last record key given out. Whoever writes first takes this row's lock, so
# batches commit in the order of their numbers, on every database.
counter = Table(
    "counter",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("record_pk", BigInteger, nullable=False),
)
batch = Table(
    "batch",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("learned_at", BigInteger, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
)
source_state = Table(
    "source_state",
    metadata,
    Column("source", Text, primary_key=True),
    Column("cursor", Text),
    Column("highest", BigInteger),
    Column("mapping_hash", Text),
    Column("last_attempt", BigInteger),
    Column("last_success", BigInteger),
    Column("last_complete", BigInteger),
    Column("reason", Text),
    Column("signals", Text),
    Column("records", BigInteger, nullable=False, server_default="0"),
    Column("rows_new", BigInteger, nullable=False, server_default="0"),
    Column("rows_changed", BigInteger, nullable=False, server_default="0"),
    Column("rows_same", BigInteger, nullable=False, server_default="0"),
    Column("rows_rejected", BigInteger, nullable=False, server_default="0"),
)
coverage = Table(
    "coverage",
    metadata,
    Column("source", Text, nullable=False),
    Column("begins", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("learned_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "begins"),
)
# What was known when: polls in which what a source told grew no faster than the clock are one row.
telling = Table(
    "telling",
    metadata,
    Column("source", Text, nullable=False),
    Column("begins", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("first_ends", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("first_seq", BigInteger),  # the batch of the first of them, where it was kept
    PrimaryKeyConstraint("source", "begins", "first_at"),
)
# The earliest instant a source told anything of, or at which it was first read; each new one is below the former.
source_first = Table(
    "source_first",
    metadata,
    Column("source", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "first"),
)
# When a source could no longer be read, and why; without a reason, when it could again.
source_turn = Table(
    "source_turn",
    metadata,
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text),
    Column("seq", BigInteger),  # the batch in which that was noted, where it was kept
    PrimaryKeyConstraint("source", "at"),
)
record = Table(
    "record",
    metadata,
    Column("pk", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("system", Text),
    Column("version", BigInteger),
    Column("changed_at", BigInteger),
    Column("withdrawn", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("mark", BigInteger),  # of the row it was mapped from: an equal row need not be mapped again
    Column("first_seq", BigInteger, nullable=False),  # the batch that brought it
    Column("seq", BigInteger, nullable=False),  # the batch that changed it last
    Column("touched_seq", BigInteger, nullable=False),  # … or how it counts, which an exclusion does too
    UniqueConstraint("source", "id", name="record_identity"),
    Index("record_touched", "touched_seq"),
)
# Superseded and outranked versions; the current one lives in `record`. A version was current for batches in
# [seq, until_seq); one that never was has until_seq = seq.
revision = Table(
    "revision",
    metadata,
    Column("record", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("system", Text),
    Column("version", BigInteger),
    Column("changed_at", BigInteger),
    Column("withdrawn", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("until_seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("record", "n"),
)
event = Table(
    "event",
    metadata,
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("fields", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("source", "id", "key"),
    sqlite_with_rowid=False,
)
reject = Table(
    "reject",
    metadata,
    Column("pk", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("locator", Text, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("mapped", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("resolved_seq", BigInteger),
    UniqueConstraint("source", "hash", name="reject_identity"),
)
definition = Table(
    "definition",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=True),
    Column("year", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("from_seq", BigInteger, nullable=False),
    Column("built_through", BigInteger, nullable=False),  # records up to this key are derived
    Column("state", Text, nullable=False),  # building, active, leaving, retired, waiting
)
# By which text each indicator was judged from which batch on: what `definition` forgets when one replaces another.
served = Table(
    "served",
    metadata,
    Column("year", Integer, nullable=False),
    Column("project", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("spec", Text, nullable=False),
    PrimaryKeyConstraint("year", "project", "indicator", "seq"),
)
observation = Table(
    "observation",
    metadata,
    Column("record", BigInteger, nullable=False),
    Column("definition", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("reason", Text),
    Column("starts", BigInteger),
    Column("due", BigInteger),
    Column("worked", BigInteger, nullable=False),
    Column("num", BigInteger, nullable=False),
    Column("den", BigInteger, nullable=False),
    PrimaryKeyConstraint("record", "definition", "day"),
    Index(
        "observation_open",
        "definition",
        "due",
        sqlite_where=text("outcome >= 3"),
        postgresql_where=text("outcome >= 3"),
    ),
    Index(
        "observation_told",
        "definition",
        "outcome",
        "day",
        "record",
        "system",
        "reason",
        sqlite_where=text("outcome IN (1, 2)"),
        postgresql_where=text("outcome IN (1, 2)"),
    ),
    sqlite_with_rowid=False,
)
# The numbers a percentile is read from, for the definitions that need one.
sample = Table(
    "sample",
    metadata,
    Column("definition", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("num", BigInteger, nullable=False),
    Column("record", BigInteger, nullable=False),
    PrimaryKeyConstraint("definition", "day", "system", "num", "record"),
    sqlite_with_rowid=False,
)
tally = Table(
    "tally",
    metadata,
    Column("definition", Integer, nullable=False),
    Column("system", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("good", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
    Column("excluded", BigInteger, nullable=False),
    Column("num", BigInteger, nullable=False),
    Column("den", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("definition", "system", "day"),
    Index("tally_seq", "seq"),
    sqlite_with_rowid=False,
)
# What people did, each entry chained to the one before it by its hash. Nothing here is ever changed or deleted.
act = Table(
    "act",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("former", Text, nullable=False),  # the hash of the entry before
    Column("hash", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
# The exclusions in force: what the acts come to, kept where the write path can ask for them.
exclusion = Table(
    "exclusion",
    metadata,
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("indicator", Text, nullable=False),  # project/indicator; empty: every one
    Column("reason", Text, nullable=False),
    Column("act", Integer, nullable=False),
    PrimaryKeyConstraint("source", "id", "indicator"),
)
# The files people put beside what they state, kept once each by the SHA-256 of their content.
evidence_file = Table(
    "evidence_file",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
finding = Table(
    "finding",
    metadata,
    Column("pk", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("cleared_seq", BigInteger),  # the batch that put it right
    UniqueConstraint("kind", "subject", "seq", name="finding_identity"),
)
