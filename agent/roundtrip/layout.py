"""How the workbook is laid out: its sheets, its columns, and how a row is known again wherever it was moved."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent import words
from agent.acts import Part
from agent.acts.saying import OF_CAUSE
from agent.model import Cause

VERSION = 1
GUIDE, HEADS, HIDDEN = "填写说明", "表头信息", "_dabiao"
TITLE = "项目支出绩效指标填报表"
IDENTITY = "标识"
PROJECT, INDICATOR, TARGET, DEMAND, SYSTEM_VALUE, NUMBER = (
    "项目",
    "三级指标",
    "年度指标值",
    "填写要求",
    "系统数值",
    "序号",
)
CAUSES = "偏差原因（打√，可多选）"
HEAD_FIELD, HEAD_TEXT, HEAD_NOTE = "栏目", "填写内容", "说明"
KNOWN_ROW = re.compile(r"dabiao:(\d+):(\d{4}):([^:]+):([^:]+)")


class Column(NamedTuple):
    """A column of an office's sheet; `part` is what is filled in there."""

    label: str
    width: int
    part: Part | None = None
    group: str | None = None


COLUMNS: tuple[Column, ...] = (
    Column(IDENTITY, 2),
    Column(NUMBER, 5),
    Column(PROJECT, 15),
    Column(INDICATOR, 18),
    Column(TARGET, 11),
    Column(DEMAND, 22),
    Column(SYSTEM_VALUE, 17),
    Column("分子", 12, Part.NUMERATOR, "填数字的行"),
    Column("分母", 12, Part.DENOMINATOR, "填数字的行"),
    Column("完成情况", 10, Part.WORD, "填完成情况的行"),
    Column("完成档次", 16, Part.BAND, "填完成情况的行"),
    Column("得分率", 8, Part.SCORE, "填完成情况的行"),
    Column("发放", 7, Part.SENT, "问卷份数"),
    Column("回收", 7, Part.RETURNED, "问卷份数"),
    Column("有效", 7, Part.VALID, "问卷份数"),
    Column("佐证材料文件名", 18, Part.EVIDENCE),
    Column("填报截至", 12, Part.THROUGH),
    Column("不适用", 7, Part.NOT_APPLICABLE),
    *(
        Column(words.CAUSES[cause], 9 if cause is Cause.HARDWARE else 7, part, CAUSES)
        for part, cause in OF_CAUSE.items()
    ),
    Column("偏差原因分析及改进措施（或不适用的原因）", 30, Part.REASON),
)
HEAD_COLUMNS: tuple[Column, ...] = (
    Column(IDENTITY, 2),
    Column(PROJECT, 34),
    Column(HEAD_FIELD, 34),
    Column(HEAD_TEXT, 60),
    Column(HEAD_NOTE, 30),
)


class Identity(NamedTuple):
    """Which row of which year's form a row of a sheet is."""

    version: int
    year: int
    project: str
    name: str  # the indicator, or `@` and the field of the head

    def __str__(self) -> str:
        return f"dabiao:{self.version}:{self.year}:{self.project}:{self.name}"


def of_field(year: int, project: str, key: str) -> Identity:
    """The identity of a field of the head of a project's forms."""
    return Identity(VERSION, year, project, f"@{key}")


def identity(text: str) -> Identity | None:
    """The identity a hidden cell holds; None where it holds none."""
    found = KNOWN_ROW.fullmatch(text)
    return Identity(int(found[1]), int(found[2]), found[3], found[4]) if found else None
