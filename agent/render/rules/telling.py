"""Whether people are told: messages and alerts of the agent's own that did not arrive.

What these say must not take the way that fails: Alertmanager tells them itself, not through the agent.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import FAILED as NOT_TAKEN
from agent.alerts.names import Severity
from agent.metrics.families import OWN, ROUTE_INFO
from agent.notify.delivery import DELIVERED, FAILED
from agent.render.promql import held, looked_up, number, told
from agent.render.rules.naming import by_admin, by_hand
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
    info = held(ROUTE_INFO.name + "{route=%q}")
    named = "{{ $name := . | first | label `name` }}{{ if eq $name $labels.route }}路由{{ end }}{{ $name }}"
    reached = f"{{{{ with {looked_up(info, 'route')} }}}}{named}{{{{ else }}}}路由{route}{{{{ end }}}}"
    instead = (
        f"{{{{ with {looked_up(info, 'route')} }}}}{{{{ $other := . | first | label `fallback` }}}}"
        "{{ if $other }}没有送达的已改发{{ $other }}。{{ else }}没有备用的接收人，他们没有收到。{{ end }}{{ end }}"
    )
    yield write.rule(
        "DabiaoNotificationsFailed",
        f"sum by (route) (increase({sent}{{result=`{FAILED}`}}[{SENT_MINUTES}m])) > 0",
        Severity.CRITICAL,
        f"{reached}近{SENT_MINUTES}分钟有{lost}次提醒没有送达",
        f"发给{reached}的提醒，近{SENT_MINUTES}分钟内有{lost}次没有送达(送达{arrived}次)，其中可能有即将超时的单子。{instead}"
        f"请立即打开监测大屏，有未响应的单子立即受理，并告诉{reached}的人。{by_hand()}"
        f"请管理员查{reached}为何收不到{by_admin(f'dabiao notify test {route}')}。",
        write.overview(),
    )
    yield write.rule(
        "DabiaoAlertsNotPosted",
        f"sum(increase({posted}{{result=`{NOT_TAKEN}`}}[{POSTED_MINUTES}m])) > 0",
        Severity.CRITICAL,
        "逐件的倒计时提醒发不出去",
        f"监测程序已连续{SHUT_MINUTES}分钟以上不能把逐件的倒计时提醒交给 Alertmanager"
        "(有多台 Alertmanager 的，至少一台不收)：即将超时的单子可能不再逐件提醒，只剩按件数的提醒。"
        f"请立即打开监测大屏，有未响应的单子立即受理。{by_hand()}"
        f"请管理员检查 Alertmanager 是否运行、地址和口令是否正确"
        f"{by_admin('看 sources.yaml 的 alerting.alertmanager 和程序日志')}。",
        write.overview(),
        wait=f"{SHUT_MINUTES}m",
    )
