"""`${env:NAME}` and `${file:PATH}` in sources.yaml: filled in while loading, and shown nowhere after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from agent.config.document import Document
from agent.config.problems import Path

REFERENCE = re.compile(r"\$\{([^}]*)\}")
KNOWN = re.compile(r"(env|file):(.+)", re.DOTALL)


class Secrets:
    """Fills in the references of one document. `paths` are the places that hold something secret afterwards."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        """Take the document and the environment to read."""
        self.document, self.environ = document, environ
        self.paths: set[Path] = set()

    def filled(self, raw: Any, path: Path = ()) -> Any:
        """The same content with every reference replaced; one that cannot be is noted with its line."""
        if isinstance(raw, Mapping):
            return {key: self.filled(value, (*path, key)) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self.filled(value, (*path, number)) for number, value in enumerate(raw)]
        if isinstance(raw, str) and "${" in raw:
            self.paths.add(path)
            return REFERENCE.sub(lambda found: self._value(found, path), raw)
        return raw

    def _value(self, found: re.Match[str], path: Path) -> str:
        known = KNOWN.fullmatch(found[1])
        if known is None:
            self.document.problem(path, f"expected ${{env:NAME}} or ${{file:PATH}}, got {found[0]}")
            return found[0]
        kind, name = known.groups()
        value = self._environment(name, path) if kind == "env" else self._file(name, path)
        if value is None:
            return found[0]
        self.document.problems.hide(value, found[0])
        return value

    def _environment(self, name: str, path: Path) -> str | None:
        value = self.environ.get(name)
        if not value:
            self.document.problem(path, f"environment variable {name} is {'not set' if value is None else 'empty'}")
            return None
        return value

    def _file(self, name: str, path: Path) -> str | None:
        try:
            value = FilePath(self.document.file).parent.joinpath(name).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
            self.document.problem(path, f"secret file {name}: {reason}")
            return None
        if not value:
            self.document.problem(path, f"secret file {name} is empty")
            return None
        return value
