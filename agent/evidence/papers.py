"""The small files of a pack, each written from its contents: so who verifies it can write them again and compare."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from io import StringIO

from agent import words
from agent.book.standing import APPROVE, EXCLUDE, RESTORE, standing
from agent.book.statements import ATTEST
from agent.config import Plan
from agent.evaluate.coverage import gaps, joined
from agent.evidence.cells import Moments, day_text, fraction, guarded, seconds, whole
from agent.evidence.contents import Contents
from agent.evidence.tables import Column, Row
from agent.evidence.walk import Walk, records_path
from agent.ledger import Session
from agent.ledger.acts import Act
from agent.model import Statement, Verdict
from agent.shown import shown, shown_target
from agent.status import status_answer

BOM = "\ufeff"  # tells a spreadsheet that the text is UTF-8


def csv_bytes(columns: Sequence[Column], rows: Iterable[Row]) -> bytes:
    """A small table."""
    out = StringIO()
    table = csv.writer(out)
    table.writerow([column.name for column in columns])
    table.writerows(rows)
    return (BOM + out.getvalue()).encode()


def json_bytes(content: object) -> bytes:
    """Anything as readable JSON."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


# --- verdicts ---------------------------------------------------------------------------------------------------------


def verdicts(contents: Contents) -> bytes:
    """Every verdict as `status --json` prints it, with the exact value and the printed one."""
    told = status_answer(contents.snapshot, contents.config, "custom")["indicators"]
    return json_bytes(
        [
            {**one, "exact": fraction(verdict.value) or None, "printed": printed(verdict)}
            for one, verdict in zip(told, contents.snapshot.verdicts, strict=True)
        ]
    )


def printed(verdict: Verdict) -> str:
    """A value as people read it."""
    return shown(verdict.value, verdict.unit, verdict.target, verdict.text)


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


def values(contents: Contents, walk: Walk) -> bytes:
    """One line an indicator, all systems together."""
    return csv_bytes(VALUES, [_value(contents, walk, one) for one in contents.snapshot.verdicts if one.system is None])


def _value(contents: Contents, walk: Walk, verdict: Verdict) -> Row:
    held = next(
        one
        for one in contents.indicators
        if (one.indicator.project, one.indicator.id) == (verdict.project, verdict.indicator)
    )
    table = walk.tables.get(held.definition or 0)
    why = [words.REASONS[verdict.reason]] if verdict.reason is not None else []
    why += words.flags(verdict)
    counts = (verdict.good, verdict.bad, verdict.open, verdict.excluded)
    return [
        *map(guarded, (verdict.project, verdict.indicator, verdict.name, held.indicator.text or None)),
        guarded(shown_target(verdict.target)),
        guarded(printed(verdict)),
        fraction(verdict.value),
        verdict.unit.value,
        words.STATES[verdict.state],
        guarded("；".join(why) or None),
        *map(str, counts),
        "" if verdict.coverage is None else repr(verdict.coverage),
        "" if table is None else walk.path(table),
        "" if table is None else guarded(table.formula),
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


def calendar(plan: Plan) -> bytes:
    """Every day whose arrangement was known."""
    known, rows = plan.calendar, []
    working = set(known.working_days(known.covered_from, known.covered_until))
    for day in range(known.covered_from, known.covered_until):
        spans = [known.service_spans(day, extended=late) if day in working else () for late in (False, True)]
        rows.append([day_text(day), str(int(day in working)), *map(_hours, spans)])
    return csv_bytes(CALENDAR, rows)


@cache
def _hours(spans: tuple[tuple[int, int], ...]) -> str:
    return ";".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in spans)


# --- what the sources told --------------------------------------------------------------------------------------------

