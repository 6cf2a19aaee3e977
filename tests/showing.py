"""The web application behind a real server, with a Snapshot made by hand and everything behind it in reach."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
import uvicorn
from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette

from agent.config import Config
from agent.model import Instant
from agent.notify import Outbox
from agent.poll import Publisher
from agent.serve import settings
from agent.status import Json, Question, status_answer
from agent.web import app
from agent.web.patience import Patient
from tests.example_snapshot import NOW, make_snapshot
from tests.servers import HOST

WAIT_SECONDS = 120


@dataclass
class Running:
    """The application as a client meets it, with what lies behind it in reach."""

    url: str
    config: Config
    publisher: Publisher
    asked: list[Question]
    now: list[Instant] = field(default_factory=lambda: [NOW])
    refusal: list[Exception] = field(default_factory=list)
    outbox: Outbox = field(default_factory=Outbox)

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.url + path, headers=headers, timeout=WAIT_SECONDS)


@contextmanager
def served(
    application: Starlette, port: int = 0, tls: ssl.SSLContext | None = None, http: type[Patient] = Patient
) -> Iterator[str]:
    """The base URL of an application under uvicorn; connections wait in the listening socket until it is up."""
    with socket.create_server((HOST, port)) as listening:
        server = uvicorn.Server(settings(application, tls, http))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(WAIT_SECONDS)
            assert not thread.is_alive()


@contextmanager
def showing(config: Config, port: int = 0, tls: ssl.SSLContext | None = None, **more: Any) -> Iterator[Running]:
    """The application before its first Snapshot."""
    running = Running("", config, Publisher(), [])
    wanted: dict[str, Any] = {"sent": running.outbox.recent, "demo": True, **more}

    def answer(question: Question) -> Json:
        running.asked.append(question)
        if running.refusal:
            raise running.refusal[0]
        return status_answer(make_snapshot(config), config, "year")

    application = app(running.publisher, config, lambda: running.now[0], answer, **wanted)
    with served(application, port, tls) as url:
        running.url = url
        yield running


@contextmanager
def browser(chromium_path: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of a real Chromium, each in a context of its own."""
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield lambda **settings: chromium.new_context(**settings).new_page()
        chromium.close()
