"""What lives in Excel: inspections, tasks, functions, reports, duty rosters, violations, surveys; files in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook

from agent.demo.changes import Cell, Change, Row
from agent.demo.seasons import QUIET_MONTH, QUIET_SYSTEM, dice, is_workday, local, one_in, workday_after
from agent.demo.systems import BY_ID, SYSTEMS

# Headings as in the templates a site fills in; the surveys' workbook has no template.
CLOSING = ("作废", "更新时间")
SHEETS: dict[str, tuple[str, ...]] = {
    "巡检": ("巡检编号", "系统", "巡检项目", "计划日期", "完成时间", *CLOSING),
    "运维任务": ("任务编号", "系统", "任务内容", "应完成日期", "完成时间", *CLOSING),
    "新增功能": ("功能编号", "系统", "功能名称", "计划年度", "计划完成日期", "验收日期", *CLOSING),
    "分析报告": ("报告编号", "报告类别", "计划出具日期", "实际出具日期", *CLOSING),
    "延时服务值班": ("值班编号", "窗口", "值班日期", *CLOSING),
    "违规处置": ("处置编号", "对象类别", "发现日期", "处置日期", "处置依据", *CLOSING),
    "满意度问卷": ("答卷编号", "对象类别", "答卷时间", "总体评价", *CLOSING),
}
QUARTERLY = ("巡检", "运维任务")  # one workbook a quarter; of the others one a year
CHECKED = ("新建商品房网签可访问", "存量房网签可登录", "菜单无空白页", "数据已更新", "服务器磁盘空间充足")
JOBS = ("数据库备份核验", "补丁更新", "日志清理", "账号复核", "应急演练", "容量评估")
FEATURES = (
    "电子签章接入",
    "合同模板更新",
    "资金监管对账",
    "预约短信提醒",
    "楼盘表校验",
    "档案影像检索",
    "督办看板",
    "房源核验接口",
)
BASES = ("《商品房销售管理办法》第四十二条", "《房地产经纪管理办法》第三十三条")
OFFENDERS = ("房地产开发企业", "房地产经纪公司")
GROUPS = {"系统使用人员": 0.9, "开发商": 0.93, "管理者": 0.94}  # and how many are content


def _typed(sheet: str, made: datetime, *cells: Cell) -> Change:
    """The row as somebody typed it at `made`: the cells in the order of the headings, and when it was changed."""
    row: Row = dict(zip(SHEETS[sheet], (*cells, None, made.replace(tzinfo=None)), strict=True))
    number = str(cells[0])
    period = f"{made.year}-Q{(made.month + 2) // 3}" if sheet in QUARTERLY else number[2:6]
    return Change(made, f"{sheet}-{period}", number, row)


def _completed(planned: Change, at: datetime, **cells: Cell) -> Change:
    """The same row in the same workbook once its last cells are filled in."""
    return Change(at, planned.table, planned.key, planned.row | cells | {"更新时间": at.replace(tzinfo=None)})


def inspections(seed: int, day: date) -> Iterator[Change]:
    """Each system is inspected twice a week on working days; one of 180 is missed."""
    for number, system in enumerate(SYSTEMS):
        if not is_workday(day) or day.toordinal() % 5 not in (number % 5, (number + 2) % 5):
            continue
        rng = dice(seed, "inspection", day, number)
        name = f"XJ{day:%Y-%m%d}-{number:02d}"
        planned = _typed("巡检", local(day, 28_800), name, system.name, rng.choice(CHECKED), day, None)
        yield planned
        if not one_in(180, seed, "inspection", day.toordinal() * 10 + number):
            done = local(day, rng.randrange(33_000, 60_000))
            yield _completed(planned, done, 完成时间=done.replace(tzinfo=None))


def tasks(seed: int, day: date) -> Iterator[Change]:
    """Maintenance tasks of the week, planned on its first working day; all get done, a few the day after."""
    if not is_workday(day) or any(is_workday(day - timedelta(days=back)) for back in range(1, day.weekday() + 1)):
        return
    for number, system in enumerate(SYSTEMS):
        rng = dice(seed, "task", day, number)
        if rng.random() < 0.35 or (system.id == QUIET_SYSTEM and day.month == QUIET_MONTH):
            continue
        due = workday_after(day, rng.randrange(0, 4))
        done = local(due, rng.randrange(33_000, 61_000)) + timedelta(hours=14 * (rng.random() < 0.05))
        name = f"RW{day:%Y-%m%d}-{number:02d}"
        planned = _typed("运维任务", local(day, 28_800), name, system.name, rng.choice(JOBS), due, None)
        yield planned
        yield _completed(planned, done, 完成时间=done.replace(tzinfo=None))


def live_task(number: int, at: datetime, system: str) -> Iterator[Change]:
    """A task ticked off while somebody watches."""
    name = f"RW{at:%Y-%m%d}-9{number:05d}"
    planned = _typed("运维任务", at, name, BY_ID[system].name, JOBS[number % len(JOBS)], at.date(), None)
    done = at + timedelta(seconds=40)
    yield planned
    yield _completed(planned, done, 完成时间=done.replace(tzinfo=None))


def features(seed: int, day: date) -> Iterator[Change]:
    """The year's new functions, planned in January; the last of them for December."""
    if (day.month, day.day) != (1, 4):
        return
    for number, name in enumerate(FEATURES):
        planned = date(day.year, 4 + number, 28) if number < len(FEATURES) - 1 else date(day.year, 12, 18)
        ready = planned - timedelta(days=dice(seed, "feature", day.year, number).randrange(4, 16))
        key, year = f"GN{day.year}-{number + 1:02d}", day.year
        row = _typed("新增功能", local(day, 36_000), key, SYSTEMS[number].name, name, year, planned, None)
        yield row
        yield _completed(row, local(ready, 54_000), 验收日期=ready)


