"""Opening a workbook somebody sent: what is none, holds macros or would fill the memory is refused unread."""

from __future__ import annotations

import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook

from agent.model import ConfigError

MOST_BYTES = 20 << 20  # of the file
MOST_UNPACKED = 40 << 20  # of its parts together
MOST_PARTS = 2000
OLE_START = b"\xd0\xcf\x11\xe0"
SAVE_AGAIN = "请在WPS或Excel中打开后另存为 .xlsx"

# What openpyxl lets through when the parts of a package are not what they say.
BROKEN = (BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError,
          RuntimeError, OSError)  # fmt: skip


class Opened(NamedTuple):
    """A workbook as it was written, and with the values its formulas were saved with."""

    written: Workbook
    valued: Workbook


def opened(path: Path) -> Opened:
    """The workbook in a file; ConfigError in Chinese where it cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as failed:
        raise ConfigError(f"{path}：打不开文件（{failed.strerror}）") from None
    if reason := _refused(content):
        raise ConfigError(f"{path}：{reason}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations openpyxl cannot keep
            return Opened(
                *(load_workbook(BytesIO(content), data_only=valued, keep_links=False) for valued in (False, True))
            )
    except BROKEN:
        raise ConfigError(f"{path}：工作簿已损坏，{SAVE_AGAIN}") from None


def _refused(content: bytes) -> str | None:
    """Why a file is not taken, judged by its table of contents alone."""
    if len(content) > MOST_BYTES:
        return f"文件不应超过 {MOST_BYTES >> 20} MB"
    if content.startswith(OLE_START):
        return f"是旧版 .xls 文件或设有打开密码，{SAVE_AGAIN}，不设密码"
    try:
        with ZipFile(BytesIO(content)) as package:
            sizes = {part.filename: part.file_size for part in package.infolist()}
            parts = len(package.infolist())
    except (BadZipFile, ValueError):
        return f"不是 Excel 工作簿（.xlsx）或文件不完整，{SAVE_AGAIN}"
    if "[Content_Types].xml" not in sizes or not any(name.startswith("xl/") for name in sizes):
        return f"是压缩包，但不是 Excel 工作簿（.xlsx），{SAVE_AGAIN}"
    if parts > MOST_PARTS or sum(sizes.values()) > MOST_UNPACKED:
        return f"解压后不应超过 {MOST_UNPACKED >> 20} MB、{MOST_PARTS} 个部件，请删去空白的行和列后另存"
    if any(name.lower().endswith("vbaproject.bin") for name in sizes):
        return "含有宏，未读取；请另存为不含宏的 .xlsx"
    return None
