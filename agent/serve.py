"""The agent as one process: the schedule behind, the web pages in front, and a clean stop on SIGTERM."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent.alerts import Direct, Poster, Standing, Teller
from agent.asking import answer
from agent.book import all_indicators
from agent.config import Config
from agent.evaluate import course, plans_in_force
from agent.explain import explain
from agent.ledger import Ledger
from agent.memory import few_arenas
from agent.model import ConfigError, Instant, Snapshot, Verdict
from agent.notify import Notifier, Outbox
from agent.poll import Publisher, Round, Schedule, now_instant

if TYPE_CHECKING:
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
) -> int:
    """Poll and serve until SIGTERM or SIGINT; `ready` is called with the address once every source has been asked."""
    import uvicorn

    from agent.web import app

    few_arenas()
    listening = _listen(listen)
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
    )
    host, port = listening.getsockname()[:2]
    tellers = _tellers(config, notifier, publisher)
    for teller in tellers:
        publisher.listen(teller)
        teller.start()
    publisher.listen(_Announcement(f"http://{host}:{port}/", ready))
    settings = uvicorn.Config(
        pages, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    # Uvicorn raises the signal again once it has stopped serving; the schedule has still to stop then.
    former = signal.signal(signal.SIGTERM, lambda number, frame: None)
    schedule.start()
    log.info("event=listening url=http://%s:%s/", host, port)
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    finally:
        ended = schedule.stop()
        for teller in tellers:
            teller.end()
        listening.close()
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
        return [Poster(access, standing, now_instant, publisher.count) for access in alerting.alertmanagers]
    return [] if alerting.direct is None else [Direct(alerting.direct, notifier, standing)]


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
