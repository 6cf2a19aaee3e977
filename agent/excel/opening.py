"""Opening a workbook somebody sent: what is none, holds macros or would fill the memory is refused unread."""

from __future__ import annotations

import warnings
from functools import cached_property
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook, load_workbook

from agent.excel.package import BROKEN, MOST_RATIO, Limits, Unfit, unfit
from agent.model import ConfigError

MOST_BYTES = 20 << 20  # of the file
MOST_UNPACKED = 40 << 20  # of its parts together
MOST_PARTS = 2000
SAVE_AGAIN = "请在WPS或Excel中打开后另存为 .xlsx"
LIMITS = Limits(unpacked=MOST_UNPACKED, beside_sheets=MOST_UNPACKED, parts=MOST_PARTS, macros=False)
REASONS = {
    Unfit.OLD: f"是旧版 .xls 文件或设有打开密码，{SAVE_AGAIN}，不设密码",
    Unfit.NO_PACKAGE: f"不是 Excel 工作簿（.xlsx）或文件不完整，{SAVE_AGAIN}",
    Unfit.OTHER_ARCHIVE: f"是压缩包，但不是 Excel 工作簿（.xlsx），{SAVE_AGAIN}",
    Unfit.TOO_LARGE: f"解压后不应超过 {MOST_UNPACKED >> 20} MB、{MOST_PARTS} 个部件，请删去空白的行和列后另存",
    Unfit.TOO_DENSE: f"解压后超过压缩前的 {MOST_RATIO} 倍，疑为压缩炸弹，未读取；{SAVE_AGAIN}",
    Unfit.MACROS: "含有宏，未读取；请另存为不含宏的 .xlsx",
}


class Opened:
    """A workbook as it was written and, once they are asked for, with the values its formulas were saved with."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content = path, content
        self.written = self._loaded(values=False)

    @cached_property
    def valued(self) -> Workbook:
        """The same workbook with values in place of formulas; most have no formula to look up."""
        return self._loaded(values=True)

    def _loaded(self, *, values: bool) -> Workbook:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # styles and validations openpyxl cannot keep
                return load_workbook(BytesIO(self._content), data_only=values, keep_links=False)
        except BROKEN:
            raise ConfigError(f"{self._path}：工作簿已损坏，{SAVE_AGAIN}") from None


def opened(path: Path) -> Opened:
    """The workbook in a file; ConfigError in Chinese where it cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as failed:
        raise ConfigError(f"{path}：打不开文件（{failed.strerror}）") from None
    if reason := _refused(content):
        raise ConfigError(f"{path}：{reason}")
    return Opened(path, content)


def _refused(content: bytes) -> str | None:
    """Why a file is not taken."""
    if len(content) > MOST_BYTES:
        return f"文件不应超过 {MOST_BYTES >> 20} MB"
    found = unfit(BytesIO(content), LIMITS)
    return None if found is None else REASONS[found]
