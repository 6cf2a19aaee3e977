"""Why a source could not be read, in Chinese: whatever the collectors say in words of their own has its cause."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.causes import STATUSES, cause

ROOT = Path(__file__).parents[1]
WHERE = (ROOT / "collectors", ROOT / "agent" / "wire")
LEAST_LETTERS = 8  # of a message that is not merely made of what others say


def failures() -> Iterator[str]:
    """What a CollectError says where it is raised, with a number for each of its parts."""
    for path in (path for folder in WHERE for path in sorted(folder.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "CollectError":
                match node.args:
                    case [ast.Constant(value=str(text))]:
                        yield text
                    case [ast.JoinedStr(values=parts)]:
                        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "500" for part in parts)


@pytest.mark.parametrize("reason", sorted({one for one in failures() if sum(map(str.isalpha, one)) > LEAST_LETTERS}))
def test_a_failure_has_a_cause_in_chinese(reason):
    assert cause(reason) is not None


def test_a_status_is_told_by_its_number_where_it_has_no_words():
    assert cause("https://desk.example/api: HTTP 503") == STATUSES["503"]
    assert cause("https://desk.example/api: HTTP 418") == "对方返回状态码 418"


def test_what_nobody_knows_has_none():
    assert cause("something else") is None
