"""What a file source keeps in mind between polls: the contents it has read, and the files that may still grow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agent.model import SECOND_US, Poll

DUE_BYTES = 1 << 20

Kept = Mapping[str, Any]  # of one file: size and mtime_ns, and sha256 or since


class Found(NamedTuple):
    """A file as its folder shows it."""

    name: str  # from the folder that is watched
    path: Path
    size: int
    mtime_ns: int

    def looks_like(self, kept: Kept | None) -> bool:
        """Whether what was kept of this name tells, without opening it, that nothing has changed."""
        return kept is not None and (kept["size"], kept["mtime_ns"]) == (self.size, self.mtime_ns)

    def kept_with(self, **more: object) -> Kept:
        """What is kept of it."""
        return {"size": self.size, "mtime_ns": self.mtime_ns, **more}


class Memory:
    """The cursor of one poll, as it grows. Names that are gone stay in it: the same content dropped again is known.

    A complete poll begins with no content known, for what it does not read counts as withdrawn; so does one that
    reads other columns, or the same ones another way.
    """

    def __init__(self, poll: Poll, reading: str, settle: float) -> None:
        """`reading` names the way of reading; `settle` is in seconds."""
        self.reading = reading
        self._now = poll.now
        self._rest = int(settle * SECOND_US)
        self._former = poll.cursor or {}
        self._rested: Mapping[str, Kept] = self._former.get("files", {})
        self._seen: Mapping[str, Kept] = self._former.get("resting", {})
        same = self._former.get("reading") == reading and not poll.complete
        self.files: dict[str, Kept] = dict(self._rested) if same else {}
        self.resting: dict[str, Kept] = {}
        self._digests = {kept["sha256"] for kept in self.files.values()}
        self._unkept_bytes = 0

    def knows(self, file: Found) -> bool:
        """Whether a file is by its looks the one that was read."""
        return file.looks_like(self.files.get(file.name))

    def holds(self, file: Found, digest: str) -> bool:
        """Whether reading this content under this name would change nothing.

        A name whose content changed is always read: going back to what another file says is a change too.
        """
        kept = self.files.get(file.name)
        return digest in self._digests if kept is None else kept["sha256"] == digest

    def keep(self, file: Found, digest: str) -> None:
        """Note that a file's content has been read."""
        self.files[file.name] = file.kept_with(sha256=digest)
        self._digests.add(digest)

    def is_whole(self, file: Found) -> bool:
        """Whether a file has rested long enough, by its own time or (clocks differ) by how long it looks the same."""
        if file.mtime_ns // 1000 + self._rest <= self._now or file.looks_like(self._rested.get(file.name)):
            return True
        seen = self._seen.get(file.name)
        if seen is None or not file.looks_like(seen):
            seen = file.kept_with(since=self._now)
        elif seen["since"] + self._rest <= self._now:
            return True
        self.resting[file.name] = seen
        return False

    def later(self, seconds: float) -> None:
        """Time has passed since the poll began."""
        self._now += int(seconds * SECOND_US)
        self.resting.clear()

    def wait_for(self, file: Found) -> None:
        """Note that a file changed under the reader's hands."""
        self.resting[file.name] = file.kept_with(since=self._now)

    def cursor_if_due(self, file: Found) -> Mapping[str, Any] | None:
        """The cursor after a file, or None where little was read since the last: thousands of small files would else
        each write down all the names."""
        self._unkept_bytes += file.size
        if self._unkept_bytes < DUE_BYTES:
            return None
        self._unkept_bytes = 0
        return self._cursor()

    def cursor_if_changed(self) -> Mapping[str, Any] | None:
        """The cursor after all files; None where it is the former."""
        cursor = self._cursor()
        return None if cursor == self._former else cursor

    def _cursor(self) -> Mapping[str, Any]:
        return {"reading": self.reading, "files": dict(self.files), "resting": dict(self.resting)}
