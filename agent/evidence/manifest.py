"""The manifest of a pack: every file with its SHA-256, each chained to the one before, and what the pack is of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FORMAT = "dabiao-evidence/1"


class Entry(NamedTuple):
    """One file: `chain` is the SHA-256 over the chain before it, its path and its own SHA-256."""

    path: str
    bytes: int
    sha256: str
    chain: str


def entries(about: Mapping[str, Any], files: Iterable[tuple[str, int, str]]) -> Iterator[Entry]:
    """The entries of files given as path, size and SHA-256; the chain begins with the hash of what the pack is of."""
    chain = hashlib.sha256(json.dumps(about, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    for path, size, hashed in files:
        chain = hashlib.sha256(f"{chain}\n{path}\n{hashed}\n".encode()).hexdigest()
        yield Entry(path, size, hashed, chain)


def written(about: Mapping[str, Any], listed: Sequence[Entry]) -> bytes:
    """The manifest as it stands in the pack."""
    content = {**about, "files": [one._asdict() for one in listed]}
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def read(content: bytes) -> tuple[dict[str, Any], list[Entry]]:
    """What the pack is of, and its entries; ValueError says what a manifest should hold."""
    told = json.loads(content)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"expected a manifest of the format {FORMAT}")
    try:
        listed = [Entry(**one) for one in told.pop("files")]
    except (KeyError, TypeError) as broken:
        raise ValueError("expected a list of files with path, bytes, sha256 and chain") from broken
    return told, listed