SOURCES = (
    Column("数据源", "text", "sources.json 中的编号"),
    Column("采集方式", "text", "采集器"),
    Column("记录类别", "text", "所给的记录的类别"),
    Column("计入记录", "integer", "在本期间计入任一指标的记录数"),
    Column("异常数据行", "integer", "到封账时仍未能读成记录的行数，见 rejects.csv"),
    Column("表", "text", "记录所在的文件"),
)
STRETCHES = (
    Column("数据源", "text", "sources.json 中的编号"),
    Column("自", "time", "开始"),
    Column("至", "time", "结束"),
)
GAPS = (*STRETCHES, Column("秒", "decimal", "时长"))


def sources(contents: Contents, counted: Mapping[str, int]) -> bytes:
    """What came of each source."""
    rejected = Counter(one.source for one in contents.past.rejected)
    names = sorted({source.id for source in contents.config.sources} | counted.keys() | rejected.keys())
    rows = []
    for name in names:
        source = contents.config.source(name)
        how = ("", "") if source is None else (source.collector, source.spec.record)
        path = records_path(name) if name in counted else ""
        rows.append([guarded(name), *map(guarded, how), str(counted.get(name, 0)), str(rejected[name]), path])
    return csv_bytes(SOURCES, rows)


def coverage(contents: Contents) -> bytes:
    """Of which time each source told everything, as far as it matters to the period."""
    moments = Moments(contents.config.plans[0].days)
    return csv_bytes(
        STRETCHES,
        [
            [guarded(name), moments.text(begins), moments.text(ends)]
            for name, told in sorted(contents.told.items())
            for begins, ends in told
        ],
    )


def untold(contents: Contents) -> bytes:
    """The stretches of the period, from where a source is measured, of which it told nothing."""
    moments, until = Moments(contents.config.plans[0].days), min(contents.window.end, contents.now)
    rows = []
    for source in contents.config.sources:
        told = joined(contents.told.get(source.id, ()))
        begun = source.measured_from or (told[0][0] if told else contents.window.start)
        for begins, ends in gaps(told, max(contents.window.start, begun), until):
            where = moments.text(begins), moments.text(ends)
            rows.append([guarded(source.id), *where, seconds(ends - begins)])
    return csv_bytes(GAPS, rows)


REJECTS = (
    Column("数据源", "text", "sources.json 中的编号"),
    Column("位置", "text", "所在的文件与行"),
    Column("原因", "text", "为什么读不成记录"),
    Column("内容", "text", "映射到的各列的原文，JSON"),
)


def rejects(contents: Contents) -> bytes:
    """The rows that could not be read."""
    return csv_bytes(
        REJECTS,
        [
            [*map(guarded, (one.source, one.reject.locator, one.reject.reason, _compact(one.reject.mapped)))]
            for one in contents.past.rejected
        ],
    )


