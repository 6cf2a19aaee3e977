"""达标总览: how all that was promised stands, what is due next, whether the systems are up, who owes a statement."""

from __future__ import annotations

from typing import Any

from agent import words
from agent.config import Config
from agent.metrics.families import (
    ALLOWANCE_LEFT,
    ATTESTATION_DUE,
    CERTIFICATE_EXPIRY,
    FORECASTS,
    INDICATOR,
    INDICATOR_INFO,
    PROBE_SECONDS,
    SNAPSHOT_TIME,
    SYSTEM_INFO,
    TOTAL,
)
from agent.render.grafana import places
from agent.render.grafana.dashboard import dashboard, projects, windows
from agent.render.grafana.panels import (
    DAY,
    MOMENT,
    NUMBER,
    RATIO,
    SECONDS,
    Band,
    Column,
    Query,
    coloured,
    stat,
    table,
    worded,
)
from agent.render.grafana.queries import MILLISECONDS, PROMISED, Where, equal, once, running, select, standing
from agent.render.grafana.standing import ORDER, STATES, TONES, UP, Tone
from agent.render.grafana.tables import (
    NARROW,
    WIDE,
    figures,
    open_records,
    outcomes,
    project_names,
    to_indicator,
    to_system,
)

Json = dict[str, Any]
ROWS: Where = {"project": '=~"$project"', "indicator": PROMISED, "window": '="$window"'}


def overview(config: Config) -> Json:
    """The dashboard."""
    bands = [
        Band(4, [(4, as_of()), (20, states())]),
        Band(9, [(14, open_records(config, OPEN, ROWS)), (10, systems())]),
        Band(20, [(24, indicators(config))]),
        Band(12, [(12, today()), (12, owed(config))], "今天与待办"),
    ]
    return dashboard(
        config,
        places.OVERVIEW,
        f"{config.plans[-1].organisation}承诺的全部指标：现在怎样、什么快到期、系统是否正常、谁还欠填报。",
        bands,
        [projects(config, several=True), windows()],
        "now-6h",
    )


OPEN = "还没有办结的记录，按指标和系统合计；同一条记录可能计入几项指标。已超时的在前，其余按最近到期排列。"


def as_of() -> Json:
    """The instant of all figures."""
    return stat(
        "数据截至",
        "本页全部数字所属的时刻。显示“无数据”说明 Prometheus 没有读到监测程序，此时整页都不可信。",
        [Query("as_of", f"max({SNAPSHOT_TIME.name}) * {MILLISECONDS}")],
        **MOMENT,
    )


def states() -> Json:
    """How many indicators are in each state."""

    def number(state: str) -> str:
        held = select(TOTAL.state, {**ROWS, "state": equal(state)})
        return f"sum({once(held, INDICATOR)})"

    calm = {"type": "value", "options": {"0": {"text": "0", "color": Tone.CALM, "index": 0}}}
    every = Query("all", f"count({once(select(INDICATOR_INFO, ROWS), INDICATOR)})", "指标总数", coloured(Tone.TEXT))
    each = [Query(state, number(state), words.STATES[state], coloured(TONES[state])) for state in ORDER]
    return stat(
        "各状态指标数",
        "所选项目和时段内，处于各状态的指标数；各状态相加等于总数。“无数据”是没有读到，与“本期未发生”不同。",
        [every, *each],
        **NUMBER,
        mappings=[calm],
    )


def systems() -> Json:
    """Whether each system is up, and how long its certificate lasts."""
    by = ("system",)
    return table(
        "系统运行情况",
        "各系统最近一次探测的结果；有几个探测的，一个不通即为中断。非开放时段和计划维护不算中断；没有探测或近期没有探测到的为“未知”。",
        {
            "known": once(SYSTEM_INFO.name, (*by, "name")),
            "up": running({}),
            "seconds": once(PROBE_SECONDS.name, by),
            "certificate": f"{once(CERTIFICATE_EXPIRY.name, by, 'min')} * {MILLISECONDS}",
        },
        [
            Column("name", "系统", link=to_system(), width=WIDE),
            Column("up", "状态", worded(UP), width=NARROW),
            Column("seconds", "探测耗时", SECONDS, width=NARROW),
            Column("certificate", "证书到期", DAY, width=NARROW),
        ],
        hidden=by,
        sort=[("状态", False), ("系统", False)],
    )


