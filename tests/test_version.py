"""The command's version."""

from __future__ import annotations

from pathlib import Path

from agent import __version__
from tests.commands import dabiao


def test_the_version_is_told_without_a_command(tmp_path: Path) -> None:
    ended = dabiao(tmp_path, "--version")
    assert (ended.code, ended.told) == (0, f"dabiao {__version__}\n")
