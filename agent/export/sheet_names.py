"""Names of sheets as Excel takes them: at most 31 characters, none of its own signs, no two alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 31
ANNEX = "附表-"


def sheet_names(projects: Sequence[str]) -> list[tuple[str, str]]:
    """Of each project the name of its sheet and of its annex."""
    taken: set[str] = set()
    return [(_free(name, taken), _free(ANNEX + name, taken)) for name in projects]


def _free(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[\[\]:*?/\\']", " ", name).strip() or "项目"
    found, number = plain[:LONGEST], 1
    while found.lower() in taken:
        number += 1
        mark = f" {number}"
        found = plain[: LONGEST - len(mark)] + mark
    taken.add(found.lower())
    return found
