"""What the sources told, as files of a pack: records, stretches of time, gaps, rows not read, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from agent import words
from agent.evaluate.coverage import gaps, joined
from agent.evidence.cells import Moments, guarded, seconds
from agent.evidence.contents import Contents
from agent.evidence.table import Column
from agent.evidence.walk import records_path
from agent.evidence.writing import compact, csv_bytes

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
            [*map(guarded, (one.source, one.reject.locator, one.reject.reason, compact(one.reject.mapped)))]
            for one in contents.past.rejected
        ],
    )


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
