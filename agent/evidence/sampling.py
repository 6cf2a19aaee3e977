"""The 抽样核对表: records drawn by chance, the same for the same seed, to be looked up in the source systems."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from agent.evidence.contents import Contents
from agent.evidence.table import Column, Row
from agent.evidence.walk import Progress, Walk, indicator_path
from agent.evidence.writing import csv_bytes
from agent.model import ConfigError

COLUMNS = (
    Column("序号", "integer", "抽中的次序"),
    Column("数据源", "text", "到哪个源系统核对"),
    Column("编号", "text", "记录在源系统中的编号"),
    Column("系统", "text", "应用系统"),
    Column("指标", "text", "计入的指标"),
    Column("日期", "date", "计入的日子"),
    Column("时间", "text", "程序所记的各个时间"),
    Column("结果", "text", "程序的判定"),
    Column("源系统所记", "text", "核对人填写"),
    Column("是否一致", "text", "核对人填写：是/否"),
    Column("差异说明", "text", "核对人填写"),
    Column("核对人", "text", "核对人填写"),
    Column("核对日期", "date", "核对人填写"),
)
Drawn = tuple[int, Row]


class _Stratum:
    """The rows of one indicator with one outcome: how many there are, and those with the lowest lots."""

    def __init__(self, most: int) -> None:
        self.count, self._most = 0, most
        self._kept: list[Drawn] = []

    def add(self, lot: int, row: Row) -> None:
        self.count += 1
        entry = (-lot, row)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        elif entry > self._kept[0]:
            heapq.heapreplace(self._kept, entry)

    def drawn(self) -> list[Drawn]:
        """The kept rows, the lowest lot first."""
        return sorted((-lot, row) for lot, row in self._kept)


class _Lots:
    """Takes the rows of one table and lets each draw its lot: the same for the same seed, whatever else there is."""

    def __init__(self, path: str, columns: Sequence[Column], seed: str, most: int) -> None:
        self._path, self._seed, self._most = path, seed, most
        self._names = [column.name for column in columns]
        self.strata: dict[str, _Stratum] = {}

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row[0]:  # rows that are no record's have no source
                told = dict(zip(self._names, row, strict=True))
                text = "\0".join((self._seed, self._path, *row[:4]))
                lot = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
                self.strata.setdefault(told["结果"], _Stratum(self._most)).add(lot, self._told(told))

    def _told(self, told: dict[str, str]) -> Row:
        names = self._names[4 : self._names.index("结果")]
        times = " ".join(f"{name}={told[name]}" for name in names if told[name])
        name = _named(self._path)
        return [told["数据源"], told["编号"], told["系统"], name, told["日期"], times, told["结果"]]


def walk_name(project: str, indicator: str) -> str:
    """How a sample names an indicator: as the file of its table is called."""
    return _named(indicator_path(project, indicator))


def _named(path: str) -> str:
    return path.removeprefix("indicators/").removesuffix(".csv.gz")


class Sample(NamedTuple):
    """The rows drawn, in the order of `COLUMNS` from 数据源 through 结果, and out of how many."""

    rows: Sequence[Row]
    total: int


def drawn(contents: Contents, number: int, seed: str, indicator: tuple[str, str] | None, progress: Progress) -> Sample:
    """Draw records: each outcome of each indicator has a turn before any has a second. ConfigError for nothing."""
    walk = Walk(contents.config, contents.indicators, contents.window, contents.now)
    wanted = None if indicator is None else indicator_path(*indicator)
    lots: list[_Lots] = []

    def sink(path: str, columns: Sequence[Column]) -> _Lots:
        one = _Lots(path, columns, seed, number)
        if wanted in (None, path):
            lots.append(one)
        return one

    with contents.board.ledger.read() as session:
        walk.run(session, sink, with_records=False, progress=progress)
    strata = [stratum for one in lots for _, stratum in sorted(one.strata.items())]
    if not strata:
        raise ConfigError("抽样核对表：这一期间没有计入指标的记录")
    turns = [(turn, lot, row) for stratum in strata for turn, (lot, row) in enumerate(stratum.drawn())]
    chosen = sorted(turns)[:number]
    return Sample([row for _, _, row in chosen], sum(stratum.count for stratum in strata))


def as_table(sample: Sample) -> bytes:
    """The sheet as CSV, what a person fills in left empty."""
    return csv_bytes(COLUMNS, [[str(n), *row, "", "", "", "", ""] for n, row in enumerate(sample.rows, 1)])
