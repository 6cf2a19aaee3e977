"""The small files of a pack, each written from its contents: so who verifies it can write them again and compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from agent import words
from agent.evaluate.held import Held
from agent.evidence import people_did, sources_told
from agent.evidence.ahead import AHEAD
from agent.evidence.ahead import COLUMNS as AHEAD_COLUMNS
from agent.evidence.cells import day_text, fraction, guarded
from agent.evidence.contents import Contents
from agent.evidence.table import Column, Row
from agent.evidence.walk import Walk
from agent.evidence.writing import csv_bytes, json_bytes
from agent.ledger import Session
from agent.model import Statement, Verdict
from agent.shown import shown_target, shown_value
from agent.status import status_answer
from agent.worktime import WorkCalendar


def verdicts(contents: Contents) -> bytes:
    """Every verdict as `status --json` prints it, with the exact value and the printed one."""
    told = status_answer(contents.snapshot, contents.config, "custom")["indicators"]
    return json_bytes(
        [
            {**one, "exact": fraction(verdict.value) or None, "printed": shown_value(verdict)}
            for one, verdict in zip(told, contents.snapshot.verdicts, strict=True)
        ]
    )


VALUES = (
    Column("项目", "text", "项目编号"),
    Column("指标编号", "text", "targets 文件中的编号；佐证指标写作 指标/佐证"),
    Column("指标", "text", "名称"),
    Column("目标值", "text", "印在绩效目标表上的原文"),
    Column("判定目标", "text", "判定所用的目标"),
    Column("值", "text", "打印的值"),
    Column("精确值", "text", "未舍入的值，分数；时长为秒，日期为序数日"),
    Column("单位", "text", "ratio、seconds、count、CNY、date、text"),
    Column("状态", "text", "判定结果"),
    Column("说明", "text", "没有值的原因、数据不完整等标记"),
    Column("合格", "integer", "件数"),
    Column("不合格", "integer", "件数"),
    Column("未结", "integer", "件数"),
    Column("剔除", "integer", "件数"),
    Column("数据完整率", "decimal", "0–1"),
    Column("表", "text", "逐件明细所在的文件"),
    Column("公式", "text", "在该表中得出值的电子表格公式"),
)


def worked_out(walk: Walk, held: Held, verdict: Verdict) -> tuple[str, str]:
    """The table an indicator's value follows from, and the spreadsheet formula that gives it there; empty for none."""
    table = walk.tables.get(held.definition or 0)
    if table is not None:
        return walk.path(table), table.formula
    return ("attestations.csv", _stated_formula(verdict.stated)) if verdict.stated is not None else ("", "")


def _stated_formula(stated: Statement) -> str:
    """The number or word of a statement, looked up by its act."""
    if stated.not_applicable:
        return ""
    act, number, base, word = (
        "{0}:{0}".format(chr(ord("A") + [column.name for column in people_did.ATTESTATIONS].index(name)))
        for name in ("序号", "分子", "分母", "结论")
    )
    found = f"MATCH({stated.act},{act},0)"
    if stated.numerator is None:
        return f"=INDEX({word},{found})"
    return f"=INDEX({number},{found})" + (f"/INDEX({base},{found})" if stated.denominator is not None else "")


def held_of(contents: Contents, verdict: Verdict) -> Held:
    """The indicator a verdict is on."""
    return next(
        one
        for one in contents.indicators
        if (one.indicator.project, one.indicator.id) == (verdict.project, verdict.indicator)
    )


def values(contents: Contents, walk: Walk) -> bytes:
    """One line an indicator, all systems together."""
    return csv_bytes(VALUES, [_value(contents, walk, one) for one in contents.snapshot.verdicts if one.system is None])


def _value(contents: Contents, walk: Walk, verdict: Verdict) -> Row:
    held = held_of(contents, verdict)
    path, formula = worked_out(walk, held, verdict)
    why = [words.REASONS[verdict.reason]] if verdict.reason is not None else []
    why += words.flags(verdict)
    counts = (verdict.good, verdict.bad, verdict.open, verdict.excluded)
    return [
        *map(guarded, (verdict.project, verdict.indicator, verdict.name, held.indicator.text or None)),
        guarded(shown_target(verdict.target)),
        guarded(shown_value(verdict)),
        fraction(verdict.value),
        verdict.unit.value,
        words.STATES[verdict.state],
        guarded("；".join(why) or None),
        *map(str, counts),
        "" if verdict.coverage is None else repr(verdict.coverage),
        path,
        guarded(formula or None),
    ]


# --- what was promised, and by which rules it was counted ------------------------------------------------------------


def rules(contents: Contents, session: Session) -> bytes:
    """The definitions in force, and those that wait for approval, as the ledger keeps them."""
    wanted = {held.definition for held in contents.indicators}
    places = {(held.plan.year, held.indicator.project, held.indicator.id) for held in contents.indicators}
    rows = session.rows("SELECT pk, year, project, indicator, kind, hash, state, spec FROM definition")
    return json_bytes(
        [
            {
                "year": year,
                "project": project,
                "indicator": indicator,
                "kind": kind,
                "hash": hashed,
                "state": state,
                "spec": json.loads(spec),
            }
            for pk, year, project, indicator, kind, hashed, state, spec in sorted(rows, key=lambda row: row[1:6])
            if pk in wanted or (state == "waiting" and (year, project, indicator) in places)
        ]
    )


CALENDAR = (
    Column("日期", "date", "每一天"),
    Column("工作日", "integer", "工作日为1，休息日为0；调休已计入"),
    Column("服务时间", "text", "该日的服务时间"),
    Column("含延时服务", "text", "服务时间与延时服务合起来"),
)


@lru_cache(maxsize=8)
def calendar(known: WorkCalendar) -> bytes:
    """Every day whose arrangement was known; the years of a pack mostly share one."""
    rows = []
    working = set(known.working_days(known.covered_from, known.covered_until))
    for day in range(known.covered_from, known.covered_until):
        spans = [known.service_spans(day, extended=late) if day in working else () for late in (False, True)]
        rows.append([day_text(day), str(int(day in working)), *map(_hours, spans)])
    return csv_bytes(CALENDAR, rows)


@cache
def _hours(spans: tuple[tuple[int, int], ...]) -> str:
    return ";".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in spans)


COLUMNS: Mapping[str, Sequence[Column]] = {
    AHEAD: AHEAD_COLUMNS,
    "attestations.csv": people_did.ATTESTATIONS,
    "calendar/": CALENDAR,
    "coverage.csv": sources_told.STRETCHES,
    "exclusions.csv": people_did.EXCLUSIONS,
    "findings.csv": sources_told.FINDINGS,
    "gaps.csv": sources_told.GAPS,
    "rejects.csv": sources_told.REJECTS,
    "sources.csv": sources_told.SOURCES,
    "values.csv": VALUES,
}
