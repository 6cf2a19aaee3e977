"""What the tables of several dashboards share: figures in their units, records by outcome, what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent import words
from agent.book import all_indicators
from agent.config import Config
from agent.evaluate.judgement import unit_of
from agent.metrics.families import INDICATOR, NEXT_DUE, OPEN_LABELS, OPEN_RECORDS, Family, Judged
from agent.model import Stage, Unit
from agent.render.grafana import places
from agent.render.grafana.panels import DAY, DURATION, MOMENT, NUMBER, RATIO, Column, coloured, figure, table
from agent.render.grafana.queries import MILLISECONDS, NOW, Where, equal, named, once, open_somewhere, select, value
from agent.render.grafana.standing import Tone, mapping

Json = dict[str, Any]
Asked = dict[str, str]  # the name of a query → its expression

KEPT = "${prometheus:queryparam}&${window:queryparam}"  # what a link takes along
FIGURES: dict[Unit, tuple[str, Json]] = {  # what a figure of the unit is called, and how it is shown
    Unit.RATIO: ("率", RATIO),
    Unit.SECONDS: ("时长", DURATION),
    Unit.COUNT: ("数量", NUMBER),
    Unit.CNY: ("金额", figure("suffix:元", 2)),
    Unit.DATE: ("日期", DAY),
}
WIDE, NARROW = 250, 100


def units(config: Config, *, evidence_only: bool = False) -> list[Unit]:
    """The units in which anything is promised or shown; words have no figure."""
    known = [one for plan in config.plans for one in all_indicators(plan) if "/" in one.id or not evidence_only]
    used = {unit_of(one, one.targets[-1][1] if one.targets else None) for one in known}
    return [unit for unit in FIGURES if unit in used]


def figures(
    config: Config,
    families: Mapping[Unit, Family],
    where: Where,
    by: Sequence[str],
    word: str,
    *,
    prefix: str = "",
    evidence_only: bool = False,
) -> tuple[Asked, list[Column]]:
    """A question and a column for each unit: in Grafana a column has one."""
    asked, columns = {}, []
    for unit in units(config, evidence_only=evidence_only):
        if unit in families:
            name, shown = FIGURES[unit]
            asked[f"{prefix}{unit}"] = once(value(families, unit, where), by)
            columns.append(Column(f"{prefix}{unit}", f"{word}({name})", shown, width=NARROW))
    return asked, columns


def outcomes(judged: Judged, where: Where, by: Sequence[str], *names: str) -> tuple[Asked, list[Column]]:
    """The records by outcome."""
    asked = {name: once(select(judged.records, {**where, "outcome": equal(name)}), by) for name in names}
    return asked, [Column(name, words.OUTCOMES[name], NUMBER, width=80) for name in names]


def to_indicator(**more: str) -> str:
    """A link to the dashboard of the indicator in the row."""
    keys = {label: f"${{__data.fields.{label}}}" for label in INDICATOR}
    return f"{places.link(places.INDICATOR, **keys, **more)}&{KEPT}"


def to_system(field: str = "${__data.fields.system}") -> str:
    """A link to the dashboard of a system, by default the one in the row."""
    return f"{places.link(places.SYSTEM, system=field)}&{KEPT}"


def project_names(config: Config) -> Json:
    """Properties of a column of projects."""
    names = [(project.id, project.name) for plan in config.plans for project in plan.projects]
    return {"mappings": mapping([(id, name, Tone.TEXT) for id, name in names], ("—", Tone.CALM))}


def system_names(config: Config) -> Json:
    """Properties of a column of systems; what belongs to none says so."""
    names = {id: one.name for plan in config.plans for id, one in plan.systems.items()} | {"": "不分系统"}
    return {"mappings": mapping([(id, name, Tone.TEXT) for id, name in names.items()], ("不分系统", Tone.CALM))}


def open_records(config: Config, description: str, where: Where, *, of_one: str = "") -> Json:
    """The open records by indicator and system, the most pressing first; `of_one` is the column left out."""
    open_here = open_somewhere(where)

    def counted(stage: Stage) -> str:
        return once(select(OPEN_RECORDS, {**where, "stage": equal(stage)}), OPEN_LABELS)

    due = once(select(NEXT_DUE, where), OPEN_LABELS, "min")
    asked = {stage.value: f"{counted(stage)} {open_here}" for stage in Stage}
    asked |= {"due": f"{due} * {MILLISECONDS}", "left": f"{due} - {NOW}"}
    tones = {Stage.OVERDUE: Tone.BAD, Stage.DUE_SOON: Tone.WARN}
    stages = (Stage.OVERDUE, Stage.DUE_SOON, Stage.IN_TIME, Stage.PAUSED)
    columns = [
        Column("name", "指标", link=to_indicator(), width=WIDE),
        Column("system", "系统", system_names(config), link=to_system(), width=WIDE),
        *(Column(stage, words.STAGES[stage], pressing(tones.get(stage)), width=NARROW) for stage in stages),
        Column("due", "下一到期时间", MOMENT, width=170),
        Column("left", "距到期", DURATION, width=120),
    ]
    return table(
        "未结记录与最近到期",
        description,
        {ref: named(expression, where) for ref, expression in asked.items()},
        [column for column in columns if column.of != of_one],
        hidden=[label for label in (*OPEN_LABELS, "name") if label == of_one or label in INDICATOR],
        sort=[(words.STAGES[Stage.OVERDUE], True), ("下一到期时间", False)],
        nothing="没有未结记录",
    )


def pressing(tone: Tone | None) -> Json:
    """Properties of a number that is coloured unless it is 0."""
    if tone is None:
        return NUMBER
    calm = {"type": "value", "options": {"0": {"text": "0", "color": Tone.CALM, "index": 0}}}
    return {**NUMBER, **coloured(tone), "mappings": [calm]}
