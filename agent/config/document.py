"""A YAML file as plain dicts, lists and texts that know their lines.

Every scalar stays the text it was written as, so that the schema decides what it means. What YAML 1.1 would turn into
something else than it looks like is refused, as are duplicate keys, aliases, merge keys and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from agent.config.problems import Path, Problems

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES = 4_000_000
MOST_LEVELS = 40
NULLS = {"", "~", "null", "Null", "NULL"}
SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
OCTAL = re.compile(r"[-+]?0[0-7_]+")
WORDY_BOOLEAN = re.compile(r"yes|no|on|off", re.IGNORECASE)
NO_NUMBER = re.compile(r"[-+]?\.?(?:nan|inf(?:inity)?)", re.IGNORECASE)
SURPRISES = (
    (SEXAGESIMAL, 'write "{}" in quotes: YAML reads this as a number in base 60'),
    (OCTAL, 'write "{}" in quotes: YAML reads this as an octal number'),
    (WORDY_BOOLEAN, 'write "{}" in quotes: YAML reads this word as true or false'),
    (NO_NUMBER, "{} is no number that can be used"),
)


class Document:
    """One file: its content, and the line of every path in it."""

    def __init__(self, file: str, problems: Problems) -> None:
        """Begin empty; `of_file` fills it."""
        self.file, self.problems = file, problems
        self.content: Any = None
        self.lines: dict[Path, int] = {(): 1}
        self.is_whole = True  # False: what could be read is not all there is, and better not judged
        self._refused: set[Path] = set()

    @classmethod
    def of_file(cls, path: FilePath, problems: Problems) -> Document:
        """Read a file; what is wrong with it is noted in `problems`, and what can be read is read."""
        document = cls(str(path), problems)
        text = document._text(path)
        if document.is_whole:
            document.read(text)
        return document

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest one above it that is written down."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def problem(self, path: Path, message: str) -> None:
        """Note a mistake at a path; of what YAML itself got wrong there nothing more is said."""
        if path not in self._refused:
            self.problems.add(self.file, self.line(path), path, message)

    def warn(self, path: Path, message: str) -> None:
        """Note something that does nothing at a path."""
        self.problems.warn(self.file, self.line(path), path, message)

    def _refuse(self, line: int, path: Path, message: str) -> None:
        self.problems.add(self.file, line, path, message)
        self._refused.add(path)

    def _break(self, line: int, message: str) -> None:
        self.problems.add(self.file, line, (), message)
        self.is_whole = False

    def _text(self, path: FilePath) -> str:
        try:
            raw = path.read_bytes()
        except OSError as error:
            self._break(1, f"cannot be read: {error.strerror}")
            return ""
        if len(raw) > MOST_BYTES:
            self._break(1, f"expected at most {MOST_BYTES} bytes, got {len(raw)}")
            return ""
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._break(raw[: error.start].count(b"\n") + 1, "expected UTF-8 text")
            return ""

    def read(self, text: str) -> None:
        """Take the content of a text; what is wrong with it is noted."""
        try:
            events = iter(yaml.parse(text, Loader=LOADER))
            nodes = (event for event in events if event.__class__.__name__ not in STREAM_EVENTS)
            first = next(nodes, None)
            if first is None:
                self._break(1, "expected keys with values, got nothing")
                return
            self.content = self._value(first, nodes, ())
            second = next(nodes, None)
            if second is not None:
                self._break(_line(second), "expected one document, got a second one")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            says = ", ".join(part for part in (error.context, error.problem) if part)
            self._break(mark.line + 1 if mark else 1, f"no YAML: {says}{hint(text, mark)}")
        except yaml.YAMLError as error:
            self._break(1, f"no YAML: {str(error).splitlines()[0]}")
        except _TooDeepError as error:
            self._break(self.line(error.path), f"expected at most {MOST_LEVELS} levels")

    def _value(self, event: Event, rest: Iterator[Event], path: Path) -> Any:
        self.lines[path] = _line(event)
        if len(path) > MOST_LEVELS:
            raise _TooDeepError(path)
        if isinstance(event, AliasEvent):
            self._refuse(_line(event), path, f"write it out: references such as *{event.anchor} are not taken")
            return None
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            self._refuse(_line(event), path, f"tags such as {event.tag} are not taken")
        if isinstance(event, MappingStartEvent):
            return self._mapping(rest, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(rest, path)
        return self._scalar(event, path) if isinstance(event, ScalarEvent) else None

    def _mapping(self, rest: Iterator[Event], path: Path) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for event in rest:
            if isinstance(event, MappingEndEvent):
                break
            line = _line(event)
            key = self._key(event, rest, path)
            first_line = self.lines.get((*path, key))
            value = self._value(next(rest), rest, (*path, key))
            if key in content:
                self.problems.add(
                    self.file, line, (*path, key), f"duplicate key; it stands on line {first_line} already"
                )
                self.lines[*path, key] = first_line or line
            else:
                self.lines[*path, key] = line
                content[key] = value
        return content

    def _key(self, event: Event, rest: Iterator[Event], path: Path) -> str:
        if not isinstance(event, ScalarEvent):
            self.problems.add(self.file, _line(event), path, "expected a word as key, got a list or mapping")
            self._value(event, rest, (*path, "?"))
            return "?"
        key = self._scalar(event, (*path, event.value))
        if key is None or (key == "<<" and not event.style):
            what = "merge keys (<<) are not taken: write it out" if key else "expected a key, got nothing"
            self._refuse(_line(event), (*path, key or ""), what)
        return key or ""

    def _sequence(self, rest: Iterator[Event], path: Path) -> list[Any]:
        content: list[Any] = []
        for event in rest:
            if isinstance(event, SequenceEndEvent):
                break
            content.append(self._value(event, rest, (*path, len(content))))
        return content

    def _scalar(self, event: ScalarEvent, path: Path) -> str | None:
        text: str = event.value
        if event.style not in (None, ""):
            return text
        if text in NULLS:
            return None
        for pattern, says in SURPRISES:
            if pattern.fullmatch(text):
                self._refuse(_line(event), path, says.format(text))
        return text


STREAM_EVENTS = {"StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"}


class _TooDeepError(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path[:3]


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def hint(text: str, mark: Any) -> str:
    """The commonest reason why a line of these files is no YAML."""
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if line.lstrip(" ").startswith("\t"):
        return "; indent with spaces, not with tabs"
    if re.search(r":\s*[>%@`&*]", line):
        return '; write texts that begin with >, %, @, ` or & in quotes, e.g. target: ">= 95 %"'
    return ""
