"""The agent as one process: the schedule behind, the web pages in front, and a clean stop on SIGTERM."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent import supervision
from agent.alerts import Direct, Poster, Standing, Teller, in_ledger
from agent.asking import answer
from agent.book import all_indicators
from agent.config import Config
from agent.doors import Doors
from agent.evaluate import course, plans_in_force
from agent.explain import explain
from agent.ledger import Ledger
from agent.memory import keep_small
from agent.model import Instant, Snapshot, Verdict
from agent.notify import Notifier, Outbox
from agent.poll import Publisher, Round, Schedule, now_instant

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from agent.web import Account
    from agent.web.patience import Patient

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
    speed: float = 1.0,
    doors: Doors | None = None,
) -> int:
    """Poll and serve until SIGTERM or SIGINT; `ready` is called with the address once every source has been asked."""
    import uvicorn

    from agent.web import app
    from agent.web.patience import Patient

    keep_small()
    doors = doors or Doors()
    tls, layers = doors.tls(), doors.layers()
    sockets = doors.sockets(listen)
    publisher, outbox = Publisher(), Outbox()
    schedule = Schedule(config, ledger, rounds, publisher, clock, speed)
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
        speed=speed,
        layers=[*layers, *doors.apart(sockets)],
    )
    host, port = sockets[0].getsockname()[:2]
    url = f"{'http' if tls is None else 'https'}://{host}:{port}/"
    tellers = _tellers(config, ledger, notifier, publisher)
    for teller in tellers:
        publisher.listen(teller)
    publisher.listen(_Announcement(url, ready))
    publisher.listen(lambda snapshot: supervision.tell(supervision.ALIVE))  # a tick that hangs is seen from outside
    server = uvicorn.Server(settings(pages, tls, Patient))
    with _at_work(schedule, tellers, sockets, server):
        log.info("event=listening url=%s", url)
        server.run(sockets=sockets)
    return 0


def settings(pages: Starlette, tls: ssl.SSLContext | None, http: type[Patient]) -> uvicorn.Config:
    """How Uvicorn serves the pages: over HTTP/1.1 alone, with patience, and without a word of what is asked for."""
    import uvicorn

    made = uvicorn.Config(
        pages,
        http=http,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    if tls is not None:
        made.load()
        made.ssl = tls
    return made


@contextmanager
def _at_work(
    schedule: Schedule, tellers: Sequence[Teller], sockets: Sequence[socket.socket], server: uvicorn.Server
) -> Iterator[None]:
    """Poll and tell meanwhile. Uvicorn raises SIGTERM again once it has stopped serving; the schedule stops then."""

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True  # one that comes before Uvicorn listens for it must not be lost

    former = signal.signal(signal.SIGTERM, end)
    for teller in tellers:
        teller.start()
    schedule.start()
    supervision.tell(supervision.READY)
    try:
        yield
    finally:
        supervision.tell(supervision.STOPPING)
        ended = schedule.stop()
        for teller in tellers:
            teller.end()
        for one in sockets:
            one.close()
        signal.signal(signal.SIGTERM, former)
    log.info("event=stopped clean=%s", ended)


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


def _tellers(config: Config, ledger: Ledger, notifier: Notifier, publisher: Publisher) -> list[Teller]:
    """Who is told of open records: every Alertmanager, or without one the direct route."""
    standing, alerting = Standing(config, in_ledger(ledger)), config.alerting
    if alerting.alertmanagers:
        posters = [Poster(access, standing, now_instant, publisher.count) for access in alerting.alertmanagers]
        return [Teller("alertmanager", poster) for poster in posters]
    return [] if alerting.direct is None else [Teller("direct", Direct(alerting.direct, notifier, standing))]


class _Announcement:
    """Says once where the agent answers: as soon as every source has been asked."""

    def __init__(self, url: str, ready: Callable[[str], None]) -> None:
        self._url, self._ready, self._said = url, ready, False

    def __call__(self, snapshot: Snapshot) -> None:
        if not self._said and all(source.up is not None for source in snapshot.sources):
            self._said = True
            self._ready(self._url)
