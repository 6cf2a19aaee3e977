"""The text a Record has in the ledger: canonical, so that equal content is equal text and has an equal hash."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from agent.model import Record

_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def encode(record: Record) -> str:
    """Times, fields and pairs as canonical JSON."""
    if record.pairs:
        return _encode({"t": record.times, "f": record.fields, "p": record.pairs})
    return _encode({"t": record.times, "f": record.fields})


def decode(
    kind: str,
    source: str,
    id: str,
    system: str | None,
    body: str,
    version: int | None = None,
    changed_at: int | None = None,
    withdrawn: bool = False,
) -> Record:
    """The Record that was encoded."""
    stored: dict[str, Any] = json.loads(body)
    pairs = {name: tuple((a, b) for a, b in stretches) for name, stretches in stored.get("p", {}).items()}
    return Record(kind, source, id, system, stored["t"], stored["f"], pairs, version, changed_at, bool(withdrawn))


def digest(text: str) -> int:
    """A signed 64-bit hash of a text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def content_hash(record: Record, body: str) -> int:
    """The hash of everything a source says of a record."""
    return digest(
        f"{record.kind}\0{record.system}\0{record.version}\0{record.changed_at}\0{record.withdrawn:d}\0{body}"
    )
