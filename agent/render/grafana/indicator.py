"""指标详情: one indicator's figure against its target, its course, its records, and each system's part in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent import words
from agent.config import Config
from agent.metrics.families import (
    ALLOWANCE_LEFT,
    FORECASTS,
    INDICATOR,
    INDICATOR_INFO,
    OPEN_RECORDS,
    PART,
    TARGETS,
    TOTAL,
    Family,
)
from agent.model import Stage, Unit
from agent.render.grafana import places
from agent.render.grafana.dashboard import dashboard, indicators, projects, systems, windows
from agent.render.grafana.panels import (
    BLANK,
    NUMBER,
    RATIO,
    Band,
    Column,
    Query,
    bars,
    coloured,
    figure,
    graph,
    stat,
    table,
    timeline,
    worded,
)
from agent.render.grafana.queries import Where, equal, once, select, standing, system_named, value
from agent.render.grafana.standing import STATES, Tone
from agent.render.grafana.tables import FIGURES, NARROW, WIDE, figures, open_records, outcomes, to_system, units

Json = dict[str, Any]
ONE: Where = {"project": '="$project"', "indicator": '="$indicator"', "window": '="$window"'}
PARTS: Where = {**ONE, "system": '=~"$system"'}
ANYWHERE: Where = {**ONE, "system": '=~"$system|"'}  # with what belongs to no system
STEP = {"custom.lineStyle": {"dash": [8, 6], "fill": "dash"}}
DOTS = {"custom.lineStyle": {"dash": [2, 6], "fill": "dot"}}
OUTCOME_TONES = {"good": Tone.GOOD, "bad": Tone.BAD, "open": Tone.WARN, "excluded": Tone.CALM}
STAGE_TONES = {
    Stage.OVERDUE: Tone.BAD,
    Stage.DUE_SOON: Tone.WARN,
    Stage.IN_TIME: Tone.GOOD,
    Stage.PAUSED: Tone.CALM,
}


def indicator(config: Config) -> Json:
    """The dashboard."""
    bands = [
        Band(
            4,
            [
                (4, state()),
                (4, stat("实际值", VALUE, by_unit(config, TOTAL.values, ONE), noValue="没有数值")),
                (4, stat("目标", TARGET, by_unit(config, TARGETS, ONE), noValue="没有数值")),
                (4, allowance()),
                (4, stat("全年预计", FORECAST, by_unit(config, FORECASTS, ONE), noValue=BLANK)),
                (4, coverage()),
            ],
            "${indicator:text}(${window:text})",
        ),
        Band(3, [(24, about())]),
        Band(10, [(16, course(config)), (8, burn_down())]),
        Band(6, [(24, states())]),
        Band(9, [(8, records()), (8, stages()), (8, told())]),
        Band(10, [(8, by_system(config)), (16, parts())], "各系统"),
        Band(10, [(24, courses(config))]),
        Band(
            9,
            [(14, open_records(config, OPEN, ANYWHERE, of_one="name")), (10, evidence(config))],
        ),
    ]
    return dashboard(
        config,
        places.INDICATOR,
        "一项指标：实际值与目标、走势与全年预计、还可超时多少件、记录的构成，以及各系统的部分。",
        bands,
        [projects(config, several=False), indicators(config), windows(), systems(config, several=True)],
        "now-7d",
        'project="$project",indicator="$indicator"',
    )


VALUE = "所选时段的实际值。“没有数值”不是0：定性指标填的是词；没有读到、没有发生或还没填报的，看左边的状态。"
TARGET = "按读法的目标值，区间目标显示下限；定性目标没有数值，见下表。"
FORECAST = "按目前走势，年末的实际值预计是多少。没有足够依据时不预计。"
OPEN = "本指标未办结的记录，按系统合计；已超时的在前，其余按最近到期排列。"


def by_unit(config: Config, families: Mapping[Unit, Family], where: Where) -> list[Query]:
    """A question for each unit, of which one has an answer."""
    return [
        Query(unit, once(value(families, unit, where), ()), properties=FIGURES[unit][1])
        for unit in units(config)
        if unit in families
    ]


def state() -> Json:
    """The state in a word."""
    return stat(
        "状态",
        "所选时段的状态。“年内已无法达标”指余下的记录全部合格也达不到目标。",
        [Query("state", standing(TOTAL, ONE, ()))],
        **worded(STATES),
    )


def allowance() -> Json:
    """How many more may miss."""
    return stat(
        "还可超时(件)",
        "全年按预计件数计，还可有多少件不合格而仍能达标；容许的已经用完时，是已超的件数。定性、填报的指标没有。",
        [
            Query("left", f"{once(select(ALLOWANCE_LEFT, ONE), ())} >= 0", "还可超时"),
            Query(
                "spent",
                f"- ({once(select(ALLOWANCE_LEFT, ONE), ())} < 0)",
                "已超",
                {**coloured(Tone.BAD), **figure("prefix:已超")},
            ),
        ],
        **NUMBER,
        noValue=BLANK,
    )


def coverage() -> Json:
    """The share that was read."""
    return stat(
        "数据完整率",
        "所选时段内，数据源实际读到的时间占应读时间的比例；不足时不给出数值。由人填报的指标没有。",
        [Query("coverage", once(select(TOTAL.coverage, ONE), ()))],
        **RATIO,
        noValue=BLANK,
    )


def about() -> Json:
    """What the indicator is."""
    known = select(INDICATOR_INFO, ONE)
    return table(
        "指标说明",
        "“印制目标”是绩效目标表上的原文，“目标读法”是据以判定的读法，两者不一致时以读法为准。",
        {
            "known": once(known, (*INDICATOR, "name", "level", "text", "owner", "target")),
            "state": standing(TOTAL, ONE, INDICATOR),
        },
        [
            Column("name", "指标"),
            Column("level", "层级"),
            Column("text", "印制目标"),
            Column("target", "目标读法"),
            Column("owner", "责任部门"),
            Column("state", "状态", worded(STATES)),
        ],
        hidden=INDICATOR,
    )


def course(config: Config) -> Json:
    """The figure over time, against its target and where the year will end."""
    lines: list[Query] = []
    for unit in units(config):
        shown = FIGURES[unit][1]
        drawn = [
            ("value", TOTAL.values, "实际值", coloured(Tone.ASK)),
            ("target", TARGETS, "目标", coloured(Tone.BAD) | STEP),
            ("forecast", FORECASTS, "全年预计", coloured(Tone.CALM) | DOTS),
        ]
        lines += [
            Query(f"{name}_{unit}", once(value(families, unit, ONE), ()), legend, shown | properties)
            for name, families, legend, properties in drawn
            if unit in families
        ]
    return graph(
        "走势",
        "所选时段的实际值随时间的变化；虚线为目标(读法的目标值)，点线为当时对年末的预计。断开处是没有数据，不是0。",
        lines,
        unit="none",
    )


def burn_down() -> Json:
    """How the allowance was used up."""
    return graph(
        "还可超时走势(件)",
        "还可超时的件数随时间减少；到0以下是已超的件数：按预计件数全年已不能达标。",
        [Query("left", once(select(ALLOWANCE_LEFT, ONE), ()), "还可超时", coloured(Tone.WARN))],
        **NUMBER,
    )


def states() -> Json:
    """Which state held when, of all together and of each system."""
    return timeline(
        "状态变化",
        "合计与各系统在所选时段口径下的状态随时间的变化。空白处是没有读到监测程序。",
        [
            Query("total", standing(TOTAL, ONE, ()), "合计"),
            Query("parts", system_named(standing(PART, PARTS, ("system",))), "{{name}}"),
        ],
        mappings=STATES,
        unit="none",
    )


def records() -> Json:
    """The records by outcome over time."""
    lines = [
        Query(
            name, once(select(TOTAL.records, {**ONE, "outcome": equal(name)}), ()), word, coloured(OUTCOME_TONES[name])
        )
        for name, word in words.OUTCOMES.items()
    ]
    return graph(
        "记录构成(件)",
        "所选时段内计入本指标的记录，按结果分：合格、不合格(含已超时未办结)、未结、剔除(附理由，经批准)。",
        lines,
        **NUMBER,
    )


def stages() -> Json:
    """The open records by stage over time."""

    def counted(stage: Stage) -> str:
        return once(select(OPEN_RECORDS, {**ANYWHERE, "stage": equal(stage)}), ("system",))

    lines = [
        Query(stage, f"sum({counted(stage)})", words.STAGES[stage], coloured(tone))
        for stage, tone in STAGE_TONES.items()
    ]
    return graph("未结记录(件)", "本年未办结的记录，按离时限的远近分；所选系统合计。", lines, **NUMBER)


def told() -> Json:
    """The share read, over time."""
    return graph(
        "数据完整率走势",
        "数据源实际读到的时间占应读时间的比例。低于该指标的要求时不判定，状态为“无数据”。",
        [Query("coverage", once(select(TOTAL.coverage, ONE), ()), "数据完整率", coloured(Tone.ASK))],
        **RATIO,
        max=1,
    )


def by_system(config: Config) -> Json:
    """Each system's figure, to compare."""
    asked = [
        Query(unit, system_named(once(value(PART.values, unit, PARTS), ("system",))), "{{name}}", FIGURES[unit][1])
        for unit in units(config)
    ]
    return bars("各系统实际值", "所选时段内各系统的实际值。没有记录的系统不列出。", asked, **coloured(Tone.ASK))


