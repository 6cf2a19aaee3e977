"""Commands that answer: how everything stands, and one verdict explained. They write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.choosing import chosen_indicator
from agent.cli.opening import (
    console,
    load,
    open_ledger,
    print_json,
    progress,
    question_of,
)
from agent.cli.options import (
    DEFAULT_LEDGER,
    DEFAULT_SOURCES,
    DEFAULT_TARGETS,
    DOES_NOT_HOLD,
    DONE,
    AsJson,
    AsOf,
    At,
    From,
    LedgerAt,
    Sources,
    System,
    Targets,
    To,
    WindowName,
)
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.config import Config
    from agent.status import Question


def status(
    window: WindowName = None,
    first: From = None,
    last: To = None,
    at: At = None,
    as_of: AsOf = None,
    system: System = None,
    open_records: Annotated[bool, typer.Option("--open", help="The open records nearest to their limit.")] = False,
    owed: Annotated[bool, typer.Option("--owed", help="What people still have to state, and until when.")] = False,
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
    from agent.status import status_answer, zone_of

    if fail_on not in (None, "missed"):
        raise ConfigError(f"--fail-on: expected missed, got {fail_on!r}")
    config = load(targets, None if owed else sources)
    dates = {"from": first, "to": last}
    question = question_of(config, window=window, at=at, as_of=as_of, system=system, **dates)
    if owed:
        return _owed(config, question, ledger, as_json)
    name = window_name(question)
    with (
        open_ledger(ledger, made=False) as opened,
        progress("judging") as advance,
        asked(config, opened, question, now_instant(), advance, verdicts_only=True) as (_, snapshot, tried),
    ):
        pass
    if as_json:
        print_json(status_answer(snapshot, config, name, system, with_open=open_records))
    else:
        shown = terminal.open_records(snapshot, config) if open_records else None
        console().print(
            *terminal.looked_back(question, zone_of(config)),
            *terminal.tried_on(tried),
            shown or terminal.status(snapshot, config, name, system),
            sep="\n",
        )
    missed = any(v.state is State.MISSED and v.system == system and v.window.name == name for v in snapshot.verdicts)
    return DOES_NOT_HOLD if fail_on and missed else DONE


def _owed(config: Config, question: Question, ledger: str, as_json: bool) -> int:
    from agent import owed, terminal
    from agent.poll import now_instant
    from agent.status import Question

    if question != Question(at=question.at):
        raise ConfigError("--owed：只与 --at、--json 和文件选项同用")
    now = now_instant() if question.at is None else question.at
    with open_ledger(ledger, made=False) as opened:
        rows = owed.rows(config, opened, now)
    if as_json:
        print_json(owed.answer(rows, config, now))
    else:
        console().print(terminal.owed(rows))
    return DONE


def explain(
    indicator: Annotated[str, typer.Argument(help="project/indicator, or the indicator alone where that is clear.")],
    window: WindowName = None,
    first: From = None,
    last: To = None,
    at: At = None,
    as_of: AsOf = None,
    system: System = None,
    records: Annotated[
        str | None, typer.Option("--records", help="all, missed, open or excluded: every one, into a CSV file.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The CSV file.")] = None,
    as_json: AsJson = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """The formula in words, the numbers, each record that missed, gaps in the data."""
    from agent import terminal
    from agent.asking import asked, window_name
    from agent.explain import KINDS, listing
    from agent.explain import explain as explained
    from agent.poll import now_instant
    from agent.status import zone_of

    config = load(targets, sources)
    project, name = chosen_indicator(config, indicator)
    dates = {"from": first, "to": last}
    question = question_of(config, window=window, at=at, as_of=as_of, system=system, **dates)
    if records is not None and records not in KINDS:
        raise ConfigError(f"--records: expected one of {', '.join(KINDS)}, got {records!r}")
    if (records is None) != (output is None):
        raise ConfigError("--records and --output: expected both or none")
    alone = project, name.partition("/")[0]
    with (
        open_ledger(ledger, made=False) as opened,
        progress("judging") as advance,
        asked(config, opened, question, now_instant(), advance, alone=alone) as (board, snapshot, tried),
    ):
        about = config, board.ledger, snapshot, project, name, window_name(question), system
        if records is not None and output is not None:
            _write_csv(output, listing(*about, records, advance))
            return
        explanation = explained(*about, tried=tried)
    if as_json:
        print_json(explanation.as_json())
    else:
        told = terminal.explanation(explanation)
        console().print(*terminal.looked_back(question, zone_of(config)), *terminal.tried_on(tried), told, sep="\n")


def _write_csv(output: Path, lines: Iterator[Sequence[str]]) -> None:
    """All lines or, when anything fails, no file; a byte order mark tells Excel that it is UTF-8."""
    import csv

    from agent.explain import safe

    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([safe(cell) for cell in line] for line in lines)
        part.replace(output)
    except OSError as failed:
        raise ConfigError(f"--output: {output}: {failed.strerror}") from failed
    finally:
        part.unlink(missing_ok=True)
