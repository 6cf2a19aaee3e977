"""Clients that ask nothing, trickle or take no answer: they are let go, and others are served all the while."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.web.patience import Patient
from tests.showing import WAIT_SECONDS, served

pytestmark = pytest.mark.server

LONG = b"x" * (8 << 20)


class Hasty(Patient):
    head_seconds = 0.2
    answer_seconds = 0.6


class Ample(Patient):
    head_seconds = 2.0


class Observed(Hasty):
    """Says when a connection is gone, which a client that reads nothing does not see."""

    gone = threading.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gone.set()


class Few(Patient):
    most = 3
    head_seconds = 3600.0  # so that nothing else lets one go


@contextmanager
def answering(patience: type[Patient], asked: threading.Event | None = None) -> Iterator[tuple[str, int]]:
    """An application with a short answer, a long one, and one that reads what is posted."""

    async def short(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def long(request: Request) -> Response:
        return Response(LONG)

    async def posted(request: Request) -> Response:
        if asked is not None:
            asked.set()
        return Response(await request.body())

    routes = [Route("/", short), Route("/long", long), Route("/posted", posted, methods=["POST"])]
    with served(Starlette(routes=routes), http=patience) as url:
        yield url, int(url.rsplit(":", 1)[1])


def connected(port: int, said: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
    connection.sendall(said)
    return connection


def is_let_go(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_who_says_no_whole_request_is_let_go(said):
    with answering(Hasty) as (url, port), connected(port, said) as slow:
        assert is_let_go(slow)
        assert requests.get(url, timeout=WAIT_SECONDS).text == "ok"


def test_a_head_that_trickles_is_not_waited_for_however_often_a_byte_comes():
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.05):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with answering(Hasty) as (_, port), connected(port, b"GET / HTTP/1.1\r\nX: ") as slow:
        trickling = threading.Thread(target=trickle, args=(slow,))
        trickling.start()
        assert is_let_go(slow)
        over.set()
        trickling.join(WAIT_SECONDS)


def test_a_body_that_does_not_come_and_an_answer_nobody_takes_are_not_waited_for():
    body = b"POST /posted HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    with answering(Hasty) as (_, port), connected(port, body) as slow:
        assert is_let_go(slow)
    with answering(Observed) as (_, port), socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(WAIT_SECONDS)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        assert Observed.gone.wait(WAIT_SECONDS)
        got = 0
        try:
            while piece := deaf.recv(1 << 20):
                got += len(piece)
        except ConnectionResetError:
            pass
        assert got < len(LONG)


def test_a_request_under_way_and_one_after_another_are_let_be():
    begun = time.monotonic()
    with answering(Ample) as (url, _), requests.Session() as session:
        while time.monotonic() < begun + 2 * Ample.head_seconds:
            assert len(session.get(f"{url}/long", timeout=WAIT_SECONDS).content) == len(LONG)


def test_where_too_many_are_connected_the_one_that_asks_nothing_for_longest_goes():
    asked = threading.Event()
    with answering(Few, asked) as (url, port), ExitStack() as held:
        busy = held.enter_context(connected(port, b"POST /posted HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na"))
        assert asked.wait(WAIT_SECONDS)
        first, second = (held.enter_context(connected(port)) for _ in range(2))
        assert requests.get(url, timeout=WAIT_SECONDS).text == "ok"
        assert is_let_go(first)
        held.enter_context(connected(port))
        held.enter_context(connected(port))
        assert is_let_go(second)
        busy.sendall(b"b")
        assert busy.recv(1 << 10).startswith(b"HTTP/1.1 200 ")
