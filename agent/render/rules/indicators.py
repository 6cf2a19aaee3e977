"""What was promised: missed, at risk, known of, without data, or owed by a person."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.model import State
from agent.render.promql import DAY, held, instant, listed, looked_up, number, told
from agent.render.rules.figures import PROJECT, SUBJECT, TARGET, WINDOW, ahead, next_due, value
from agent.render.rules.sources import dead
from agent.render.rules.writing import DAY_SECONDS, INDICATOR, JUDGED, Rule, Writer
from agent.words import NO_OWNER

ASKED_DAYS = 14  # before a statement is due


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


def indicators(write: Writer) -> Iterator[Rule]:
    """What was promised: missed, at risk, known of, or without data."""
    left = told(
        held(series.ALLOWANCE_LEFT.name + "{project=%q,indicator=%q}"),
        f"全年还可超时{number('$v', '%.0f')}件，",
        *INDICATOR,
    )
    reachable = told(
        f"{held(series.REACHABLE.name + '{project=%q,indicator=%q}')} == 0", "年内已无法达标，", *INDICATOR
    )
    figures = f"{value()}目标{TARGET}，{ahead()}{left}{reachable}{next_due(write)}"
    page = write.indicator_page()
    yield write.rule(
        "DabiaoTargetMissed",
        f"{judged(State.MISSED)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}未达标",
        f"{PROJECT}的{SUBJECT}({WINDOW})：{figures}请打开看板，先办已超时和将到期的，"
        "再查不合格的记录集中在哪里；原因已知、正在处理的，用 dabiao acknowledge 声明，以免重复提醒。",
        page,
        wait="10m",
    )
    yield write.rule(
        "DabiaoTargetAtRisk",
        f"{judged(State.AT_RISK)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}有未达标的风险",
        f"{PROJECT}的{SUBJECT}({WINDOW})目前达标，但全年余量将尽，或预计年末不达标：{figures}"
        "请打开看板看近期不合格的集中在哪里，趁还来得及安排处理。",
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
        "没有数据既不是达标也不是未达标。用 dabiao explain {{ $labels.indicator }} 查缺哪些时段、缺哪个数据源，"
        "再用 dabiao collect 补采。",
        page,
        wait="30m",
    )


def attestations(write: Writer) -> Iterator[Rule]:
    """What people owe, one alert an owner."""
    due, info = held(series.ATTESTATION_DUE.name), held(series.INDICATOR_INFO.name)
    near = f"({due} - time() <= {ASKED_DAYS * DAY_SECONDS})"
    names = listed(looked_up(f"{info.replace('[', '{owner=%q}[')} and on (project, indicator) {near}", "owner"))
    own = f"min({due} and on (project, indicator) {info.replace('[', '{owner=%q}[')})"
    first = told(write.local(own), instant("$v", DAY), "owner")
    owner = f"{{{{ if $labels.owner }}}}{{{{ $labels.owner }}}}{{{{ else }}}}{NO_OWNER}{{{{ end }}}}"
    yield write.rule(
        "DabiaoAttestationDue",
        f"count by (owner) (\n  {info}\n  and on (project, indicator) {near}\n)",
        Severity.INFO,
        f"{owner}有{number('$value', '%.0f')}项指标待填报",
        f"{owner}有{number('$value', '%.0f')}项指标待填报：{names}。最早的一项应在{first}之前填报。"
        "用 dabiao attest 填报并附佐证材料。",
        write.overview(),
    )
