"""The commands; the only room that knows all the others. Heavy imports wait inside the commands that need them."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Annotated

import typer

from agent import __version__
from agent.cli import (
    answers,
    attesting,
    closing,
    exporting,
    importing,
    notices,
    notifying,
    people,
    rendering,
    running,
    sources,
)
from agent.cli.opening import complain, say
from agent.cli.options import DONE, INTERRUPTED, MISTAKE
from agent.model import ConfigError, DabiaoError

app = typer.Typer(
    name="dabiao",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _tell_version(asked: bool) -> None:
    if asked:
        say(f"dabiao {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[  # read before a command is looked for
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Dabiao (达标): keeps promised indicators in sight, exactly and before they break."""


rejects = typer.Typer(help="Rows that could not be read, and trying them again.", no_args_is_help=True)
calendar = typer.Typer(help="Holidays and make-up days: what is known, and taking over a notice.", no_args_is_help=True)
app.add_typer(rejects, name="rejects")
notify = typer.Typer(help="Messages to people.", no_args_is_help=True)
app.add_typer(calendar, name="calendar")
app.add_typer(notify, name="notify")

COMMANDS: dict[str, Callable[..., int | None]] = {
    "check": sources.check,
    "try": sources.try_,
    "collect": sources.collect,
    "status": answers.status,
    "explain": answers.explain,
    "attest": attesting.attest,
    "export": exporting.export,
    "import": importing.import_,
    "import-targets": importing.import_targets,
    "exclude": people.exclude,
    "approve": people.approve,
    "retract": people.retract,
    "confirm": people.confirm,
    "acknowledge": people.acknowledge,
    "acts": people.acts_,
    "retire": sources.retire,
    "recompute": sources.recompute,
    "render": rendering.render,
    "close": closing.close,
    "verify": closing.verify,
    "closed": closing.closed,
    "sample": closing.sample,
    "run": running.run,
    "demo": running.demo,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
rejects.command("list")(sources.rejects_list)
rejects.command("retry")(sources.rejects_retry)
calendar.command("import")(notices.calendar_import)
calendar.command("show")(notices.calendar_show)
notify.command("test")(notifying.notify_test)


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
            complain(line)
        return MISTAKE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as failed:
        if hasattr(failed, "format_message"):  # a bad option, as Typer reports it
            complain(failed.format_message())
            return MISTAKE
        raise
    return result if isinstance(result, int) else DONE
