"""系统详情: everything about one system: whether it is up, what is open, and its part in every indicator."""

from __future__ import annotations

from typing import Any

from agent import words
from agent.config import Config
from agent.metrics.families import (
    CERTIFICATE_EXPIRY,
    INDICATOR,
    OPEN_RECORDS,
    PART,
    PROBE_SECONDS,
    SYSTEM_UP,
)
from agent.model import Stage
from agent.render.grafana import places
from agent.render.grafana.dashboard import dashboard, projects, systems, windows
from agent.render.grafana.panels import (
    DAY,
    NUMBER,
    RATIO,
    SECONDS,
    Band,
    Column,
    Query,
    graph,
    stat,
    table,
    timeline,
    worded,
)
from agent.render.grafana.queries import MILLISECONDS, PROMISED, Where, named, once, running, select, service, standing
from agent.render.grafana.standing import STATES, UP
from agent.render.grafana.tables import WIDE, figures, open_records, outcomes, to_indicator

Json = dict[str, Any]
ONE: Where = {"project": '=~"$project"', "system": '="$system"', "window": '="$window"'}
ROWS: Where = {**ONE, "indicator": PROMISED}


def system(config: Config) -> Json:
    """The dashboard."""
    bands = [
        Band(4, [(8, up()), (8, seconds()), (8, certificate())], "${system:text}"),
        Band(7, [(12, ups()), (12, courses())]),
        Band(9, [(14, open_records(config, OPEN, ROWS, of_one="system")), (10, pressing())]),
        Band(16, [(24, parts(config))], "各项指标中的本系统(${window:text})"),
    ]
    return dashboard(
        config,
        places.SYSTEM,
        "一个应用系统：是否正常、未结记录、证书，以及它在每项指标中的部分。",
        bands,
        [systems(config, several=False), projects(config, several=True), windows()],
        "now-24h",
        'system="$system"',
    )


OPEN = "本系统未办结的记录，按指标合计；同一条记录可能计入几项指标。已超时的在前，其余按最近到期排列。"


def up() -> Json:
    """Whether it is up."""
    return stat(
        "运行状态",
        "最近一次探测的结果；有几个探测的，一个不通即为中断。非开放时段和计划维护不算中断；“未知”是没有探测，或近期没有"
        "探测到。",
        [Query("up", running(ONE))],
        **worded(UP) | {"noValue": words.UP[None]},
    )


def seconds() -> Json:
    """How long the probe took."""
    return stat(
        "探测耗时",
        "最近一次探测用了多久，几个探测中取最慢的。",
        [Query("seconds", once(select(PROBE_SECONDS, ONE), ()))],
        **SECONDS,
    )


def certificate() -> Json:
    """Until when its certificate is valid."""
    return stat(
        "证书到期",
        "探测所见证书的到期日，几个中取最早的。不用 HTTPS 的系统没有。",
        [Query("certificate", f"{once(select(CERTIFICATE_EXPIRY, ONE), (), 'min')} * {MILLISECONDS}")],
        **DAY | {"noValue": "无证书"},
    )


def ups() -> Json:
    """When each probe succeeded."""
    return timeline(
        "运行状态变化",
        "各探测的结果，和系统按规定应否开放，随时间的变化。空白处是没有探测到，既非正常也非中断。考核用的可用率见下表，不由本图推算。",
        [
            Query("up", once(select(SYSTEM_UP, ONE), ("probe",), "min"), "{{probe}}"),
            Query("service", service(ONE), "应开放"),
        ],
        mappings=UP,
        unit="none",
    )


def courses() -> Json:
    """How long each probe took, over time."""
    return graph(
        "探测耗时走势",
        "各探测每次用了多久。断开处是没有探测到。",
        [Query("seconds", once(select(PROBE_SECONDS, ONE), ("probe",)), "{{probe}}")],
        **SECONDS,
    )


def pressing() -> Json:
    """What is late or nearly so, over time."""
    late = f'=~"{Stage.OVERDUE}|{Stage.DUE_SOON}"'
    keys = ", ".join(INDICATOR)
    counted = once(select(OPEN_RECORDS, {**ROWS, "stage": late}), (*INDICATOR, "stage"))
    return graph(
        "已超时与即将超时(件)",
        "本系统各指标中已超时和即将超时的未结记录数随时间的变化；没有的指标不画。",
        [Query("late", named(f"sum by ({keys}) ({counted}) > 0", ROWS), "{{name}}")],
        **NUMBER | {"noValue": "没有超时或即将超时的记录"},
    )


def parts(config: Config) -> Json:
    """The system's part in every indicator, evidence measures too."""
    asked, columns = figures(config, PART.values, ONE, INDICATOR, "实际值")
    counted, numbers = outcomes(PART, ONE, INDICATOR, "good", "bad", "open", "excluded")
    return table(
        "各项指标",
        "本系统在所选时段内的部分，含佐证指标；点指标名看全部系统。目标考核的是全部系统合计，本系统的状态供查找原因。",
        {
            "state": named(standing(PART, ONE, INDICATOR), ONE),
            **{ref: named(expression, ONE) for ref, expression in (asked | counted).items()},
            "coverage": named(once(select(PART.coverage, ONE), INDICATOR), ONE),
        },
        [
            Column("name", "指标", link=to_indicator(system="$system"), width=WIDE),
            Column("state", "状态", worded(STATES), width=130),
            *columns,
            *numbers,
            Column("coverage", "数据完整率", RATIO),
        ],
        hidden=INDICATOR,
        sort=[("状态", False), ("不合格", True)],
    )
