"""What people still have to state, office by office, and what became of what they stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from agent import told
from agent.acts import Outcome
from agent.book.statements import statement_of
from agent.explain.judged import words_of_state
from agent.owed import Row, by_owner, filled
from agent.shown import shown_target
from agent.terminal.grid import Column, Grid, heading, indented, said

OWED = (
    Column("指标", least=18),
    Column("编号", rank=4, least=16, joins=True),
    Column("项目", rank=2, least=12),
    Column("目标", rank=1, least=6),
    Column("填报情况"),
    Column("期限"),
    Column("还剩", right=True),
)


def owed(rows: Sequence[Row]) -> RenderableType:
    """How far each office has filled in its rows; those still owed one by one."""
    parts: list[RenderableType] = [heading(f"已填{filled(rows)}/{len(rows)}")]
    for owner, theirs in by_owner(rows).items():
        parts += [Text(), heading(f"{owner}  已填{filled(theirs)}/{len(theirs)}")]
        missing = [_owed(row) for row in theirs if not row.is_filled]
        parts.append(indented(Grid(OWED, missing)) if missing else said("  全部填报", "green"))
    return Group(*parts) if rows else said("没有需要人填报的指标", "dim")


def _owed(row: Row) -> list[Text]:
    through = "未填" if row.through is None else f"填至{row.through}，待填全年"
    left = f"{row.days_left}天" if row.days_left > 0 else f"已逾期{-row.days_left}天" if row.days_left else "今天到期"
    return [
        said(row.indicator.name),
        said(row.indicator.id, "dim"),
        said(row.project_name),
        said(row.indicator.text),
        said(through),
        said(date.fromordinal(row.by).isoformat()),
        said(left, "dim" if row.days_left > 0 else "bold red"),
    ]


def attested(outcomes: Sequence[Outcome]) -> Iterator[Text]:
    """A line for each statement: what it says, how the row stands by it, and what is not as it was."""
    for claim, former, act in outcomes:
        row = f"{claim.indicator.name}（{claim.year}年，截至{claim.body['through']}）"
        if act is None:
            yield said(f"{row}：与已有填报相同，未作改动", "dim")
            continue
        stated, unit = statement_of(act), claim.verdict.unit
        says = [told.statement(stated, unit)]
        if not stated.only_explains:  # else how the row stands follows from its records, which nobody has asked here
            says.append(f"目标{shown_target(claim.verdict.target)}：{words_of_state(claim.verdict)}")
        yield said(f"{row}：{'，'.join(says)}（第{act.n}条）")
        if former is not None:
            yield said(f"  改动：{'；'.join(told.changes(former, stated, unit))}", "yellow")
