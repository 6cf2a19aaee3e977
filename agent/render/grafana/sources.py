"""数据源与监测程序: whether the sources are read, how fresh they are, what was odd, and how the agent is doing."""

from __future__ import annotations

from typing import Any

from agent import words
from agent.config import Config
from agent.metrics.families import (
    BUILD_INFO,
    CALENDAR_COVERED,
    FINDINGS,
    OWN,
    SNAPSHOT_TIME,
    SOURCE_CLOCK,
    SOURCE_DURATION,
    SOURCE_INTERVAL,
    SOURCE_LAST_SUCCESS,
    SOURCE_REJECTS,
    SOURCE_ROWS,
    SOURCE_UP,
    Family,
)
from agent.render.grafana import places
from agent.render.grafana.dashboard import dashboard, sources
from agent.render.grafana.panels import (
    DAY,
    DURATION,
    MOMENT,
    NUMBER,
    SECONDS,
    Band,
    Column,
    Query,
    bars,
    coloured,
    figure,
    graph,
    renamed,
    stat,
    table,
    worded,
)
from agent.render.grafana.queries import MILLISECONDS, NOW, Where, equal, once, select
from agent.render.grafana.standing import UP, Tone
from agent.render.grafana.tables import NARROW, WIDE, pressing

Json = dict[str, Any]
CHOSEN: Where = {"source": '=~"$source"'}
BY = ("source",)
ALIVE = f"0 * max({SNAPSHOT_TIME.name})"  # nothing of a kind is 0 only where the agent is there to say so
RESULT_TONES = {"new": Tone.GOOD, "changed": Tone.ASK, "same": Tone.CALM, "rejected": Tone.BAD}
TROUBLES = {
    "tick_failures": "评判出错",
    "ledger_failures": "账本不可用",
    "runs_missed": "采集漏跑",
    "runs_still_running": "采集未完被跳过",
    "runs_failed": "采集程序出错",
}


def page(config: Config) -> Json:
    """The dashboard."""
    bands = [
        Band(4, [(4, as_of()), (8, counts()), (4, waiting()), (4, findings()), (4, calendar())]),
        Band(16, [(24, every_source())]),
        Band(9, [(12, age()), (12, durations())], "读取"),
        Band(9, [(12, rows()), (12, rejects())]),
        Band(9, [(12, clocks()), (12, kinds())], "疑点"),
        Band(8, [(6, version()), (6, troubles()), (6, ticks()), (6, effort())], "监测程序自身"),
    ]
    return dashboard(
        config,
        places.SOURCES,
        "数字可信吗：数据源是否读到、有多新、有没有异常行和疑点，监测程序自身是否正常。",
        bands,
        [sources()],
        "now-6h",
    )


def as_of() -> Json:
    """How old the figures are."""
    return stat(
        "数据截至",
        "全部数字所属的时刻。显示“无数据”说明 Prometheus 没有读到监测程序。",
        [Query("as_of", f"max({SNAPSHOT_TIME.name}) * {MILLISECONDS}")],
        **MOMENT,
    )


def counts() -> Json:
    """How many sources are read."""
    up = once(select(SOURCE_UP, CHOSEN), BY, "min")
    known = once(select(SOURCE_INTERVAL, CHOSEN), BY)
    calm = {"type": "value", "options": {"0": {"text": "0", "color": Tone.CALM, "index": 0}}}
    return stat(
        "数据源",
        "最近一次读取成功(正常)、失败(中断)的数据源数，和从未读取过(未知)的。",
        [
            Query("up", f"count({up} == 1) or {ALIVE}", words.UP[True], coloured(Tone.GOOD)),
            Query("down", f"count({up} == 0) or {ALIVE}", words.UP[False], coloured(Tone.BAD)),
            Query("unknown", f"count({known} unless {up}) or {ALIVE}", words.UP[None], coloured(Tone.WARN)),
        ],
        **NUMBER,
        mappings=[calm],
    )


def waiting() -> Json:
    """Rows that could not be read and wait."""
    return stat(
        "待处理异常行",
        "读不成记录、等待处理的行数；用 dabiao rejects list 查看，改正后 dabiao rejects retry。",
        [Query("rejects", f"sum({once(select(SOURCE_REJECTS, CHOSEN), BY)})", properties=pressing(Tone.BAD))],
    )


def findings() -> Json:
    """How many things do not add up."""
    return stat(
        "疑点",
        "对不上、需要人看一眼的事项数；明细在监测程序的网页和 dabiao status --json 中。",
        [Query("findings", f"sum({once(FINDINGS.name, FINDINGS.labels)}) or {ALIVE}", properties=pressing(Tone.WARN))],
    )


def calendar() -> Json:
    """Until when the work calendar is known."""
    return stat(
        "工作日历已知至",
        "国务院办公厅的放假安排已导入到哪一天；此后到期的时限算不出。用 dabiao calendar import 导入次年安排。",
        [Query("covered", f"max({CALENDAR_COVERED.name}) * {MILLISECONDS}")],
        **DAY,
    )


