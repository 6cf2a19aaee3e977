"""Sources that cannot be read, have not been for long, give rows nobody can read, or whose clock is off."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.findings.sources import OFFSET_SECONDS
from agent.metrics import STALLED_SECONDS
from agent.metrics import families as series
from agent.model import FRESH_INTERVALS
from agent.render.promql import held, instant, listed, looked_up, number, span, told
from agent.render.rules.naming import UNTIL_ENDED, by_admin, source
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


def where_it_rings(said: str) -> str:
    """What is said only of a source whose records people are reminded of; in it `$desk` is its name."""
    rings = looked_up(held(series.SOURCE_INFO.name + "{source=%q,rings='yes'}"), *SOURCE)
    return f"{{{{ with {rings} }}}}{{{{ $desk := . | first | label `name` }}}}{said}{{{{ end }}}}"


def unheard() -> str:
    """What becomes of the reminders whose records come from the source, and what people must do meanwhile."""
    return where_it_rings(
        "倒计时提醒已不完整：新报的单子读不到、不会提醒，已知的仍会提醒但看不到是否已经受理。"
        f"{UNTIL_ENDED}，请人工盯住{{{{ $desk }}}}，不要等提醒。"
    )


def sources(write: Writer) -> Iterator[Rule]:
    """Sources that cannot be read, have not been for long, give rows nobody can read, or whose clock is off."""
    page, id, subject, many = (
        write.source_page(),
        "{{ $labels.source }}",
        f"数据源{source()}",
        number("$value", "%.0f"),
    )
    success = held(series.SOURCE_LAST_SUCCESS.name + "{source=%q}")
    last = told(write.local(success), f"最近一次成功读取在{instant('$v')}", *SOURCE)
    since = told(f"time() - {success}", f"，已{span('$v')}没有读到数据", *SOURCE)
    every = told(held(series.SOURCE_INTERVAL.name + "{source=%q}"), f"，正常应每{span('$v')}读一次", *SOURCE)
    trial, silent = by_admin(f"dabiao try {id}"), where_it_rings("，新报的单子不会提醒")
    unread = where_it_rings("其中如有新报的单子，也不会提醒：请在{{ $desk }}人工核对有无未响应的单子。")
    yield write.rule(
        "DabiaoSourceDown",
        f"{held(series.SOURCE_UP.name)} == 0",
        Severity.WARNING,
        f"{subject}无法读取{since}{silent}",
        f"{subject}无法读取，{last}{since}。由它而来的指标不再更新。{affected()}{unheard()}"
        f"原因见监测大屏上方的“系统与数据源”；请与对方系统的维护人员联系{trial}。恢复后会自动补读。",
        page,
        wait="2m",
    )
    yield write.rule(
        "DabiaoSourceStale",
        f"({stale()})\nunless on (source) ({held(series.SOURCE_UP.name)} == 0)",
        Severity.WARNING,
        f"{subject}已{span('$value')}没有读到数据{silent}",
        f"{subject}已{span('$value')}没有读到数据({last}{every})，多半是对方迟迟不应答。"
        f"由它而来的指标不再更新。{affected()}{unheard()}"
        f"请与对方系统的维护人员联系，并请管理员查监测程序的日志{trial}。",
        page,
        wait="1m",
    )
    yield write.rule(
        "DabiaoRowsRejected",
        f"{held(series.SOURCE_REJECTS.name)} > 0",
        Severity.INFO,
        f"{subject}有{many}行数据读不进来",
        f"{subject}有{many}行数据读不进来，没有计入任何指标，已超过10分钟。{affected()}{unread}"
        f"请管理员查明每行的原因，由对方系统改正或调整字段对应关系，再重新读入"
        f"{by_admin(f'dabiao rejects list {id} 看原因，改正后 dabiao rejects retry')}。",
        page,
        wait="10m",
    )
    ahead = looked_up(f"{held(series.SOURCE_CLOCK.name + '{source=%q}')} > 0", *SOURCE)
    side = f"{{{{ with {ahead} }}}}快了{{{{ else }}}}慢了{{{{ end }}}}"
    yield write.rule(
        "DabiaoClockSkew",
        f"abs({held(series.SOURCE_CLOCK.name)}) > {OFFSET_SECONDS:g}",
        Severity.WARNING,
        f"{subject}的时钟{side}{span('$value')}",
        f"{subject}的时钟比监测程序{side}{span('$value')}(容许{OFFSET_SECONDS:g}秒)，已超过10分钟；"
        f"用它的时间算出的时长和倒计时会差同样多。{affected()}请对方系统和监测程序的管理员都与时间服务器对时。",
        page,
        wait="10m",
    )
