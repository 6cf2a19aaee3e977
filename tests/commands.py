"""A command run in this process, which is quicker than a new one: how it ended and what it printed."""

from __future__ import annotations

import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer

from agent.cli import _run as ending_of_command
from agent.cli import app


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a command."""

    code: int
    told: str
    complained: str


def dabiao(folder: Path, *arguments: str) -> Ended:
    """Run `dabiao` with these arguments in a folder, without the DABIAO_ variables of whoever runs the tests."""
    told, complained = StringIO(), StringIO()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DABIAO_")}
    with (
        chdir(folder),
        patch.dict(os.environ, clean | {"COLUMNS": "100"}, clear=True),
        patch.object(sys, "argv", ["dabiao", *arguments]),
        redirect_stdout(told),
        redirect_stderr(complained),
    ):
        code = ending_of_command()
    return Ended(code, told.getvalue(), complained.getvalue())


@cache
def _commands() -> Any:
    """Every command with its options, which take as long to make as most commands take to run."""
    return typer.main.get_command(app)


def invoke(*arguments: str) -> Any:
    """What a command returns; what it raises comes through, and what it prints is pytest's to catch."""
    return _commands()(list(arguments), prog_name="dabiao", standalone_mode=False)
