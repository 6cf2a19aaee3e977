"""Real server programs for the tests: each started in a scratch folder, on 127.0.0.1 alone, and ended by its pid.

Every starter is a context manager that gives an address once the server answers. A program that is not installed, or
a right this account lacks, skips the test on a laptop and fails it where the environment says CI=true.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import NoReturn

import psycopg
import pymysql
import pytest
import requests
from psycopg.sql import SQL, Identifier

HOST = "127.0.0.1"
READY_WITHIN_SECONDS = 60.0
END_WITHIN_SECONDS = 30.0
POLL_SECONDS = 0.02
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")  # not on an ordinary user's PATH


def program(name: str, package: str) -> str:
    """The path of an installed program; without one the test is skipped, or fails in CI."""
    folders = [os.environ.get("PATH", ""), *SERVER_FOLDERS, *_postgresql_folders()]
    return shutil.which(name, path=os.pathsep.join(folders)) or lacking(
        f"{name} is not installed (Debian package: {package})"
    )


def writer() -> str:
    """The path of a LibreOffice that opens Word files: its parts are packages of their own."""
    path, package = program("soffice", "libreoffice-writer-nogui"), "libreoffice-writer-nogui"
    is_whole = Path(path).resolve().with_name("libswlo.so").is_file()
    return path if is_whole else lacking(f"LibreOffice Writer is not installed (Debian package: {package})")


def _postgresql_folders() -> list[str]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return [str(folder) for folder in sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)]


def lacking(reason: str) -> NoReturn:
    """Ends a test this machine cannot run: skipped, or failed in CI, where nothing may be left out in silence."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def at_work(server: BaseServer) -> Iterator[None]:
    """A server of the test's own process answers in a thread for as long as the context lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server without durability; gives the SQLAlchemy URL of its server, to which a database is added."""
    initdb = program("initdb", "postgresql")
    server = str(Path(initdb).resolve().with_name("postgres"))  # of the same version
    port, account = free_port(), _account("postgres")
    with _scratch(account) as folder:
        _run(
            [initdb, "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            folder,
            account,
        )
        settings = {"listen_addresses": HOST, "port": port, "unix_socket_directories": folder, "fsync": "off"}
        command = [server, "-D", "data", *(f"--{name}={value}" for name, value in settings.items())]

        def answers() -> bool:
            try:
                psycopg.connect(host=HOST, port=port, user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                return False
            return True

        with _running(command, answers, folder, account, stop=signal.SIGINT):  # SIGTERM would wait for clients
            yield f"postgresql+psycopg://postgres@{HOST}:{port}"


@contextmanager
def postgresql_database(server_url: str) -> Iterator[str]:
    """An empty database of its own on that server; gives its SQLAlchemy URL and drops it afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    database = Identifier(name)
    libpq_url = server_url.replace("+psycopg", "") + "/postgres"
    with psycopg.connect(libpq_url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(database))
        try:
            yield f"{server_url}/{name}"
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@contextmanager
def mariadb() -> Iterator[int]:
    """A MariaDB server whose user `root` has no password; gives its port."""
    install, server = program("mariadb-install-db", "mariadb-server"), program("mariadbd", "mariadb-server")
    port, account = free_port(), _account("mysql")
    with _scratch(account) as folder:
        data = f"--datadir={folder / 'data'}"
        _run(
            [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"],
            folder,
            account,
        )
        command = [server, "--no-defaults", data, f"--bind-address={HOST}", f"--port={port}", "--skip-log-bin"]
        command += [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", "--character-set-server=utf8mb4"]

        def answers() -> bool:
            try:
                pymysql.connect(host=HOST, port=port, user="root").close()
            except pymysql.OperationalError:
                return False
            return True

        with _running(command, answers, folder, account):
            yield port


@contextmanager
def mariadb_database(port: int) -> Iterator[str]:
    """An empty database of its own on that server; gives its SQLAlchemy URL and drops it afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    with (
        pymysql.connect(host=HOST, port=port, user="root", autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield f"mysql+pymysql://root@{HOST}:{port}/{name}?charset=utf8mb4"
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def prometheus(config: str, *flags: str, files: Mapping[str, str] | None = None) -> Iterator[str]:
    """A Prometheus with this configuration; `files` (rules, targets) lie beside it by name. Gives its base URL."""
    command = [program("prometheus", "prometheus"), "--config.file=config.yml", "--storage.tsdb.path=data"]
    with _http_server([*command, "--web.enable-lifecycle", *flags], config, files or {}) as url:
        yield url


@contextmanager
def alertmanager(config: str, *flags: str, files: Mapping[str, str] | None = None) -> Iterator[str]:
    """An Alertmanager with this configuration, no cluster; `files` (templates) lie beside it. Gives its base URL."""
    command = [program("prometheus-alertmanager", "prometheus-alertmanager"), "--config.file=config.yml"]
    with _http_server(
        [*command, "--storage.path=data", "--cluster.listen-address=", *flags], config, files or {}
    ) as url:
        yield url


@contextmanager
def _http_server(command: Sequence[str], config: str, files: Mapping[str, str]) -> Iterator[str]:
    port = free_port()
    url = f"http://{HOST}:{port}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/-/ready", timeout=READY_WITHIN_SECONDS).ok
        except requests.ConnectionError:
            return False

    with _scratch(None) as folder:
        for name, text in {"config.yml": config, **files}.items():
            (folder / name).write_text(text, encoding="utf-8")
        with _running([*command, f"--web.listen-address={HOST}:{port}"], answers, folder, None):
            yield url


def _account(name: str) -> pwd.struct_passwd | None:
    """The account a database server runs as: its own where we are root, whom PostgreSQL refuses, else ours."""
    return pwd.getpwnam(name) if os.geteuid() == 0 else None


@contextmanager
def _scratch(account: pwd.struct_passwd | None) -> Iterator[Path]:
    # Not pytest's tmp_path: other accounts may not enter it, and a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="dabiao-") as name:
        if account:
            os.chown(name, account.pw_uid, account.pw_gid)
        yield Path(name)


def _start(command: Sequence[str], folder: Path, account: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _run(command: Sequence[str], folder: Path, account: pwd.struct_passwd | None) -> None:
    process = _start(command, folder, account)
    if process.wait(READY_WITHIN_SECONDS):
        _fail_with_log(process, folder)


@contextmanager
def _running(
    command: Sequence[str],
    answers: Callable[[], bool],
    folder: Path,
    account: pwd.struct_passwd | None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    process = _start(command, folder, account)
    try:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                _fail_with_log(process, folder)
            time.sleep(POLL_SECONDS)
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(END_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _fail_with_log(process: subprocess.Popen[bytes], folder: Path) -> NoReturn:
    log = (folder / "log").read_text(encoding="utf-8", errors="replace")
    pytest.fail(f"{process.args!r} is not ready (exit {process.poll()}):\n{log}")
