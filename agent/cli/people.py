"""Acts of people: taking records out, approving, confirming, and the log of it all."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.choosing import chosen_indicator
from agent.cli.opening import (
    caught_up,
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
    from agent import acts, words
    from agent.book import definitions
    from agent.poll import now_instant

    config = load(targets, sources)
    place = "/".join(chosen_indicator(config, indicator)) if indicator else ""
    with open_ledger(ledger) as opened:
        asked = opened, record, place, reason, now_instant(), acts.account()
        act = acts.request_return(*asked) if revert else acts.request_exclusion(*asked, definitions(config))
    kind = words.ACTS[act.kind]
    say(f"第{act.n}条：{act.account} {kind} {act.subject}；请另一账号运行 dabiao approve {act.n}")


def retract(
    number: Annotated[int, typer.Argument(help="The act to take back, as `dabiao acts` numbers it.")],
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Take back a request of your own that nobody has decided yet."""
    from agent import acts
    from agent.poll import now_instant

    with open_ledger(ledger) as opened:
        act = acts.retract(opened, number, now_instant(), acts.account())
    say(f"第{act.n}条：{act.account} 撤回第{number}条")


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
    say(f"第{act.n}条：{act.account} 批准第{number}条")


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
        raise ConfigError(f"{evidence[0]}：是佐证指标，口径随所属的行确认；应为目标表中的行")
    with open_ledger(ledger) as opened:
        for place in chosen:
            act = acts.confirm(opened, rows[place], now_instant(), acts.account())
            say(f"第{act.n}条：{act.account} 确认口径 {act.subject}")


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
        raise ConfigError(f"{'/'.join(chosen)}：应为现行目标表中的行")
    if lift == (until is not None):
        raise ConfigError("--until 与 --lift：应给出其中一个")
    try:
        last = None if until is None else parse_day(until)
    except ValueError:
        raise ConfigError(f"--until：应为日期，如 2026-12-31，现为“{until}”") from None
    with open_ledger(ledger) as opened:
        if last is None:
            act = acts.lift(opened, *rows[chosen], reason, now, acts.account())
            say(f"第{act.n}条：{act.account} 取消已知晓 {act.subject}")
        else:
            act = acts.acknowledge(opened, *rows[chosen], last, reason, now, acts.account())
            say(f"第{act.n}条：{act.account} 已知晓 {act.subject}，至 {act.body['until']}")


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
