"""What a closing came to, and what a check of its pack found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding

from agent import words
from agent.config import Config
from agent.evidence import Closed, Moved, Verified
from agent.terminal.grid import labelled, said
from agent.terminal.since import LISTED, compared, names_of


def closed(done: Closed, out: Path, config: Config) -> RenderableType:
    """The pack, its hash and the act; of a restatement, what differs from the former."""
    act = done.act
    stage = words.CLOSED_AS[act.body["stage"]]
    lines: list[RenderableType] = [
        said(f"{act.subject} 已封账({stage})：记录 {done.packed.records:,} 条，指标 {len(done.values)} 项", "green"),
        *(said(line) for line in done.packed.said),
        said(f"证据包 {out}，其中官方表格 {len(done.packed.forms)} 个文件"),
        said(f"SHA-256 {done.packed.sha256}"),
        said(f"操作日志第{act.n}条，账号 {act.account}"),
    ]
    if done.former is not None:
        former = done.former.values
        moved = [
            Moved(name, former.get(name), value) for name, value in done.values.items() if former.get(name) != value
        ]
        lines.append(said(f"重述第{done.former.act.n}条：{act.body['reason']}；有变化的指标 {len(moved)} 项"))
        lines += [line for one in moved for line in compared(one, names_of(config))]
    return Group(*lines)


def _signed(check: Verified) -> str:
    if check.signed_by is None:
        return "没有签名"
    known = "已核对" if check.with_key else "未核对：用 --key 指明公钥"
    return f"签名自称出自公钥 {check.signed_by}，{known}"


def _local(written: object) -> str:
    """The instant of the judgement by the clock of where it was made, as the manifest writes it."""
    try:
        return f"{datetime.fromisoformat(str(written)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return str(written)


def verified(check: Verified) -> RenderableType:
    """Whether a pack is what it says, and each thing that is not."""
    about = check.about
    lines: list[RenderableType] = []
    if about:
        stage = words.CLOSED_AS.get(str(about.get("stage")), "—")
        lines.append(
            said(
                f"{about.get('organisation')} {about.get('period')}({stage})，数据截至 {_local(about.get('judged_at'))}"
            )
        )
        lines.append(said(f"SHA-256 {check.sha256}"))
        lines.append(said(_signed(check), "dim"))
    if not check.problems:
        looked = f"文件 {check.files:,} 个，记录 {check.records:,} 条，判定 {check.values:,} 个"
        lines.append(said(f"{looked}：哈希与链全部相符，重新计算没有差异", "green"))
        return Group(*lines)
    lines.append(said(f"有 {len(check.problems):,} 处不符", "bold red"))
    for one in check.problems[:LISTED]:
        lines.append(said(f"{one.file}  {one.where}".rstrip()))
        both = ("应为", said(one.expected)), ("实为", said(one.got))
        lines.append(Padding(labelled(both), (0, 0, 0, 2)))
    if len(check.problems) > LISTED:
        lines.append(said(f"以上为前 {LISTED} 处", "dim"))
    return Group(*lines)
