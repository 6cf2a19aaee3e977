"""Prometheus rules: they read states, targets and limits from series, and hold the few thresholds that are ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.alerts.names import Severity
from agent.config import Config, Links
from agent.findings.sources import OFFSET_SECONDS
from agent.metrics import FRESH_INTERVALS, STALLED_SECONDS
from agent.metrics import families as series
from agent.model import Stage, State, Unit
from agent.render.documents import document
from agent.render.promql import DAY, held, instant, local, looked_up, name, number, span, told
from agent.words import NO_OWNER, STAGES, WINDOWS

Rule = dict[str, Any]

JOB = "dabiao"  # of the scrape in prometheus.yml
FAILED_SAMPLES = 2  # of a probe in a row, before its system counts as down
CERTIFICATE_DAYS = 30
ASKED_DAYS = 14  # before a statement is due
CALENDAR_DAYS = 47  # before the first unknown day: 15 November where next year is missing
DAY_SECONDS = 86_400

INDICATOR, JUDGED, SYSTEM, SOURCE = (
    ("project", "indicator"),
    ("project", "indicator", "window"),
    ("system",),
    ("source",),
)


def files(config: Config) -> Mapping[str, str]:
    """The rule file."""
    groups = [{"name": f"dabiao-{subject}", "rules": list(make(Writer(config)))} for subject, make in SUBJECTS.items()]
    return {"prometheus/rules.yml": document({"groups": groups}, config)}


class Writer:
    """Writes single rules for one site: its addresses, its time zone, its rows."""

    def __init__(self, config: Config) -> None:
        """The newest targets file says where people look things up."""
        self.config, plan = config, config.plans[-1]
        self.links: Links = plan.links
        self._zone, self._years = plan.timezone, (config.plans[0].year - 1, plan.year + 1)

    def rule(
        self,
        alert: str,
        expr: str,
        severity: Severity,
        summary: str,
        description: str,
        dashboard: str,
        *,
        wait: str = "0s",
    ) -> Rule:
        """One alerting rule with everything a reader needs."""
        return {
            "alert": alert,
            "expr": expr,
            "for": wait,
            "labels": {"severity": severity.value},
            "annotations": {
                "summary": summary,
                "description": description,
                "runbook_url": self.links.runbook(alert),
                "dashboard_url": dashboard,
            },
        }

    def local(self, promql: str) -> str:
        """An instant to be printed in the site's time."""
        return local(promql, self._zone, *self._years)

    def indicator_page(self) -> str:
        """The dashboard of the indicator an alert is about."""
        chosen = {label: f"{{{{ $labels.{label} }}}}" for label in JUDGED}
        return self.links.dashboard("dabiao-indicator", **chosen)

    def source_page(self) -> str:
        """The dashboard of the sources."""
        return self.links.dashboard("dabiao-sources", source="{{ $labels.source }}")

    def overview(self) -> str:
        """The dashboard of everything."""
        return self.links.dashboard("dabiao-overview")


# --- indicators -------------------------------------------------------------------------------------------------------

SUBJECT = f"{name('dabiao_indicator_info', 'name', *INDICATOR)}"
PROJECT = name("dabiao_project_info", "name", "project")
WINDOW = "".join(f'{{{{ if eq $labels.window "{id}" }}}}{word}{{{{ end }}}}' for id, word in WINDOWS.items())
TARGET = (
    f"{{{{ with {looked_up('dabiao_indicator_info{project=%q,indicator=%q}', *INDICATOR)} }}}}"
    "{{ . | first | label `target` }}{{ end }}"
)


def value() -> str:
    """The value of an indicator in words; nothing where it has none."""
    pieces = ""
    for unit, family in series.TOTAL.values.items():
        if unit not in SHOWN:
            continue
        scale = "100 * " if unit is Unit.RATIO else ""
        selector = f"{scale}{held(family.name + '{project=%q,indicator=%q,window=%q}')}"
        target = f"{scale}{held(series.TARGETS[unit].name + '{project=%q,indicator=%q}')}"
        pieces += told(selector, f"当前值{SHOWN[unit](target)}，", *JUDGED)
    return pieces


