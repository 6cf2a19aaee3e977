"""An explanation on the terminal: from the promise to the single record, in the order an auditor asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from agent.explain import Explanation
from agent.explain.explanation import Beside, Case, Gap
from agent.explain.glossary import short
from agent.explain.outcome import length, named, outcome, taken_head
from agent.terminal.grid import STAGE_STYLES, STATE_STYLES, Column, Grid, heading, indented, labelled, number, said

BESIDE = (
    Column("名称", least=14),
    Column("编号", rank=5, least=12, joins=True),
    Column("数值", right=True),
    Column("目标", rank=2),
    Column("状态"),
    Column("合格", rank=1, right=True),
    Column("不合格", right=True),
    Column("未结", rank=3, right=True),
    Column("剔除", rank=4, right=True),
)
GAPS = (Column("数据源", least=10), Column("开始"), Column("结束"), Column("时长"))
EXCLUDED = (Column("原因", least=20), Column("件数", right=True), Column("记录", least=20))


def explanation(told: Explanation) -> RenderableType:
    """The whole explanation."""
    parts: list[RenderableType] = [_title(told), labelled(list(_promise(told)))]
    for head, body in _sections(told):
        parts += [Text(), heading(head), body]
    return Group(*parts)


def _title(told: Explanation) -> Text:
    title = said(told.name, "bold").append_text(said(f"  {told.verdict.project}/{told.verdict.indicator}", "dim"))
    return title.append("\n").append_text(said(" · ".join((told.project, *told.level))))


def _promise(told: Explanation) -> Iterator[tuple[str, Text]]:
    last = told.ends - timedelta(microseconds=1)
    scope = f"{told.window} {told.begins:%Y-%m-%d} 至 {last:%Y-%m-%d}，{told.system or '全部系统合计'}"
    yield "区间", said(scope)
    yield "数据截至", said(f"{told.as_of:%Y-%m-%d %H:%M:%S}")
    if told.printed:
        yield "原文", said(f"“{told.printed}”")
    yield "目标", said(told.target)
    if told.note:
        yield "口径说明", said(told.note)
    if told.owner:
        yield "责任", said(told.owner)
    yield "当前值", said(told.value, "bold")
    yield "状态", said(told.state, STATE_STYLES[told.verdict.state])
    yield "缘由", said(told.why)
    if told.flags:
        yield "提示", said("、".join(told.flags), "yellow")


def _sections(told: Explanation) -> Iterator[tuple[str, RenderableType]]:
    rules = [(rule.label, said(rule.text)) for rule in told.formula.rules]
    yield "算法", Group(said(f"  {told.formula.sentence}"), indented_labels(rules))
    if told.owed is not None:
        yield "填报", indented_labels(list(_owed(told)))
    else:
        yield "代入", _numbers(told)
    if told.stated:
        yield "填报内容", indented_labels([(rule.label, said(rule.text)) for rule in told.stated])
    if told.ahead:
        yield "全年展望", indented_labels([(rule.label, said(rule.text)) for rule in told.ahead])
    if told.evidence:
        yield "佐证", indented(Grid(BESIDE, [_beside(one) for one in told.evidence]))
    if told.systems:
        yield "各系统", indented(Grid(BESIDE, [_beside(one) for one in told.systems]))
    if told.missed:
        yield _counted("不合格记录", len(told.missed), told.missed_total), _cases(told, told.missed)
    if told.missed_days:
        days = "、".join(day.isoformat() for day in told.missed_days)
        yield _counted("缺记录的日子", len(told.missed_days), told.missed_total, "天"), said(f"  {days}")
    if told.open:
        yield _counted("未结记录", len(told.open), told.open_total), _cases(told, told.open)
    if told.excluded:
        rows = [[said(group.reason), number(group.records), said(named(group))] for group in told.excluded]
        yield f"剔除 共{sum(group.records for group in told.excluded):,}件", indented(Grid(EXCLUDED, rows))
    if told.requests:
        yield "待另一账号批准", Group(*(said(f"  {text}", "yellow") for text in told.requests))
    if told.owed is None:
        yield f"数据完整率 {told.coverage}", _gaps(told)
    if told.findings:
        yield "疑点", Group(*(said(f"  {text}", "yellow") for text in told.findings))
    if told.version is not None:
        yield "口径版本", _version(told)


def indented_labels(rows: list[tuple[str, Text]]) -> RenderableType:
    """Labelled texts under a heading."""
    return labelled([(f"  {label}", text) for label, text in rows])


def _counted(what: str, listed: int, total: int, unit: str = "件") -> str:
    return f"{what} 共{total:,}{unit}" + (f"，列出最近{listed:,}{unit}" if listed < total else "")


def _numbers(told: Explanation) -> RenderableType:
    one = told.verdict
    counts = f"  合格 {one.good:,}  不合格 {one.bad:,}  未结 {one.open:,}  剔除 {one.excluded:,}"
    if told.numbers is None:
        return Group(said(f"  {told.why}"), said(counts))
    found = told.numbers
    return Group(said(f"  {found.expression} = {found.precise}，显示为 {found.shown}"), said(counts))


def _owed(told: Explanation) -> Iterator[tuple[str, Text]]:
    assert told.owed is not None
    yield "由谁填报", said(told.owed.owner or "尚未指定责任部门")
    yield "期限", said(told.owed.by.isoformat())
    if told.owed.accepted:
        yield "认可结论", said("、".join(told.owed.accepted))
    if told.owed.evidence:
        yield "佐证材料", said(told.owed.evidence)


def _beside(one: Beside) -> list[Text]:
    counts = [number(one.good), number(one.bad, "red"), number(one.open), number(one.excluded)]
    return [said(one.name), said(one.id, "dim"), said(one.value), said(one.target), said(one.state), *counts]


# --- records ----------------------------------------------------------------------------------------------------------


def _cases(told: Explanation, cases: Sequence[Case]) -> RenderableType:
    """Times in columns where there is room, folded to date over time of day where there is little."""
    has_due = any(case.due is not None and case.due not in case.times.values() for case in cases)
    columns = [
        Column("编号", least=10),
        Column("数据源", rank=4, least=8),
        Column("系统", rank=5, least=8),
        *(Column(short(name), least=10, rank=min(place, 3)) for place, name in enumerate(told.time_names)),
        *([Column("时限届满", least=10, rank=1)] if has_due else []),
        Column(taken_head(told.wall_clock), rank=2),
        Column("字段", rank=6, least=10),
        Column("结果"),
    ]
    return indented(Grid(columns, [_case(case, told.time_names, has_due) for case in cases]))


def _case(case: Case, names: Sequence[str], has_due: bool) -> list[Text]:
    return [
        said(case.id),
        said(case.source),
        said(case.system or ""),
        *(said(_clock(case.times.get(name))) for name in names),
        *([said(_clock(case.due))] if has_due else []),
        said("" if case.taken_seconds is None else length(case.taken_seconds)),
        said(" ".join(f"{name}={value}" for name, value in case.fields.items())),
        _with_first_due(_outcome(case), case),
    ]


def _with_first_due(outcome: Text, case: Case) -> Text:
    if case.first_due is not None:
        outcome.append(f"，首次时限 {_clock(case.first_due)}，现时限 {_clock(case.due)}", "yellow")
    return outcome


def _outcome(case: Case) -> Text:
    if case.late_seconds is not None:
        return said(outcome(case), "red")
    if case.remaining_seconds is not None and case.stage is not None:
        return said(outcome(case), STAGE_STYLES[case.stage])
    return said(outcome(case))


def _clock(at: datetime | None) -> str:
    return "—" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


# --- data and definition ----------------------------------------------------------------------------------------------


def _gaps(told: Explanation) -> RenderableType:
    if not told.gaps:
        return said("  起算以来没有缺口" if told.verdict.coverage is not None else "  尚未读到任何数据")
    rest = told.gaps_total - len(told.gaps)
    more = [said(f"  另有 {rest:,} 段较短的缺口", "dim")] if rest else []
    return Group(indented(Grid(GAPS, [_gap(gap) for gap in told.gaps])), *more)


def _gap(gap: Gap) -> list[Text]:
    lasted = length((gap.ends - gap.begins).total_seconds())
    return [said(gap.source), said(_clock(gap.begins)), said(_clock(gap.ends)), said(lasted)]


def _version(told: Explanation) -> Text:
    assert told.version is not None
    text = said(f"  {told.version.hash}，{told.version.year}年度，自第{told.version.from_batch}批数据起")
    if told.verdict.definition_waiting is not None:
        says = f"\n  口径已变更为 {told.verdict.definition_waiting}，待另一账号批准；批准前仍按原口径计算"
        return text.append(says, "yellow")
    if not told.version.in_force:
        text.append("\n  口径已变更，正在重新计算，以上数值仍按原口径", "yellow")
    return text
