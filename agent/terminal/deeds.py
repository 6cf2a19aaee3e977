"""The log of what people did, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType

from agent import words
from agent.ledger.acts import Act
from agent.shown import moment
from agent.terminal.grid import Column, Grid, number, said

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
            said(words.ACTS.get(act.kind, act.kind)),
            said(_subject(act)),
            said(act.body.get("reason") or act.body.get("objection", "")),
        ]
        for act in log
    ]
    if broken is None:
        verdict = said(f"共 {len(log)} 条，链式校验通过", "green")
    else:
        verdict = said(f"链式校验在第{broken.n}条中断：该条或其前一条被改动过", "bold red")
    return Group(Grid(COLUMNS, rows), verdict)


def _subject(act: Act) -> str:
    if act.kind in ("approve", "retract"):
        return f"第{act.subject}条"
    if act.kind == "export":
        return f"{words.FORMS.get(act.subject, act.subject)} {act.body['file']}"
    indicator = act.body.get("indicator")
    return f"{act.subject}（{indicator}）" if indicator else act.subject
