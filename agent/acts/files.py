"""Files that are put beside a statement: read whole, within a limit, known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from agent.acts.saying import File, Part, Wrong
from agent.written import tidy

MOST_BYTES = 20 << 20  # scans of a stamped paper are far below it


def read_files(paths: Sequence[Path]) -> tuple[list[File], list[Wrong]]:
    """The files, and what is wrong with those that cannot be taken."""
    files, wrong = [], []
    for path in paths:
        try:
            files.append(read_file(path))
        except (OSError, ValueError) as failed:
            reason = failed.strerror if isinstance(failed, OSError) else failed
            wrong.append(Wrong(Part.EVIDENCE, f"“{path}”：{reason}"))
    return files, wrong


def read_file(path: Path) -> File:
    """One file; OSError where it cannot be read, ValueError where it is empty or too large."""
    with path.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if not content:
        raise ValueError("文件是空的")
    if len(content) > MOST_BYTES:
        raise ValueError(f"文件不应超过 {MOST_BYTES >> 20} MB")
    return File(tidy(path.name), hashlib.sha256(content).hexdigest(), content)
