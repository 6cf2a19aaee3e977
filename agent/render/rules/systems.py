"""Systems that do not answer in their hours, and certificates that end."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.render.promql import held, instant, name, number, told
from agent.render.rules.writing import DAY_SECONDS, SYSTEM, Rule, Writer

FAILED_SAMPLES = 2  # of a probe in a row, before its system counts as down
CERTIFICATE_DAYS = 30


def systems(write: Writer) -> Iterator[Rule]:
    """Systems that do not answer in their hours, and certificates that end."""
    subject, page = (
        name("dabiao_system_info", "name", *SYSTEM),
        write.links.dashboard("dabiao-system", system="{{ $labels.system }}"),
    )
    as_source = "label_replace({}, `source`, `$1`, `probe`, `(.*)`)"
    yield write.rule(
        "DabiaoSystemDown",
        as_source.format(f"{held(series.SYSTEM_FAILED.name)} >= {FAILED_SAMPLES}")
        + f"\nand on (system) {held(series.SYSTEM_IN_SERVICE.name)} == 1",
        Severity.CRITICAL,
        f"{subject}中断",
        f"{subject}在开放时段内连续{number('$value', '%.0f')}次探测失败(探测 {{{{ $labels.probe }}}})，"
        "请立即检查系统并在故障台登记；计划内停机请写入 targets.yaml 的 maintenance。",
        page,
    )
    expiry = held(series.CERTIFICATE_EXPIRY.name)
    at = told(
        write.local(held(series.CERTIFICATE_EXPIRY.name + "{system=%q,probe=%q}")), instant("$v"), "system", "probe"
    )
    yield write.rule(
        "DabiaoCertificateEnds",
        as_source.format(f"({expiry} - time()) / {DAY_SECONDS} < {CERTIFICATE_DAYS}"),
        Severity.WARNING,
        f"{subject}的证书还有{number('$value', '%.0f')}天到期",
        f"{subject}的证书将于{at}到期(探测 {{{{ $labels.probe }}}})，还有{number('$value', '%.1f')}天。"
        "请申请并更换证书；到期后用户无法访问，系统将按中断计算。",
        page,
    )
