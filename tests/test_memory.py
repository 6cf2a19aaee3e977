"""What was freed goes back to the system."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from agent.memory import give_back

BLOCK, MANY = 3_000, 20_000  # 60 MB of blocks that lie in the heap


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.xfail(platform.libc_ver()[0] != "glibc", reason="another C library keeps what it likes", strict=False)
def test_what_was_freed_between_blocks_in_use_is_given_back():
    blocks = [bytearray(BLOCK) for _ in range(MANY)]
    kept = blocks[::20]
    del blocks
    before = resident_bytes()
    give_back()
    assert before - resident_bytes() > BLOCK * MANY / 2
    assert len(kept) == MANY / 20
