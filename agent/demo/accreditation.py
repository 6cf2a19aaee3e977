"""认证 of companies, agencies and signers, and 好差评: what the XML service tells. Empty text stands for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from agent.demo.changes import Change, Row, text
from agent.demo.seasons import MARKET, OFFICE, dice, local, numbers, one_in, workday_after

A_YEAR, REVIEWS_A_YEAR = 1500, 4200
COMPACT = "%Y%m%d%H%M%S"
KINDS = {"QY": 20, "JJ": 30, "QYR": 50}  # 企业, 经纪机构, 签约人
ITEMS = {"1": 45, "2": 28, "3": 10, "4": 9, "5": 8}  # 初次, 变更, 注销, 密钥发放, 密钥更换
REVIEW_SYSTEMS = {"XJF": 30, "CLF": 45, "YY": 15, "WZ": 10}


def _table(kind: str) -> str:
    """Signers are told by an interface of their own: there code 5 means 撤销恢复, for companies it means 撤销."""
    return "qyr" if kind == "QYR" else "qy"


def accreditation(rng: Random, number: str, kind: str, applied: datetime, recheck: str) -> list[Change]:
    """Applied for, accepted within the hour, audited within two working days (keys: one); some are rechecked."""
    row: Row = {"rzbh": number, "lx": kind, "sx": rng.choices(list(ITEMS), list(ITEMS.values()))[0]}
    row.update(zt="1", sqsj=text(applied, COMPACT), slsj="", shsj="", fhsj="", fhjg="", lxr="演示联系人")

    def told(at: datetime, **columns: str | None) -> Change:
        row.update(columns, xgsj=text(at, COMPACT))
        return Change(at, _table(kind), number, dict(row))

    accepted = applied + timedelta(minutes=rng.randrange(5, 60))
    days = 1 if row["sx"] in ("4", "5") else rng.randrange(1, 3)
    audited = local(workday_after(accepted.date(), days), rng.randrange(34_000, 60_000))
    passed = "7" if rng.random() < 0.94 else "8"
    changes = [told(applied), told(accepted, slsj=text(accepted, COMPACT))]
    changes.append(told(audited, shsj=text(audited, COMPACT), zt=passed))
    if recheck:
        at = local(workday_after(audited.date(), rng.randrange(1, 6)), rng.randrange(50_000, 60_000))
        changes.append(told(at, fhsj=text(at, COMPACT), fhjg=recheck))
    if rng.random() < 0.015:  # 撤销: code 5 for companies and agencies, code 3 for signers
        at = changes[-1].at + timedelta(days=rng.randrange(10, 40))
        changes.append(told(at, zt="3" if kind == "QYR" else "5"))
        if rng.random() < 0.5:  # and 撤销恢复: code 6 for companies, code 5 for signers
            changes.append(told(at + timedelta(days=6), zt="5" if kind == "QYR" else "6"))
    return changes


def accreditations(seed: int, day: date) -> Iterator[Change]:
    """The accreditation desk's day: every second one is rechecked, one in 21 of those fails."""
    for number in numbers(OFFICE, day, A_YEAR):
        rng = dice(seed, "accreditation", day.year, number)
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        recheck = ""
        if number % 2:
            recheck = "0" if one_in(21, seed, "recheck", number // 2) else "1"
        yield from accreditation(rng, f"RZ{day.year}{number:05d}", kind, OFFICE.moment(rng, day), recheck)


def review(rng: Random, number: str, at: datetime, bad: bool, automatic: bool) -> Change:
    """One answer; an automatic one is the system's own praise after ten days of silence."""
    score = rng.choice("12") if bad else rng.choices("543", (78, 18, 4))[0]
    row: Row = {"pjbh": number, "xt": rng.choices(list(REVIEW_SYSTEMS), list(REVIEW_SYSTEMS.values()))[0]}
    row.update(pf="5" if automatic else score, qd=rng.choices("12", (72, 28))[0], zdpj=str(int(automatic)))
    row.update(pjsj=text(at, COMPACT), xgsj=text(at, COMPACT), pjrxm="演示***", pjrdh="000-0000-0000")
    return Change(at, "pj", number, row)


def _first_quarter(count: int, number: int) -> tuple[bool, bool]:
    """Whether a review of January to March is bad, automatic.

    With b bad of 50·b − 1 answered the share satisfied prints as 98.00 % and yet misses 98 %.
    """
    silent = count - (count * 5 // 6 // 50 * 50 - 1)
    before = number * silent // count
    automatic = (number + 1) * silent // count > before
    return not automatic and (number - before) % 50 == 37, automatic


def reviews(seed: int, day: date) -> Iterator[Change]:
    """The 好差评 day: one in six automatic, one in 62 of the others bad."""
    quarter = numbers(MARKET, date(day.year, 3, 31), REVIEWS_A_YEAR).stop
    for number in numbers(MARKET, day, REVIEWS_A_YEAR):
        rng = dice(seed, "review", day.year, number)
        if number < quarter:
            bad, automatic = _first_quarter(quarter, number)
        else:
            bad = one_in(62, seed, "review-bad", number)
            automatic = not bad and one_in(6, seed, "review-automatic", number)
        yield review(rng, f"PJ{day.year}{number:06d}", MARKET.moment(rng, day), bad, automatic)
