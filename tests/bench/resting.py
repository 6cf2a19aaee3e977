"""The agent at rest on the sources of the demonstration, whose simulated systems run in this process and not in its."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from agent.demo.platform import SOURCES, Platform
from tests.bench.ledgers import TARGETS
from tests.bench.measuring import Reading

MEGABYTES, SHARE = 120, 0.03
BEGIN_SECONDS, SETTLE_SECONDS, REST_SECONDS, SCRAPE_SECONDS = 180, 20, 60, 15
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def measure(folder: Path) -> list[Reading]:
    """Wait until every source was read once, then watch for a minute while it is scraped; again after a restart."""
    platform = Platform(folder / "platform", 2026, datetime.now(UTC))
    platform.start()
    try:
        share, megabytes, peak = _at_rest(folder, platform)
        _, restarted, _ = _at_rest(folder, platform)
    finally:
        platform.stop()
    return [
        Reading(
            "the agent at rest on the demo's sources: processor",
            f"{share:.1%} of a core",
            f"≤ {SHARE:.0%}",
            holds=share <= SHARE,
        ),
        Reading(
            "the same: resident memory",
            f"{megabytes:.0f} MB (at most {peak:.0f} MB while it first read a year)",
            f"≤ {MEGABYTES} MB",
            holds=megabytes <= MEGABYTES,
        ),
        Reading(
            "the same, started again on that ledger: resident memory",
            f"{restarted:.0f} MB",
            f"≤ {MEGABYTES} MB",
            holds=restarted <= MEGABYTES,
        ),
    ]


def _at_rest(folder: Path, platform: Platform) -> tuple[float, float, float]:
    """The share of a core, the megabytes at rest and at most of an agent that is started, watched and ended."""
    address = f"127.0.0.1:{_free_port()}"
    command = ["run", "--targets", str(TARGETS), "--sources", str(SOURCES), "--ledger", str(folder / "rest.db")]
    agent = subprocess.Popen(
        [sys.executable, "-c", "from agent.cli import main; main()", *command, "--listen", address],
        env=os.environ | platform.environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_read(agent, address)
        time.sleep(SETTLE_SECONDS)
        return _watch(agent.pid, address)
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_read(agent: subprocess.Popen[bytes], address: str) -> None:
    """Until every source has told something, for better or worse."""
    until = time.monotonic() + BEGIN_SECONDS
    while time.monotonic() < until:
        if agent.poll() is not None:
            raise RuntimeError(f"the agent ended with {agent.returncode}")
        try:
            sources = json.loads(_get(f"http://{address}/api/v1/status"))["sources"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            sources = []
        if sources and all(one["up"] is not None for one in sources):
            return
        time.sleep(1)
    raise RuntimeError(f"not every source was read within {BEGIN_SECONDS} s")


def _watch(pid: int, address: str) -> tuple[float, float, float]:
    """The share of a core it takes, its resident megabytes now and at most."""
    begun, cpu = time.monotonic(), _cpu_seconds(pid)
    while (waited := time.monotonic() - begun) < REST_SECONDS:
        _get(f"http://{address}/metrics")
        time.sleep(min(SCRAPE_SECONDS, REST_SECONDS - waited))
    share = (_cpu_seconds(pid) - cpu) / (time.monotonic() - begun)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return share, *(int(status[key].split()[0]) / 1024 for key in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())
