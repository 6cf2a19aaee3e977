"""What reading the sources came to: a trial that writes nothing, a round, the rows that could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import zip_longest
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from agent import words
from agent.config import Config
from agent.mapping.mapper import plain_text
from agent.model import Event, Record, Reject
from agent.shown import moment
from agent.terminal.grid import Column, Grid, heading, indented, number, said

if TYPE_CHECKING:  # the schedule is slow to import, and only its results are shown
    from agent.poll import Outcome, Retried, StoredReject, Trial

PAIRS = (Column("原始列", least=10), Column("原始值", least=14), Column("记录项", least=10), Column("值", least=14))
ROUNDS = (
    Column("数据源", least=10),
    Column(words.RESULTS["new"], right=True),
    Column(words.RESULTS["changed"], right=True),
    Column(words.RESULTS["same"], rank=1, right=True),
    Column(words.RESULTS["rejected"], right=True),
    Column("说明", least=20),
)
RETRIED = (Column("数据源", least=10), Column("已读入", right=True), Column("仍异常", right=True))

Line = tuple[str, str]


# --- a trial ----------------------------------------------------------------------------------------------------------


def tried(trial: Trial, config: Config) -> RenderableType:
    """Each row's mapped columns beside the Record or Event it becomes, times on the source's own clock."""
    source = config.source(trial.source)
    zone = ZoneInfo(source.timezone if source is not None else config.plans[0].timezone)
    rejects = list(trial.mapped.rejects)
    made: list[Record | Event] = [*trial.mapped.records, *trial.mapped.events]
    counts = f"读到 {len(trial.rows)} 行，成为记录 {len(made)} 条，异常 {len(rejects)} 行"
    parts: list[RenderableType] = [heading(f"{trial.source}：{counts}，用时 {trial.seconds:.2f} 秒")]
    if trial.reason is not None:
        parts.append(said(f"读取失败：{trial.reason}", "bold red"))
    rest = iter(made)
    for place, row in enumerate(trial.rows, 1):
        raw = {column: plain_text(value) for column, value in zip(trial.columns, row, strict=True)}
        refused = next((reject for reject in rejects if reject.mapped == raw), None)
        if refused is not None:
            rejects.remove(refused)
        parts += [Text(), *_row(place, raw, refused, None if refused is not None else next(rest, None), zone)]
    parts += [line for reject in rejects for line in _refused(reject)]
    return Group(*parts, *_summed(trial.mapped.rejects))


def _row(
    place: int, raw: Mapping[str, str | None], refused: Reject | None, made: Record | Event | None, zone: tzinfo
) -> Iterator[RenderableType]:
    if refused is not None:
        yield said(f"第{place}行({refused.locator}) → 异常：{refused.reason}", "red")
    else:
        yield said(f"第{place}行")
    left = [(column, _raw(value)) for column, value in raw.items()]
    right = [] if made is None else list(_record(made, zone) if isinstance(made, Record) else _event(made, zone))
    rows = [[said(text) for text in (*a, *b)] for a, b in zip_longest(left, right, fillvalue=("", ""))]
    yield indented(Grid(PAIRS, rows))


def _raw(value: str | None) -> str:
    return "(空)" if value is None else value


def _record(record: Record, zone: tzinfo) -> Iterator[Line]:
    yield "类型", record.kind
    yield "编号", record.id
    yield "系统", record.system or "—"
    yield from ((name, moment(at, zone)) for name, at in record.times.items())
    yield from record.fields.items()
    if record.version is not None:
        yield "版本", str(record.version)
    if record.changed_at is not None:
        yield "变更时间", moment(record.changed_at, zone)
    if record.withdrawn:
        yield "已撤回", "是"


def _event(event: Event, zone: tzinfo) -> Iterator[Line]:
    yield "编号", event.id
    yield "事件", event.event
    yield "时间", moment(event.at, zone)
    yield from event.fields.items()


def _refused(reject: Reject) -> Iterator[Text]:
    yield Text()
    yield said(f"{reject.locator} → 异常：{reject.reason}", "red")


def _summed(rejects: Sequence[Reject]) -> Iterator[Text]:
    """The reasons, each once with its count: an unknown code is named in its reason."""
    if rejects:
        yield Text()
        yield heading("异常原因")
        for reason, count in Counter(reject.reason for reject in rejects).most_common():
            yield said(f"  {count} 行：{reason}", "yellow")


# --- rounds and rejects -----------------------------------------------------------------------------------------------


def collected(outcomes: Sequence[Outcome]) -> RenderableType:
    """What came, changed and was rejected, a line a source."""
    return Grid(ROUNDS, [_outcome(one) for one in outcomes])


def _outcome(one: Outcome) -> list[Text]:
    note = said("")
    if one.reason is not None:
        note = said(f"读取失败：{one.reason}", "bold red")
    elif one.skipped:
        note = said("刚由另一进程读过，本次略过", "dim")
    new, changed, same, rejected = one.booked
    return [said(one.source), number(new), number(changed), number(same), number(rejected, "yellow"), note]


def rejects(found: Sequence[StoredReject]) -> RenderableType:
    """Each row that could not be read: where it stood, why, and its mapped columns."""
    if not found:
        return said("没有异常数据行")
    lines = [said(f"异常数据行 {len(found):,} 行", "bold")]
    for one in found:
        lines += [
            Text(),
            said(f"{one.source}  {one.locator}"),
            said(f"  原因：{one.reason}", "yellow"),
            said(
                "  原值："
                + "，".join(f"{name}={'(空)' if value is None else value}" for name, value in one.mapped.items())
            ),
        ]
    return Group(*lines)


def retried(outcomes: Sequence[Retried]) -> RenderableType:
    """How many rejects were read this time, and how many are left, a line a source."""
    return Grid(
        RETRIED, [[said(one.source), number(one.read, "green"), number(one.left, "yellow")] for one in outcomes]
    )