def every_source() -> Json:
    """All sources, those that cannot be read first."""
    last = once(select(SOURCE_LAST_SUCCESS, CHOSEN), BY)
    told = {result: once(select(SOURCE_ROWS, {**CHOSEN, "result": equal(result)}), BY) for result in words.RESULTS}
    return table(
        "数据源一览",
        "每个数据源的最近一次读取。“距今”超过采集间隔的三倍即不新鲜。行数自账本建立起累计；时钟偏差为来源减本机。",
        {
            "interval": once(select(SOURCE_INTERVAL, CHOSEN), BY),
            "up": once(select(SOURCE_UP, CHOSEN), BY, "min"),
            "last": f"{last} * {MILLISECONDS}",
            "age": f"{NOW} - {last}",
            "duration": once(select(SOURCE_DURATION, CHOSEN), BY),
            "clock": once(select(SOURCE_CLOCK, CHOSEN), BY),
            **told,
            "rejects": once(select(SOURCE_REJECTS, CHOSEN), BY),
        },
        [
            Column("source", "数据源", width=WIDE),
            Column("up", "状态", worded(UP), width=80),
            Column("last", "最近成功", MOMENT, width=170),
            Column("age", "距今", DURATION, width=NARROW),
            Column("interval", "采集间隔", DURATION, width=NARROW),
            Column("duration", "读取耗时", SECONDS, width=NARROW),
            Column("clock", "时钟偏差", SECONDS, width=NARROW),
            *(Column(result, f"{word}(行)", NUMBER, width=NARROW) for result, word in words.RESULTS.items()),
            Column("rejects", "待处理(行)", pressing(Tone.BAD), width=NARROW),
        ],
        sort=[("状态", False), ("距今", True)],
    )


def age() -> Json:
    """How long ago each source was read, in its own intervals."""
    last, every = select(SOURCE_LAST_SUCCESS, CHOSEN), select(SOURCE_INTERVAL, CHOSEN)
    return graph(
        "距上次成功(采集间隔的倍数)",
        "距上次读取成功已过了几个采集间隔：1左右为正常，超过3为不新鲜。",
        [Query("age", f"({NOW} - {once(last, BY)}) / {once(every, BY)}", "{{source}}")],
        **figure("short"),
    )


def durations() -> Json:
    """How long each poll took."""
    return graph(
        "读取耗时",
        "各数据源最近一次读取用了多久。",
        [Query("duration", once(select(SOURCE_DURATION, CHOSEN), BY), "{{source}}")],
        **SECONDS,
    )


def rows() -> Json:
    """Rows read, by what they came to."""

    def each(result: str) -> str:
        return once(f"rate({select(SOURCE_ROWS, {**CHOSEN, 'result': equal(result)})}[$__rate_interval])", BY)

    lines = [
        Query(result, f"sum({each(result)})", word, coloured(RESULT_TONES[result]))
        for result, word in words.RESULTS.items()
    ]
    return graph(
        "读到的行(行/秒)",
        "所选数据源每秒读到的行，按结果分：新增、变更、与已知相同、异常(读不成记录)。",
        lines,
        **figure("short"),
    )


def rejects() -> Json:
    """Rows that wait, over time."""
    return graph(
        "待处理异常行走势",
        "各数据源等待处理的异常行数；没有的数据源不画。",
        [Query("rejects", f"{once(select(SOURCE_REJECTS, CHOSEN), BY)} > 0", "{{source}}")],
        **NUMBER | {"noValue": "没有异常行"},
    )


def clocks() -> Json:
    """How far the sources' clocks are off."""
    return graph(
        "时钟偏差",
        "来源的时钟减本机的时钟，只有报出时间的来源才有。持续偏离会使时长算错。",
        [Query("clock", once(select(SOURCE_CLOCK, CHOSEN), BY), "{{source}}")],
        **SECONDS,
    )


def kinds() -> Json:
    """What does not add up, by kind."""
    panel = bars(
        "疑点种类(件)",
        "对不上、需要人看一眼的事项，按种类计。",
        [Query("findings", once(FINDINGS.name, FINDINGS.labels), "{{kind}}", coloured(Tone.WARN))],
        **NUMBER | {"noValue": "没有疑点"},
    )
    panel["fieldConfig"]["overrides"] += renamed(words.FINDINGS)
    return panel


def version() -> Json:
    """Which version runs."""
    return table(
        "监测程序版本",
        "正在运行的版本，和它报告的时刻；几个监测程序共用一个数据库时各列一行。",
        {
            "built": once(BUILD_INFO.name, (*BUILD_INFO.labels, "instance")),
            "as_of": f"{once(SNAPSHOT_TIME.name, ('instance',))} * {MILLISECONDS}",
        },
        [
            Column("instance", "实例", width=160),
            Column("version", "版本"),
            Column("as_of", "数据截至", MOMENT),
        ],
    )


def troubles() -> Json:
    """What went wrong with the agent itself in the time shown."""
    return stat(
        "自身故障(次)",
        "所选时间范围内监测程序自身的故障次数，约数；平时全为0。首次读入历年数据时，读得慢的数据源会被跳过几次。",
        [
            Query(name, f"round(sum(increase({OWN[name].name}[$__range])))", word, pressing(Tone.BAD))
            for name, word in TROUBLES.items()
        ],
    )


def ticks() -> Json:
    """How often everything is judged anew."""
    return graph(
        "评判频度(次/分)",
        "每分钟重新评判的次数；至少每5秒一次，即12次以上。",
        [Query("ticks", f"60 * {rate(OWN['ticks'])}", "{{instance}}")],
        **figure("short") | {"min": 0},
    )


def effort() -> Json:
    """What judging costs."""
    return graph(
        "评判用时(处理器秒/次)",
        "平均每次评判用去的处理器时间。",
        [Query("effort", f"{rate(OWN['tick_cpu_seconds'])} / {rate(OWN['ticks'])}", "{{instance}}")],
        **SECONDS | {"min": 0},
    )


def rate(family: Family) -> str:
    """How fast a counter of an agent's own rises; where several share a ledger each has its own."""
    return once(f"rate({family.name}[$__rate_interval])", ("instance",))
