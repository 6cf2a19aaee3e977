"""The log of what people did: appended, chained by hash, never changed. What an act means is not decided here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from agent.ledger.session import Session
from agent.model import Instant

BEGINNING = "0" * 64
COLUMNS = "n, at, account, kind, subject, body, former, hash, seq"


class Act(NamedTuple):
    """One entry of the log. `account` is the operating system's, never typed."""

    n: int
    at: Instant
    account: str
    kind: str
    subject: str
    body: Mapping[str, Any]
    former: str
    hash: str
    seq: int


def append(session: Session, now: Instant, account: str, kind: str, subject: str, body: Mapping[str, Any]) -> Act:
    """Add an entry after the last one."""
    last = session.one("SELECT n, hash FROM act ORDER BY n DESC LIMIT 1") or (0, BEGINNING)
    n, former = last[0] + 1, last[1]
    hashed = chained(n, now, account, kind, subject, body, former)
    act = Act(n, now, account, kind, subject, body, former, hashed, session.seq)
    session.run(
        f"INSERT INTO act ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)",
        (*act[:5], json.dumps(body, sort_keys=True, ensure_ascii=False), *act[6:]),
    )
    return act


def read(session: Session, through_seq: int | None = None) -> list[Act]:
    """Every entry in order, or those of the batches up to one."""
    limit = "" if through_seq is None else " WHERE seq <= ?"
    rows = session.rows(f"SELECT {COLUMNS} FROM act{limit} ORDER BY n", () if through_seq is None else (through_seq,))
    return [Act(n, at, who, kind, subject, json.loads(body), *rest) for n, at, who, kind, subject, body, *rest in rows]


def first_broken(acts: list[Act]) -> Act | None:
    """The first entry that does not follow from the one before it; None where the chain holds."""
    former = BEGINNING
    for place, act in enumerate(acts, 1):
        if act.n != place or act.former != former or act.hash != chained(*act[:6], act.former):
            return act
        former = act.hash
    return None


def chained(n: int, at: Instant, account: str, kind: str, subject: str, body: Mapping[str, Any], former: str) -> str:
    """The hash of an entry: SHA-256 over its canonical text and the hash before it."""
    text = json.dumps([n, at, account, kind, subject, body, former], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
