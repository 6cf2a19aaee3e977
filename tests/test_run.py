"""`dabiao run` as a process: what those who ask it may do to it."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
import requests

from tests.servers import HOST, free_port
from tests.sites import Site, promised, wait_until

pytestmark = pytest.mark.server
ANSWERED = {"kind": "duration", "of": "fault", "from": "reported", "to": "answered"}
DESK = {"collector": "file", "path": "desk.csv", "record": "fault", "id": "id", "system": {"is": "portal"}}
PIPELINED = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3


def test_a_client_that_leaves_before_its_answer_does_not_end_the_agent(tmp_path: Path) -> None:
    site, port = Site(tmp_path), free_port()
    site.write(
        promised("UTC", {"portal": "门户"}, {"response": ("<= 5 min", ANSWERED)}),
        {"desk": DESK | {"times": {"reported": "reported", "answered": "answered"}}},
    )
    (tmp_path / "desk.csv").write_text("id,reported,answered\n", encoding="utf-8")

    def answers() -> bool:
        assert agent.poll() is None, f"the agent ended with {agent.poll()}: {site.log}"
        try:
            return requests.get(f"http://{HOST}:{port}/readyz", timeout=30).ok
        except requests.ConnectionError:
            return False

    with site.started("run", "--listen", f"{HOST}:{port}") as agent:
        wait_until(answers)
        for _ in range(20):
            with socket.create_connection((HOST, port)) as leaving:
                leaving.sendall(PIPELINED)
            wait_until(answers)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0
