"""The platform in a box: the simulated world behind real servers, databases and files on this machine."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from agent.demo.databases import SCHEMAS, Databases
from agent.demo.files import Inbox
from agent.demo.http_services import HttpServices, Shelf
from agent.demo.sites import Served, Sites
from agent.demo.systems import MARK, ORGANISATION, SYSTEMS
from agent.demo.world import World

log = logging.getLogger(__name__)

SOURCES = Path(__file__).with_name("sources.yaml")  # the sources file that goes with a Platform's environment
STEP_SECONDS = 0.25


class Platform:
    """The ten systems, simulated: the year up to `start`, then time running on at `speed`."""

    def __init__(self, folder: Path, seed: int, start: datetime, speed: float = 1.0) -> None:
        self.folder = folder.resolve()
        self.world = World(seed, start, speed)
        self._start, self._speed = start, speed
        self._begun: float | None = None
        self._token = secrets.token_hex(16)
        self._shelf, self._databases, self._inbox = Shelf(), Databases(self.folder), Inbox(self.folder / "inbox")
        self._services: Served | None = None
        self.sites: Sites | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.environment: dict[str, str] = {}

    def now(self) -> datetime:
        """The simulated time: `start`, and `speed` seconds more for each real second since `start()`."""
        elapsed = 0.0 if self._begun is None else time.monotonic() - self._begun
        return self._start + timedelta(seconds=elapsed * self._speed)

    def start(self) -> None:
        """Open everything and let time run. Afterwards `environment` has what sources.yaml asks for."""
        self._begun = time.monotonic()
        self.open()
        self._thread = threading.Thread(target=self._run, name="demo-world", daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Fill the year up to `start` and open the servers; time stands still until somebody advances it."""
        self._databases.create()
        self._inbox.create()
        self.advance(self._start)
        self._services = Served(HttpServices(self._shelf, self._token, self.now))
        self.sites = Sites(self.now)
        services = f"http://127.0.0.1:{self._services.port}"
        self.environment.update(
            {f"DEMO_{name.upper()}_DB": f"sqlite:///{self._databases.path(name)}" for name in SCHEMAS},
            DEMO_FAULT_DESK_URL=services,
            DEMO_FAULT_DESK_TOKEN=self._token,
            DEMO_XML_URL=services,
            DEMO_INBOX=str(self._inbox.folder),
            DEMO_SITES_URL=self.sites.shared_url(),
            DEMO_PORTAL_URL=self.sites.portal_url(),
        )

    def advance(self, now: datetime) -> None:
        """Let all that happens up to `now` happen, and systems go down or come back."""
        changes = self.world.advance(now)
        for store in (self._shelf, self._databases, self._inbox):
            store.apply(changes)
        if self.sites is not None:
            self.sites.set_down(self.world.down(now))

    def _run(self) -> None:
        while not self._stopping.wait(STEP_SECONDS):
            try:
                self.advance(self.now())
            except OSError as error:  # the portal's port may be taken for a moment: the next step tries again
                log.warning("demo step_failed=%s", error)

    def describe(self) -> list[str]:
        """What runs where, for the terminal."""
        if self._services is None or self.sites is None:
            return [f"{MARK}：{ORGANISATION}，尚未启动"]
        services = f"http://127.0.0.1:{self._services.port}"
        return [
            f"{MARK}：{ORGANISATION}，{len(SYSTEMS)} 个应用系统均为模拟，不含任何真实数据",
            f"故障台 (JSON, 令牌)      {services}/api/faults",
            f"认证与好差评 (XML, GBK)  {services}/rz/qy · /rz/qyr · /rz/pj",
            f"业务库 (SQLite)          {self.folder}：{' '.join(f'{name}.db' for name in SCHEMAS)}",
            f"投递文件夹               {self._inbox.folder}",
            f"门户网站 (会中断)        {self.sites.portal_url()}/",
            f"其他系统页面             {self.sites.shared_url()}/<系统>",
        ]

    def stop(self) -> None:
        """Stop time and all servers; the folder stays."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for running in (self._services, self.sites):
            if running is not None:
                running.close()
