"""Sources that cannot be read, have not been for long, give rows nobody can read, or whose clock is off."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.findings.sources import OFFSET_SECONDS
from agent.metrics import STALLED_SECONDS
from agent.metrics import families as series
from agent.model import FRESH_INTERVALS
from agent.render.promql import held, instant, listed, looked_up, number, span, told
from agent.render.rules.writing import SOURCE, Rule, Writer


def dead() -> str:
    """Sources that cannot be read, or have not been for long."""
    return f"({held(series.SOURCE_UP.name)} == 0) or ({stale()})"


def stale() -> str:
    """Sources whose last success is several intervals ago."""
    last, interval = held(series.SOURCE_LAST_SUCCESS.name), held(series.SOURCE_INTERVAL.name)
    return f"time() - {last} > {FRESH_INTERVALS} * {interval} + {STALLED_SECONDS}"


def affected() -> str:
    """The indicators that a source gives records of, by name."""
    of_source = f"{held(series.INDICATOR_SOURCE.name + '{source=%q}')}"
    asked = looked_up(f"{held(series.INDICATOR_INFO.name)} and on (project, indicator) {of_source}", *SOURCE)
    return f"{{{{ with {asked} }}}}受影响的指标：{listed('.')}。{{{{ end }}}}"


def sources(write: Writer) -> Iterator[Rule]:
    """Sources that cannot be read, have not been for long, give rows nobody can read, or whose clock is off."""
    page, source = write.source_page(), "{{ $labels.source }}"
    last = told(
        write.local(held(series.SOURCE_LAST_SUCCESS.name + "{source=%q}")),
        f"最近一次成功读取在{instant('$v')}，",
        *SOURCE,
    )
    yield write.rule(
        "DabiaoSourceDown",
        f"{held(series.SOURCE_UP.name)} == 0",
        Severity.WARNING,
        f"数据源{source}无法读取",
        f"数据源{source}无法读取，{last}由它而来的指标不再更新，也不会以旧值代替。"
        f"{affected()}原因见 dabiao status 的数据源一栏；可用 dabiao try {source} 查证。",
        page,
        wait="2m",
    )
    yield write.rule(
        "DabiaoSourceStale",
        f"({stale()})\nunless on (source) ({held(series.SOURCE_UP.name)} == 0)",
        Severity.WARNING,
        f"数据源{source}很久没有读取成功",
        f"数据源{source}已超过{FRESH_INTERVALS}个采集间隔没有读取成功，也没有报告失败，{last}"
        "多半是对方不应答而占住了采集，或采集没有启动。"
        f"{affected()}请检查对方系统和代理的日志。",
        page,
        wait="1m",
    )
    yield write.rule(
        "DabiaoRowsRejected",
        f"{held(series.SOURCE_REJECTS.name)} > 0",
        Severity.INFO,
        f"数据源{source}有{number('$value', '%.0f')}行数据未能读入",
        f"数据源{source}有{number('$value', '%.0f')}行数据未能成为记录，没有计入任何指标。"
        f"用 dabiao rejects list {source} 查看原因，改正映射或来源后用 dabiao rejects retry 重新读入。",
        page,
        wait="10m",
    )
    yield write.rule(
        "DabiaoClockSkew",
        f"abs({held(series.SOURCE_CLOCK.name)}) > {OFFSET_SECONDS:g}",
        Severity.WARNING,
        f"数据源{source}的时钟与本机相差{span('$value')}",
        f"数据源{source}的时钟与本机相差{span('$value')}，超过{OFFSET_SECONDS:g}秒；以它的时间计算的时长会因此偏差。"
        "请两边都与时间服务器对时。",
        page,
        wait="10m",
    )
