"""The log of what people did, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType

from agent.ledger.acts import Act
from agent.shown import moment
from agent.terminal.grid import Column, Grid, number, said

KINDS = {
    "exclude": "申请剔除",
    "restore": "申请恢复",
    "approve": "批准",
    "confirm": "确认口径",
    "object": "口径有异议",
    "define": "变更口径",
    "withdraw": "确认撤回",
    "retract": "撤回申请",
    "attest": "填报",
    "fill": "填写表头",
    "acknowledge": "已知晓",
    "lift": "取消已知晓",
    "close": "封账",
}
COLUMNS = (
    Column("序号", right=True),
    Column("时间", least=10),
    Column("账号", least=6),
    Column("事项", least=8),
    Column("对象", least=10),
    Column("理由", least=10),
)


def acts(log: Sequence[Act], broken: Act | None, timezone: str = "Asia/Shanghai") -> RenderableType:
    """Each act with who did it and when; at the end whether the chain of hashes holds."""
    if not log:
        return said("还没有任何记录")
    zone = ZoneInfo(timezone)
    rows = [
        [
            number(act.n),
            said(moment(act.at, zone)),
            said(act.account),
            said(KINDS.get(act.kind, act.kind)),
            said(_subject(act)),
            said(act.body.get("reason") or act.body.get("objection", "")),
        ]
        for act in log
    ]
    if broken is None:
        verdict = said(f"共 {len(log)} 条，链式校验通过", "green")
    else:
        verdict = said(f"链式校验在第 {broken.n} 条中断：该条或其前一条被改动过", "bold red")
    return Group(Grid(COLUMNS, rows), verdict)


def _subject(act: Act) -> str:
    if act.kind in ("approve", "retract"):
        return f"#{act.subject}"
    indicator = act.body.get("indicator")
    return f"{act.subject}（{indicator}）" if indicator else act.subject
