"""What people did, as files of a pack: exclusions with approvals, statements with their evidence, the log itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from agent import words
from agent.book.standing import APPROVE, EXCLUDE, RESTORE, standing
from agent.book.statements import ATTEST
from agent.evidence.cells import Moments, day_text, fraction, guarded, whole
from agent.evidence.contents import Contents
from agent.evidence.table import Column, Row
from agent.evidence.writing import compact, csv_bytes
from agent.ledger.acts import Act
from agent.model import Statement

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
    Column("偏差归因", "text", "监控表所列的偏差原因；多个以顿号隔开"),
    Column("问卷", "text", "发放、回收、有效份数，JSON"),
    Column("佐证材料", "text", "文件名=SHA-256，内容在 evidence/ 下；多个以分号隔开"),
    Column("计入", "integer", "本期间判定所依据的一条为1"),
)


def attestations(contents: Contents) -> bytes:
    """What people stated of the indicators of the period, and has not been taken back."""
    moments = Moments(contents.config.plans[0].days)
    judged = {verdict.stated.act for verdict in contents.snapshot.verdicts if verdict.stated is not None}
    rows = [
        [*_stated(one, held.indicator.subject, moments), "1" if one.act in judged else ""]
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
        "、".join(words.CAUSES[cause] for cause in one.causes),
        guarded(compact(dict(one.survey)) if one.survey else None),
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
