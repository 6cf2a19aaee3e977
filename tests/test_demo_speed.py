"""The demonstration at speed: nothing is called old or unknown for the pace of its clock."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.sites import DABIAO, wait_until

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[1]
SYSTEMS, LAST_LINE, WAIT_SECONDS = 10, "演示数据     ", 120


@pytest.fixture
def hurried() -> Iterator[str]:
    """Where a demonstration at sixty seconds a second answers."""
    command = [DABIAO, "demo", "--speed", "60", "--listen", "127.0.0.1:0", "--targets", str(ROOT / "targets.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        try:
            yield next(line.split()[-1] for line in running.stdout if line.startswith(LAST_LINE))
        finally:
            running.terminate()


def test_a_system_is_known_from_one_sample_to_the_next(hurried: str) -> None:
    def asked(path: str) -> str:
        return requests.get(hurried + path, timeout=WAIT_SECONDS).text

    def known() -> int:
        return len(set(re.findall(r'^dabiao_system_up\{.*?system="([^"]+)"', asked("metrics"), re.MULTILINE)))

    wait_until(lambda: known() == SYSTEMS)
    seen: set[str] = set()
    while len(seen) < 4:  # Snapshots, each of a later instant
        seen |= set(re.findall(r"^dabiao_snapshot_timestamp_seconds (\S+)$", asked("metrics"), re.MULTILINE))
        assert known() == SYSTEMS
        assert asked("healthz") == "ok\n"