def _finer(coarse: str, fine: str, layout: str, target: str) -> str:
    """The value, or where it would be printed like the target it is held against, the value with more digits."""
    asked = looked_up(target, *INDICATOR)
    equal = f"eq (printf `{layout}` $v) (printf `{layout}` (. | first | value))"
    chosen = f"{{{{ if {equal} }}}}{fine}{{{{ else }}}}{coarse}{{{{ end }}}}"
    return f"{{{{ with {asked} }}}}{chosen}{{{{ else }}}}{coarse}{{{{ end }}}}"


SHOWN: Mapping[Unit, Callable[[str], str]] = {
    Unit.RATIO: lambda target: _finer(number("$v", "%.2f"), number("$v", "%.5f"), "%.2f", target) + "%",
    Unit.SECONDS: lambda target: _finer(span("$v"), number("$v", "%.3f") + "秒", "%.0f", target),
    Unit.COUNT: lambda target: '{{ printf `%.2f` $v | reReplaceAll "[.]00$" "" }}',
}


def enough() -> str:
    """A condition on an indicator's state: an alerted window, and records enough to say something, or all is lost."""
    after, on = held(series.ALERT_AFTER.name), "on (project, indicator, window)"
    counted = held(series.TOTAL.records.name + "{outcome=~`good|bad`}")
    few = f"sum by (project, indicator, window) ({counted}) < {on} {after}"
    lost = f"{held(series.REACHABLE.name)} == 0"
    return f"and {on} {after}\nunless {on} (\n  ({few})\n  unless on (project, indicator) ({lost})\n)"


def judged(state: State) -> str:
    """Indicators in a state."""
    return f"{held(f'{series.TOTAL.state.name}{{state=`{state}`}}')} == 1"


def dead() -> str:
    """Sources that cannot be read, or have not been for long."""
    return f"({held(series.SOURCE_UP.name)} == 0) or ({stale()})"


def stale() -> str:
    """Sources whose last success is several intervals ago."""
    last, interval = held(series.SOURCE_LAST_SUCCESS.name), held(series.SOURCE_INTERVAL.name)
    return f"time() - {last} > {FRESH_INTERVALS} * {interval} + {STALLED_SECONDS}"


def indicators(write: Writer) -> Iterator[Rule]:
    """What was promised: missed, at risk, known of, or without data."""
    left = told(
        held(series.ALLOWANCE_LEFT.name + "{project=%q,indicator=%q}"),
        f"还可超时{number('$v', '%.0f')}件，",
        *INDICATOR,
    )
    reachable = told(
        f"{held(series.REACHABLE.name + '{project=%q,indicator=%q}')} == 0", "年内已无法达标，", *INDICATOR
    )
    due = write.local(f"min({series.NEXT_DUE.name}{{project=%q,indicator=%q}})")
    next_due = told(due, f"最近一件{instant('$v')}到期，", *INDICATOR)
    figures = f"{value()}目标{TARGET}，{left}{reachable}{next_due}"
    page = write.indicator_page()
    yield write.rule(
        "DabiaoTargetMissed",
        f"{judged(State.MISSED)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}未达标",
        f"{PROJECT}的{SUBJECT}({WINDOW})：{figures}请查看未达标的记录并处理；已知情况可用 dabiao acknowledge 声明。",
        page,
        wait="10m",
    )
    yield write.rule(
        "DabiaoTargetAtRisk",
        f"{judged(State.AT_RISK)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}有未达标的风险",
        f"{PROJECT}的{SUBJECT}({WINDOW})目前达标，但余量将尽或预计年末不达标：{figures}请趁还来得及安排处理。",
        page,
        wait="10m",
    )
    ends = told(write.local(held(series.ACKNOWLEDGED.name + "{project=%q,indicator=%q}")), instant("$v"), *INDICATOR)
    yield write.rule(
        "DabiaoTargetAcknowledged",
        f"{held(series.ACKNOWLEDGED.name)} > time()",
        Severity.INFO,
        f"{SUBJECT}未达标已知晓",
        f"{PROJECT}的{SUBJECT}：已有人声明知晓，{ends}之前不再告警，状态仍是未达标。原因见 dabiao acts。",
        write.links.dashboard("dabiao-indicator", **{one: f"{{{{ $labels.{one} }}}}" for one in INDICATOR}),
    )
    on = "on (project, indicator)"
    blind = f"{held(series.INDICATOR_SOURCE.name)} and on (source) ({dead()})"
    covered = told(
        f"100 * {held(series.TOTAL.coverage.name + '{project=%q,indicator=%q,window=%q}')}",
        f"数据完整率{number('$v', '%.2f')}%，",
        *JUDGED,
    )
    yield write.rule(
        "DabiaoNoData",
        f"{judged(State.NO_DATA)}\nand on (project, indicator, window) {held(series.ALERT_AFTER.name)}\n"
        f"unless {on} ({blind})",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}无数据，无法判定",
        f"{PROJECT}的{SUBJECT}({WINDOW})：{covered}目标{TARGET}。数据源能够读取，但给出的数据不足以判定；"
        "没有数据既不是达标也不是未达标。请检查数据源的覆盖时段，必要时补采。",
        page,
        wait="30m",
    )


