"""Whether people are told: messages and alerts of the agent's own that did not arrive.

What these say must not take the way that fails: Alertmanager tells them itself, not through the agent.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import FAILED as NOT_TAKEN
from agent.alerts.names import Severity
from agent.metrics.families import OWN
from agent.notify.delivery import DELIVERED, FAILED
from agent.render.promql import number, told
from agent.render.rules.writing import Rule, Writer

SENT_MINUTES = 10  # how long one message that did not arrive is told of
POSTED_MINUTES = (
    2  # longer than the longest wait between two tries, so that one lost try is told from a way that is shut
)
SHUT_MINUTES = 3


def telling(write: Writer) -> Iterator[Rule]:
    """Messages that reached nobody by their route, and alerts that Alertmanager did not take."""
    sent, posted = OWN["notifications"].name, OWN["alerts_posted"].name
    lost, route = number("$value", "%.0f"), "{{ $labels.route }}"
    arrived = told(f"increase({sent}{{route=%q,result='{DELIVERED}'}}[{SENT_MINUTES}m])", number("$v", "%.0f"), "route")
    yield write.rule(
        "DabiaoNotificationsFailed",
        f"sum by (route) (increase({sent}{{result=`{FAILED}`}}[{SENT_MINUTES}m])) > 0",
        Severity.CRITICAL,
        f"消息路由{route}近{SENT_MINUTES}分钟有{lost}次没有送达",
        f"近{SENT_MINUTES}分钟内，经消息路由{route}发给人的消息没有送达{lost}次，送达{arrived}次。"
        "没有配置备用路由(fallback)的，收件人没有收到告警，请先打开监测页面盯住未结记录。"
        f"运行 dabiao notify test {route} 看对方答复了什么。",
        write.overview(),
    )
    yield write.rule(
        "DabiaoAlertsNotPosted",
        f"sum(increase({posted}{{result=`{NOT_TAKEN}`}}[{POSTED_MINUTES}m])) > 0",
        Severity.CRITICAL,
        "逐件告警没有送到 Alertmanager",
        f"代理向 Alertmanager 发送逐件告警已连续{SHUT_MINUTES}分钟以上不被接收(配置了几个的，至少一个)："
        "将超时的记录不再逐件提醒，只剩 Prometheus 按件数提醒。请先打开监测页面盯住未结记录，"
        "再检查 Alertmanager 是否运行、sources.yaml 中 alerting.alertmanager 的地址和口令；原因见代理的日志。",
        write.overview(),
        wait=f"{SHUT_MINUTES}m",
    )
