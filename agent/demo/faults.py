"""Faults: those of the fault desk (JSON) and those of the video system's own desk (an event log)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from agent.demo.changes import Change, Row, text
from agent.demo.seasons import ALWAYS, QUIET_MONTH, QUIET_SYSTEM, dice, local, numbers, one_in
from agent.demo.systems import BY_ID, SYSTEMS

A_YEAR = 410
VIDEO_A_YEAR = 36
CAUSES = ("网络中断", "数据库锁等待", "应用服务异常", "第三方接口超时", "磁盘空间不足", "配置错误", "误报")


def fault_row(rng: Random, number: str, system: str, reported: datetime, slow: bool) -> Row:
    """A newly reported fault as the desk writes it; those answered late (`slow`) are never of the first level."""
    return {
        "ticket_no": number,
        "sys_code": BY_ID[system].code,
        "report_time": text(reported),
        "respond_time": None,
        "resolve_time": None,
        "close_time": None,
        "fault_level": str(rng.choices((1, 2, 3, 4), (1, 8, 50, 41) if not slow else (0, 2, 50, 48))[0]),
        "origin": rng.choice(("M", "R", "R", "I")),
        "planned": "0",
        "dup_of": None,
        "cause": None,
        "reporter_name": f"演示{rng.choice('甲乙丙丁戊')}",
        "phone": f"000-0000-{rng.randrange(10000):04d}",
        "update_time": None,
    }


def _written(row: Row, at: datetime, **columns: str | None) -> Change:
    """The row after a change, stamped with its time."""
    row.update(columns, update_time=text(at))
    return Change(at, "faults", str(row["ticket_no"]), dict(row))


def lifeline(rng: Random, row: Row, reported: datetime, seen: datetime, answer: int, resolved: bool) -> list[Change]:
    """Reported, answered after `answer` seconds, resolved and closed; `seen` is when the desk typed it in."""
    changes = [_written(row, seen)]
    responded = reported + timedelta(seconds=answer)
    changes.append(_written(row, responded, respond_time=text(responded)))
    if resolved:
        done = responded + timedelta(minutes=rng.randrange(8, 240))
        cause = rng.choices(CAUSES, (5, 3, 6, 4, 2, 3, 1))[0]
        changes.append(_written(row, done, resolve_time=text(done), cause=cause))
        closed = done + timedelta(hours=rng.randrange(2, 60))
        changes.append(_written(row, closed, close_time=text(closed)))
    return changes


def answer_seconds(rng: Random, slow: bool) -> int:
    """Within 5 minutes, or well past them: with one in eleven slow the mean is about three minutes."""
    return rng.randrange(315, 900) if slow else rng.randrange(25, 285)


def _reopened(rng: Random, row: Row, changes: list[Change]) -> None:
    """The fault came back: the desk clears both times and writes new ones."""
    again = changes[-1].at + timedelta(hours=rng.randrange(3, 20))
    changes.append(_written(row, again, resolve_time=None, close_time=None))
    done = again + timedelta(minutes=rng.randrange(20, 200))
    changes.append(_written(row, done, resolve_time=text(done)))


def _corrected(row: Row, changes: list[Change]) -> None:
    """Three days later the desk corrects the answer to what the call recording says, 20 seconds earlier."""
    at = max(changes[1].at + timedelta(days=3), changes[-1].at + timedelta(minutes=5))
    changes.append(_written(row, at, respond_time=text(changes[1].at - timedelta(seconds=20))))


def desk_faults(seed: int, day: date) -> Iterator[Change]:
    """The fault desk's day."""
    for number in numbers(ALWAYS, day, A_YEAR):
        rng = dice(seed, "fault", day.year, number)
        system = rng.choices(SYSTEMS, [each.faults for each in SYSTEMS])[0].id
        if system == QUIET_SYSTEM and day.month == QUIET_MONTH:
            system = "portal"
        reported, slow = ALWAYS.moment(rng, day), one_in(11, seed, "slow", number)
        row = fault_row(rng, f"GZ{day.year}{number:05d}", system, reported, slow)
        if one_in(40, seed, "planned", number):
            row.update(planned="1", origin="M", cause="计划维护")
        if number and one_in(50, seed, "duplicate", number):
            row.update(dup_of=f"GZ{day.year}{number - 1:05d}")
        resolved = not one_in(45, seed, "stuck", number)
        changes = lifeline(rng, row, reported, reported, answer_seconds(rng, slow), resolved)
        if len(changes) == 4 and one_in(60, seed, "reopened", number):
            _reopened(rng, row, changes)
        if one_in(35, seed, "corrected", number):
            _corrected(row, changes)
        yield from changes
    if (day.month, day.day) == (12, 31):  # answered in the new year
        reported = local(day, 86_280)
        row = fault_row(dice(seed, "fault", day.year, "last"), f"GZ{day.year}99999", "portal", reported, False)
        yield from lifeline(dice(seed, "last", day.year), row, reported, reported, 190, True)


def video_events(seed: int, day: date) -> Iterator[Change]:
    """The video desk's day, as events; some tickets wait for spare parts in between."""
    for number in numbers(ALWAYS, day, VIDEO_A_YEAR):
        rng = dice(seed, "video", day.year, number)
        at, level = ALWAYS.moment(rng, day), rng.choice(("二级", "三级", "三级", "四级"))
        steps = [("登记", 0), ("受理", answer_seconds(rng, one_in(12, seed, "video-slow", number)))]
        if one_in(6, seed, "video-wait", number):
            steps += [("挂起", rng.randrange(600, 3600)), ("恢复", rng.randrange(7200, 90_000))]
        steps += [("解决", rng.randrange(900, 14_400)), ("关闭", rng.randrange(3600, 90_000))]
        for step, (activity, seconds) in enumerate(steps):
            at += timedelta(seconds=seconds)
            ticket = f"SP{day.year}{number:04d}"
            row: Row = {"工单号": ticket, "动作": activity, "时间": text(at), "级别": level, "经办": "演示员"}
            yield Change(at, "desk-log", f"{ticket}.{step}", row)