def indicators(config: Config) -> Json:
    """All rows of the tables of targets."""
    asked, columns = figures(config, TOTAL.values, ROWS, INDICATOR, "实际值")
    foreseen, ahead = figures(config, FORECASTS, ROWS, INDICATOR, "全年预计", prefix="forecast_")
    return table(
        "指标一览",
        "绩效目标表的每一行，最要紧的在前；点指标名看详情。实际值、状态、完整率属于所选时段，目标、还可超时、全年预计"
        "属于全年。定性指标和未填报的没有数值，空白不是0。容许超时的件数用完之后，“已超”是多出的件数。",
        {
            "known": once(select(INDICATOR_INFO, ROWS), (*INDICATOR, "name", "owner", "target")),
            "state": standing(TOTAL, ROWS, INDICATOR),
            **asked,
            "allowance": f"{once(select(ALLOWANCE_LEFT, ROWS), INDICATOR)} >= 0",
            "spent": f"- ({once(select(ALLOWANCE_LEFT, ROWS), INDICATOR)} < 0)",
            **foreseen,
            "coverage": once(select(TOTAL.coverage, ROWS), INDICATOR),
        },
        [
            Column("project", "项目", project_names(config), width=180),
            Column("name", "指标", link=to_indicator(), width=WIDE),
            Column("state", "状态", worded(STATES), width=130),
            *columns,
            Column("target", "目标", width=130),
            Column("allowance", "还可超时(件)", NUMBER, width=NARROW),
            Column("spent", "已超(件)", {**NUMBER, **coloured(Tone.BAD)}, width=NARROW),
            *ahead,
            Column("coverage", "数据完整率", RATIO, width=NARROW),
            Column("owner", "责任部门", width=NARROW),
        ],
        hidden=["indicator"],
        sort=[("状态", False), ("项目", True), ("指标", False)],
    )


def today() -> Json:
    """What the day has brought so far."""
    where = {**ROWS, "window": '="today"'}
    keys = ", ".join(INDICATOR)
    happened = f"and on ({keys}) (sum by ({keys}) ({select(TOTAL.records, where)}) > 0)"
    asked, columns = outcomes(TOTAL, where, INDICATOR, "good", "bad", "open", "excluded")
    return table(
        "今日",
        "今天计入各指标的记录。同一条记录可能计入几项指标，所以各行不相加。",
        {
            "known": f"{once(select(INDICATOR_INFO, where), (*INDICATOR, 'name'))} {happened}",
            "state": f"{standing(TOTAL, where, INDICATOR)} {happened}",
            **{name: f"{expression} {happened}" for name, expression in asked.items()},
        },
        [
            Column("name", "指标", link=to_indicator(), width=WIDE),
            Column("state", "今日状态", worded(STATES), width=130),
            *columns,
        ],
        hidden=INDICATOR,
        sort=[("今日状态", False), ("指标", False)],
        nothing="今天还没有记录",
    )


def owed(config: Config) -> Json:
    """What people owe, and by when."""
    due = select(ATTESTATION_DUE, ROWS)
    keys = ", ".join(INDICATOR)
    info = once(select(INDICATOR_INFO, ROWS), (*INDICATOR, "name", "owner"))
    year = {**ROWS, "window": '="ytd"'}
    still = f"and on ({keys}) {due}"
    return table(
        "待填报",
        "由人填报、尚未填报的指标，按截止日期和责任部门排列；填报后即从本表消失。",
        {
            "known": f"{info} {still}",
            "due": f"{once(due, INDICATOR)} * {MILLISECONDS}",
            "state": f"{standing(TOTAL, year, INDICATOR)} {still}",
        },
        [
            Column("owner", "责任部门", width=NARROW),
            Column("project", "项目", project_names(config), width=180),
            Column("name", "指标", link=to_indicator(), width=WIDE),
            Column("state", "状态", worded(STATES), width=130),
            Column("due", "截止日期", DAY, width=NARROW),
        ],
        hidden=["indicator"],
        sort=[("截止日期", False), ("责任部门", False)],
        nothing="没有待填报的指标",
    )
