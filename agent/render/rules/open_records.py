"""Open records that ring one by one: behind the alerts the agent posts itself, should those not arrive."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.model import Stage
from agent.render.promql import SECOND, instant, name, number, span, told
from agent.render.rules.figures import PROJECT, SUBJECT, TARGET
from agent.render.rules.naming import by_hand, desks_of_indicator
from agent.render.rules.writing import INDICATOR, SYSTEM, Rule, Writer
from agent.words import STAGES

STAGED = (*INDICATOR, *SYSTEM, "stage")


def open_records(write: Writer) -> Iterator[Rule]:
    """The same records by number, should the agent's own alerts not arrive."""
    system = f"{{{{ if $labels.system }}}}{name('dabiao_system_info', 'name', *SYSTEM)}：{{{{ end }}}}"
    first = f"min({series.RINGING_DUE.name}{{project=%q,indicator=%q,system=%q,stage=%q}})"
    when = told(write.local(first), instant("$v", SECOND), *STAGED)
    for stage, alert, from_now, most in (
        (Stage.DUE_SOON, "DabiaoOpenRecordsDueSoon", f"{first} - time()", "最早到期的一件还剩"),
        (Stage.OVERDUE, "DabiaoOpenRecordsOverdue", f"time() - {first}", "最久的一件已超时"),
    ):
        count, howlong = number("$value", "%.0f"), told(from_now, f"{most}{span('$v')}", *STAGED)
        yield write.rule(
            alert,
            f"{series.RINGING.name}{{stage=`{stage}`}} > 0",
            Severity.CRITICAL,
            f"{system}{SUBJECT}有{count}件{STAGES[stage]}，{howlong}",
            f"{system}{PROJECT}的{SUBJECT}(目标{TARGET})有{count}件单子{STAGES[stage]}，{howlong}({when}到期)。"
            f"请立即在{desks_of_indicator()}找出还没有响应或办结的单子，逐件受理、办理。"
            f"本条只在逐件的提醒没有送达时才有，所以只有件数，没有单号：{by_hand('管理员查明原因之前')}",
            write.links.dashboard("dabiao-indicator", **{one: f"{{{{ $labels.{one} }}}}" for one in INDICATOR}),
            wait="15s",
        )
