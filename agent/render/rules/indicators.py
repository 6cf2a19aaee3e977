"""What was promised: missed, at risk, known of, without data, or owed by a person."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerts.names import Severity
from agent.metrics import families as series
from agent.model import State
from agent.render.promql import DAY, held, instant, listed, looked_up, number, told
from agent.render.rules.figures import (
    PROJECT,
    SUBJECT,
    TARGET,
    WINDOW,
    ahead,
    left_to_miss,
    next_due,
    value,
    year_left,
)
from agent.render.rules.naming import by_admin, desks_of_indicator
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
    figures = f"{value()}目标{TARGET}{ahead()}{year_left(write)}。{left_to_miss()}{next_due(write)}"
    page = write.indicator_page()
    acknowledging = by_admin("dabiao acknowledge {{ $labels.indicator }} --reason 原因 --until 日期")
    yield write.rule(
        "DabiaoTargetMissed",
        f"{judged(State.MISSED)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}未达标",
        f"{PROJECT}的{SUBJECT}({WINDOW}，各系统合计)：{figures}请打开看板：先办将到期和已超时的，再查不合格的集中在哪个系统、哪几天。"
        f"原因已知、正在处理的，可请管理员登记“已知晓”，以免每周重复提醒{acknowledging}。",
        page,
        wait="10m",
    )
    yield write.rule(
        "DabiaoTargetAtRisk",
        f"{judged(State.AT_RISK)}\n{enough()}",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}有未达标的风险",
        f"{PROJECT}的{SUBJECT}({WINDOW}，各系统合计)目前达标，但容许的超时件数将尽，或照目前走势年底不达标：{figures}"
        f"请打开看板，查近期不合格的集中在哪个系统、哪几天，趁还来得及安排处理。"
        f"已有安排的，可请管理员登记“已知晓”，以免每周重复提醒{acknowledging}。",
        page,
        wait="10m",
    )
    ends = told(write.local(held(series.ACKNOWLEDGED.name + "{project=%q,indicator=%q}")), instant("$v"), *INDICATOR)
    yield write.rule(
        "DabiaoTargetAcknowledged",
        f"{held(series.ACKNOWLEDGED.name)} > time()",
        Severity.INFO,
        f"{SUBJECT}未达标或有风险，已登记为“已知晓”",
        f"{PROJECT}的{SUBJECT}：已登记为“已知晓”，{ends}之前不再提醒，状态不变。"
        f"何人、何原因可查{by_admin('dabiao acts')}；其间情况变坏也不另行提醒，请自行留意看板。",
        write.links.dashboard("dabiao-indicator", **{one: f"{{{{ $labels.{one} }}}}" for one in INDICATOR}),
    )
    on = "on (project, indicator)"
    blind = f"{held(series.INDICATOR_SOURCE.name)} and on (source) ({dead()})"
    covered = told(
        f"100 * ({held(series.TOTAL.coverage.name + '{project=%q,indicator=%q,window=%q}')} < 1)",
        f"应有的数据只读到{number('$v', '%.2f')}%(数据完整率)，",
        *JUDGED,
    )
    yield write.rule(
        "DabiaoNoData",
        f"{judged(State.NO_DATA)}\nand on (project, indicator, window) {held(series.ALERT_AFTER.name)}\n"
        f"unless {on} ({blind})",
        Severity.WARNING,
        f"{SUBJECT}{WINDOW}数据不足，无法判定是否达标",
        f"{PROJECT}的{SUBJECT}({WINDOW})：{covered}已超过30分钟不足以判定，既不算达标也不算未达标(目标{TARGET})。"
        f"它的数据源({desks_of_indicator()})现在都能读取，多半是缺以前的时段，或文件没有交来；"
        "刚改过口径的，等重新计算完即可。请管理员查缺哪些时段：能补读的补读，靠文件报送的向报送科室催交"
        f"{by_admin('dabiao explain {{ $labels.indicator }} 查缺口，dabiao collect 数据源 补读')}。",
        page,
        wait="30m",
    )


def attestations(write: Writer) -> Iterator[Rule]:
    """What people owe, one alert an owner."""
    due, info = held(series.ATTESTATION_DUE.name), held(series.INDICATOR_INFO.name)
    near = f"({due} - time() <= {ASKED_DAYS * DAY_SECONDS})"
    names = listed(looked_up(f"{info.replace('[', '{owner=%q}[')} and on (project, indicator) {near}", "owner"))
    own = f"min({due} and on (project, indicator) {info.replace('[', '{owner=%q}[')})"
    first = told(write.local(own), f"最早的一项须在{instant('$v', DAY)}之前(不含当日)填报，", "owner")
    late = told(f"floor((time() - {own}) / {DAY_SECONDS}) + 1 > 0", f"已过期{number('$v', '%.0f')}天", "owner")
    soon = told(f"floor(({own} - time()) / {DAY_SECONDS}) >= 0", f"还有{number('$v', '%.0f')}天", "owner")
    owner = f"{{{{ if $labels.owner }}}}{{{{ $labels.owner }}}}{{{{ else }}}}{NO_OWNER}{{{{ end }}}}"
    yield write.rule(
        "DabiaoAttestationDue",
        f"count by (owner) (\n  {info}\n  and on (project, indicator) {near}\n)",
        Severity.INFO,
        f"{owner}有{number('$value', '%.0f')}项指标待填报，最早的一项{late}{soon}",
        f"{owner}有{number('$value', '%.0f')}项指标还没有填报全年的值：{names}。{first}{late}{soon}。"
        "请备齐数值和佐证材料，在填报表中填好交管理员录入"
        f"{by_admin('dabiao import 填报表，或 dabiao attest 指标')}；填法见《填报说明》。",
        write.overview(),
    )
