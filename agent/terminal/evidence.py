"""What a closing came to, and what a check of its pack found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from agent.book.closings import Value
from agent.evidence import Closed, Difference, Since, Verified
from agent.shown import moment, shown
from agent.terminal.grid import Column, Grid, indented, said
from agent.words import STATES

LISTED = 50
STAGES = {"draft": "草案", "final": "定稿"}
CHANGES = (Column("指标", least=16), Column("当时", least=8), Column("现在", least=8))
RECORDS = (
    Column("记录", least=12),
    Column("指标", least=12),
    Column("当时", least=12),
    Column("现在", least=12),
    Column("得知", least=10),
)
PROBLEMS = (
    Column("文件", least=16),
    Column("位置", least=8),
    Column("应为", least=12),
    Column("实为", least=12),
)


def closed(done: Closed, out: Path) -> RenderableType:
    """The pack, its hash and the act; of a restatement, what differs from the former."""
    act = done.act
    stage = STAGES[act.body["stage"]]
    lines: list[RenderableType] = [
        said(f"{act.subject} 已封账({stage})：记录 {done.packed.records:,} 条，指标 {len(done.values)} 项", "green"),
        *(said(line) for line in done.packed.said),
        said(f"证据包 {out}，其中官方表格 {len(done.packed.forms)} 个文件"),
        said(f"SHA-256 {done.packed.sha256}"),
        said(f"操作日志第 {act.n} 条，账号 {act.account}"),
    ]
    if done.former is not None:
        former = done.former.values
        rows = [
            [said(name), said(told(former.get(name))), said(told(value))]
            for name, value in done.values.items()
            if former.get(name) != value
        ]
        lines.append(said(f"重述第 {done.former.act.n} 条：{act.body['reason']}；有变化的指标 {len(rows)} 项"))
        lines += [Grid(CHANGES, rows)] if rows else []
    return Group(*lines)


def closings(found: Sequence[Since], timezone: str) -> RenderableType:
    """Each closing with its pack; where that was asked, what its period comes to now."""
    if not found:
        return said("还没有封过账")
    zone = ZoneInfo(timezone)
    lines: list[RenderableType] = []
    for closing, moved, records in found:
        act = closing.act
        restated = f"，已由第 {closing.superseded} 条重述" if closing.superseded is not None else ""
        reason = f"，{closing.reason}" if closing.reason else ""
        when = moment(act.at, zone)
        name = f"#{act.n} {closing.period.words}({STAGES[closing.stage]})"
        lines.append(said(f"{name} {when} {act.account}{reason}{restated}"))
        lines.append(said(f"  证据包 SHA-256 {closing.pack}", "dim"))
        if moved is not None:
            lines.append(said(f"  封账之后有变化的指标 {len(moved)} 项", "bold red" if moved else "green"))
            rows = [[said(one.indicator), said(told(one.then)), said(told(one.now))] for one in moved]
            lines += [indented(Grid(CHANGES, rows))] if rows else []
        if records:
            lines.append(said(f"  其中不同的记录 {len(records):,} 条"))
            lines.append(indented(Grid(RECORDS, [_record(one, zone) for one in records[:LISTED]])))
            if len(records) > LISTED:
                lines.append(said(f"  以上为前 {LISTED} 条", "dim"))
    return Group(*lines)


def _record(one: Difference, zone: ZoneInfo) -> list[Text]:
    """A record that counts otherwise: what was, what is, and when that was learned."""
    learned = "时限已过" if one.learned is None else f"{moment(one.learned.at, zone)} {one.learned.of}"
    if one.learned is not None and one.learned.act is not None:
        learned += f" 第{one.learned.act}条"
    return [said(f"{one.source}/{one.id}"), said(one.indicator), *map(_cells, (one.then, one.now)), said(learned)]


def _cells(told: Mapping[str, str] | None) -> Text:
    return said("没有" if told is None else "，".join(f"{name} {cell or '空'}" for name, cell in told.items()))


def told(value: Value | None) -> str:
    """A closed value with its state and counts."""
    if value is None:
        return "—"
    written = shown(value.value, value.unit, None, value.text)
    return f"{written} {STATES[value.state]} {value.good}/{value.bad}/{value.open}/{value.excluded}"


def _signed(check: Verified) -> str:
    if check.signed_by is None:
        return "没有签名"
    known = "已核对" if check.with_key else "未核对：用 --key 指明公钥"
    return f"签名自称出自公钥 {check.signed_by}，{known}"


def verified(check: Verified) -> RenderableType:
    """Whether a pack is what it says, and each thing that is not."""
    about = check.about
    lines: list[RenderableType] = []
    if about:
        stage = STAGES.get(str(about.get("stage")), "—")
        lines.append(
            said(f"{about.get('organisation')} {about.get('period')}({stage})，判定于 {about.get('judged_at')}")
        )
        lines.append(said(f"SHA-256 {check.sha256}"))
        lines.append(said(_signed(check), "dim"))
    if not check.problems:
        looked = f"文件 {check.files:,} 个，记录 {check.records:,} 条，判定 {check.values:,} 个"
        lines.append(said(f"{looked}：哈希与链全部相符，重新计算没有差异", "green"))
        return Group(*lines)
    rows = [[said(one.file), said(one.where), said(one.expected), said(one.got)] for one in check.problems[:LISTED]]
    lines += [said(f"有 {len(check.problems):,} 处不符", "bold red"), Grid(PROBLEMS, rows)]
    if len(check.problems) > LISTED:
        lines.append(said(f"以上为前 {LISTED} 处", "dim"))
    return Group(*lines)
