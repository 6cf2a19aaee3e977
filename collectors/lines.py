"""A file as lines of text: unpacked, decoded and bounded, in constant memory."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from collectors.layout import Layout, UnreadableFile

BLOCK_BYTES = 1 << 20
LONGEST_LINE = 16 << 20
GZIP_START = b"\x1f\x8b"


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """The bytes of a file, unpacked where its first bytes say gzip, whatever its name says."""
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP_START
        plain.seek(0)
        if not packed:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield unpacked


def _blocks(path: Path, max_bytes: int) -> Iterator[bytes]:
    total = 0
    with _unpacked(path) as stream:
        while block := _next_block(stream):
            total += len(block)
            if total > max_bytes:
                raise UnreadableFile(f"expected at most {max_bytes} bytes (max_bytes), got more")
            yield block


def _next_block(stream: BinaryIO | gzip.GzipFile) -> bytes:
    try:
        return stream.read(BLOCK_BYTES)
    except EOFError:
        raise UnreadableFile("the gzip data is cut short") from None
    except (gzip.BadGzipFile, zlib.error):
        raise UnreadableFile("the gzip data is damaged") from None


def _texts(path: Path, layout: Layout) -> Iterator[str]:
    """The decoded text, block by block. A byte order mark of UTF-8 overrules the configured encoding."""
    decoder: codecs.IncrementalDecoder | None = None
    for block in _blocks(path, layout.max_bytes):
        if decoder is None:
            encoding = "utf-8-sig" if block.startswith(codecs.BOM_UTF8) else layout.encoding
            decoder = codecs.getincrementaldecoder(encoding)()
        yield _decoded(decoder, block, layout.encoding)
    if decoder is not None:
        yield _decoded(decoder, b"", layout.encoding, final=True)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, encoding: str, *, final: bool = False) -> str:
    try:
        text = decoder.decode(block, final)
    except UnicodeError:
        raise UnreadableFile(f"expected text in {encoding}, got bytes that are none") from None
    if "\0" in text:
        raise UnreadableFile("expected text, got a file with null bytes")
    return text


def _pieces(path: Path, layout: Layout) -> Iterator[str]:
    """The text in pieces of whole lines."""
    rest = ""
    for text in _texts(path, layout):
        rest += text
        # A carriage return at the very end may be half of a line ending.
        whole = rest.rfind("\n") + 1 or rest.rfind("\r", 0, -1) + 1
        if len(rest) - whole > LONGEST_LINE:
            raise UnreadableFile(f"expected lines, got one of more than {LONGEST_LINE} characters")
        yield rest[:whole]
        rest = rest[whole:]
    yield rest


def lines(path: Path, layout: Layout) -> Iterator[str]:
    """Each physical line with its ending. Raises UnreadableFile for what is no text or too much of it."""
    return chain.from_iterable(io.StringIO(piece, newline="") for piece in _pieces(path, layout))
