"""Acts of people: taking records out, approving, confirming, and the log of it all."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.opening import (
    caught_up,
    chosen_indicator,
    console,
    load,
    open_ledger,
    print_json,
    say,
    served,
)
from agent.cli.options import (
    DEFAULT_LEDGER,
    DEFAULT_SOURCES,
    DEFAULT_TARGETS,
    DOES_NOT_HOLD,
    DONE,
    AsJson,
    LedgerAt,
    Sources,
    Targets,
)
from agent.model import ConfigError


def exclude(
    record: Annotated[str, typer.Argument(help="source/id, as explain shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is printed beside the record.")],
    indicator: Annotated[str | None, typer.Option("--indicator", help="Only from this one; default: from all.")] = None,
    revert: Annotated[bool, typer.Option("--revert", help="Ask for an excluded record to count again.")] = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Ask for a record to be taken out. It counts on until another account approves."""
    from agent import acts
    from agent.poll import now_instant

    config = load(targets, sources)
    place = "/".join(chosen_indicator(config, indicator)) if indicator else ""
    ask = acts.request_return if revert else acts.request_exclusion
    with open_ledger(ledger) as opened:
        act = ask(opened, record, place, reason, now_instant(), acts.account())
    say(f"act {act.n}: {act.kind} {act.subject}, asked by {act.account}; another account runs: dabiao approve {act.n}")


def approve(
    number: Annotated[int, typer.Argument(help="The act to approve, as `dabiao acts` numbers it.")],
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Approve what another account asked for."""
    from agent import acts
    from agent.book import Book
    from agent.poll import now_instant

    config = load(targets, sources)
    with open_ledger(ledger) as opened:
        book = Book(opened, served(opened, config).known)
        act = acts.approve(opened, book, number, now_instant(), acts.account())
        caught_up(opened, config)
    say(f"act {act.n}: {act.account} approved act {number}")


def confirm(
    indicator: Annotated[list[str], typer.Argument(help="project/indicator, as often as wanted.")],
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Confirm how printed rows are read; a reading that changes later is unconfirmed again."""
    from agent import acts
    from agent.poll import now_instant

    config = load(targets, sources)
    rows = {(row.project, row.id): row for plan in config.plans for one in plan.projects for row in one.indicators}
    chosen = [chosen_indicator(config, text) for text in indicator]
    if evidence := [f"{project}/{id}" for project, id in chosen if (project, id) not in rows]:
        raise ConfigError(f"{evidence[0]}: expected a row of the table; its reading is confirmed with the row's")
    with open_ledger(ledger) as opened:
        for place in chosen:
            act = acts.confirm(opened, rows[place], now_instant(), acts.account())
            say(f"act {act.n}: {act.account} confirmed {act.subject}")


def acts_(as_json: AsJson = False, ledger: LedgerAt = DEFAULT_LEDGER) -> int:
    """What people did, with the chain of hashes verified."""
    from agent import acts, terminal

    with open_ledger(ledger, made=False) as opened:
        log, broken = acts.log(opened)
    if as_json:
        shown = [acts.without_names(act)._asdict() for act in log]
        print_json({"acts": shown, "broken_at": None if broken is None else broken.n})
    else:
        console().print(terminal.acts(log, broken))
    return DONE if broken is None else DOES_NOT_HOLD
