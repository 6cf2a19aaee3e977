"""The package an .xlsx file is, judged by its table of contents alone: nothing of it is unpacked."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

OLE_START = b"\xd0\xcf\x11\xe0"
MOST_RATIO = 200  # of a part: a sheet of a million equal rows packs to a fifteenth, a bomb to a thousandth
SMALL_BYTES = 1 << 20  # a part below it may pack as well as it likes

# What openpyxl lets through when the parts of a package are not what they say.
BROKEN = (BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError,
          RuntimeError, OSError)  # fmt: skip


class Unfit(Enum):
    """Why a file is not opened."""

    OLD = "old"  # an .xls, or a password: both are OLE files, whatever they are called
    NO_PACKAGE = "no_package"
    OTHER_ARCHIVE = "other_archive"
    TOO_LARGE = "too_large"
    TOO_DENSE = "too_dense"
    MACROS = "macros"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a package may unpack to. zipfile reads no more of a part than the table of contents declares."""

    unpacked: int
    beside_sheets: int  # … which are read at once: texts and styles
    parts: int | None = None
    macros: bool = True  # whether a workbook that holds macros is taken; they are never run


def unfit(stream: BinaryIO, limits: Limits) -> Unfit | None:
    """Why the file is not to be opened; None where nothing speaks against it."""
    if stream.read(len(OLE_START)) == OLE_START:
        return Unfit.OLD
    try:
        with ZipFile(stream) as package:
            parts = package.infolist()
    except (BadZipFile, ValueError):
        return Unfit.NO_PACKAGE
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        return Unfit.OTHER_ARCHIVE
    if _unpacked(parts) > limits.unpacked or _unpacked(parts, "xl/worksheets/") > limits.beside_sheets:
        return Unfit.TOO_LARGE
    if limits.parts is not None and len(parts) > limits.parts:
        return Unfit.TOO_LARGE
    if any(part.file_size > SMALL_BYTES and part.file_size > MOST_RATIO * part.compress_size for part in parts):
        return Unfit.TOO_DENSE
    if not limits.macros and any(name.lower().endswith("vbaproject.bin") for name in names):
        return Unfit.MACROS
    return None


def _unpacked(parts: list[ZipInfo], but: str | None = None) -> int:
    return sum(part.file_size for part in parts if but is None or not part.filename.startswith(but))
