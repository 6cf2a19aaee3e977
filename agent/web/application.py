"""The routes. Everything but a question about another time is answered from the Snapshot published last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from agent.config import Config
from agent.metrics import Exposition
from agent.model import SECOND_US, ConfigError, Instant, LedgerError, Snapshot
from agent.notify import Notifier, Sent
from agent.status import Json, Question, question, status_answer
from agent.web import indicator, systems
from agent.web.countdowns import Countdowns
from agent.web.headers import SecurityHeaders
from agent.web.indicator import Accounting
from agent.web.negotiation import offer, takes_gzip
from agent.web.notifying import Webhook
from agent.web.pages import (
    INDICATOR,
    INDICATORS,
    SOURCES,
    STALE_SECONDS,
    SYSTEM,
    WALL,
    Names,
    Page,
    Pages,
    indicator_address,
)
from agent.web.tables import indicators, sources
from agent.web.wall import WINDOW, Wall

NOT_YET = "the first figures are not there yet"

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"  # beside the code in a checkout, absent once installed

Clock = Callable[[], Instant]
Answer = Callable[[Question], Json]


class Publisher(Protocol):
    """Where the newest Snapshot is found."""

    def snapshot(self) -> Snapshot | None:
        """The newest Snapshot; None before the first."""

    def own(self) -> Mapping[tuple[str, ...], float]:
        """The agent's own counters."""


def app(
    publisher: Publisher,
    config: Config,
    clock: Clock,
    answer: Answer,
    account: Accounting | None = None,
    *,
    notifier: Notifier | None = None,
    sent: Callable[[], Sequence[Sent]] | None = None,
    demo: bool = False,
    speed: float = 1.0,
    layers: Sequence[Middleware] = (),
) -> Starlette:
    """The agent's web application.

    `clock` tells a stalled tick and counts down; `speed` of its seconds pass in one. `answer` is asked what the
    Snapshot does not hold (other days, another time): it gives what `status_answer` gives, may raise ConfigError or
    LedgerError, and runs in a thread, one at a time; so does `account`, for all that is told of one verdict. `notifier`
    sends what is posted to /notify/<route>. `sent` gives the messages a chat group has received; without it the
    wallboard has no place for them. `layers` stand before the pages and say who may read them.
    """
    webhook = [] if notifier is None else [Route("/notify/{route}", Webhook(notifier, clock).notify, methods=["POST"])]
    site = Site(publisher, config, clock, answer, account, sent, demo, speed)
    return Starlette(
        routes=[
            Route("/", site.wall),
            Route("/indicators", site.indicators),
            Route("/sources", site.sources),
            Route("/indicators/{project}/{indicator:path}", site.indicator),
            Route("/systems/{system}", site.system),
            Route("/metrics", site.metrics),
            Route("/healthz", site.health),
            Route("/readyz", site.ready),
            Route("/api/v1/status", site.status),
            *webhook,
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            *([Mount("/runbooks", StaticFiles(directory=RUNBOOKS))] if RUNBOOKS.is_dir() else []),
        ],
        middleware=[Middleware(SecurityHeaders), *layers],
        exception_handlers={HTTPException: refused},
    )


