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
    from agent.book import definitions
    from agent.poll import now_instant

    config = load(targets, sources)
    place = "/".join(chosen_indicator(config, indicator)) if indicator else ""
    with open_ledger(ledger) as opened:
        asked = opened, record, place, reason, now_instant(), acts.account()
        act = acts.request_return(*asked) if revert else acts.request_exclusion(*asked, definitions(config))
    say(f"act {act.n}: {act.kind} {act.subject}, asked by {act.account}; another account runs: dabiao approve {act.n}")


def retract(
    number: Annotated[int, typer.Argument(help="The act to take back, as `dabiao acts` numbers it.")],
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Take back a request of your own that nobody has decided yet."""
    from agent import acts
    from agent.poll import now_instant

    with open_ledger(ledger) as opened:
        act = acts.retract(opened, number, now_instant(), acts.account())
    say(f"act {act.n}: {act.account} took back act {number}")


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


def acknowledge(
    indicator: Annotated[str, typer.Argument(help="project/indicator, or the indicator alone where that is clear.")],
    reason: Annotated[str, typer.Option("--reason", help="What is being done about it, or why nothing is.")],
    until: Annotated[str | None, typer.Option("--until", help="The last day it holds: YYYY-MM-DD.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="End it before its day has come.")] = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Say that a target's miss is known of: its alerts are quiet until then, its state stays what it is."""
    from agent import acts
    from agent.config.target import parse_day
    from agent.evaluate import plans_in_force
    from agent.poll import now_instant

    config, now = load(targets, sources), now_instant()
    chosen = chosen_indicator(config, indicator)
    rows = {
        (row.project, row.id): (plan, row)
        for plan in plans_in_force(config.plans, now)
        for project in plan.projects
        for row in project.indicators
    }
    if chosen not in rows:
        raise ConfigError(f"{'/'.join(chosen)}: expected a row of the table in force")
    if lift == (until is not None):
        raise ConfigError("--until and --lift: expected one of them")
    try:
        last = None if until is None else parse_day(until)
    except ValueError as mistake:
        raise ConfigError(f"--until: {mistake}") from None
    with open_ledger(ledger) as opened:
        if last is None:
            act = acts.lift(opened, *rows[chosen], reason, now, acts.account())
            say(f"act {act.n}: {act.account} lifted the acknowledgement of {act.subject}")
        else:
            act = acts.acknowledge(opened, *rows[chosen], last, reason, now, acts.account())
            say(f"act {act.n}: {act.account} acknowledged {act.subject} until {act.body['until']}")


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
