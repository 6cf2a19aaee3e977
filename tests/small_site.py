"""A small site with one indicator a kind of measure and a real ledger, to be explained and printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

from agent.book import Book, Delivery, catch_up, definitions, register
from agent.config import Config, load
from agent.evaluate import Board
from agent.explain import Explanation, explain
from agent.ledger import Ledger
from agent.mapping import Mapper
from agent.model import Instant, Mapped, Snapshot, instant_of
from collectors import COLLECTORS

SHANGHAI = ZoneInfo("Asia/Shanghai")
TARGETS = """
year: 2026
organisation: 交易中心
timezone: Asia/Shanghai
calendar: {country: CN, hours: ["09:00-11:30", "13:30-17:00"], extended: {mon: "17:00-19:00"}}
systems: {portal: 房地产交易网站, archive: {name: 档案管理系统, hours: "06:00-23:00"}}
projects:
  ops:
    name: 平台运维
    indicators:
      answered:
        name: 故障响应率
        level: [产出目标, 时效]
        text: ">=75%"
        target: ">= 75 %"
        note: 五分钟内响应算按时
        owner: 运维科
        warn_before: 2 min
        measure:
          kind: on_time
          of: fault
          from: reported_at
          to: responded_at
          limit: 5 min
          cohort: reported_at
          among: {level: ["1", "2"]}
          exclude: [{when: {duplicate_of: present}, reason: 重复报修}]
        evidence:
          mean:
            name: 平均响应时长
            measure: {kind: duration, of: fault, from: reported_at, to: responded_at, statistic: mean}
          median:
            name: 响应中位数
            measure: {kind: duration, of: fault, from: reported_at, to: responded_at, statistic: p50}
      response:
        name: 平均响应时长
        level: [产出目标, 时效]
        text: "<=5分钟"
        target: "<= 5 min"
        measure: {kind: duration, of: fault, from: reported_at, to: responded_at}
      duplicates:
        name: 重复报修率
        level: [产出目标, 质量]
        text: "<=1%"
        target: "<= 1 %"
        measure: {kind: share, of: fault, cohort: reported_at, bad_when: {duplicate_of: present}}
      up:
        name: 系统可用率
        level: [产出目标, 质量]
        text: ">=99%"
        target: ">= 99 %"
        measure: {kind: uptime, of: uptime, from: from, to: to}
      calls:
        name: 接口成功率
        level: [产出目标, 质量]
        text: ">=90%"
        target: ">= 90 %"
        measure: {kind: amount, of: call, cohort: day, numerator: ok, denominator: total}
      duty:
        name: 延时服务
        level: [效果目标, 社会效益]
        text: "周一"
        target: "= 100 %"
        measure: {kind: days, of: duty, cohort: on_duty_at, due_days: extended}
      built:
        name: 新增功能建成
        level: [产出目标, 时效]
        text: 年底前
        target: by 2026-12-31
        measure: {kind: milestone, of: feature, to: accepted_at, planned: {year: "2026"}}
      approved:
        name: 办件及时率
        level: [产出目标, 时效]
        text: ">=90%"
        target: ">= 90 %"
        measure:
          kind: on_time
          of: case
          from: accepted_at
          to: finished_at
          limit: 6 h
          clock: service_hours
          pause: {from: pause_start, to: pause_end}
          unfinished: leave_out
      sound:
        name: 制度健全性
        level: [投入与管理]
        text: 健全
        target: 健全
        owner: 财务科
        attest_by: 2027-01-20
        measure: {kind: attested, accept: [健全], evidence_expected: 制度文件}
"""
SOURCE = """\
  {id}:
    collector: file
    path: {id}.csv
    measured_from: 2026-03-01
    record: {kind}
    id: id
    system: {{column: system}}
    times: {{{times}}}
    fields: {{{fields}}}
