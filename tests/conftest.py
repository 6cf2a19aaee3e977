"""Fixtures every test may ask for: real servers, one a session; a database of one's own; the shared data sets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import servers

StartServer = Callable[..., str]

# A loaded machine is slow and not wrong: no example has a deadline, and drawing examples may take its time.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("brief", settings.get_profile("patient"), max_examples=settings().max_examples // 5)
settings.load_profile("patient")


STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}


RUNNING: list[pytest.Item] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Remembers which test runs, fixtures and all, for the guard below."""
    RUNNING.append(item)
    try:
        return (yield)
    finally:
        RUNNING.pop()


def _refuse_processes(event: str, args: object) -> None:
    if event in STARTS_A_PROCESS and RUNNING and RUNNING[-1].get_closest_marker("server") is None:
        raise RuntimeError(f"{event}: a test that starts a process is marked `server`")


sys.addaudithook(_refuse_processes)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database."""
    with servers.postgresql_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[int]:
    with servers.mariadb() as port:
        yield port


@pytest.fixture
def mariadb_url(mariadb_server: int) -> Iterator[str]:
    """The SQLAlchemy URL of an empty MariaDB database."""
    with servers.mariadb_database(mariadb_server) as url:
        yield url


@pytest.fixture
def start_prometheus() -> Iterator[StartServer]:
    """start_prometheus(config, *flags, files={name: text}) gives the base URL; the server ends with the test."""
    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(servers.prometheus(*args, **kwargs))


@pytest.fixture
def start_alertmanager() -> Iterator[StartServer]:
    """start_alertmanager(config, *flags, files={name: text}) gives the base URL; the server ends with the test."""
    with ExitStack() as running:
        yield lambda *args, **kwargs: running.enter_context(servers.alertmanager(*args, **kwargs))


@pytest.fixture
def promtool() -> str:
    return servers.program("promtool", "prometheus")


@pytest.fixture
def amtool() -> str:
    return servers.program("amtool", "prometheus-alertmanager")


@pytest.fixture
def chromium_path() -> str:
    return servers.program("chromium", "chromium")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data sets and papers beside the checkout; its absence alone may skip a test in CI."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the shared data sets do not lie beside this checkout (../shared)")
    return folder
