"""The user's mistakes in the YAML files: each with file, line, path and what was expected; all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from agent.model import ConfigError

Path = tuple[str | int, ...]
MISSING = "is missing"


class Problem(NamedTuple):
    """One mistake. Problems sort by file, then line."""

    file: str
    line: int
    path: Path
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place}: {dotted(self.path)}: {self.message}" if self.path else f"{place}: {self.message}"

    def is_explained_by(self, other: Problem) -> bool:
        """Whether this key is missing because the other one, beside it, is its misspelling."""
        return (
            self.message == MISSING
            and (self.file, self.path[:-1]) == (other.file, other.path[:-1])
            and other.message.startswith("unknown key ")
            and other.message.endswith(f"did you mean {self.path[-1]!r}?")
        )


class Problems:
    """Collects mistakes and warnings until all is read. `hide` takes a secret out of every message."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: list[Problem] = []
        self._warnings: list[Problem] = []
        self._secrets: dict[str, str] = {}

    def add(self, file: str, line: int, path: Path, message: str) -> None:
        """Note a mistake."""
        self._found.append(Problem(file, line, path, self._without_secrets(message)))

    def warn(self, file: str, line: int, path: Path, message: str) -> None:
        """Note something configured that does nothing."""
        self._warnings.append(Problem(file, line, path, self._without_secrets(message)))

    def hide(self, secret: str, spelled: str) -> None:
        """From now on show `spelled`, as it stands in the file, where a message would quote the secret."""
        for form in {secret, repr(secret)[1:-1]}:
            self._secrets[form] = spelled

    def raise_any(self) -> None:
        """Raise all mistakes in one ConfigError, if there are any."""
        if self._found:
            raise ConfigError([str(problem) for problem in _sorted(self._found) if not self._is_explained(problem)])

    def warnings(self) -> tuple[str, ...]:
        """The warnings, in the order of the files."""
        return tuple(str(problem) for problem in _sorted(self._warnings))

    def _is_explained(self, problem: Problem) -> bool:
        return any(problem.is_explained_by(other) for other in self._found)

    def _without_secrets(self, message: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            message = message.replace(secret, self._secrets[secret])
        return message


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(
        set(problems), key=lambda problem: (problem.file, problem.line, dotted(problem.path), problem.message)
    )


def dotted(path: Path) -> str:
    """`projects.platform-ops.indicators.x.target[1].from`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def unknown(what: str, got: str, known: Iterable[str]) -> str:
    """`unknown record kind 'falt'; did you mean 'fault'?`, or what is known where nothing comes close."""
    names: Sequence[str] = sorted(known)
    near = get_close_matches(got, names, n=1)
    if near:
        return f"unknown {what} {got!r}; did you mean {near[0]!r}?"
    return f"unknown {what} {got!r}; known: {', '.join(names) or 'none'}"
