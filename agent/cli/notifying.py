"""Messages to people: trying whether a route delivers."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.opening import load, say
from agent.cli.options import DEFAULT_SOURCES, DEFAULT_TARGETS, DOES_NOT_HOLD, DONE, Sources, Targets
from agent.model import ConfigError


def notify_test(
    route: Annotated[str, typer.Argument(help="A route of alerting.routes in sources.yaml.")],
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
) -> int:
    """Send a test message by a route, and say what came of it. Where the route itself fails its fallback is tried."""
    from agent.config.problems import unknown
    from agent.notify import Item, Message, Notifier, Outbox
    from agent.poll import now_instant
    from agent.shown import moment
    from agent.status import zone_of

    config = load(targets, sources)
    routes = config.alerting.routes
    if route not in routes:
        raise ConfigError(unknown("route", route, routes))
    now = now_instant()
    says = f"【测试】{config.plans[-1].organisation} 达标监测的测试消息，{moment(now, zone_of(config))} 发出，请勿处理"
    attempts = Notifier(routes, Outbox(), now_instant).send(route, Message((Item(says),)), now)
    for attempt in attempts:
        say(f"{attempt.route}: {'delivered' if attempt.reason is None else f'not delivered: {attempt.reason}'}")
    return DONE if attempts[0].reason is None else DOES_NOT_HOLD
