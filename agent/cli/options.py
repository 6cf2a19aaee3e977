"""The options the commands share, their defaults, and the exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DONE, DOES_NOT_HOLD, MISTAKE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_LEDGER = "data/dabiao.db"

Targets = Annotated[
    list[Path],
    typer.Option("--targets", help="What was promised; repeatable, one file a year.", envvar="DABIAO_TARGETS"),
]
Sources = Annotated[Path, typer.Option("--sources", help="Where it is measured.", envvar="DABIAO_SOURCES")]
LedgerAt = Annotated[str, typer.Option("--ledger", help="SQLite file or postgresql:// URL.", envvar="DABIAO_LEDGER")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
At = Annotated[str | None, typer.Option("--at", help="Judge at this instant, with what is known today.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Judge at this instant, with what was known then.")]
WindowName = Annotated[str | None, typer.Option("--window", help="today, 7d, 30d, month, quarter, ytd or year.")]
From = Annotated[str | None, typer.Option("--from", help="First day (with --to): YYYY-MM-DD.")]
To = Annotated[str | None, typer.Option("--to", help="The day after the last: YYYY-MM-DD.")]
System = Annotated[str | None, typer.Option("--system", help="Only this system.")]
Listen = Annotated[str, typer.Option("--listen", help="Address and port of the web pages and /metrics.")]
WebConfig = Annotated[
    Path | None, typer.Option("--web.config", help="TLS and users, in the web configuration format of Prometheus.")
]
WallTokenFile = Annotated[
    Path | None, typer.Option("--wall-token-file", help="A token that opens the pages, and only these: /?token=…")
]
MetricsListen = Annotated[
    str | None, typer.Option("--metrics-listen", help="Serve /metrics here, and no longer beside the pages.")
]

DEFAULT_TARGETS = [Path("targets.yaml")]
DEFAULT_SOURCES = Path("sources.yaml")
DEFAULT_LISTEN = "127.0.0.1:8046"
