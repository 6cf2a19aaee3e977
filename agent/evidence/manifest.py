"""The manifest of a pack: every file with its SHA-256, each chained to the one before, and what the pack is of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from agent.evidence.archive import BrokenError

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
    """What the pack is of, and its entries; BrokenError where it is no manifest, or one of another version."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenError(MANIFEST, "JSON", "读不成") from None
    if not isinstance(told, dict) or not isinstance(told.get("format"), str):
        raise BrokenError(MANIFEST, f"格式 {FORMAT} 的清单", "不是清单")
    if told["format"] != FORMAT:
        raise BrokenError(MANIFEST, f"格式 {FORMAT}", f"格式 {told['format']}：请用写出它的版本核对")
    files = told.pop("files", None)
    if not isinstance(files, list) or not all(map(_is_entry, files)):
        raise BrokenError(MANIFEST, "files 列出每个文件的 path、bytes、sha256、chain", "没有这样列出")
    return told, [Entry(**one) for one in files]


def _is_entry(one: object) -> bool:
    if not isinstance(one, dict) or one.keys() != set(Entry._fields):
        return False
    return type(one["bytes"]) is int and all(isinstance(one[name], str) for name in ("path", "sha256", "chain"))
