"""The agent itself, and the agent with the platform in a box."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.demonstrating import alerting, chosen_port, state_for_show
from agent.cli.opening import (
    load,
    log_to_stderr,
    open_ledger,
    register_all,
    rounds_of,
    say,
)
from agent.cli.options import (
    DEFAULT_LEDGER,
    DEFAULT_LISTEN,
    DEFAULT_SOURCES,
    DEFAULT_TARGETS,
    LedgerAt,
    Listen,
    MetricsListen,
    Sources,
    Targets,
    WallTokenFile,
    WebConfig,
)
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.model import Instant


def run(
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
    listen: Listen = DEFAULT_LISTEN,
    web_config: WebConfig = None,
    wall_token_file: WallTokenFile = None,
    metrics_listen: MetricsListen = None,
) -> int:
    """The agent: poll, judge, and serve /metrics, the API, the wallboard and the pages behind it."""
    from agent.doors import Doors
    from agent.serve import serve

    log_to_stderr()
    config, doors = load(targets, sources), Doors(web_config, wall_token_file, metrics_listen)
    with open_ledger(ledger) as opened:
        registered = register_all(opened, config, derive=False)
        return serve(config, opened, rounds_of(config, opened, registered), listen, doors=doors)


def demo(
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="Simulated seconds a second.")] = 1.0,
    targets: Targets = DEFAULT_TARGETS,
    listen: Listen = DEFAULT_LISTEN,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where its data goes; default: a new one.")] = None,
    full: Annotated[bool, typer.Option("--full", help="With real Prometheus and Alertmanager beside it.")] = False,
    web_config: WebConfig = None,
    wall_token_file: WallTokenFile = None,
    metrics_listen: MetricsListen = None,
) -> int:
    """The agent with the platform in a box: ten simulated systems, a year of data, live events. Nothing to install."""
    from agent.demo import beside
    from agent.demo.show import show
    from agent.doors import Doors
    from agent.serve import serve

    log_to_stderr("ERROR")  # in a demonstration sources are meant to fail, and the page shows it
    if full:
        beside.demand(beside.PROMETHEUS, beside.ALERTMANAGER)
        if web_config is not None or metrics_listen is not None:
            raise ConfigError("--full: expected neither --web.config nor --metrics-listen: it asks the agent by itself")
        listen = chosen_port(listen)

    def begin(sources: Path, ledger: str, clock: Callable[[], Instant], ready: Callable[[str], None]) -> int:
        with ExitStack() as running:
            if full:
                sources = running.enter_context(alerting(targets, sources, listen, Path(ledger).parent))
            config = load(targets, sources)
            opened = running.enter_context(open_ledger(ledger))
            state_for_show(config, opened, clock())
            registered = register_all(opened, config, derive=False)
            doors, rounds = Doors(web_config, wall_token_file, metrics_listen), rounds_of(config, opened, registered)
            return serve(config, opened, rounds, listen, clock, ready, demo=True, speed=speed, doors=doors)

    return show(begin, folder, speed, say, targets)
