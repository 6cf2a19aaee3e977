"""`dabiao demo`: the platform in a box, the agent on it, and what to look at first."""

from __future__ import annotations

import math
import os
import re
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
EVERY = re.compile(r"^(    every: )(\d+)s$", re.MULTILINE)
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
    ledger, sources = folder / "dabiao.db", _sources(folder, speed)
    settings = folder / "env"
    _write_settings(settings, platform.environment, sources, ledger, targets)
    for line in platform.describe():
        say(line)

    def ready(url: str) -> None:
        command = Path(sys.argv[0])
        say("")
        if speed != 1:
            say("Commands judge by the wall clock, not by the demonstration's: their figures differ from the pages'.")
        say("What to try next, in another terminal:")
        say(f"  . {settings}")
        for arguments in ("status", "status --open", "explain fault-response", "try fault-desk", "recompute"):
            say(f"  {command} {arguments}")
        say("")
        say(f"Series       {url}metrics")
        say(f"Answers      {url}api/v1/status")
        say(f"演示数据     {url}")

    try:
        return begin(sources, str(ledger), lambda: instant_of(platform.now()), ready)
    finally:
        platform.stop()


def _sources(folder: Path, speed: float) -> Path:
    """The sources as they are to be read at that speed.

    Sped up, a source that is asked as often as ever is asked less often by its own clock. It says so, or all that was
    told would be old by the next poll, and what happened between two samples of a probe unknown.
    """
    if speed <= 1:
        return SOURCES
    slowed = folder / "sources.yaml"
    text = SOURCES.read_text(encoding="utf-8")
    slowed.write_text(EVERY.sub(lambda one: f"{one[1]}{math.ceil(int(one[2]) * speed)}s", text), encoding="utf-8")
    return slowed


def _write_settings(
    path: Path, environment: Mapping[str, str], sources: Path, ledger: Path, targets: Sequence[Path]
) -> None:
    """What another terminal needs to ask the same ledger."""
    settings = {
        **environment,
        "DABIAO_SOURCES": str(sources.resolve()),
        "DABIAO_LEDGER": str(ledger.resolve()),
        "DABIAO_TARGETS": " ".join(str(one.resolve()) for one in targets),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(settings.items())]
    lines.append(f"export PATH={shlex.quote(str(Path(sys.argv[0]).resolve().parent))}:$PATH")
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
