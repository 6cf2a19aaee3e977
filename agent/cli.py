"""The commands; the only file that knows all the others. Heavy imports wait inside the commands that need them."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.model import ConfigError, DabiaoError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.book import Registered
    from agent.config import Config
    from agent.ledger import Ledger
    from agent.model import Instant
    from agent.poll import Round
    from agent.status import Question

DONE, DOES_NOT_HOLD, MISTAKE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_LEDGER = "data/dabiao.db"

app = typer.Typer(
    name="dabiao",
    help="Dabiao (达标): keeps promised indicators in sight, exactly and before they break.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rejects = typer.Typer(help="Rows that could not be read, and trying them again.", no_args_is_help=True)
app.add_typer(rejects, name="rejects")

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

DEFAULT_TARGETS = [Path("targets.yaml")]
DEFAULT_SOURCES = Path("sources.yaml")
DEFAULT_LISTEN = "127.0.0.1:8046"


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 something asked about does not hold, 2 the user's mistake."""
    code = _run()
    # A poll that hangs in a driver cannot be ended; what it had not committed is not in the ledger, so it is left.
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.stdout.flush()
        logging.shutdown()
        os._exit(code)
    raise SystemExit(code)


def _run() -> int:
    try:
        result = app(standalone_mode=False)
    except typer.Exit as ended:
        return int(ended.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except DabiaoError as failed:
        for line in failed.problems if isinstance(failed, ConfigError) else [str(failed)]:
            _complain(line)
        return MISTAKE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as failed:
        if hasattr(failed, "format_message"):  # a bad option, as Typer reports it
            _complain(failed.format_message())
            return MISTAKE
        raise
    return result if isinstance(result, int) else DONE


def _complain(line: str) -> None:
    print(f"dabiao: {line}", file=sys.stderr)  # noqa: T201 - where a person looks for what went wrong


# --- what the commands share ------------------------------------------------------------------------------------------


def _load(targets: Sequence[Path], sources: Path | None) -> Config:
    from agent.config import load
    from agent.measures import MEASURES
    from collectors import COLLECTORS

    return load(targets, sources, measures=MEASURES, collectors=COLLECTORS)


@contextmanager
def _ledger(url: str) -> Iterator[Ledger]:
    from agent.ledger import Ledger

    ledger = Ledger.open(url)
    try:
        yield ledger
    finally:
        ledger.close()


def _register(ledger: Ledger, config: Config, derive: bool) -> Registered:
    """Make the ledger serve this configuration; `derive` catches up at once, with a progress bar."""
    from agent.book import catch_up, current, definitions, register

    wanted = definitions(config)
    registered = register(ledger, wanted)
    if derive and registered.building:
        with _progress("deriving indicators") as advance:
            catch_up(ledger, registered, advance)
        registered = current(ledger, wanted)
    return registered


def _rounds(config: Config, ledger: Ledger, registered: Registered) -> list[Round]:
    from agent.book import Book
    from agent.poll import Round
    from collectors import COLLECTORS

    book = Book(ledger, registered.keys)
    return [Round(source, COLLECTORS[source.collector](source.options), book) for source in config.sources]


@contextmanager
def _progress(text: str) -> Iterator[Any]:
    """A progress bar on standard error, where a person sees it and a pipe does not."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _console() -> Console:
    from rich.console import Console

    return Console()


def _print_json(answer: object) -> None:
    _say(json.dumps(answer, ensure_ascii=False, indent=1))


def _question(config: Config, **asked: str | None) -> Question:
    """The question behind the options, read by the same rules as the query of the API."""
    from agent.status import question

    return question({name: text for name, text in asked.items() if text is not None}, config)


def _chosen(config: Config, names: Sequence[str]) -> list[str]:
    """The sources named, or all; an unknown one is the user's mistake."""
    import difflib

    known = [source.id for source in config.sources]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"unknown source {name!r}{hint} known: {', '.join(known)}")
    return list(names) or known


# --- the commands -----------------------------------------------------------------------------------------------------


@app.command()
def check(
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    _ledger_at: LedgerAt = DEFAULT_LEDGER,
    live: Annotated[bool, typer.Option("--live", help="Also try every source.")] = False,
) -> int:
    """Validate both files, all mistakes at once; --live also tries every source."""
    from agent import terminal

    config = _load(targets, sources)
    trials = [_trial(config, source, 5) for source in _chosen(config, ())] if live else []
    _console().print(terminal.checked(config, trials))
    return DOES_NOT_HOLD if any(trial.reason for trial in trials) else DONE


