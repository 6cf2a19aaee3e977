"""The `file` collector: one file, or a folder into which files are dropped.

It goes by content. A file whose size and time of change are known is not opened; one that was only touched, or is a
copy or a new name of what was read before, changes nothing; one whose content changed is read again in full.
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from agent.model import CollectError, Instant, Page, Poll
from agent.wire.seconds import Seconds
from collectors.file_memory import Found, Memory
from collectors.layout import Chunk, Layout, UnreadableFile
from collectors.period import period_of
from collectors.readers import READERS, format_of

TEMPORARY = ("~$*", ".*", "*.tmp", "*.part")
FAULTS_NAMED = 5
PATIENCE_SECONDS = 5.0  # how long somebody who waits for a round may be kept waiting for a file


def _named(path: str) -> str:
    if not path or path.endswith("/"):
        raise ValueError("expected a file or a pattern of files, e.g. inbox/*.csv")
    return path


class OverdueError(CollectError):
    """The poll has taken all the time it may."""


class FileOptions(Layout):
    """What a `file` source may say beside its mapping."""

    path: Annotated[str, AfterValidator(_named)]  # from the working directory; with *, ** or ? a drop folder is watched
    # How long a file must have rested before it is taken to be whole.
    settle: Seconds = Field(default=2.0, ge=0, le=86_400)
    # What one file is about, by the date in its name; without it the files together tell everything until now.
    period: Literal["day", "month"] | None = None
    zone: str = "UTC"  # the source's time zone

    @model_validator(mode="after")
    def _format_is_known(self) -> FileOptions:
        if self.format is None and not self.path.endswith("*") and format_of(self.path) is None:
            raise ValueError(f"path: expected one of the endings {', '.join(READERS)}, or a format beside it")
        return self


class FileCollector:
    """Reads the files that are new or changed, oldest first; a bad one does not keep the others from being read."""

    Options: ClassVar[type[BaseModel]] = FileOptions
    mapping: ClassVar[Mapping[str, Any]] = {}
    revisions: ClassVar[bool] = True

    def __init__(self, options: FileOptions) -> None:
        """Open nothing yet."""
        self.options = options
        # What was found unreadable in the last poll: it is not read again before it changes.
        self._unreadable: dict[tuple[str, Found], str] = {}

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """The rows of each new or changed file, then a page of what is kept in mind.

        Raises CollectError at the very end, naming each file that could not be read. Time counts as covered only
        when no file was left out, be it bad or still being written; with `period`, each file covers its own.
        """
        memory = Memory(poll, self.options.digest(poll.columns), self.options.settle)
        unreadable: dict[tuple[str, Found], str] = {}
        faults: list[str] = []
        for file in self._rested(poll, memory):
            if memory.knows(file) or not memory.is_whole(file):
                continue
            try:
                yield from self._read(file, poll, memory)
            except UnreadableFile as error:
                unreadable[memory.reading, file] = str(error)
                faults.append(f"{file.name}: {error}")
            except OSError as error:
                faults.append(f"{file.name}: {error.strerror or 'cannot be read'}")
            except OverdueError as error:
                faults.append(f"{file.name}: {error}")
                break  # what was read so far is kept, so the next poll gets further
        self._unreadable = unreadable
        if poll.complete:
            faults += [f"{name}: still being written, so not everything could be read" for name in memory.resting]
        covers = None if faults or memory.resting or self.options.period else (0, poll.now)
        yield Page(cursor=memory.cursor_if_changed(), covers=covers)
        if faults:
            more = [f"and {len(faults) - FAULTS_NAMED} more files"] if len(faults) > FAULTS_NAMED else []
            raise CollectError("; ".join(faults[:FAULTS_NAMED] + more))

    def _rested(self, poll: Poll, memory: Memory) -> Sequence[Found]:
        """The files there are. Somebody who waits for this very round is given what is whole a moment later."""
        found = self._found()
        if not poll.patient or self.options.settle > PATIENCE_SECONDS:
            return found
        if all(memory.knows(file) or memory.is_whole(file) for file in found):
            return found
        time.sleep(self.options.settle)
        memory.later(self.options.settle)
        return self._found()

    def _read(self, file: Found, poll: Poll, memory: Memory) -> Iterator[Page]:
        """The rows of one file. Only its last page may carry a cursor: a file half booked is read again."""
        if (memory.reading, file) in self._unreadable and not poll.complete:
            raise UnreadableFile(self._unreadable[memory.reading, file])
        _check_deadline(poll)
        covers = self._covers(file, poll)
        with file.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if memory.holds(file, digest):
            memory.keep(file, digest)
            if covers is not None:
                yield Page(covers=covers)
            return
        last: Chunk | None = None
        for chunk in self._chunks(file, poll):
            _check_deadline(poll)
            if last is not None:
                yield _page(file, last, None)
            last = chunk
        if _looks(file.name, file.path) != file:
            memory.wait_for(file)
            return
        memory.keep(file, digest)
        yield _page(file, last or Chunk([], [], []), memory.cursor_if_due(file), covers, ends=True)

    def _covers(self, file: Found, poll: Poll) -> tuple[Instant, Instant] | None:
        """The period of one file, as far as it had passed when the file was written last."""
        if self.options.period is None:
            return None
        told = period_of(file.name, self.options.period, self.options.zone)
        if told is None:
            example = "2026-03" if self.options.period == "month" else "2026-03-02"
            raise UnreadableFile(f"expected a {self.options.period} such as {example} in its name")
        until = min(told[1], file.mtime_ns // 1000, poll.now)
        return (told[0], until) if told[0] < until else None

    def _chunks(self, file: Found, poll: Poll) -> Iterator[Chunk]:
        form = self.options.format or format_of(file.name)
        if form is None:
            raise UnreadableFile(f"expected one of the endings {', '.join(READERS)}")
        return READERS[form](file.path, file.name, self.options, poll.columns)

    def _found(self) -> list[Found]:
        """The files there are, oldest first, so that of two that say different things the later one holds."""
        try:
            files = list(self._matching()) if glob.has_magic(self.options.path) else [self._single()]
        except OSError as error:
            raise CollectError(f"{self.options.path}: {error.strerror or 'cannot be read'}") from None
        return sorted(files, key=lambda file: (file.mtime_ns, file.name))

    def _single(self) -> Found:
        path = Path(self.options.path)
        file = _looks(path.name, path)
        if file is None:
            raise CollectError(f"no such file: {path}")
        return file

    def _matching(self) -> Iterator[Found]:
        parts = Path(self.options.path).parts
        fixed = next(place for place, part in enumerate(parts) if glob.has_magic(part))
        folder = Path(*parts[:fixed])
        with os.scandir(folder):  # glob takes a folder that is missing or closed to us for an empty one
            pass
        for path in folder.glob(str(Path(*parts[fixed:]))):
            name = path.relative_to(folder)
            file = None if any(map(_is_temporary, name.parts)) else _looks(name.as_posix(), path)
            if file is not None:
                yield file


def _check_deadline(poll: Poll) -> None:
    if time.monotonic() > poll.deadline:
        raise OverdueError("not read to its end within the time a poll may take")


def _is_temporary(part: str) -> bool:
    return any(fnmatch(part.lower(), pattern) for pattern in TEMPORARY)


def _looks(name: str, path: Path) -> Found | None:
    """A file as its folder shows it now; None for what is gone or no plain file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Found(name, path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _page(
    file: Found,
    chunk: Chunk,
    cursor: Mapping[str, Any] | None,
    covers: tuple[Instant, Instant] | None = None,
    *,
    ends: bool = False,
) -> Page:
    return Page(chunk.rows, file.name, chunk.numbers, cursor, covers, rejects=chunk.rejects, ends=ends)
