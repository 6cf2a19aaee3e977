"""How everything stands: the verdicts by project, the sources, the open records nearest to their limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo

from rich.console import Group, RenderableType
from rich.text import Text

from agent import words
from agent.config import Config, Plan
from agent.explain.judged import coverage_of, words_of_state
from agent.model import Finding, Instant, OpenRecord, Snapshot, SourceStatus, State, Verdict
from agent.shown import NOTHING, countdown, moment, shown_target, shown_value
from agent.status import Question, zone_of
from agent.terminal.grid import STAGE_STYLES, STATE_STYLES, Column, Grid, heading, indented, number, said

TRIED_SHOWN = 3
VERDICTS = (
    Column("指标", least=22),
    Column("编号", rank=9, least=16, joins=True),
    Column("目标", least=10),
    Column("当前值", right=True),
    Column("状态", least=10),
    Column("合格", rank=4, right=True),
    Column("不合格", rank=1, right=True),
    Column("未结", rank=2, right=True),
    Column("剔除", rank=7, right=True),
    Column("完整率", rank=6, right=True),
    Column("还可超时", rank=3, right=True),
)
# Those that concern single rows.
FLAG_STYLES = {"partial": "yellow", "acknowledged": "dim", "changed_since_closing": "bold red"}
SOURCES = (
    Column("数据源", least=10),
    Column("方式", rank=4),
    Column("状态"),
    Column("最近成功", rank=2, least=10),
    Column("记录", rank=1, right=True),
    Column("异常行", rank=1, right=True),
    Column("原因", least=20),
)
OPEN = (
    Column("编号", least=8),
    Column("指标", least=14),
    Column("系统", rank=1, least=12),
    Column("数据源", rank=3, least=8),
    Column("到期", rank=2, least=10),
    Column("倒计时"),
)


def status(snapshot: Snapshot, config: Config, window: str, system: str | None = None) -> RenderableType:
    """The verdicts of one window, a table a project, evidence under its row; then what is wrong with the data."""
    chosen = [v for v in snapshot.verdicts if v.window.name == window and v.system == system]
    parts: list[RenderableType] = [_head(snapshot, config, chosen, window, system)]
    for project, name in _projects(config.plans, chosen):
        rows = [_verdict(verdict) for verdict in chosen if verdict.project == project]
        parts += [Text(), heading(name), indented(Grid(VERDICTS, rows))]
    if not chosen:
        parts += [Text(), said("没有可显示的指标", "dim")]
    return Group(*parts, *_footers(snapshot, chosen))


def tried_on(indicators: Sequence[str]) -> Iterator[Text]:
    """The line that says that figures are tried: what the ledger holds was counted otherwise."""
    if indicators:
        names = "、".join(indicators[:TRIED_SHOWN]) + (" 等" if len(indicators) > TRIED_SHOWN else "")
        yield said(f"试算：{names} {len(indicators)} 项口径与账本不同，未写入", "yellow")


def looked_back(question: Question, zone: tzinfo) -> Iterator[Text]:
    """The line that says of a past instant by what knowledge it is judged."""
    if question.as_of is not None:
        yield said(f"回到 {moment(question.as_of, zone)}：只用当时已经获知的内容、按当时的目标(--as-of)", "yellow")
    elif question.at is not None:
        yield said(f"回到 {moment(question.at, zone)}：用今天所知、按今天的目标，其后发生的不计(--at)", "yellow")


def _head(snapshot: Snapshot, config: Config, chosen: list[Verdict], window: str, system: str | None) -> Text:
    zone = zone_of(config)
    text = said(f"{words.WINDOWS[window]}")
    if chosen:
        first, last = chosen[0].window.start, chosen[0].window.end - 1
        text.append(f" {moment(first, zone)[:10]} 至 {moment(last, zone)[:10]}")
    if system is not None:
        text.append_text(said(f" · {system_names(config).get(system, system)}"))
    return text.append(f" · 数据截至 {moment(snapshot.as_of, zone)}", "dim")


def _projects(plans: Iterable[Plan], chosen: list[Verdict]) -> Iterator[tuple[str, str]]:
    names = {project.id: project.name for plan in plans for project in plan.projects}
    for project in dict.fromkeys(verdict.project for verdict in chosen):
        yield project, names.get(project, project)


def _verdict(verdict: Verdict) -> list[Text]:
    _, slash, evidence = verdict.indicator.partition("/")  # an evidence measure stands under its row
    state = Text().append_text(said(words_of_state(verdict), STATE_STYLES[verdict.state]))
    for flag, text in zip(verdict.flags, words.flags(verdict), strict=True):
        if flag in FLAG_STYLES:
            state.append(f"\n{text}", FLAG_STYLES[flag])
    return [
        said(f"└{verdict.name}" if slash else verdict.name, "dim" if slash else ""),
        said(f"/{evidence}" if slash else verdict.indicator, "dim"),
        said(shown_target(verdict.target)),
        said(shown_value(verdict)),
        state,
        number(verdict.good),
        number(verdict.bad, "red"),
        number(verdict.open),
        number(verdict.excluded),
        said(coverage_of(verdict)),
        said(NOTHING if verdict.allowance_left is None else words.allowance(verdict.allowance_left)),
    ]


def _footers(snapshot: Snapshot, chosen: list[Verdict]) -> Iterator[Text]:
    yield Text()
    rows = [verdict for verdict in chosen if "/" not in verdict.indicator]
    counts = [(words.STATES[state], sum(v.state is state for v in rows)) for state in State]
    yield said("  ".join(f"{name} {count}" for name, count in counts if count))
    unconfirmed = sum("unconfirmed" in verdict.flags for verdict in rows)
    if unconfirmed:
        objected = [verdict.name for verdict in rows if verdict.objection is not None]
        against = f"，其中有异议：{'、'.join(objected)}" if objected else ""
        yield said(f"{words.FLAGS['unconfirmed']}：{unconfirmed} 项{against}", "dim")
    waiting = [verdict.name for verdict in chosen if verdict.definition_waiting is not None]
    if waiting:
        yield said(f"口径变更待另一账号批准，仍按原口径：{'、'.join(waiting)}", "yellow")
    for source in snapshot.sources:
        if source.up is False:
            yield said(f"数据源 {source.source} 读取失败：{source.reason}", "red")
        if source.rejects:
            yield said(f"数据源 {source.source} 有 {source.rejects:,} 行异常数据未处理", "yellow")
    kinds: dict[str, list[Finding]] = {}
    for finding in snapshot.findings:
        kinds.setdefault(finding.kind, []).append(finding)
    for kind, found in kinds.items():
        more = " 等" if len(found) > 1 else ""
        first = f"{found[0].subject}：{found[0].text}"
        yield said(f"疑点 {words.finding(kind)} {len(found):,} 处：{first}{more}", "yellow")


# --- sources ----------------------------------------------------------------------------------------------------------


def sources(snapshot: Snapshot, config: Config) -> RenderableType:
    """How each source is doing."""
    return Grid(SOURCES, [_source(source, zone_of(config)) for source in snapshot.sources])


def _source(source: SourceStatus, zone: tzinfo) -> list[Text]:
    up = {True: said("正常", "green"), False: said("失败", "bold red"), None: said("尚未读取", "dim")}[source.up]
    return [
        said(source.source),
        said(source.collector),
        up,
        said(moment(source.last_success, zone)),
        number(source.records),
        number(source.rejects, "yellow"),
        said(source.reason or ""),
    ]


# --- open records -----------------------------------------------------------------------------------------------------


def open_records(snapshot: Snapshot, config: Config) -> RenderableType:
    """The open records, the nearest to its limit first, with their countdowns."""
    zone, systems, names = zone_of(config), system_names(config), {}
    for verdict in snapshot.verdicts:
        names[(verdict.project, verdict.indicator)] = verdict.name
    rows = [_open(one, snapshot.as_of, zone, systems, names) for one in snapshot.open]
    head = Text(f"未结记录 {len(rows):,} 件 · 数据截至 {moment(snapshot.as_of, zone)}")
    return Group(head, indented(Grid(OPEN, rows)) if rows else said("没有未结记录", "dim"))


def _open(
    one: OpenRecord, now: Instant, zone: tzinfo, systems: Mapping[str, str], names: Mapping[tuple[str, str], str]
) -> list[Text]:
    return [
        said(one.id),
        said(names.get((one.project, one.indicator), one.indicator)),
        said(systems.get(one.system, one.system) if one.system is not None else ""),
        said(one.source),
        said(moment(one.due, zone)),
        said(
            countdown(one.due, now, one.left_us) if one.due is not None else words.STAGES[one.stage],
            STAGE_STYLES[one.stage],
        ),
    ]


def system_names(config: Config) -> dict[str, str]:
    """The names of all systems, by id."""
    return {id: system.name for plan in config.plans for id, system in plan.systems.items()}