def attestations(write: Writer) -> Iterator[Rule]:
    """What people owe, one alert an owner."""
    due, info = held(series.ATTESTATION_DUE.name), held(series.INDICATOR_INFO.name)
    near = f"({due} - time() <= {ASKED_DAYS * DAY_SECONDS})"
    listed = f"{info.replace('[', '{owner=%q}[')} and on (project, indicator) {near}"
    names = f"{{{{ range $i, $row := {looked_up(listed, 'owner')} }}}}"
    names += "{{ if $i }}、{{ end }}{{ $row.Labels.name }}{{ end }}"
    first = told(write.local(f"min({due})"), instant("$v", DAY))
    owner = f"{{{{ if $labels.owner }}}}{{{{ $labels.owner }}}}{{{{ else }}}}{NO_OWNER}{{{{ end }}}}"
    yield write.rule(
        "DabiaoAttestationDue",
        f"count by (owner) (\n  {info}\n  and on (project, indicator) {near}\n)",
        Severity.INFO,
        f"{owner}有{number('$value', '%.0f')}项指标待填报",
        f"{owner}有{number('$value', '%.0f')}项指标待填报：{names}。全部待填报项中最早的一项应在{first}之前填报。"
        "用 dabiao attest 填报并附佐证材料。",
        write.overview(),
    )


# --- open records: behind the alerts the agent posts itself ---------------------------------------------------------


def open_records(write: Writer) -> Iterator[Rule]:
    """Open records that ring one by one, should the agent's own alerts not arrive."""
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
            f"{system}{PROJECT}的{SUBJECT}有{number('$value', '%.0f')}件未结记录{words}，目标{TARGET}。"
            "逐件告警没有送达时才发出本条，请立即在来源系统受理，并检查逐件告警为何没有送达。",
            write.links.dashboard("dabiao-indicator", **{one: f"{{{{ $labels.{one} }}}}" for one in INDICATOR}),
            wait="15s",
        )


# --- systems and sources ----------------------------------------------------------------------------------------------


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
        f"原因见 dabiao status 的数据源一栏；可用 dabiao try {source} 查证。",
        page,
        wait="2m",
    )
    yield write.rule(
        "DabiaoSourceStale",
        f"({stale()})\nunless on (source) ({held(series.SOURCE_UP.name)} == 0)",
        Severity.WARNING,
        f"数据源{source}很久没有读取成功",
        f"数据源{source}已超过{FRESH_INTERVALS}个采集间隔没有读取成功，也没有报告失败，{last}"
        "多半是对方不应答而占住了采集，或采集没有启动。请检查对方系统和代理的日志。",
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


# --- the agent itself ---------------------------------------------------------------------------------------------


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


SUBJECTS: Mapping[str, Callable[[Writer], Iterator[Rule]]] = {
    "indicators": indicators,
    "attestations": attestations,
    "open-records": open_records,
    "systems": systems,
    "sources": sources,
    "agent": agent,
}