def parts() -> Json:
    """Each system's part in records and state."""
    by = ("system",)
    asked, columns = outcomes(PART, PARTS, by, "good", "bad", "open", "excluded")
    return table(
        "各系统状态与记录",
        "各系统在所选时段内的状态和记录；点系统名看该系统。",
        {
            "state": system_named(standing(PART, PARTS, by)),
            **{name: system_named(expression) for name, expression in asked.items()},
            "coverage": system_named(once(select(PART.coverage, PARTS), by)),
        },
        [
            Column("name", "系统", link=to_system(), width=WIDE),
            Column("state", "状态", worded(STATES), width=130),
            *columns,
            Column("coverage", "数据完整率", RATIO, width=NARROW),
        ],
        hidden=by,
        sort=[("状态", False), ("不合格", True)],
    )


def courses(config: Config) -> Json:
    """Each system's figure over time."""
    lines = [
        Query(unit, system_named(once(value(PART.values, unit, PARTS), ("system",))), "{{name}}", FIGURES[unit][1])
        for unit in units(config)
    ]
    return graph("各系统走势", "各系统的实际值随时间的变化。断开处是没有数据，不是0。", lines, unit="none")


def evidence(config: Config) -> Json:
    """The evidence measures beside the indicator."""
    where = {**ONE, "indicator": '=~"$indicator/.+"'}
    asked, columns = figures(config, TOTAL.values, where, INDICATOR, "实际值", evidence_only=True)
    counted, numbers = outcomes(TOTAL, where, INDICATOR, "good", "bad")
    return table(
        "佐证指标",
        "列在本指标旁边、供对照的数值，不作考核。没有佐证的指标此处为空。",
        {"known": once(select(INDICATOR_INFO, where), (*INDICATOR, "name")), **asked, **counted},
        [Column("name", "佐证指标", width=WIDE), *columns, *numbers],
        hidden=INDICATOR,
        sort=[("佐证指标", False)],
        nothing="本指标没有佐证",
    )