class Site:
    """The endpoints and what they share."""

    def __init__(
        self,
        publisher: Publisher,
        config: Config,
        clock: Clock,
        answer: Answer,
        account: Accounting | None,
        sent: Callable[[], Sequence[Sent]] | None,
        demo: bool,
        speed: float,
    ) -> None:
        self._publisher, self._config, self._clock, self._answer = publisher, config, clock, answer
        self._account, self._sent, self._speed = account, sent, speed
        process = CollectorRegistry()
        ProcessCollector(registry=process)
        self._exposition = Exposition(config, process)
        self._pages, self._names = Pages(config, demo), Names(config)
        self._countdowns = Countdowns(config, self._names)
        self._wall = Wall(config, self._names, self._countdowns)
        self._answering = asyncio.Lock()

    async def metrics(self, request: Request) -> Response:
        """All series, in the format the scraper likes best."""
        rendered = self._exposition.render(self._publisher.snapshot(), self._publisher.own())
        wanted = offer(request.headers.get("accept", ""))
        zipped = takes_gzip(request.headers.get("accept-encoding", ""))
        match wanted.is_openmetrics, zipped:
            case True, True:
                body = rendered.openmetrics_gzip
            case True, False:
                body = rendered.openmetrics
            case False, True:
                body = rendered.text_gzip
            case _:
                body = rendered.text
        headers = {"Content-Type": wanted.content_type, "Vary": "Accept, Accept-Encoding"}
        return Response(body, headers=headers | ({"Content-Encoding": "gzip"} if zipped else {}))

    async def health(self, request: Request) -> Response:
        """Whether the process lives and the tick goes on. Before the first Snapshot it may still be catching up."""
        snapshot = self._publisher.snapshot()
        if snapshot is None:
            return PlainTextResponse("ok: starting\n")
        if (age := self._age(snapshot, self._clock())) >= STALE_SECONDS:
            return PlainTextResponse(f"stalled: the last tick was {age:.0f} s ago\n", 503)
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        """Whether there are figures."""
        if (snapshot := self._publisher.snapshot()) is None:
            return PlainTextResponse(f"not ready: {NOT_YET}\n", 503)
        if any(
            one.kind == "ledger" for one in snapshot.findings
        ):  # why is told on the pages: this is open to everybody
            return PlainTextResponse("not ready: the ledger cannot be used\n", 503)
        return PlainTextResponse("ok\n")

    async def status(self, request: Request) -> Response:
        """What `dabiao status --json` prints."""
        try:
            asked = question(_parameters(request), self._config)
            if not asked.is_of_now:
                async with self._answering:
                    return JSONResponse(await run_in_threadpool(self._answer, asked))
        except ConfigError as mistake:
            return JSONResponse({"error": "; ".join(mistake.problems)}, 400)
        except LedgerError as failed:
            return JSONResponse({"error": str(failed)}, 503)
        if (snapshot := self._publisher.snapshot()) is None:
            return JSONResponse({"error": NOT_YET}, 503, {"Retry-After": "5"})
        return JSONResponse(
            status_answer(snapshot, self._config, asked.window, asked.system, with_open=asked.with_open)
        )

    async def wall(self, request: Request) -> Response:
        """The wallboard, the page a person sees first."""
        sent = None if self._sent is None else self._sent()
        return self._page(WALL, lambda snapshot, now: self._wall.parts(snapshot, now, sent))

    async def indicators(self, request: Request) -> Response:
        """Every indicator with its evidence."""
        return self._page(INDICATORS, lambda snapshot, now: indicators(self._names, snapshot))

    async def sources(self, request: Request) -> Response:
        """Systems, sources and findings."""
        return self._page(SOURCES, lambda snapshot, now: sources(self._config, snapshot))

    async def indicator(self, request: Request) -> Response:
        """All that is told of one indicator."""
        project, id = request.path_params["project"], request.path_params["indicator"]
        if (project, id) not in self._names.indicators or self._account is None:
            raise HTTPException(404)
        snapshot = self._publisher.snapshot()
        found = [
            one
            for one in (() if snapshot is None else snapshot.verdicts)
            if (one.project, one.indicator, one.window.name, one.system) == (project, id, WINDOW, None)
        ]
        page = INDICATOR._replace(title=self._names.indicator(project, id))
        if not found:
            return self._page(
                page._replace(refresh_seconds=WALL.refresh_seconds), lambda snapshot, now: {}, ready=False
            )
        try:
            async with self._answering:
                account = await run_in_threadpool(self._account, found[0])
        except (ConfigError, LedgerError) as failed:
            return PlainTextResponse(f"{failed}\n", 503)
        made = {**indicator.parts(account, self._names), "to_evidence": lambda id: indicator_address(project, id)}
        return self._page(page, lambda snapshot, now: made)

    async def system(self, request: Request) -> Response:
        """Everything about one system."""
        if (found := systems.find(self._config, request.path_params["system"], self._clock())) is None:
            raise HTTPException(404)
        page = SYSTEM._replace(title=found.name)
        return self._page(
            page, lambda snapshot, now: systems.parts(self._config, self._countdowns, found, snapshot, now)
        )

    def _page(
        self, page: Page, parts: Callable[[Snapshot, Instant], Mapping[str, object]], *, ready: bool = True
    ) -> Response:
        """A page of the newest Snapshot, with what it is made of."""
        snapshot, now = self._publisher.snapshot() if ready else None, self._clock()
        made = {} if snapshot is None else parts(snapshot, now)
        stopped = snapshot is not None and self._age(snapshot, now) >= STALE_SECONDS
        return HTMLResponse(self._pages.render(page, snapshot, now, made, stopped=stopped))

    def _age(self, snapshot: Snapshot, now: Instant) -> float:
        """Seconds since the tick that made it, as they pass for those who look at it."""
        return (now - snapshot.as_of) / SECOND_US / self._speed


def _parameters(request: Request) -> dict[str, str]:
    """The query parameters, each at most once."""
    pairs = request.query_params.multi_items()
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError([f"{name}: expected once, got {names.count(name)} times" for name in twice])
    return dict(pairs)


async def refused(request: Request, error: Exception) -> Response:
    """An address that is not there, or a method it does not take: JSON below /api/, else plain text."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