@app.command("try")
def try_(
    source: Annotated[str, typer.Argument(help="The source to read.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows to show.")] = 5,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    _ledger_at: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Show raw mapped columns beside the Record they become. Writes nothing."""
    from agent import terminal

    config = _load(targets, sources)
    trial = _trial(config, _chosen(config, [source])[0], limit)
    _console().print(terminal.tried(trial, config))
    return DOES_NOT_HOLD if trial.reason else DONE


def _trial(config: Config, name: str, limit: int) -> Any:
    from agent.poll import now_instant, trial
    from collectors import COLLECTORS

    source = next(one for one in config.sources if one.id == name)
    return trial(source, COLLECTORS[source.collector](source.options), now_instant(), limit)


@app.command()
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
    from agent.poll import now_instant

    config = _load(targets, sources)
    names, outcomes = _chosen(config, source or ()), []
    with _ledger(ledger) as opened:
        registered = _register(opened, config, derive=True)
        rounds = {one.source.id: one for one in _rounds(config, opened, registered)}
        with _progress("collecting") as advance:
            for place, name in enumerate(names):
                advance(place, len(names))
                outcomes.append(
                    rounds[name].run(
                        now_instant(), complete=complete, forced=True, allow_withdrawals=confirm_withdrawals
                    )
                )
    _console().print(terminal.collected(outcomes))
    return DOES_NOT_HOLD if any(outcome.reason for outcome in outcomes) else DONE


@app.command()
def status(
    window: WindowName = None,
    first: From = None,
    last: To = None,
    at: At = None,
    as_of: AsOf = None,
    system: System = None,
    open_records: Annotated[bool, typer.Option("--open", help="The open records nearest to their limit.")] = False,
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="missed: exit 1 when a target is missed.")] = None,
    as_json: AsJson = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """The verdicts."""
    from agent import terminal
    from agent.asking import asked, window_name
    from agent.model import State
    from agent.poll import now_instant
    from agent.status import status_answer

    if fail_on not in (None, "missed"):
        raise ConfigError(f"--fail-on: expected missed, got {fail_on!r}")
    config = _load(targets, sources)
    dates = {"from": first, "to": last}
    question = _question(config, window=window, at=at, as_of=as_of, system=system, **dates)
    name = window_name(question)
    with (
        _ledger(ledger) as opened,
        _progress("judging") as advance,
        asked(config, opened, question, now_instant(), advance) as (_, snapshot),
    ):
        pass
    if as_json:
        _print_json(status_answer(snapshot, config, name, system, with_open=open_records))
    elif open_records:
        _console().print(terminal.open_records(snapshot, config))
    else:
        _console().print(terminal.status(snapshot, config, name, system))
    missed = any(v.state is State.MISSED and v.system == system and v.window.name == name for v in snapshot.verdicts)
    return DOES_NOT_HOLD if fail_on and missed else DONE


@app.command()
def explain(
    indicator: Annotated[str, typer.Argument(help="project/indicator, or the indicator alone where that is clear.")],
    window: WindowName = None,
    first: From = None,
    last: To = None,
    at: At = None,
    as_of: AsOf = None,
    system: System = None,
    as_json: AsJson = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """The formula in words, the numbers, each record that missed, gaps in the data."""
    from agent import terminal
    from agent.asking import asked, window_name
    from agent.explain import explain as explained
    from agent.poll import now_instant

    config = _load(targets, sources)
    project, name = _indicator(config, indicator)
    dates = {"from": first, "to": last}
    question = _question(config, window=window, at=at, as_of=as_of, system=system, **dates)
    with (
        _ledger(ledger) as opened,
        _progress("judging") as advance,
        asked(config, opened, question, now_instant(), advance) as (board, snapshot),
    ):
        explanation = explained(config, board.ledger, snapshot, project, name, window_name(question), system)
    if as_json:
        _print_json(explanation.as_json())
    else:
        _console().print(terminal.explanation(explanation))


def _indicator(config: Config, text: str) -> tuple[str, str]:
    import difflib

    from agent.book import all_indicators

    known = [(one.project, one.id) for plan in config.plans for one in all_indicators(plan)]
    found = sorted({place for place in known if text in (place[1], "/".join(place))})
    if len(found) == 1:
        return found[0]
    names = sorted({"/".join(place) for place in (found or known)})
    near = difflib.get_close_matches(text, [name for _, name in known], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    wanted = "one of " + ", ".join(names) if found else "project/indicator"
    raise ConfigError(f"indicator {text!r}: expected {wanted}{hint}")


@app.command()
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

    config = _load(targets, sources)
    place = "/".join(_indicator(config, indicator)) if indicator else ""
    ask = acts.request_return if revert else acts.request_exclusion
    with _ledger(ledger) as opened:
        act = ask(opened, record, place, reason, now_instant(), acts.account())
    _say(f"act {act.n}: {act.kind} {act.subject}, asked by {act.account}; another account runs: dabiao approve {act.n}")


@app.command()
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

    config = _load(targets, sources)
    with _ledger(ledger) as opened:
        book = Book(opened, _register(opened, config, derive=True).keys)
        act = acts.approve(opened, book, number, now_instant(), acts.account())
    _say(f"act {act.n}: {act.account} approved act {number}")


@app.command()
def confirm(
    indicator: Annotated[list[str], typer.Argument(help="project/indicator, as often as wanted.")],
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Confirm how printed rows are read; a reading that changes later is unconfirmed again."""
    from agent import acts
    from agent.poll import now_instant

    config = _load(targets, sources)
    rows = {(row.project, row.id): row for plan in config.plans for one in plan.projects for row in one.indicators}
    chosen = [_indicator(config, text) for text in indicator]
    with _ledger(ledger) as opened:
        for place in chosen:
            act = acts.confirm(opened, rows[place], now_instant(), acts.account())
            _say(f"act {act.n}: {act.account} confirmed {act.subject}")


@app.command("acts")
def acts_(as_json: AsJson = False, ledger: LedgerAt = DEFAULT_LEDGER) -> int:
    """What people did, with the chain of hashes verified."""
    from agent import acts, terminal

    with _ledger(ledger) as opened:
        log, broken = acts.log(opened)
    if as_json:
        _print_json({"acts": [act._asdict() for act in log], "broken_at": None if broken is None else broken.n})
    else:
        _console().print(terminal.acts(log, broken))
    return DONE if broken is None else DOES_NOT_HOLD


@rejects.command("list")
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

    config = _load(targets, sources)
    with _ledger(ledger) as opened:
        found = unresolved(opened, _chosen(config, source or ()), limit)
    if as_json:
        _print_json([one.as_json() for one in found])
    else:
        _console().print(terminal.rejects(found))


@rejects.command("retry")
def rejects_retry(
    source: Annotated[list[str] | None, typer.Argument(help="Only these sources.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Try again what could not be read, with the mapping as it is now."""
    from agent import terminal
    from agent.poll import now_instant, retry

    config = _load(targets, sources)
    names = set(_chosen(config, source or ()))
    with _ledger(ledger) as opened:
        rounds = _rounds(config, opened, _register(opened, config, derive=True))
        outcomes = [retry(one, now_instant()) for one in rounds if one.source.id in names]
    _console().print(terminal.retried(outcomes))
    return DOES_NOT_HOLD if any(outcome.left for outcome in outcomes) else DONE


@app.command()
def recompute(
    targets: Targets = DEFAULT_TARGETS, sources: Sources = DEFAULT_SOURCES, ledger: LedgerAt = DEFAULT_LEDGER
) -> int:
    """Derive everything anew from the records, and say whether anything differed."""
    from agent import terminal
    from agent.book import recompute as compare

    config = _load(targets, sources)
    with _ledger(ledger) as opened:
        registered = _register(opened, config, derive=True)
        with _progress("recomputing") as advance:
            result = compare(opened, registered.keys, advance)
    _console().print(terminal.recomputed(result))
    return DOES_NOT_HOLD if result.differences else DONE


@app.command()
def run(
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
    listen: Listen = DEFAULT_LISTEN,
) -> int:
    """The agent: poll, judge, and serve /metrics, the API and the landing page."""
    from agent.serve import serve

    _log()
    config = _load(targets, sources)
    with _ledger(ledger) as opened:
        registered = _register(opened, config, derive=False)
        return serve(config, opened, _rounds(config, opened, registered), listen)


@app.command()
def demo(
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="Simulated seconds a second.")] = 1.0,
    targets: Targets = DEFAULT_TARGETS,
    listen: Listen = DEFAULT_LISTEN,
    folder: Annotated[Path | None, typer.Option("--folder", help="Where its data goes; default: a new one.")] = None,
) -> int:
    """The agent with the platform in a box: ten simulated systems, a year of data, live events. Nothing to install."""
    from agent.demo.show import show
    from agent.serve import serve

    _log("ERROR")  # in a demonstration sources are meant to fail, and the page shows it

    def begin(sources: Path, ledger: str, clock: Callable[[], Instant], ready: Callable[[str], None]) -> int:
        config = _load(targets, sources)
        with _ledger(ledger) as opened:
            registered = _register(opened, config, derive=False)
            return serve(config, opened, _rounds(config, opened, registered), listen, clock, ready, demo=True)

    return show(begin, folder, speed, _say, targets)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the terminal is where the demonstration speaks


def _log(usual: str = "INFO") -> None:
    logging.basicConfig(
        level=os.environ.get("DABIAO_LOG", usual),
        format="%(asctime)s level=%(levelname)s logger=%(name)s %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("alembic", "apscheduler", "urllib3", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
