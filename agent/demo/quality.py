"""Quality supervision (ZL_CHECK) and the analytics database: interface calls and users by day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from random import Random

from agent.demo.changes import Change, Row, text
from agent.demo.seasons import OFFICE, dice, is_workday, local, numbers, one_in

CHECKS_A_YEAR = 2000
ACCEPTANCE, REVIEW = "1", "2"  # 受理件, 审核件
WRONG_ONE_IN = {ACCEPTANCE: 53, REVIEW: 43}  # 1.9 % and 2.3 %
INTERFACES = ("税务", "不动产登记", "公安", "银行资金监管")
CALLS_A_DAY = {True: 12_000, False: 3_000}  # on working days, on others
DEPARTMENTS = ("市场管理科", "权属科", "信息科", "浦东分中心", "徐汇分中心")


def check(rng: Random, number: str, at: datetime, stage: str, wrong: bool) -> Change:
    """One checked item; most are sampled (1), some months checked in full (2)."""
    row: Row = {"JCBH": number, "HJ": stage, "JG": str(int(wrong)), "FS": rng.choice("1112")}
    row.update(JCRQ=int(at.strftime("%Y%m%d")), JCSJ=text(at, "%H%M%S"), JBR="演示经办", GXSJ=text(at))
    return Change(at, "ZL_CHECK", number, row)


def checks(seed: int, day: date) -> Iterator[Change]:
    """The quality desk's day: 受理 and 审核 in turn."""
    for number in numbers(OFFICE, day, CHECKS_A_YEAR):
        rng = dice(seed, "check", day.year, number)
        stage = (ACCEPTANCE, REVIEW)[number % 2]
        wrong = one_in(WRONG_ONE_IN[stage], seed, f"wrong-{stage}", number // 2)
        yield check(rng, f"JC{day.year}{number:05d}", OFFICE.moment(rng, day), stage, wrong)


def interface_calls(seed: int, day: date) -> Iterator[Change]:
    """Calls of each interface on a day, counted shortly before midnight."""
    for number, name in enumerate(INTERFACES):
        rng = dice(seed, "calls", day, number)
        total = round(rng.uniform(0.9, 1.1) * CALLS_A_DAY[is_workday(day)])
        row: Row = {"RQ": text(local(day, 0), "%Y%m%d"), "JK": name, "ZS": total, "CG": total - rng.randrange(2, 40)}
        at = local(day, 86_000 + number)
        yield Change(at, "JK_CALLS", f"{row['RQ']}.{name}", row | {"GXSJ": text(at)})


def department_users(seed: int, day: date) -> Iterator[Change]:
    """Active users of each department on a working day: a first count in the morning, the last before midnight."""
    if not is_workday(day):
        return
    for number, name in enumerate(DEPARTMENTS):
        users = dice(seed, "users", day, number).randrange(18, 60)
        for at, count in ((local(day, 31_000 + number), users // 3), (local(day, 85_000 + number), users)):
            row: Row = {"RQ": text(at, "%Y%m%d"), "BM": name, "RS": count, "GXSJ": text(at)}
            yield Change(at, "BM_USERS", f"{row['RQ']}.{name}", row)
