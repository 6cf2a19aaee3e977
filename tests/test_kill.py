"""kill -9 at any instant of a collection: afterwards every record stands in the ledger exactly once."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.busy_site import Work, busy, never_killed
from tests.sites import PATIENCE_SECONDS, Site, wait_until

pytestmark = pytest.mark.server

FILES_A_RUN = 2
MOST_LINGERING_SECONDS = 0.02
Event = Callable[[], object]  # something that changes with every step the ledger takes


@contextmanager
def steps_of(ledger: str, folder: Path) -> Iterator[Event]:
    """What to watch: the size of SQLite's log, seen from outside, or PostgreSQL's place in its own."""
    if "://" not in ledger:
        log = folder / f"{ledger}-wal"
        yield lambda: _looks(log)
        return
    with closing(psycopg.connect(ledger.replace("+psycopg", ""), autocommit=True)) as connection:
        yield lambda: connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()


def _looks(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def count_steps(process: subprocess.Popen[bytes], event: Event, most: float = float("inf")) -> int:
    """How many steps were seen until the process ended, or `most` of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen, last = 0, event()
    while seen < most and process.poll() is None:
        assert time.monotonic() < deadline
        now = event()
        if now != last:
            seen, last = seen + 1, now
    return seen


def collect_killed(site: Site, work: Work, kills: int, rng: random.Random) -> None:
    """Give the site more and more work, and kill each collection somewhere, until it was killed so many times."""
    killed, attempts, usual = 0, 0, 100
    with steps_of(site.ledger, site.folder) as event:
        while killed < kills:
            attempts += 1
            assert attempts <= 3 * kills + 10, f"only {killed} of {attempts} collections were alive to be killed"
            work.grow(FILES_A_RUN)
            with site.started("collect") as process:
                # Early and late steps alike: the first ones make the ledger, many a later one moves a few pages.
                seen = count_steps(process, event, int(usual ** rng.random()))
                linger(process, rng.uniform(0, MOST_LINGERING_SECONDS))
                process.send_signal(signal.SIGKILL)
                if process.wait(PATIENCE_SECONDS) == -signal.SIGKILL:
                    killed += 1
                else:
                    assert process.returncode == 0, site.log
                    usual = max(2, seen)
    assert "Traceback" not in site.log


def linger(process: subprocess.Popen[bytes], seconds: float) -> None:
    """A moment more, so that not every kill meets the ledger between two steps."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until and process.poll() is None:
        pass


def assert_nothing_lost_and_nothing_twice(site: Site, work: Work, whole: Site) -> None:
    facts = site.facts()
    ids = [(record[0], record[1]) for record in facts["record"]]
    assert len(ids) == len(set(ids)) == work.cases + len(work.faults)
    assert len(facts["reject"]) == work.bad
    counted = {state[0]: state[3:] for state in facts["source_state"]}
    assert counted == {"cases": (work.cases, work.cases, work.bad), "faults": (len(work.faults), len(work.faults), 0)}
    site.run("recompute")
    expected = whole.facts()
    for name, rows in facts.items():
        assert rows == expected[name], name


def check_killed(tmp_path: Path, ledger: str, kills: int, seed: int) -> None:
    with ExitStack() as held:
        site, work = held.enter_context(busy(tmp_path, ledger, seed))
        collect_killed(site, work, kills, random.Random(seed))
        site.run("collect")
        assert_nothing_lost_and_nothing_twice(site, work, never_killed(site, tmp_path / "whole"))


def test_killed_a_dozen_times_a_ledger_in_sqlite_is_like_one_never_killed(tmp_path: Path) -> None:
    check_killed(tmp_path, "ledger.db", 12, seed=1)


@pytest.mark.server
def test_killed_four_times_a_ledger_in_postgresql_is_like_one_never_killed(tmp_path: Path, postgresql_url: str) -> None:
    check_killed(tmp_path, postgresql_url, 4, seed=2)


@pytest.mark.long
def test_killed_two_hundred_times_a_ledger_in_sqlite_is_like_one_never_killed(tmp_path: Path) -> None:
    check_killed(tmp_path, "ledger.db", 200, seed=3)


@pytest.mark.long
@pytest.mark.server
def test_killed_two_hundred_times_a_ledger_in_postgresql_is_like_one_never_killed(
    tmp_path: Path, postgresql_url: str
) -> None:
    check_killed(tmp_path, postgresql_url, 200, seed=4)


# --- two at once ------------------------------------------------------------------------------------------------------


def check_two_at_once(tmp_path: Path, ledger: str) -> None:
    with busy(tmp_path, ledger, seed=5) as (site, work):
        work.grow(FILES_A_RUN)
        with site.started("collect") as one, site.started("collect") as other:
            wait_until(lambda: None not in (one.poll(), other.poll()), lambda: site.log)
        assert (one.returncode, other.returncode) == (0, 0), site.log
        assert_nothing_lost_and_nothing_twice(site, work, never_killed(site, tmp_path / "whole"))


def test_two_that_collect_the_same_at_once_leave_each_record_once(tmp_path: Path) -> None:
    check_two_at_once(tmp_path, "ledger.db")


@pytest.mark.server
def test_two_that_collect_into_postgresql_at_once_leave_each_record_once(tmp_path: Path, postgresql_url: str) -> None:
    check_two_at_once(tmp_path, postgresql_url)
