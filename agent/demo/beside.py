"""Prometheus and Alertmanager beside the demonstration: found, started on 127.0.0.1, and ended each by its own pid."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.model import ConfigError

HOST = "127.0.0.1"
CONFIG = "config.yml"
READY_SECONDS, END_SECONDS, ASK_SECONDS = 30.0, 10.0, 0.05


@dataclass(frozen=True, slots=True)
class Program:
    """A server: the Debian package that brings it, what it is called there or upstream, and its arguments."""

    package: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]

    def path(self) -> str | None:
        """Where it is installed; None: it is not."""
        return next((found for name in self.names if (found := shutil.which(name)) is not None), None)


PROMETHEUS = Program("prometheus", ("prometheus",), ("--storage.tsdb.path=data",))
ALERTMANAGER = Program(
    "prometheus-alertmanager",
    ("prometheus-alertmanager", "alertmanager"),
    # Alone, else it opens a port on every interface; what is told once a week is remembered longer than that.
    ("--storage.path=data", "--cluster.listen-address=", "--data.retention=400h"),
)


def demand(*programs: Program) -> None:
    """Every one of these must be installed; ConfigError says which packages bring those that are not."""
    missing = [one.package for one in programs if one.path() is None]
    if missing:
        raise ConfigError(f"--full: not installed: apt-get install {' '.join(missing)}, or start without --full")


@contextmanager
def started(program: Program, folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    """The server with these files beside each other, `config.yml` among them; gives its address once it answers."""
    path = program.path()
    assert path is not None
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    port = free_port()
    command = [path, f"--config.file={CONFIG}", *program.arguments, f"--web.listen-address={HOST}:{port}"]
    with _process(command, folder) as process:
        url = f"http://{HOST}:{port}"
        _await(process, f"{url}/-/ready", folder)
        yield url


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own: Ctrl-C reaches the demonstration alone, which then ends it."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=READY_SECONDS):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(ASK_SECONDS)
    last = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise ConfigError(f"--full: the server in {folder} does not answer: {' '.join(last) or 'it says nothing'}")