def _compact(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


FINDINGS = (
    Column("疑点", "text", "种类"),
    Column("对象", "text", "数据源、记录或系统"),
    Column("内容", "text", "说明"),
    Column("时间", "time", "发现的时间"),
)


def findings(contents: Contents) -> bytes:
    """What did not add up and was not put right."""
    moments = Moments(contents.config.plans[0].days)
    return csv_bytes(
        FINDINGS,
        [
            [*map(guarded, (words.finding(one.kind), one.subject, one.text)), moments.text(one.at)]
            for one in contents.past.findings
        ],
    )


# --- what people did --------------------------------------------------------------------------------------------------

EXCLUSIONS = (
    Column("申请", "integer", "acts.jsonl 中的序号"),
    Column("申请时间", "time", "提出的时间"),
    Column("申请人", "text", "账号"),
    Column("事项", "text", "剔除，或恢复计入"),
    Column("记录", "text", "数据源/编号"),
    Column("指标", "text", "项目/指标；空为全部"),
    Column("理由", "text", "申请的理由"),
    Column("批准", "integer", "acts.jsonl 中的序号；空为尚未批准"),
    Column("批准时间", "time", "批准的时间"),
    Column("批准人", "text", "账号，与申请人不同"),
    Column("生效", "integer", "封账时正在生效的剔除为1"),
)


def exclusions(contents: Contents) -> bytes:
    """Every record people asked to be taken out or brought back, and who approved it."""
    log, moments = contents.past.log, Moments(contents.config.plans[0].days)
    approved = {int(act.subject): act for act in log if act.kind == APPROVE}
    in_force = {request.n for request in standing(log).excluded.values()}
    rows = []
    for act in log:
        if act.kind in (EXCLUDE, RESTORE):
            asked = whole(act.n), moments.text(act.at), guarded(act.account), WHAT[act.kind]
            told = act.subject, act.body["indicator"] or None, act.body["reason"]
            by = approved.get(act.n)
            done = ("", "", "") if by is None else (whole(by.n), moments.text(by.at), guarded(by.account))
            rows.append([*asked, *map(guarded, told), *done, "1" if act.n in in_force else ""])
    return csv_bytes(EXCLUSIONS, rows)


WHAT = {EXCLUDE: "剔除", RESTORE: "恢复"}
ATTESTATIONS = (
    Column("序号", "integer", "acts.jsonl 中的序号"),
    Column("时间", "time", "填报的时间"),
    Column("账号", "text", "填报人"),
    Column("指标", "text", "项目/指标"),
    Column("截至", "date", "所说的最后一天"),
    Column("分子", "decimal", "数，或分子"),
    Column("分母", "decimal", "分母；值 = 分子 ÷ 分母"),
    Column("结论", "text", "定性指标的结论"),
    Column("完成档次", "text", "三档"),
    Column("得分比例", "text", "在该档内主张的得分比例"),
    Column("不适用", "integer", "不适用为1"),
    Column("原因", "text", "偏差原因分析及改进措施，或不适用的原因"),
    Column("问卷", "text", "发放、回收、有效份数，JSON"),
    Column("佐证材料", "text", "文件名=SHA-256，内容在 evidence/ 下；多个以分号隔开"),
    Column("计入", "integer", "本期间判定所依据的一条为1"),
)


def attestations(contents: Contents) -> bytes:
    """What people stated of the indicators of the period, and has not been taken back."""
    moments = Moments(contents.config.plans[0].days)
    judged = {verdict.stated.act for verdict in contents.snapshot.verdicts if verdict.stated is not None}
    rows = [
        [*_stated(one, f"{held.indicator.project}/{held.indicator.id}", moments), "1" if one.act in judged else ""]
        for held in contents.indicators
        for one in held.statements
    ]
    return csv_bytes(ATTESTATIONS, sorted(rows, key=lambda row: int(row[0])))


def _stated(one: Statement, name: str, moments: Moments) -> Row:
    return [
        whole(one.act),
        moments.text(one.at),
        guarded(one.account),
        guarded(name),
        day_text(one.through),
        *(_number(number) for number in (one.numerator, one.denominator)),
        guarded(one.word),
        "" if one.band is None else words.BANDS[one.band],
        fraction(one.score),
        "1" if one.not_applicable else "",
        guarded(one.reason),
        guarded(_compact(dict(one.survey)) if one.survey else None),
        guarded(";".join(f"{file}={hashed}" for file, hashed in one.evidence) or None),
    ]


def _number(value: Fraction | None) -> str:
    """A stated number as it was written: a decimal."""
    return "" if value is None else format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def evidence_named(log: Iterable[Act]) -> set[str]:
    """The SHA-256 of every file that was put beside a statement."""
    return {one["sha256"] for act in log if act.kind == ATTEST for one in act.body.get("evidence", ())}


def acts_lines(log: Iterable[Act]) -> bytes:
    """The log, one JSON object a line, chained by hash."""
    return "".join(json.dumps(act._asdict(), ensure_ascii=False, sort_keys=True) + "\n" for act in log).encode()


COLUMNS: Mapping[str, Sequence[Column]] = {
    "attestations.csv": ATTESTATIONS,
    "calendar/": CALENDAR,
    "coverage.csv": STRETCHES,
    "exclusions.csv": EXCLUSIONS,
    "findings.csv": FINDINGS,
    "gaps.csv": GAPS,
    "rejects.csv": REJECTS,
    "sources.csv": SOURCES,
    "values.csv": VALUES,
}
