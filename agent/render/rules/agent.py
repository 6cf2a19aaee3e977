"""The agent itself: whether it answers and judges, and how far its calendar reaches."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import STALLED_SECONDS
from agent.metrics import families as series
from agent.render.promql import DAY, held, instant, number, span, told
from agent.render.rules.naming import REMEMBERED, by_admin, by_hand
from agent.render.rules.writing import DAY_SECONDS, Rule, Writer

JOB = "dabiao"  # of the scrape in prometheus.yml
CALENDAR_DAYS = 47  # before the first unknown day: 15 November where next year is missing


def agent(write: Writer) -> Iterator[Rule]:
    """The agent, its calendar, and the way an alert takes."""
    page = write.overview()
    until = told(write.local(series.CALENDAR_COVERED.name), instant("$v", DAY))
    left = number("$value", "%.0f")
    yield write.rule(
        "DabiaoCalendarEnds",
        f"({held(series.CALENDAR_COVERED.name)} - time()) / {DAY_SECONDS} <= {CALENDAR_DAYS}",
        Severity.WARNING,
        f"下一年的工作日安排尚未录入，还有{left}天就要用到",
        f"{until}起的工作日安排没有录入，还有{left}天；那时起到期的“几个工作日”的时限无法计算。"
        "国务院办公厅公布放假安排后，请填写工作日安排表交管理员录入"
        f"{by_admin('dabiao calendar import 安排表，再 dabiao render')}。",
        page,
    )
    yield write.rule(
        "DabiaoScheduleStalled",
        f"time() - {series.SNAPSHOT_TIME.name} > {STALLED_SECONDS}",
        Severity.CRITICAL,
        f"监测程序已{span('$value')}没有更新，新报的单子不会提醒",
        f"监测程序还在运行，但数据停在{span('$value')}之前：监测大屏、看板和倒计时提醒都不再更新，新报的单子不会提醒。"
        f"{by_hand()}请管理员查看程序的日志和数据库所在的磁盘(是否已满)，必要时重启"
        f"{by_admin('journalctl -u dabiao 看日志，systemctl restart dabiao 重启')}；重启不会丢失数据。",
        page,
    )
    newest = f"max(last_over_time({series.SNAPSHOT_TIME.name}[{REMEMBERED}]))"
    stopped = told(write.local(newest), f"(最后一次更新在{instant('$v')})")
    up = f"up{{job=`{JOB}`}}"
    yield write.rule(
        "DabiaoAgentDown",
        f"{up} == 0\nor absent({up})",
        Severity.CRITICAL,
        "监测程序没有应答，倒计时提醒全部停止",
        f"已超过一分钟读不到监测程序{stopped}：指标、监测大屏和看板不再更新，逐件的倒计时提醒全部停止。"
        f"{by_hand()}请管理员检查并重启"
        f"{by_admin('systemctl status dabiao 看原因，systemctl restart dabiao 重启')}；恢复后自动补读，不会丢失数据。",
        page,
        wait="1m",
    )
    yield write.rule(
        "DabiaoWatchdog",
        "vector(1)",
        Severity.INFO,
        "提醒通道正常(每天一封，不需处理)",
        "本条每天用邮件发一次，证明提醒能够送到，不需处理。超过一天没有收到，说明 Prometheus、Alertmanager 或邮件"
        f"有一处停了，其他提醒可能也送不到：请立即打电话告诉管理员检查这三处。{by_hand('管理员告知修好之前')}",
        page,
    )
