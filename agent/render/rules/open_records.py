"""Open records that ring one by one: behind the alerts the agent posts itself, should those not arrive."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.model import Stage
from agent.render.promql import name, number
from agent.render.rules.figures import PROJECT, SUBJECT, TARGET, next_due
from agent.render.rules.writing import INDICATOR, SYSTEM, Rule, Writer
from agent.words import STAGES


def open_records(write: Writer) -> Iterator[Rule]:
    """The same records by number, should the agent's own alerts not arrive."""
    system = f"{{{{ if $labels.system }}}}{name('dabiao_system_info', 'name', *SYSTEM)}：{{{{ end }}}}"
    for stage, alert, severity in (
        (Stage.DUE_SOON, "DabiaoOpenRecordsDueSoon", Severity.WARNING),
        (Stage.OVERDUE, "DabiaoOpenRecordsOverdue", Severity.CRITICAL),
    ):
        words = STAGES[stage]
        yield write.rule(
            alert,
            f"{series.RINGING.name}{{stage=`{stage}`}} > 0",
            severity,
            f"{system}{SUBJECT}有{number('$value', '%.0f')}件{words}",
            f"{system}{PROJECT}的{SUBJECT}有{number('$value', '%.0f')}件未结记录{words}，目标{TARGET}，"
            f"{next_due(write)}请打开看板，立即在来源系统受理。本条只在逐件告警没有送达时发出，请随后检查它们为何没有送达。",
            write.links.dashboard("dabiao-indicator", **{one: f"{{{{ $labels.{one} }}}}" for one in INDICATOR}),
            wait="15s",
        )
