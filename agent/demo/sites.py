"""The faces of the ten systems: pages in GBK that really stop answering while a system is down."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from agent.demo.http_services import Clock, Quiet, SimulatedServer
from agent.demo.systems import BY_ID, MARK, ORGANISATION, System

REFUSING = "portal"  # has a port of its own, which closes; the others share one and answer 503


def page_of(system: System) -> bytes:
    """A system's front page."""
    text = (
        f"<!DOCTYPE html><html><head><meta charset='GBK'><title>{system.name}</title></head>"
        f"<body><h1>{system.name}</h1><p>{ORGANISATION} 网签 备案</p><p>{MARK}</p></body></html>"
    )
    return text.encode("gbk")


class SiteHandler(Quiet):
    """The front pages; a system that is down answers 503 and closes the connection."""

    server: SiteServer

    def do_GET(self) -> None:
        """Answer with the page of the path's system."""
        system = BY_ID.get(urlsplit(self.path).path.strip("/") or self.server.root)
        if system is None:
            self.answer(HTTPStatus.NOT_FOUND, "text/html; charset=GBK", MARK.encode("gbk"))
        elif system.id in self.server.down:
            self.close_connection = True
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/html; charset=GBK", f"{MARK} 系统维护".encode("gbk"))
        else:
            self.answer(HTTPStatus.OK, "text/html; charset=GBK", page_of(system))


class SiteServer(SimulatedServer):
    """Front pages on one port; `root` names the system at `/`."""

    def __init__(self, port: int, root: str, down: set[str], clock: Clock) -> None:
        self.root = root
        self.down = down
        super().__init__(port, SiteHandler, clock)


class Served:
    """A server with the thread that runs it."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.port = int(server.server_address[1])
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="demo-http", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and give the port back."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


class Sites:
    """All front pages. `set_down` says which systems do not answer from now on."""

    def __init__(self, clock: Clock) -> None:
        self.down: set[str] = set()
        self._clock = clock
        self._shared = Served(SiteServer(0, "", self.down, clock))
        self._refusing: Served | None = Served(SiteServer(0, REFUSING, self.down, clock))
        self._refusing_port = self._refusing.port

    def portal_url(self) -> str:
        """Where the portal's page is, while it is up."""
        return f"http://127.0.0.1:{self._refusing_port}"

    def shared_url(self) -> str:
        """Where the pages of all systems but the portal are, each under its id."""
        return f"http://127.0.0.1:{self._shared.port}"

    def set_down(self, systems: set[str]) -> None:
        """Take these systems down and bring all others up."""
        self.down &= systems
        self.down |= systems
        if REFUSING in systems and self._refusing is not None:
            self._refusing.close()
            self._refusing = None
        elif REFUSING not in systems and self._refusing is None:
            self._refusing = Served(SiteServer(self._refusing_port, REFUSING, self.down, self._clock))

    def close(self) -> None:
        """Stop all servers."""
        self._shared.close()
        if self._refusing is not None:
            self._refusing.close()
