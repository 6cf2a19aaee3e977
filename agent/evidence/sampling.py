"""The 抽样核对表: records drawn by chance, the same for the same seed, to be looked up in the source systems."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from agent.config import Indicator
from agent.evidence.cells import guarded, unguarded
from agent.evidence.contents import Contents
from agent.evidence.grounds import Deciding
from agent.evidence.table import Column, Row
from agent.evidence.walk import Progress, Walk, indicator_path
from agent.evidence.writing import csv_bytes
from agent.ledger import Session
from agent.model import ConfigError

COLUMNS = (
    Column("序号", "integer", "抽中的次序"),
    Column("数据源", "text", "到哪个源系统核对"),
    Column("编号", "text", "记录在源系统中的编号"),
    Column("系统", "text", "应用系统"),
    Column("指标", "text", "计入的指标"),
    Column("日期", "date", "计入的日子"),
    Column("程序所记", "text", "判定所用的时间和字段，括号内为源系统中的栏目"),
    Column("判定依据", "text", "时限、用时、条件等"),
    Column("结果", "text", "程序的判定"),
    Column("原因", "text", "剔除的原因；未结记录所处的阶段"),
    Column("源系统所记", "text", "核对人填写"),
    Column("是否一致", "text", "核对人填写：是/否"),
    Column("差异说明", "text", "核对人填写"),
    Column("核对人", "text", "核对人填写"),
    Column("核对日期", "date", "核对人填写"),
)
SUMS = ("分子", "分母", "应服务秒", "停机秒", "自", "至")  # columns of a table that say what a record brings
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
        which = told["数据源"], told["编号"], told["系统"], _named(self._path), told["日期"]
        sums = [f"{name} {told[name]}" for name in SUMS if told.get(name)]
        return [*which, "\n".join(sums), told["结果"], told["原因"]]


def walk_name(project: str, indicator: str) -> str:
    """How a sample names an indicator: as the file of its table is called."""
    return _named(indicator_path(project, indicator))


def _named(path: str) -> str:
    return path.removeprefix("indicators/").removesuffix(".csv.gz")


class Sample(NamedTuple):
    """The rows drawn, in the order of `COLUMNS` from 数据源 through 原因, and out of how many."""

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
    chosen = [row for _, _, row in sorted(turns)[:number]]
    places = {_named(walk.path(table)): table.held.indicator for table in walk.tables.values()}
    deciding = Deciding(contents)
    with contents.board.ledger.read() as session:
        rows = [_with_grounds(row, places[row[3]], deciding, session) for row in chosen]
    return Sample(rows, sum(stratum.count for stratum in strata))


def _with_grounds(row: Row, indicator: Indicator, deciding: Deciding, session: Session) -> Row:
    """The row with what decides in the place of what is summed."""
    source, id, system, name, day, sums, outcome, reason = row
    place = indicator.project, indicator.id
    facts, why = deciding.of(session, place, unguarded(source) or "", unguarded(id) or "")
    told = guarded(facts or None), guarded("\n".join(filter(None, (why, sums))) or None)
    return [source, id, system, name, day, *told, outcome, reason]


def as_table(sample: Sample) -> bytes:
    """The sheet as CSV, what a person fills in left empty."""
    return csv_bytes(COLUMNS, [[str(n), *row, "", "", "", "", ""] for n, row in enumerate(sample.rows, 1)])