def reports(seed: int, day: date) -> Iterator[Change]:
    """A monthly analysis of each market, planned for the tenth."""
    if day.day != 1:
        return
    for number, market in enumerate(("一手房", "二手房")):
        issued = date(day.year, day.month, 10 - dice(seed, "report", day, number).randrange(1, 5))
        key = f"FX{day:%Y-%m}-{number + 1}"
        row = _typed("分析报告", local(day, 30_600), key, market, day.replace(day=10), None)
        yield row
        yield _completed(row, local(issued, 55_000), 实际出具日期=issued)


def duties(seed: int, day: date) -> Iterator[Change]:
    """延时服务 on working Mondays and Fridays: entered in the morning, so that today never looks missed."""
    if day.weekday() in (0, 4) and is_workday(day):
        at = local(day, 30_600 + dice(seed, "duty", day).randrange(900))
        yield _typed("延时服务值班", at, f"YS{day:%Y-%m%d}-01", "1号窗口", day)


def violations(seed: int, day: date) -> Iterator[Change]:
    """What monitoring found at companies and agencies, and on which basis it was dealt with."""
    rng = dice(seed, "violation", day)
    if not is_workday(day) or rng.random() > 0.16:
        return
    found = _typed("违规处置", local(day, 50_000), f"CZ{day:%Y-%m%d}", rng.choice(OFFENDERS), day, None, None)
    disposed = workday_after(day, rng.randrange(1, 6))
    yield found
    yield _completed(found, local(disposed, 54_000), 处置日期=disposed, 处置依据=rng.choice(BASES))


def surveys(seed: int, day: date) -> Iterator[Change]:
    """The half-yearly questionnaires, answered over ten days of June and of November."""
    if day.month not in (6, 11) or not 2 <= day.day <= 11:
        return
    for order, (group, share) in enumerate(GROUPS.items()):
        for number in range(4):
            rng = dice(seed, "survey", day, group, number)
            at = local(day, rng.randrange(34_000, 61_000))
            content = rng.random() < share
            answer = rng.choices(("非常满意", "满意", "基本满意"), (50, 40, 10))[0] if content else "不满意"
            name = f"WJ{day:%Y-%m%d}-{order}{number}"
            yield _typed("满意度问卷", at, name, group, at.replace(tzinfo=None), answer)


def write_workbook(path: Path, sheet: str, rows: list[Row]) -> None:
    """Write beside, then rename: nobody meets half a workbook."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(list(SHEETS[sheet]))
    for row in rows:
        page.append([row[column] for column in SHEETS[sheet]])
    book.properties.creator = "演示数据"
    unfinished = path.with_suffix(".part")
    book.save(unfinished)
    unfinished.replace(path)


Daily = Callable[[int, date], Iterator[Change]]
WORKBOOKS: dict[str, Daily] = {
    "巡检": inspections,
    "运维任务": tasks,
    "新增功能": features,
    "分析报告": reports,
    "延时服务值班": duties,
    "违规处置": violations,
    "满意度问卷": surveys,
}
