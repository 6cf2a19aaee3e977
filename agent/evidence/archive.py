"""The container of a pack: a plain zip of stored files whose every byte follows from their names and contents.

No dates, attributes or extra fields, nothing between the files and nothing after them: so one changed byte anywhere is
found, and any unzip program opens it. What compresses well is compressed before it comes here.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

from agent.model import ConfigError

LOCAL, CENTRAL, ENDING = Struct("<4s5H3L2H"), Struct("<4s6H3L5H2L"), Struct("<4s4H2LH")
LOCAL_SIGN, CENTRAL_SIGN, ENDING_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
VERSION, MADE_ON_UNIX, STORED, NO_TIME, FIRST_DAY = 20, 3 << 8 | 20, 0, 0, 1 << 5 | 1  # 1980-01-01
A_FILE = 0o100644 << 16
LARGEST = (1 << 32) - 1  # of a file and of the whole; what is larger would need another format
MOST_FILES = (1 << 16) - 1
CHUNK = 1 << 20
NAME = re.compile(r"[A-Za-z0-9%_-][A-Za-z0-9._%-]*(?:/[A-Za-z0-9%_-][A-Za-z0-9._%-]*)*", re.ASCII)
LONGEST_NAME = 1000
BEGINNING = "开头"


HEAD = LOCAL.pack(LOCAL_SIGN, VERSION, 0, STORED, NO_TIME, FIRST_DAY, 0, 0, 0, 0, 0)  # of an empty file without a name


class Member(NamedTuple):
    """One file of a container: where its content stands."""

    name: str
    offset: int
    size: int
    checksum: int


class BrokenError(Exception):
    """A file of the container, or without a name the container itself, is not as it was written."""

    def __init__(self, file: str, expected: str, got: str) -> None:
        """What should be there, and what is, in the words of whoever checks a pack."""
        super().__init__(f"{file}：应为{expected}，实为{got}")
        self.file, self.expected, self.got = file, expected, got


class ContainerWriter:
    """Writes a container from the front to the back."""

    def __init__(self, out: BinaryIO) -> None:
        """Into a file that stands at its beginning."""
        self._out, self._at = out, 0
        self.members: list[Member] = []

    def add(self, name: str, content: Path | bytes) -> str:
        """Add a file and return its SHA-256; ConfigError where the whole grows beyond what the format holds."""
        assert NAME.fullmatch(name), name
        size, checksum, hashed = 0, 0, hashlib.sha256()
        for part in _parts(content):
            size, checksum = size + len(part), zlib.crc32(part, checksum)
            hashed.update(part)
        header = _local(name, size, checksum)
        if self._at + len(header) + size > LARGEST or len(self.members) == MOST_FILES:
            raise ConfigError("证据包不应超过 4 GiB，请缩短期间")
        self._out.write(header)
        self.members.append(Member(name, self._at + len(header), size, checksum))
        for part in _parts(content):
            self._out.write(part)
        self._at += len(header) + size
        return hashed.hexdigest()

    def finish(self) -> None:
        """Write the list of all files."""
        self._out.write(_directory(self.members, self._at))


def _parts(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while part := stream.read(CHUNK):
            yield part


def members(pack: BinaryIO) -> list[Member]:
    """The files of a container, contents unread; BrokenError where anything else stands in it than was written."""
    found: list[Member] = []
    names: set[str] = set()
    whole = pack.seek(0, 2)
    pack.seek(0)
    at = 0
    while (start := pack.read(4)) == LOCAL_SIGN:
        last = found[-1].name if found else BEGINNING
        head = start + pack.read(LOCAL.size - 4)
        if len(head) < LOCAL.size:
            raise BrokenError("", "完整的证据包", f"在 {last} 之后截断")
        fields = LOCAL.unpack(head)
        checksum, size, length = fields[6], fields[7], fields[9]
        raw = pack.read(length)
        name = raw.decode("ascii", "replace")
        if length > LONGEST_NAME or NAME.fullmatch(name) is None or ".." in name:
            raise BrokenError("", "本软件会写的文件名", f"{last} 之后有文件名 {name[:60]!r}")
        if name in names:
            raise BrokenError(name, "只有一个", "有两个同名文件")
        if head + raw != _local(name, size, checksum):
            raise BrokenError(name, "写出时的文件头", "被改动，或由别的软件重新打包")
        names.add(name)
        found.append(Member(name, at + len(head) + length, size, checksum))
        at += len(head) + length + size
        if at > whole:
            raise BrokenError(name, f"{size} 字节", "截断")
        pack.seek(at)
    if start + pack.read() != _directory(found, at):
        last = found[-1].name if found else BEGINNING
        raise BrokenError("", "证据包的文件目录", f"在 {last} 之后截断或是别的内容")
    return found


def _local(name: str, size: int, checksum: int) -> bytes:
    sizes = checksum, size, size
    encoded = name.encode()
    return LOCAL.pack(LOCAL_SIGN, VERSION, 0, STORED, NO_TIME, FIRST_DAY, *sizes, len(encoded), 0) + encoded


def _directory(found: list[Member], at: int) -> bytes:
    entries = []
    for one in found:
        name = one.name.encode()
        begins = one.offset - LOCAL.size - len(name)
        how = VERSION, 0, STORED, NO_TIME, FIRST_DAY
        sizes = one.checksum, one.size, one.size
        entries.append(
            CENTRAL.pack(CENTRAL_SIGN, MADE_ON_UNIX, *how, *sizes, len(name), 0, 0, 0, 0, A_FILE, begins) + name
        )
    listed = b"".join(entries)
    return listed + ENDING.pack(ENDING_SIGN, 0, 0, len(found), len(found), len(listed), at, 0)
