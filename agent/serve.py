"""The agent as one process: the schedule behind, the web pages in front, and a clean stop on SIGTERM."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent import supervision
from agent.alerts import Direct, Poster, Standing, Teller
from agent.asking import answer
from agent.book import all_indicators
from agent.config import Config
from agent.config.webfile import load_web
from agent.evaluate import course, plans_in_force
from agent.explain import explain
from agent.ledger import Ledger
from agent.memory import few_arenas
from agent.model import ConfigError, Instant, Snapshot, Verdict
from agent.notify import Notifier, Outbox
from agent.poll import Publisher, Round, Schedule, now_instant

if TYPE_CHECKING:
    from starlette.middleware import Middleware

    from agent.web import Account

log = logging.getLogger("dabiao.serve")
GRACE_SECONDS = 2


def serve(
    config: Config,
    ledger: Ledger,
    rounds: Sequence[Round],
    listen: str,
    clock: Callable[[], Instant] = now_instant,
    ready: Callable[[str], None] = lambda url: None,
    *,
    demo: bool = False,
    doors: Doors | None = None,
) -> int:
    """Poll and serve until SIGTERM or SIGINT; `ready` is called with the address once every source has been asked."""
    import uvicorn

    from agent.web import app

    few_arenas()
    doors = doors or Doors()
    tls, layers = doors.tls(), doors.layers()
    sockets = [_listen(listen), *([] if doors.metrics_listen is None else [_listen(doors.metrics_listen)])]
    if doors.metrics_listen is not None:
        layers.append(_apart(sockets))
    publisher = Publisher()
    schedule = Schedule(config, ledger, rounds, publisher, clock)
    outbox = Outbox()
    notifier = Notifier(config.alerting.routes, outbox, now_instant, publisher.count)
    pages = app(
        publisher,
        config,
        clock,
        lambda asked: answer(config, ledger, asked, clock()),
        lambda verdict: account(config, ledger, publisher, verdict),
        sent=outbox.recent if demo else None,
        notifier=notifier,
        demo=demo,
        layers=layers,
    )
    host, port = sockets[0].getsockname()[:2]
    scheme = "http" if tls is None else "https"
    tellers = _tellers(config, notifier, publisher)
    for teller in tellers:
        publisher.listen(teller)
        teller.start()
    publisher.listen(_Announcement(f"{scheme}://{host}:{port}/", ready))
    publisher.listen(lambda snapshot: supervision.tell(supervision.ALIVE))  # a tick that hangs is seen from outside
    settings = uvicorn.Config(
        pages, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    if tls is not None:
        settings.load()
        settings.ssl = tls
    # Uvicorn raises the signal again once it has stopped serving; the schedule has still to stop then.
    former = signal.signal(signal.SIGTERM, lambda number, frame: None)
    schedule.start()
    log.info("event=listening url=%s://%s:%s/", scheme, host, port)
    supervision.tell(supervision.READY)
    try:
        uvicorn.Server(settings).run(sockets=sockets)
    finally:
        supervision.tell(supervision.STOPPING)
        ended = schedule.stop()
        for teller in tellers:
            teller.end()
        for one in sockets:
            one.close()
        signal.signal(signal.SIGTERM, former)
    log.info("event=stopped clean=%s", ended)
    return 0


def account(config: Config, ledger: Ledger, publisher: Publisher, verdict: Verdict) -> Account:
    """All that is told of a verdict of the newest Snapshot."""
    from agent.web import Account

    snapshot = publisher.snapshot()
    assert snapshot is not None
    told = explain(config, ledger, snapshot, verdict.project, verdict.indicator)
    plan, indicator = next(
        (plan, one)
        for plan in plans_in_force(config.plans, snapshot.as_of)
        for one in all_indicators(plan)
        if (one.project, one.id) == (verdict.project, verdict.indicator)
    )
    return Account(told, course(config, ledger, plan, indicator, snapshot.as_of), indicator.targets, plan.year)


def _tellers(config: Config, notifier: Notifier, publisher: Publisher) -> list[Teller]:
    """Who is told of open records: every Alertmanager, or without one the direct route."""
    standing, alerting = Standing(config), config.alerting
    if alerting.alertmanagers:
        posters = [Poster(access, standing, now_instant, publisher.count) for access in alerting.alertmanagers]
        return [Teller("alertmanager", poster) for poster in posters]
    return [] if alerting.direct is None else [Teller("direct", Direct(alerting.direct, notifier, standing))]


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may come in, and where: what the options of `run` and `demo` say."""

    web_config: Path | None = None
    wall_token_file: Path | None = None
    metrics_listen: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """The server's side of TLS; None where connections are plain."""
        web = None if self.web_config is None else load_web(self.web_config)
        return None if web is None or web.tls is None else web.tls.context()

    def layers(self) -> list[Middleware]:
        """What stands before the pages; ConfigError where a token would guard nothing."""
        from starlette.middleware import Middleware

        web = None if self.web_config is None else load_web(self.web_config)
        if self.web_config is None or web is None or not web.users:
            if self.wall_token_file is not None:
                raise ConfigError("--wall-token-file: expected basic_auth_users in --web.config; without, all is open")
            return []
        try:
            from agent.web.access import Access, Users, wall_token
        except ModuleNotFoundError:
            raise ConfigError("basic_auth_users: needs bcrypt: pip install 'dabiao[auth]'") from None
        token = None if self.wall_token_file is None else wall_token(self.wall_token_file)
        return [Middleware(Access, Users(self.web_config), token, is_secure=web.tls is not None)]


def _apart(sockets: Sequence[socket.socket]) -> Middleware:
    from starlette.middleware import Middleware

    from agent.web.headers import MetricsApart

    port, apart = (one.getsockname()[1] for one in sockets)
    if port == apart:
        raise ConfigError(f"--metrics-listen: expected another port than that of the pages, got {apart}")
    return Middleware(MetricsApart, apart)


class _Announcement:
    """Says once where the agent answers: as soon as every source has been asked."""

    def __init__(self, url: str, ready: Callable[[str], None]) -> None:
        self._url, self._ready, self._said = url, ready, False

    def __call__(self, snapshot: Snapshot) -> None:
        if not self._said and all(source.up is not None for source in snapshot.sources):
            self._said = True
            self._ready(self._url)


def _listen(listen: str) -> socket.socket:
    """A socket bound to the address, so that a taken one is told before anything starts."""
    host, port = address(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as failed:
        listening.close()
        raise ConfigError(f"--listen: {listen} cannot be listened on: {failed.strerror}") from failed
    return listening


def address(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8046` → host and port."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"--listen: expected host:port such as 127.0.0.1:8046, got {listen!r}")
    return host.strip("[]") or "0.0.0.0", int(port)
