"""What officers run complains in Chinese, what operators run in English; help is English (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from agent.cli import COMMANDS, app

ROOT = Path(__file__).parents[1]
CHINESE = re.compile("[\u4e00-\u9fff：]")
OFFICERS = (  # rooms, and modules of others, whose mistakes an officer makes
    "acts",
    "book/closings.py",
    "book/period.py",
    "config/arrangement.py",
    "book/registry.py",
    "cli/attesting.py",
    "cli/choosing.py",
    "cli/closing.py",
    "cli/exporting.py",
    "cli/importing.py",
    "cli/making.py",
    "cli/people.py",
    "drafting",
    "evidence",
    "excel",
    "export",
    "report",
    "roundtrip",
    "saving.py",
)
BOTH = {"cli/answers.py"}  # `status --owed` is an officer's, the rest an operator's


def complaints(file: Path) -> Iterator[tuple[int, str]]:
    """The line of each ConfigError whose text stands in it, and that text."""
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "ConfigError" in text else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ConfigError":
            parts = [part.value for given in node.args for part in ast.walk(given) if isinstance(part, ast.Constant)]
            says = "".join(part for part in parts if isinstance(part, str))
            if any(map(str.isalpha, says)):
                yield node.lineno, says


def modules(officers: bool) -> list[Path]:
    files = sorted((ROOT / "agent").rglob("*.py"))
    return [file for file in files if _is_of_officers(file) == officers and _name(file) not in BOTH]


def _name(file: Path) -> str:
    return file.relative_to(ROOT / "agent").as_posix()


def _is_of_officers(file: Path) -> bool:
    return any(_name(file) == one or _name(file).startswith(f"{one}/") for one in OFFICERS)


@pytest.mark.parametrize("officers", [True, False], ids=["officers", "operators"])
def test_a_mistake_is_told_in_the_language_of_who_makes_it(officers: bool) -> None:
    told = [(file, line, text) for file in modules(officers) for line, text in complaints(file)]
    assert len(told) > 20
    wrong = [
        f"{_name(file)}:{line} {text}" for file, line, text in told if (CHINESE.search(text) is not None) != officers
    ]
    assert wrong == []


def test_every_command_and_option_has_a_help_in_english() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name in COMMANDS:
        command = group.commands[name]
        assert command.help is not None
        assert CHINESE.search(command.help.replace("抽样核对表", "")) is None, name
        for one in command.params:
            assert re.search("[A-Za-z]{2}", getattr(one, "help", None) or "as the argument is called"), (name, one.name)
