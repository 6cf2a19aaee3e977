"""What a check of the files, and a recomputation of the ledger, came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from agent.book import Recomputed, all_indicators
from agent.config import Config
from agent.terminal.grid import Column, Grid, heading, indented, number, said

if TYPE_CHECKING:  # the schedule is slow to import, and only its results are shown
    from agent.poll import Trial

LISTED = 50  # differences printed; the count says how many there are
TRIALS = (
    Column("数据源", least=10),
    Column("结果"),
    Column("行", right=True),
    Column("异常", right=True),
    Column("秒", rank=1, right=True),
    Column("说明", least=20),
)
READINGS = (Column("指标", least=16), Column("编号", rank=1, least=40, joins=True), Column("口径", least=24))


def checked(config: Config, trials: Sequence[Trial]) -> RenderableType:
    """What both files hold, what does nothing, which readings nobody confirmed, and how each tried source answered."""
    parts: list[RenderableType] = [*_contents(config)]
    if config.warnings:
        parts += [Text(), heading("警告"), *(said(f"  {line}", "yellow") for line in config.warnings)]
    unordered = [source.id for source in config.sources if not source.is_ordered]
    if unordered:
        says = "  既无版本或变更时间，也不是事件日志；同一编号再次到达而内容不同，以后到者为准："
        parts += [Text(), heading("到达次序会影响结果的数据源"), said(says + "、".join(unordered))]
    readings = list(_readings(config))
    if readings:
        parts += [Text(), heading(f"口径待确认 {len(readings)} 项"), indented(Grid(READINGS, readings))]
    if trials:
        parts += [Text(), heading("逐一试读"), indented(Grid(TRIALS, [_trial(trial) for trial in trials]))]
    return Group(*parts)


def _contents(config: Config) -> Iterator[Text]:
    for plan in config.plans:
        rows = sum(len(project.indicators) for project in plan.projects)
        beside = sum(1 for _ in all_indicators(plan)) - rows
        names = "、".join(project.name for project in plan.projects)
        yield said(
            f"{plan.path}：{plan.year}年，{len(plan.systems)} 个系统，{rows} 项指标，{beside} 项佐证({names})", "green"
        )
    yield said(f"数据源 {len(config.sources)} 个，配置无误", "green")


def _readings(config: Config) -> Iterator[list[Text]]:
    """The rows whose printed target had to be interpreted."""
    for plan in config.plans:
        for project in plan.projects:
            for one in project.indicators:
                if one.note:
                    yield [said(one.name), said(f"{project.id}/{one.id}", "dim"), said(one.note)]


def _trial(trial: Trial) -> list[Text]:
    good = trial.reason is None
    return [
        said(trial.source),
        said("正常", "green") if good else said("失败", "bold red"),
        number(len(trial.rows)),
        number(len(trial.mapped.rejects), "yellow"),
        said(f"{trial.seconds:.2f}"),
        said(trial.reason or ""),
    ]


def recomputed(result: Recomputed) -> RenderableType:
    """Whether the ledger holds exactly what its records say, and where it does not."""
    looked = f"记录 {result.records:,} 条，观察 {result.observations:,} 条，汇总 {result.tallies:,} 行"
    if not result.differences:
        return said(f"{looked}：重新计算，没有差异", "green")
    lines = [said(f"{looked}：有 {len(result.differences):,} 处差异", "bold red")]
    lines += [
        said(f"  {one.what} {one.where}：账本 {one.stored}，重算 {one.derived}") for one in result.differences[:LISTED]
    ]
    if len(result.differences) > LISTED:
        lines.append(said(f"  以上为前 {LISTED} 处", "dim"))
    return Group(*lines)
