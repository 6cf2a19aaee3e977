"""Files that people put beside what they state: kept once each, by the SHA-256 of their content, and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from agent.ledger.session import Session


def keep(session: Session, content: bytes) -> str:
    """Keep a file's content and return its SHA-256; the same content is kept once."""
    hashed = hashlib.sha256(content).hexdigest()
    session.run(
        "INSERT INTO evidence_file (hash, size, content, seq) VALUES (?,?,?,?) ON CONFLICT (hash) DO NOTHING",
        (hashed, len(content), content, session.seq),
    )
    return hashed


def contents(session: Session) -> Iterator[tuple[str, bytes]]:
    """Every file kept, one at a time, with its hash."""
    for hashed, content in session.stream("SELECT hash, content FROM evidence_file ORDER BY hash", size=1):
        yield hashed, bytes(content)
