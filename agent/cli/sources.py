"""Commands that read sources: checking, trying and collecting, what could not be read, and recomputing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.opening import (
    chosen_sources,
    console,
    load,
    open_ledger,
    print_json,
    progress,
    register_all,
    rounds_of,
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

if TYPE_CHECKING:
    from agent.config import Config


def check(
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
    live: Annotated[bool, typer.Option("--live", help="Also try every source.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Also compare with what the ledger serves.")] = False,
) -> int:
    """Validate both files, all mistakes at once; --live also tries every source, --diff shows what would change."""
    from agent import terminal
    from agent.book import changes, definitions

    config = load(targets, sources)
    trials = [_trial(config, source, 5) for source in chosen_sources(config, ())] if live else []
    console().print(terminal.checked(config, trials))
    if diff:
        with open_ledger(ledger, made=False) as opened:
            console().print(terminal.changed(changes(opened, definitions(config))))
    return DOES_NOT_HOLD if any(trial.reason for trial in trials) else DONE


def try_(
    source: Annotated[str, typer.Argument(help="The source to read.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to show.")] = 5,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    _ledger_at: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Show raw mapped columns beside the Record they become. Writes nothing."""
    from agent import terminal

    config = load(targets, sources)
    trial = _trial(config, chosen_sources(config, [source])[0], limit)
    console().print(terminal.tried(trial, config))
    return DOES_NOT_HOLD if trial.reason else DONE


def _trial(config: Config, name: str, limit: int) -> Any:
    from agent.poll import now_instant, trial
    from collectors import COLLECTORS

    source = next(one for one in config.sources if one.id == name)
    return trial(source, COLLECTORS[source.collector](source.options), now_instant(), limit)


def collect(
    source: Annotated[list[str] | None, typer.Argument(help="Sources to read; all when none is named.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
    complete: Annotated[bool, typer.Option("--complete", help="Read everything, not only what changed.")] = False,
    confirm_withdrawals: Annotated[bool, typer.Option(help="Accept that many records are gone.")] = False,
) -> int:
    """One round now, or a backfill; prints what came, changed and was rejected."""
    from agent import terminal
    from agent.acts import account
    from agent.poll import now_instant

    config = load(targets, sources)
    names, outcomes = chosen_sources(config, source or ()), []
    with open_ledger(ledger) as opened:
        registered = register_all(opened, config, derive=True)
        rounds = {one.source.id: one for one in rounds_of(config, opened, registered)}
        with progress("collecting") as advance:
            for place, name in enumerate(names):
                advance(place, len(names))
                outcomes.append(
                    rounds[name].run(
                        now_instant(),
                        complete=complete,
                        forced=True,
                        allow_withdrawals=account() if confirm_withdrawals else None,
                    )
                )
    console().print(terminal.collected(outcomes))
    return DOES_NOT_HOLD if any(outcome.reason for outcome in outcomes) else DONE


def retire(
    source: Annotated[str, typer.Argument(help="A source that is configured no longer.")],
    reason: Annotated[str, typer.Option("--reason", help="Why its records should not count any more.")],
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Withdraw every record of a source that was taken out of the configuration; until then they count on."""
    from agent.acts import account
    from agent.book import Book, sources_that_count
    from agent.poll import now_instant

    config = load(targets, sources)
    if config.source(source) is not None:
        raise ConfigError(f"{source}: is still configured; take it out of {sources} first")
    if not reason.strip():
        raise ConfigError("--reason: expected why, got nothing")
    with open_ledger(ledger, made=False) as opened:
        held = {name: records for name, records in sources_that_count(opened).items() if config.source(name) is None}
        if source not in held:
            known = ", ".join(sorted(held)) or "none"
            raise ConfigError(f"{source}: none of its records counts; configured no longer, and counting: {known}")
        book = Book(opened, served(opened, config).known)
        act = book.retire(source, reason.strip(), now_instant(), account())
    say(f"{source}: {held[source]} records count no more ({act.account}, 第{act.n}条)")


def rejects_list(
    source: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    as_json: AsJson = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """What could not be read."""
    from agent import terminal
    from agent.poll import unresolved

    config = load(targets, sources)
    with open_ledger(ledger, made=False) as opened:
        found = unresolved(opened, chosen_sources(config, source or ()), limit)
    if as_json:
        print_json([one.as_json() for one in found])
    else:
        console().print(terminal.rejects(found))


def rejects_retry(
    source: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Try again what could not be read, with the mapping as it is now."""
    from agent import terminal
    from agent.poll import now_instant, retry

    config = load(targets, sources)
    names = set(chosen_sources(config, source or ()))
    with open_ledger(ledger) as opened:
        rounds = rounds_of(config, opened, served(opened, config))
        outcomes = [retry(one, now_instant()) for one in rounds if one.source.id in names]
    console().print(terminal.retried(outcomes))
    return DOES_NOT_HOLD if any(outcome.left for outcome in outcomes) else DONE


def recompute(
    targets: Targets = DEFAULT_TARGETS, sources: Sources = DEFAULT_SOURCES, ledger: LedgerAt = DEFAULT_LEDGER
) -> int:
    """Derive everything anew from the records, and say whether anything differed."""
    from agent import terminal
    from agent.book import recompute as compare

    config = load(targets, sources)
    with open_ledger(ledger, made=False) as opened, progress("recomputing") as advance:
        result = compare(opened, served(opened, config).known, advance)
    console().print(terminal.recomputed(result))
    return DOES_NOT_HOLD if result.differences else DONE
