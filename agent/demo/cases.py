"""办件: the exchange table (前置库). A row is never rewritten: each change adds one with the next DATAVER."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from agent.demo.changes import Change, Row, text
from agent.demo.seasons import (
    OFFICE,
    QUIET_MONTH,
    QUIET_SYSTEM,
    dice,
    is_workday,
    local,
    numbers,
    one_in,
    workday_after,
)

A_YEAR = 6000
EVENING = 18  # nobody works on a case any more
RECEIVED, SUPPLEMENTING, DONE, WITHDRAWN = "26", "31", "90", "95"
SYSTEM_CODES = {"XJF": 34, "CLF": 42, "ZJJG": 12, "DA": 12}
ITEMS = {"YS01": ("2", 5), "WQ02": ("2", 3), "BA03": ("2", 2), "ZX04": ("1", 0), "DA05": ("1", 0)}


def case_row(rng: Random, number: str, system_code: str, accepted: datetime) -> Row:
    """A case just accepted. It is due at the end of the promised working day; 即办件 the same, or after the evening the
    next one."""
    item = rng.choice(list(ITEMS))
    kind, days = ITEMS[item]
    same = is_workday(accepted.date()) and accepted.hour < EVENING
    first = accepted.date() if same else workday_after(accepted.date(), 1)
    return {
        "PROJID": number,
        "YWXT": system_code,
        "ITEMNO": item,
        "INFOTYPE": kind,
        "APPLYFROM": rng.choices(("1", "2"), (81, 19))[0],
        "PROJECTSTATE": RECEIVED,
        "RECEIVETIME": text(accepted),
        "LIMITDAYS": days,
        "DUETIME": text(local(workday_after(first, days), 86_399)),
        "FINISHTIME": "",
        "PAUSE_FROM": "",
        "PAUSE_TO": "",
        "APPLYERNAME": f"演示{rng.choice('甲乙丙丁戊')}",
        "APPLYERCARD": f"000000{rng.randrange(10**8):08d}0000",
        "DATASTATE": "1",
        "DATAVER": 0,
        "SIGNSTATE": "0",
        "CREATE_TIME": "",
    }


def _written(row: Row, at: datetime, **columns: str | None) -> Change:
    """The next version of the row."""
    version = int(str(row["DATAVER"])) + 1
    row.update(columns, DATAVER=version, CREATE_TIME=text(at))
    return Change(at, "BJ_BANJIAN", f"{row['PROJID']}.{version:02d}", dict(row))


def _finish(rng: Random, accepted: datetime, due: date, late: bool) -> datetime:
    """A moment in office hours before the due day ends, or one to three working days after it."""
    if late:
        return local(workday_after(due, rng.randrange(1, 4)), rng.randrange(34_000, 60_000))
    days = [accepted.date()]
    while days[-1] < due:
        days.append(days[-1] + timedelta(days=1))
    day = rng.choice([each for each in days if is_workday(each)] or [due])
    done = local(day, rng.randrange(34_000, 60_000))
    soon = accepted + timedelta(minutes=rng.randrange(6, 150))
    return max(done, soon) if day > accepted.date() else soon


def lifeline(rng: Random, row: Row, accepted: datetime, late: bool, fate: str = DONE) -> list[Change]:
    """Accepted, then done (in time or late) or withdrawn by the applicant."""
    changes = [_written(row, accepted)]
    due = date.fromisoformat(str(row["DUETIME"])[:10])
    end = _finish(rng, accepted, due, late)
    changes.append(_written(row, end, PROJECTSTATE=fate, FINISHTIME=text(end)))
    return changes


def _paused(row: Row, accepted: datetime, pause: datetime, resume: datetime, end: datetime) -> list[Change]:
    """Accepted, sent back for 补正, taken up again when the supplement arrived, done: DATAVER 1 to 4."""
    return [
        _written(row, accepted),
        _written(row, pause, PROJECTSTATE=SUPPLEMENTING, PAUSE_FROM=text(pause)),
        _written(row, resume, PROJECTSTATE=RECEIVED, PAUSE_TO=text(resume)),
        _written(row, end, PROJECTSTATE=DONE, FINISHTIME=text(end)),
    ]


def _case(seed: int, day: date, number: int) -> list[Change]:
    rng = dice(seed, "case", day.year, number)
    codes = dict(SYSTEM_CODES)
    if QUIET_SYSTEM == "archive" and day.month == QUIET_MONTH:
        del codes["DA"]
    accepted = OFFICE.moment(rng, day)
    row = case_row(rng, f"{day.year}{number:07d}", rng.choices(list(codes), list(codes.values()))[0], accepted)
    late = one_in(125, seed, "case-late", number)
    if one_in(300, seed, "case-paused", number) and not late and row["INFOTYPE"] == "2":
        pause = local(workday_after(day, 1), 36_000)
        resume = local(workday_after(pause.date(), rng.randrange(1, 4)), 35_000)
        return _paused(row, accepted, pause, resume, resume + timedelta(hours=rng.randrange(2, 5)))
    fate = WITHDRAWN if one_in(90, seed, "case-withdrawn", number) else DONE
    changes = lifeline(rng, row, accepted, late, fate)
    if one_in(700, seed, "case-void", number):  # entered twice, and voided the next day
        at = changes[-1].at + timedelta(days=1)
        changes.append(_written(row, at, DATASTATE="0"))
    return changes


def exchange_cases(seed: int, day: date) -> Iterator[Change]:
    """The exchange table's day; one case's 补正 stands open over the turn of the year."""
    for number in numbers(OFFICE, day, A_YEAR):
        yield from _case(seed, day, number)
    if (day.month, day.day) == (12, 28):
        yield from paused_over_the_turn(seed, day.year)


def paused_over_the_turn(seed: int, year: int) -> list[Change]:
    """A case of the last days of December whose supplement arrives in the second week of the new year."""
    accepted = local(workday_after(date(year, 12, 27), 1), 36_600)
    row = case_row(dice(seed, "case", year, "turn"), f"{year}9000001", "XJF", accepted)
    row.update(ITEMNO="YS01", INFOTYPE="2", LIMITDAYS=5, DUETIME=text(local(workday_after(accepted.date(), 5), 86_399)))
    pause = local(workday_after(accepted.date(), 1), 51_000)
    resume = local(workday_after(date(year + 1, 1, 7), 1), 34_500)
    return _paused(row, accepted, pause, resume, resume + timedelta(hours=30))


def paused_now(seed: int, start: datetime) -> list[Change]:
    """A case waiting for its supplement at the start of the demo, and until a week later."""
    accepted = start - timedelta(days=7)
    row = case_row(dice(seed, "case", "now"), f"{start.year}9000002", "CLF", accepted)
    row.update(ITEMNO="YS01", INFOTYPE="2", LIMITDAYS=5, DUETIME=text(local(workday_after(accepted.date(), 5), 86_399)))
    pause, resume = start - timedelta(days=5), start + timedelta(days=7)
    return _paused(row, accepted, pause, resume, resume + timedelta(hours=3))
