"""Opening a ledger: several processes that make the same one at once take turns."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

OPEN = "import sys; from agent.ledger import Ledger; sys.stdin.read(1); Ledger.open(sys.argv[1]).close()"


@pytest.mark.parametrize("attempt", range(6))
def test_a_new_ledger_may_be_opened_by_several_at_once(tmp_path: Path, attempt: int) -> None:
    several = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(tmp_path / f"{attempt}.db")],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for one in several:
        assert one.stdin is not None
        one.stdin.write(".")
        one.stdin.flush()
    ends = [(one.communicate(timeout=60)[1], one.returncode) for one in several]
    assert ends == [("", 0)] * 3
