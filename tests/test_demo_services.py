"""The simulated systems' servers."""

from __future__ import annotations

import socket
import struct
import threading
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest

from agent.demo.http_services import Quiet, SimulatedServer

pytestmark = pytest.mark.server
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, whatever is on its way
MORE_THAN_BUFFERS = b"\0" * 64_000_000


class Late(Quiet):
    """Answers only when its client has gone, or has a mistake of its own."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Patient)
        self.server.asked.set()
        if self.path == "/mistaken":
            raise LookupError("a mistake of the handler")
        assert self.server.gone.wait(30)
        self.answer(HTTPStatus.OK, "text/plain", MORE_THAN_BUFFERS)


class Patient(SimulatedServer):
    def __init__(self) -> None:
        self.asked, self.gone, self.ended = threading.Event(), threading.Event(), threading.Event()
        super().__init__(0, Late, datetime.now)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.ended.set()


def ask(server: Patient, path: str) -> None:
    client = socket.create_connection(server.server_address[:2])  # type: ignore[arg-type]
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n".encode())
    server.handle_request()
    assert server.asked.wait(30)
    client.close()
    server.gone.set()
    assert server.ended.wait(30)


def test_a_client_that_gives_up_leaves_no_trace_on_the_terminal_and_a_mistake_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Patient() as server:
        ask(server, "/left")
    assert capsys.readouterr().err == ""
    with Patient() as server:
        ask(server, "/mistaken")
    assert "a mistake of the handler" in capsys.readouterr().err
