"""`dabiao demo`: the platform in a box, the agent on it, and what to look at first."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.demo.platform import Platform
from agent.model import Instant, instant_of

SOURCES = Path(__file__).with_name("sources.yaml")
SEED = 2026
Begin = Callable[[Path, str, Callable[[], Instant], Callable[[str], None]], int]
Say = Callable[[str], None]


def show(begin: Begin, folder: Path | None, speed: float, say: Say, targets: Sequence[Path]) -> int:
    """Start the simulated systems, then the agent on them; `begin(sources, ledger, clock, ready)` runs the agent."""
    # A terminal that is closed ends it as Ctrl-C does, and nothing stays behind.
    former = signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        if folder is not None:
            return _show(begin, folder, speed, say, targets)
        with tempfile.TemporaryDirectory(prefix="dabiao-demo-") as made:
            return _show(begin, Path(made), speed, say, targets)
    finally:
        signal.signal(signal.SIGHUP, former)


def _show(begin: Begin, folder: Path, speed: float, say: Say, targets: Sequence[Path]) -> int:
    platform = Platform(folder / "platform", SEED, datetime.now(UTC), speed)
    say("演示数据 (simulated data): starting ten systems and filling in the year so far …")
    platform.start()
    os.environ.update(platform.environment)
    ledger = folder / "dabiao.db"
    settings = folder / "env"
    _write_settings(settings, platform.environment, ledger, targets)
    for line in platform.describe():
        say(line)

    def ready(url: str) -> None:
        command = Path(sys.argv[0])
        say("")
        say("What to try next, in another terminal:")
        say(f"  . {settings}")
        for arguments in ("status", "status --open", "explain fault-response", "try fault-desk", "recompute"):
            say(f"  {command} {arguments}")
        say("")
        say(f"Series       {url}metrics")
        say(f"Answers      {url}api/v1/status")
        say(f"演示数据     {url}")

    try:
        return begin(SOURCES, str(ledger), lambda: instant_of(platform.now()), ready)
    finally:
        platform.stop()


def _write_settings(path: Path, environment: Mapping[str, str], ledger: Path, targets: Sequence[Path]) -> None:
    """What another terminal needs to ask the same ledger."""
    settings = {
        **environment,
        "DABIAO_SOURCES": str(SOURCES),
        "DABIAO_LEDGER": str(ledger.resolve()),
        "DABIAO_TARGETS": " ".join(str(one.resolve()) for one in targets),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(settings.items())]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
