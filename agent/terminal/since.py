"""The closings there are, and what a closed period comes to now: a block for each indicator, its records below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from agent import words
from agent.book import all_indicators
from agent.book.closings import Value
from agent.config import Config
from agent.evidence import Difference, Moved, Since
from agent.explain.glossary import short
from agent.model import Stage
from agent.shown import moment, shown
from agent.terminal.grid import heading, labelled, said

LISTED = 50


def closings(found: Sequence[Since], config: Config) -> RenderableType:
    """Each closing with its pack; where that was asked, what its period comes to now."""
    if not found:
        return said("还没有封过账")
    zone = ZoneInfo(config.plans[0].timezone)
    names = names_of(config)
    return Group(*(line for one in found for line in _closing(one, zone, names)))


def names_of(config: Config) -> Mapping[str, str]:
    """What every indicator is called, by project/indicator."""
    return {one.subject: one.name for plan in config.plans for one in all_indicators(plan)}


def _closing(one: Since, zone: ZoneInfo, names: Mapping[str, str]) -> Iterator[RenderableType]:
    closing, act = one.closing, one.closing.act
    restated = f"，已由第{closing.superseded}条重述" if closing.superseded is not None else ""
    reason = f"，{closing.reason}" if closing.reason else ""
    name = f"第{act.n}条 {closing.period.words}({words.CLOSED_AS[closing.stage]})"
    yield heading(f"{name} {moment(act.at, zone)} {act.account}{reason}{restated}")
    yield said(f"  SHA-256 {closing.pack}", "dim")
    if one.moved is None:
        return
    yield said(f"  封账之后有变化的指标 {len(one.moved)} 项", "bold red" if one.moved else "green")
    left = LISTED
    for moved in one.moved:
        mine = [record for record in one.records if record.indicator == moved.indicator]
        yield Text()
        yield Padding(Group(*compared(moved, names), *_records(mine[:left], zone, moved)), (0, 0, 0, 2))
        if len(mine) > left:
            yield said(f"    另有 {len(mine) - left:,} 条记录未列出", "dim")
        left -= min(left, len(mine))


def compared(moved: Moved, names: Mapping[str, str]) -> Iterator[RenderableType]:
    """One indicator: what it came to, what it comes to, and what made the difference where no record did."""
    yield Text.assemble((names.get(moved.indicator, moved.indicator), "bold"), ("  " + moved.indicator, "dim"))
    rows = [("当时", said(told(moved.then))), ("现在", said(told(moved.now)))]
    if why := "；".join(_not_by_records(moved)):
        rows.append(("变化来自", said(why)))
    yield Padding(labelled(rows), (0, 0, 0, 2))


def _not_by_records(moved: Moved) -> Iterator[str]:
    then, now = moved.then, moved.now
    if then is None or now is None:
        yield "封账时没有这项指标" if then is None else "目标文件中已没有这项指标"
        return
    if then.rule != now.rule:
        yield "口径已变更"
    if then.stated != now.stated:
        before, after = ("无填报" if act is None else f"第{act}条" for act in (then.stated, now.stated))
        yield f"填报 {before} → {after}"


def told(value: Value | None) -> str:
    """A closed value with its state, and how many records count which way."""
    if value is None:
        return "—"
    numbers = zip(words.OUTCOMES.values(), (value.good, value.bad, value.excluded, value.open), strict=True)
    counts = "，".join(f"{name}{number:,}" for name, number in numbers if number)
    return f"{shown(value.value, value.unit, None, value.text)} {words.STATES[value.state]}" + (
        counts and f"（{counts}）"
    )


def _records(records: Sequence[Difference], zone: ZoneInfo, moved: Moved) -> Iterator[RenderableType]:
    for one in records:
        lines = [*_changes(one.then, one.now), f"变化来自：{_why(one, zone, moved)}"]
        yield said(f"  {one.source}/{one.id}")
        yield Padding(said("\n".join(lines), "dim"), (0, 0, 0, 4))


def _changes(then: Mapping[str, str] | None, now: Mapping[str, str] | None) -> Iterator[str]:
    """A line for each column that differs; of a row that came or went what stands in it."""
    if then is None or now is None:
        row = now or then or {}
        yield f"{'新计入' if then is None else '不再计入'}：" + "，".join(
            f"{short(column)} {_cell(text)}" for column, text in row.items()
        )
        return
    for column, before in then.items():
        yield f"{short(column)} {_cell(before)} → {_cell(now.get(column, ''))}"


def _cell(text: str) -> str:
    """A time by the local clock; anything else as it stands."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}" if "T" in text else text or "空"
    except ValueError:
        return text


def _why(one: Difference, zone: ZoneInfo, moved: Moved) -> str:
    """Of whom and when it was learned; where nothing was, what passed: another rule, or time."""
    if (learned := one.learned) is not None:
        when = moment(learned.at, zone)
        return (
            f"第{learned.act}条操作（{learned.of}，{when}）" if learned.act is not None else f"{when} 读自 {learned.of}"
        )
    if moved.then is not None and moved.now is not None and moved.then.rule != moved.now.rule:
        return "口径已变更"
    if one.now is not None and one.now.get("原因") == words.STAGES[Stage.OVERDUE]:
        return "时限已过，仍未完成"
    return "随时间推移，没有读到新的内容"
