"""Systems that do not answer in their hours, and certificates that end."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.render.promql import held, instant, name, number, span, told
from agent.render.rules.naming import by_admin, source
from agent.render.rules.writing import DAY_SECONDS, SYSTEM, Rule, Writer

FAILED_SAMPLES = 2  # of a probe in a row, before its system counts as down
CERTIFICATE_DAYS = 30


def systems(write: Writer) -> Iterator[Rule]:
    """Systems that do not answer in their hours, and certificates that end."""
    subject, page = (
        name("dabiao_system_info", "name", *SYSTEM),
        write.links.dashboard("dabiao-system", system="{{ $labels.system }}"),
    )
    failed, every = (
        held(series.SYSTEM_FAILED.name + "{system=%q,probe=%q}"),
        held(series.SOURCE_INTERVAL.name + "{source=%q}"),
    )
    length = told(f"{failed} * on () {every}", f"已约{span('$v')}", "system", "probe", "probe")
    as_source = "label_replace({}, `source`, `$1`, `probe`, `(.*)`)"
    yield write.rule(
        "DabiaoSystemDown",
        as_source.format(f"{held(series.SYSTEM_FAILED.name)} >= {FAILED_SAMPLES}")
        + f"\nand on (system) {held(series.SYSTEM_IN_SERVICE.name)} == 1",
        Severity.CRITICAL,
        f"{subject}中断，{length}",
        f"{subject}在开放时段内连续{number('$value', '%.0f')}次自动访问失败，{length}，中断时间计入可用率"
        f"(探测项：{source()})。请立即检查该系统并在故障台登记；"
        "确属计划内停机的，请管理员录入计划内维护，之后不再提醒"
        f"{by_admin('在 targets.yaml 该系统的 maintenance 中写明起止')}。",
        page,
    )
    expiry = held(series.CERTIFICATE_EXPIRY.name)
    at = told(
        write.local(held(series.CERTIFICATE_EXPIRY.name + "{system=%q,probe=%q}")), instant("$v"), "system", "probe"
    )
    left = f"{{{{ if lt $value 0.0 }}}}已经到期{{{{ else }}}}还有{number('$value', '%.0f')}天到期{{{{ end }}}}"
    yield write.rule(
        "DabiaoCertificateEnds",
        as_source.format(f"floor(({expiry} - time()) / {DAY_SECONDS}) < {CERTIFICATE_DAYS}"),
        Severity.WARNING,
        f"{subject}的HTTPS证书{left}",
        f"{subject}的HTTPS证书{left}，期限是{at}(探测项：{source()})。"
        "请该系统的管理员申请并更换证书；到期后用户无法访问，系统将按中断计入可用率。",
        page,
    )
