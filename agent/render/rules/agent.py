"""The agent itself: whether it answers and judges, and how far its calendar reaches."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import STALLED_SECONDS
from agent.metrics import families as series
from agent.render.promql import DAY, held, instant, number, span, told
from agent.render.rules.writing import DAY_SECONDS, Rule, Writer

JOB = "dabiao"  # of the scrape in prometheus.yml
CALENDAR_DAYS = 47  # before the first unknown day: 15 November where next year is missing


def agent(write: Writer) -> Iterator[Rule]:
    """The agent, its calendar, and the way an alert takes."""
    page = write.overview()
    until = told(write.local(series.CALENDAR_COVERED.name), instant("$v", DAY))
    yield write.rule(
        "DabiaoCalendarEnds",
        f"({held(series.CALENDAR_COVERED.name)} - time()) / {DAY_SECONDS} <= {CALENDAR_DAYS}",
        Severity.WARNING,
        "下一年的工作日安排尚未录入",
        f"工作日安排只到{until}之前，还有{number('$value', '%.0f')}天；之后到期的工作日时限无法计算。"
        "国务院办公厅公布后，填写工作日安排表，运行 dabiao calendar import，再运行 dabiao render。",
        page,
    )
    yield write.rule(
        "DabiaoScheduleStalled",
        f"time() - {series.SNAPSHOT_TIME.name} > {STALLED_SECONDS}",
        Severity.CRITICAL,
        "达标代理在运行，但已停止判定",
        f"达标代理的数据停在{span('$value')}之前，页面和告警都不再更新。请查看代理的日志和账本所在的磁盘、数据库，必要时重启。",
        page,
    )
    up = f"up{{job=`{JOB}`}}"
    yield write.rule(
        "DabiaoAgentDown",
        f"{up} == 0\nor absent({up})",
        Severity.CRITICAL,
        "达标代理没有应答",
        "Prometheus 已有一分钟读不到达标代理，所有指标和逐件告警都已停止。请查看 systemctl status dabiao "
        "和日志并重启；恢复后代理从账本所记之处继续，不会丢失数据。",
        page,
        wait="1m",
    )
    yield write.rule(
        "DabiaoWatchdog",
        "vector(1)",
        Severity.INFO,
        "告警链路正常",
        "本条始终触发；收不到它，说明从 Prometheus 到 Alertmanager 再到接收人的链路断了。",
        page,
    )
