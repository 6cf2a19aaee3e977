"""The agent among sources that do their worst: each is down with a reason in words, and nothing else suffers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from psycopg.sql import SQL, Identifier

from tests import hostile, servers
from tests.hostile import MAPPING, Hostile, file_sources, http_sources, over_http, unreachable_sources
from tests.sites import PATIENCE_SECONDS, Site, promised, wait_until
from tests.web_serving import Web, closed_port, make_certificates, web

pytestmark = pytest.mark.server

STOPS_WITHIN_SECONDS = 60  # far more than is promised: this is no measurement
FURTHER_ROUNDS = 6
HANGING = 24  # more than a pool of connections holds unless told otherwise
MOST_GROWTH_KB = 24 << 10
MOST_RESIDENT_KB = 300 << 10

MEASURE = {"kind": "share", "of": "fault", "cohort": "reported_at", "good_when": {"reported_at": "present"}}
TARGETS = promised("Asia/Shanghai", {"desk": "服务台"}, {"handled": (">= 95 %", MEASURE)})


class Agent:
    """A running `dabiao run`, seen as a user sees it."""

    def __init__(self, site: Site, process: subprocess.Popen[bytes], port: int) -> None:
        self.site, self.process, self.url = site, process, f"http://{servers.HOST}:{port}"

    def status(self) -> dict[str, Any]:
        """What it says of itself; nothing before it answers."""
        assert self.process.poll() is None, self.site.log
        try:
            answer = requests.get(f"{self.url}/api/v1/status", timeout=PATIENCE_SECONDS)
        except requests.ConnectionError:
            return {"sources": [], "findings": []}
        found: dict[str, Any] = answer.json() if answer.ok else {"sources": [], "findings": []}
        return found

    def sources(self) -> dict[str, dict[str, Any]]:
        return {source["source"]: source for source in self.status()["sources"]}

    def kilobytes(self, what: str) -> int:
        """VmRSS or VmHWM of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"{what}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    def stop(self) -> None:
        """End as a service manager ends it."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOPS_WITHIN_SECONDS)
        assert "event=stopped" in self.site.log
        assert code == 0
        assert "Traceback" not in self.site.log


def running(held: ExitStack, site: Site) -> Agent:
    port = servers.free_port()
    process = held.enter_context(site.started("run", "--listen", f"{servers.HOST}:{port}"))
    return Agent(site, process, port)


def asked(server: Web, name: str) -> int:
    """How often a path was asked for."""
    return sum(request.path == f"/{name}" for request in list(server.asked))


def down_as_expected(agent: Agent, sources: dict[str, Hostile]) -> bool:
    found = agent.sources()
    return all(
        name in found and found[name]["up"] is False and re.fullmatch(one.reason, found[name]["reason"] or "")
        for name, one in sources.items()
    )


def differing(agent: Agent, sources: dict[str, Hostile]) -> str:
    found = agent.sources()
    return "\n".join(
        f"{name}: expected {one.reason}, got {found.get(name, {}).get('reason')}"
        for name, one in sources.items()
        if not re.fullmatch(one.reason, found.get(name, {}).get("reason") or "")
    )


def test_each_hostile_source_is_down_with_its_reason_and_the_good_one_goes_on(tmp_path: Path) -> None:
    with ExitStack() as held:
        certificates = make_certificates(servers.program("openssl", "openssl"), tmp_path)
        server = held.enter_context(web(hostile.answer))
        elsewhere = held.enter_context(web(hostile.answer, certificates.server("elsewhere")))
        sources = http_sources(server.url) | file_sources(tmp_path)
        sources |= unreachable_sources(elsewhere.url, closed_port(), certificates)
        never = over_http(f"{server.url}/hangs", {"timeout": "10 min", "deadline": "10 min"})
        good = {"collector": "http", "url": f"{server.url}/good", **MAPPING}
        site = Site(tmp_path)
        site.write(TARGETS, {"good": good, "never": never} | {name: dict(one.source) for name, one in sources.items()})

        agent = running(held, site)
        wait_until(lambda: down_as_expected(agent, sources), lambda: differing(agent, sources))
        first = agent.sources()["good"]
        assert (first["up"], first["reason"], first["records"]) == (True, None, len(hostile.ROWS))
        resident = agent.kilobytes("VmHWM")

        rounds = {name: asked(server, name) + FURTHER_ROUNDS for name in ("good", "endless", "endless-chunks")}
        wait_until(lambda: all(asked(server, name) >= count for name, count in rounds.items()))
        assert agent.sources()["good"]["last_success"] > first["last_success"]
        assert down_as_expected(agent, sources), differing(agent, sources)
        assert agent.kilobytes("VmHWM") < min(resident + MOST_GROWTH_KB, MOST_RESIDENT_KB)
        metrics = requests.get(f"{agent.url}/metrics", timeout=PATIENCE_SECONDS).text
        assert 'dabiao_source_up{source="good"} 1' in metrics
        assert all(f'dabiao_source_up{{source="{name}"}} 0' in metrics for name in sources)
        agent.stop()  # while `never` still waits for its answer


@pytest.mark.server
def test_however_many_sources_hang_a_ledger_on_postgresql_goes_on_with_the_good_one(
    tmp_path: Path, postgresql_url: str
) -> None:
    with ExitStack() as held:
        server = held.enter_context(web(hostile.answer))
        hanging = over_http(f"{server.url}/hangs", {"timeout": "10 min", "deadline": "10 min"})
        sources = {f"hangs-{number}": hanging for number in range(HANGING)}
        good = {"collector": "http", "url": f"{server.url}/good", **MAPPING}
        site = Site(tmp_path, postgresql_url)
        site.write(TARGETS, {**sources, "good": good})
        agent = running(held, site)
        wait_until(lambda: asked(server, "hangs") == HANGING, lambda: site.log)
        wait_until(lambda: agent.sources().get("good", {}).get("up") is True, lambda: site.log)
        first = agent.sources()["good"]["last_success"]
        further = asked(server, "good") + FURTHER_ROUNDS
        wait_until(lambda: asked(server, "good") >= further, lambda: site.log)
        wait_until(lambda: agent.sources()["good"]["last_success"] > first, lambda: site.log)
        assert "level=ERROR" not in site.log
        agent.stop()


def test_collect_says_which_source_is_down_and_why_and_ends_with_1(tmp_path: Path) -> None:
    with web(hostile.answer) as server:
        site = Site(tmp_path)
        sources = {name: over_http(f"{server.url}/{name}", {}) for name in ("good", "html")}
        site.write(TARGETS, sources)
        done = site.run("collect", code=1)
    said = " ".join((done.out + done.err).split())
    assert "html" in said
    assert "answered HTML where JSON or XML was expected (a login page?)" in said
    assert [record[1] for record in site.facts()["record"]] == [row["no"] for row in hostile.ROWS]


# --- a ledger that cannot be written, or read -------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that is soon full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    options = ["-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if not mount or not unmount or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        servers.lacking("no disk can be mounted here: that takes root")
    yield disk
    subprocess.run([unmount, str(disk)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Something large that leaves this many bytes on the disk."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - left)
    return ballast


def drop(inbox: Path, name: str, rows: int) -> None:
    """A file, whole at once."""
    hidden = inbox / f".{name}"
    lines = [f"{name}-{number},2026-03-02T10:00:00+08:00\n" for number in range(rows)]
    hidden.write_text("no,at\n" + "".join(lines), encoding="utf-8")
    hidden.rename(inbox / name)


def test_on_a_full_disk_no_batch_is_half_written_and_all_goes_on_when_there_is_space(
    small_disk: Path, tmp_path: Path
) -> None:
    site, inbox = Site(tmp_path, "disk/ledger.db"), tmp_path / "inbox"
    inbox.mkdir()
    site.write(TARGETS, {"files": {"collector": "file", "path": str(inbox / "*.csv"), "settle": 0, **MAPPING}})
    drop(inbox, "first.csv", 300)
    with ExitStack() as held:
        agent = running(held, site)
        wait_until(lambda: agent.sources().get("files", {}).get("records") == 300, lambda: site.log)
        ballast = fill(small_disk, 128 << 10)
        drop(inbox, "second.csv", 9000)

        wait_until(lambda: "ledger" in {one["kind"] for one in agent.status()["findings"]}, lambda: site.log)
        trouble = next(one["text"] for one in agent.status()["findings"] if one["kind"] == "ledger")
        assert trouble == f"ledger sqlite:///{site.ledger_url}: database or disk is full"
        assert "event=ledger-trouble" in site.log
        assert agent.sources()["files"]["records"] == 300

        ballast.unlink()
        wait_until(lambda: agent.sources()["files"]["records"] == 9300, lambda: site.log)
        wait_until(lambda: "ledger" not in {one["kind"] for one in agent.status()["findings"]}, lambda: site.log)
        assert "event=ledger-recovered" in site.log
        agent.stop()
    assert len(site.facts()["record"]) == 9300
    site.run("recompute")


@pytest.mark.server
def test_a_ledger_that_is_gone_for_a_while_is_told_of_and_taken_up_again(tmp_path: Path, postgresql_url: str) -> None:
    address, _, name = postgresql_url.replace("+psycopg", "").rpartition("/")
    database = Identifier(name)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with ExitStack() as held:
        server = held.enter_context(web(hostile.answer))
        site = Site(tmp_path, postgresql_url)
        site.write(TARGETS, {"good": {"collector": "http", "url": f"{server.url}/good", **MAPPING}})
        agent = running(held, site)
        wait_until(lambda: agent.sources().get("good", {}).get("up") is True, lambda: site.log)
        before = agent.sources()["good"]["last_success"]
        with psycopg.connect(f"{address}/postgres", autocommit=True) as elsewhere:
            elsewhere.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
            elsewhere.execute(ended, (name,))
            wait_until(lambda: "ledger" in {one["kind"] for one in agent.status()["findings"]}, lambda: site.log)
            elsewhere.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))
        wait_until(lambda: agent.sources()["good"]["last_success"] > before, lambda: site.log)
        wait_until(lambda: agent.status()["findings"] == [], lambda: site.log)
        assert "event=ledger-trouble" in site.log
        agent.stop()  # which finds no traceback in the log


def test_a_ledger_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write(TARGETS, {"desk": over_http("http://127.0.0.1:9/", {})})
    with closing(sqlite3.connect(site.ledger_url)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    for command in ("status", "collect", "run", "recompute"):
        lines = site.run(command, code=2).err.splitlines()
        assert len(lines) == 1, lines
        assert re.fullmatch(
            r"dabiao: ledger sqlite:///.*ledger\.db is of version 9999, newer than this program's \w+; "
            r"use the program that wrote it, or a later one",
            lines[0],
        )
