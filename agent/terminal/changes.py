"""What the files would change in what the ledger serves, as a table: indicator, key, old, new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from agent.book import Change
from agent.terminal.grid import Column, Grid, heading, indented, said

COLUMNS = (
    Column("指标", least=16),
    Column("编号", rank=1, least=16, joins=True),
    Column("项", least=10),
    Column("原", least=12),
    Column("新", least=12),
)
KEYS = {
    "name": "名称",
    "target": "目标",
    "text": "印刷文字",
    "note": "口径说明",
    "accumulation": "累计方式",
    "judged_on": "考核日",
    "plan": "分月计划",
    "attest_by": "填报期限",
    "coverage_min": "数据完整率下限",
    "when_empty": "未发生时",
    "calendar": "工作日历",
    "timezone": "时区",
    "hours": "开放时间",
    "maintenance": "计划维护",
}


def changed(found: Sequence[Change]) -> RenderableType:
    """Old beside new for every indicator that is counted or promised otherwise, added or removed."""
    head: list[RenderableType] = [Text(), heading(f"与账本相比：{len(found)} 项指标有变化")]
    if found:
        head.append(indented(Grid(COLUMNS, [row for one in found for row in _rows(one)])))
    return Group(*head)


def _rows(one: Change) -> Iterator[list[Text]]:
    year, project, indicator = one.place
    names = [said(one.name), said(f"{project}/{indicator} ({year})", "dim")]
    if one.old is None:
        yield [*names, said("新增", "green"), said("—"), said("有")]
    elif one.new is None:
        yield [*names, said("删除", "red"), said("有"), said("—")]
    elif not one.parts:
        yield [*names, said("口径"), said(one.old), said(one.new)]
    for place, part in enumerate(one.parts):
        old, new = (said(text) if text is not None else said("—", "dim") for text in (part.old, part.new))
        yield [*(names if place == 0 else (Text(), Text())), said(_key(part.key)), old, new]


def _key(key: str) -> str:
    if form := key.removeprefix("weight.") if key.startswith("weight.") else "":
        return f"分值 {form}"
    return KEYS.get(key, key)
