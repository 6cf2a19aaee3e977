"""Reading a pack that may be anybody's: its files by name, each within limits, tables row by row."""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from io import BufferedReader, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from agent.evidence.archive import CHUNK, HEAD, BrokenError, Member, members
from agent.evidence.manifest import MANIFEST
from agent.evidence.writing import BOM

MOST_AT_ONCE = 256 << 20  # bytes of a file that is read as a whole
LONGEST_LINE = 16 << 20
SIGNED = slice(0, 14)  # of a file's header: what is the same for all
FIRST, LONGEST_HEAD = b"README.md", 64  # what a pack begins with
MOST_OF_ENDING = 1 << 20
MOST_TIMES = 500  # a table of records with ids does not become smaller than this


class Pack:
    """One pack, open for reading. A file whose content is not what its header says is a BrokenError."""

    def __init__(self, path: Path) -> None:
        """Read where everything stands; OSError where there is no such file."""
        self.path = path
        with path.open("rb") as whole:
            self.members = {member.name: member for member in members(whole)}

    def sha256(self) -> str:
        """The SHA-256 of the whole."""
        with self.path.open("rb") as whole:
            return _hashed(whole, None)[0]

    def hash_of(self, name: str) -> str:
        """The SHA-256 of a file's content."""
        with self._section(name) as section:
            hashed, checksum = _hashed(section, self.members[name])
        if checksum != self.members[name].checksum:
            raise BrokenError(name, "与文件头的CRC相符", "内容被改动")
        return hashed

    def content(self, name: str) -> bytes:
        """A file as a whole."""
        if self.members[name].size > MOST_AT_ONCE:
            raise BrokenError(name, f"至多 {MOST_AT_ONCE >> 20} MB", f"{self.members[name].size >> 20} MB")
        with self._section(name) as section:
            return section.read()

    def rows(self, name: str) -> Iterator[list[str]]:
        """The rows of a table, the names of its columns first."""
        csv.field_size_limit(LONGEST_LINE)
        try:
            yield from csv.reader(self._lines(name), strict=True)
        except (csv.Error, OSError, EOFError, zlib.error, UnicodeDecodeError) as failed:
            raise BrokenError(name, "表格", "读不成表格") from failed

    def _lines(self, name: str) -> Iterator[str]:
        most = self.members[name].size * MOST_TIMES + CHUNK
        with self._section(name) as section:
            packed = gzip.GzipFile(fileobj=section) if name.endswith(".gz") else section
            text, first = TextIOWrapper(packed, encoding="utf-8", newline=""), True
            while line := text.readline(LONGEST_LINE):
                most -= len(line)
                if most < 0 or len(line) == LONGEST_LINE:
                    raise BrokenError(name, "与其大小相称的表格", "解压后过大")
                yield line.removeprefix(BOM) if first else line
                first = False

    def _section(self, name: str) -> BufferedReader:
        return BufferedReader(_Section(self.path, self.members[name]), CHUNK // 16)


def looks_like_one(path: Path) -> bool:
    """Whether a file that is no whole pack was one: it begins as a container of ours does, or names a pack's files."""
    with path.open("rb") as whole:
        head = whole.read(LONGEST_HEAD)
        if head[SIGNED] == HEAD[SIGNED] or FIRST in head:
            return True
        whole.seek(max(0, whole.seek(0, 2) - MOST_OF_ENDING))
        return MANIFEST.encode() in whole.read()


class _Section(RawIOBase):
    """The content of one file, with a place of its own."""

    def __init__(self, path: Path, member: Member) -> None:
        super().__init__()
        self._file: BinaryIO = path.open("rb")
        self._file.seek(member.offset)
        self._left = member.size

    def readable(self) -> bool:
        return True

    def readinto(self, into: object) -> int:
        view = memoryview(into).cast("B")  # type: ignore[arg-type]
        part = self._file.read(min(len(view), self._left))
        view[: len(part)] = part
        self._left -= len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _hashed(stream: BinaryIO | BufferedReader, member: Member | None) -> tuple[str, int]:
    hashed, checksum = hashlib.sha256(), 0
    while part := stream.read(CHUNK):
        hashed.update(part)
        checksum = zlib.crc32(part, checksum) if member is not None else 0
    return hashed.hexdigest(), checksum
