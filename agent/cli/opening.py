"""What the commands share: opening files and ledger, choosing by name, showing progress, printing."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.model import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from agent.book import Registered
    from agent.config import Config
    from agent.ledger import Ledger
    from agent.poll import Round
    from agent.status import Question


def load(targets: Sequence[Path], sources: Path | None) -> Config:
    """The configuration in these files."""
    from agent.config import load
    from agent.measures import MEASURES
    from collectors import COLLECTORS

    return load(targets, sources, measures=MEASURES, collectors=COLLECTORS)


@contextmanager
def open_ledger(url: str, *, made: bool = True) -> Iterator[Ledger]:
    """The ledger at an address, closed at the end; `made` where it is not there, else that is the user's mistake."""
    from agent.ledger import Ledger
    from agent.memory import sweep_seldom

    sweep_seldom()
    ledger = Ledger.open(url, made=made)
    try:
        yield ledger
    finally:
        ledger.close()


def register_all(ledger: Ledger, config: Config, derive: bool) -> Registered:
    """Make the ledger serve this configuration; `derive` catches up at once, with a progress bar."""
    from agent.acts import account
    from agent.book import Proposal, definitions, register
    from agent.poll import now_instant

    registered = register(ledger, definitions(config), Proposal(account(), now_instant()))
    for year, project, indicator in registered.waiting:
        complain(f"{project}/{indicator} ({year}): changed; the former rule holds until approved (dabiao acts)")
    return caught_up(ledger, config) if derive else registered


def served(ledger: Ledger, config: Config) -> Registered:
    """What the ledger serves, as far as these files can derive it. Nothing is registered."""
    from agent.book import current, definitions

    return current(ledger, definitions(config))


def caught_up(ledger: Ledger, config: Config) -> Registered:
    """The same once everything that has begun to be derived is, with a progress bar."""
    from agent.book import catch_up

    registered = served(ledger, config)
    if not registered.building:
        return registered
    with progress("deriving indicators") as advance:
        catch_up(ledger, registered, advance)
    return served(ledger, config)


def rounds_of(config: Config, ledger: Ledger, registered: Registered) -> list[Round]:
    """One round a source, booking into the ledger."""
    from agent.book import Book
    from agent.poll import Round
    from collectors import COLLECTORS

    book = Book(ledger, registered.known)
    return [Round(source, COLLECTORS[source.collector](source.options), book) for source in config.sources]


@contextmanager
def progress(text: str) -> Iterator[Any]:
    """A progress bar on standard error, where a person sees it and a pipe does not."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def console() -> Console:
    """The terminal, or the pipe, that is printed to."""
    from rich.console import Console

    return Console()


def print_json(answer: object) -> None:
    """Print an answer for programs."""
    say(json.dumps(answer, ensure_ascii=False, indent=1))


def complain(line: str) -> None:
    """Print one line where a person looks for what went wrong."""
    print(f"dabiao: {line}", file=sys.stderr)  # noqa: T201 - the terminal


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)  # noqa: T201 - the terminal is where the demonstration speaks


def log_to_stderr(usual: str = "INFO") -> None:
    """Log one line an event; `DABIAO_LOG` sets the level."""
    logging.basicConfig(
        level=os.environ.get("DABIAO_LOG", usual),
        format="%(asctime)s level=%(levelname)s logger=%(name)s %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # what it skips is logged by the schedule
    for noisy in ("alembic", "urllib3", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def question_of(config: Config, **asked: str | None) -> Question:
    """The question behind the options, read by the same rules as the query of the API."""
    from agent.status import question

    return question({name: text for name, text in asked.items() if text is not None}, config)


def chosen_sources(config: Config, names: Sequence[str]) -> list[str]:
    """The sources named, or all; an unknown one is the user's mistake."""
    import difflib

    known = [source.id for source in config.sources]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigError(f"unknown source {name!r}{hint}; known: {', '.join(known)}")
    return list(names) or known