"""
KINDS = {
    "fault": ("reported_at: reported_at, responded_at: responded_at", "level: level, duplicate_of: duplicate_of"),
    "uptime": ("from: from, to: to", "state: state"),
    "call": ("day: day", "ok: {column: ok, as: decimal}, total: {column: total, as: decimal}"),
    "duty": ("on_duty_at: on_duty_at", ""),
    "case": ("accepted_at: a, finished_at: f, pause_start: p, pause_end: q", ""),
    "feature": ("accepted_at: accepted_at", "year: year"),
}
FAULTS = [
    # id, system, reported_at, responded_at, level, duplicate_of
    ("F1", "portal", "2026-03-02T09:00:00", "2026-03-02T09:03:00", "1", None),
    ("F2", "portal", "2026-03-02T10:00:00", "2026-03-02T10:05:00", "1", None),
    ("F3", "archive", "2026-03-03T23:58:00", "2026-03-04T00:10:30", "2", None),
    ("F4", "archive", "2026-03-03T11:00:00", "2026-03-03T11:01:00", "2", "F2"),
    ("F5", "portal", "2026-03-04T11:00:00", "2026-03-04T18:00:00", "3", None),
    ("F6", "portal", "2026-03-05T09:50:00", None, "1", None),
    ("F7", "portal", "2026-03-05T09:58:00", None, "1", None),
]


def at(text: str) -> Instant:
    return instant_of(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


NOW = at("2026-03-05T10:00:00")
TOLD = ("2026-03-01T00:00", "2026-03-05T10:00")


class Site:
    """A small site with a real ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "targets.yaml").write_text(dedent(TARGETS), encoding="utf-8")
        entries = (
            SOURCE.format(id=f"{kind}s", kind=kind, times=times, fields=fields)
            for kind, (times, fields) in KINDS.items()
        )
        (folder / "sources.yaml").write_text("sources:\n" + "".join(entries), encoding="utf-8")
        self.config = self._load()
        self.ledger = Ledger.open(folder / "ledger.db")
        self.register()

    def _load(self) -> Config:
        return load([self.folder / "targets.yaml"], self.folder / "sources.yaml", collectors=COLLECTORS)

    def register(self) -> None:
        """Have the ledger serve the targets as they are, and derive what is new."""
        registered = register(self.ledger, definitions(self.config))
        catch_up(self.ledger, registered)
        self.book = Book(self.ledger, registered.keys)

    def reconfigure(self, former: str, now: str) -> None:
        """Change the targets file."""
        path = self.folder / "targets.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(former, now), encoding="utf-8")
        self.config = self._load()

    def deliver(self, source: str, rows: Sequence[tuple[object, ...]], *covers: tuple[str, str]) -> None:
        """Book rows, whose columns stand in the order of the mapping, and what the source thereby told."""
        configured = self.config.source(source)
        assert configured is not None
        mapped = Mapper(configured.spec, source, configured.days).map(rows, f"{source}.csv", range(2, len(rows) + 2))
        assert not mapped.rejects
        kind = configured.spec.record
        self.book.deliver(Delivery(source, kind, mapped, NOW, finished=True))
        for begins, ends in covers:
            nothing = Mapped([], [], [], None)
            self.book.deliver(Delivery(source, kind, nothing, NOW, covers=(at(begins), at(ends)), finished=True))

    def snapshot(self, now: Instant = NOW) -> Snapshot:
        return Board(self.config, self.ledger).refresh(now)

    def explain(
        self, indicator: str, window: str = "ytd", system: str | None = None, limit: int = 50, now: Instant = NOW
    ) -> Explanation:
        return explain(self.config, self.ledger, self.snapshot(now), "ops", indicator, window, system, limit)


@contextmanager
def small_site(folder: Path, *told: tuple[str, str]) -> Iterator[Site]:
    """The site with its faults; its fault desk told everything unless `told` says less."""
    site = Site(folder)
    site.deliver("faults", FAULTS, *(told or (TOLD,)))
    yield site
    site.ledger.close()
