"""Contracts and deals: 新建商品房 (CONTRACTDEAL, CANCEL_CENSOR), 存量房 (WQHT) and the registry's deals (JY_DEAL)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from agent.demo.changes import Change, Row, text
from agent.demo.seasons import MARKET, OFFICE, dice, numbers, one_in

NEW_A_YEAR, RESALE_A_YEAR, DEALS_A_YEAR = 2600, 3400, 1800
SIGNED, REGISTERED, CANCELLED = "2", "4", "5"  # CONTRACTDEAL.STATUS: 5 is 撤销
RETURNED, APPROVED = 5, 6  # CANCEL_CENSOR.STATUS: 5 is 审批退回
FATES = {"cancelled": 45, "returned": 200, "deleted": 160}  # one in so many
PAPER_DEAL = 431  # its contract was signed on paper: the promise of =100 % is out of reach for the year


def new_home_row(rng: Random, number: str, signed: datetime) -> Row:
    """A contract of a new home just signed: dates, area and money are strings, the names are masked."""
    area = rng.randrange(5800, 16_000) / 100
    return {
        "CONTRACT_ID": number,
        "PROJECT_ID": f"XM{rng.randrange(1, 80):04d}",
        "STATUS": SIGNED,
        "TYPE": rng.choice(("1", "1", "2")),
        "SIGNDATE": text(signed, "%Y-%m-%d"),
        "CONFIRMDATE": None,
        "AREA": f"{area:.2f}",
        "MONEY": f"{area * rng.randrange(42_000, 98_000):.0f}",
        "SELLER_NAME": "演示开发企业",
        "BUYER_NAME": "演示***",
        "LOCATION": "演示区演示路1号",
        "DELETEDFLAG": "0",
        "CONTRACTVERSION": 0,
        "UPDDATE": 0,
        "UPDTIME": "",
    }


def _stamped(row: Row, at: datetime, **columns: str | None) -> Change:
    """The row after a change: UPDDATE is a number, UPDTIME stands apart."""
    version = int(str(row["CONTRACTVERSION"])) + 1
    row.update(columns, CONTRACTVERSION=version, UPDDATE=int(at.strftime("%Y%m%d")), UPDTIME=text(at, "%H%M%S"))
    return Change(at, "CONTRACTDEAL", str(row["CONTRACT_ID"]), dict(row))


def _censored(row: Row, at: datetime, status: int, reason: str) -> Change:
    """What the cancelling desk says of a contract, in a table of its own with codes of its own."""
    day = int(at.strftime("%Y%m%d"))
    censor: Row = {"CONTRACT_ID": row["CONTRACT_ID"], "STATUS": status, "REASON_TYPE": reason}
    return Change(at, "CANCEL_CENSOR", str(row["CONTRACT_ID"]), censor | {"FINAL_CENSOR_DATE": day, "UPDDATE": day})


def new_home_lifeline(rng: Random, row: Row, signed: datetime, fate: str) -> list[Change]:
    """Signed, filed within two days; some are cancelled, refused a cancellation, or deleted as entered twice."""
    filed = signed + timedelta(minutes=rng.randrange(20, 2600))
    confirmed = _stamped(row, signed), _stamped(row, filed, STATUS=REGISTERED, CONFIRMDATE=text(filed, "%Y-%m-%d"))
    changes = list(confirmed)
    later = filed + timedelta(days=rng.randrange(2, 30), seconds=rng.randrange(20_000))
    reason = rng.choices("123456", (20, 12, 40, 15, 5, 8))[0]
    match fate:
        case "cancelled":
            changes += [_censored(row, later, APPROVED, reason), _stamped(row, later, STATUS=CANCELLED)]
        case "returned":
            changes += [_censored(row, later, RETURNED, reason), _stamped(row, later)]
        case "deleted":
            changes.append(_stamped(row, later, DELETEDFLAG="1"))
    return changes


def new_home_contracts(seed: int, day: date) -> Iterator[Change]:
    """The signing database's day."""
    for number in numbers(MARKET, day, NEW_A_YEAR):
        rng = dice(seed, "new-home", day.year, number)
        signed = MARKET.moment(rng, day)
        fate = next((name for name, block in FATES.items() if one_in(block, seed, name, number)), "")
        yield from new_home_lifeline(rng, new_home_row(rng, f"{day.year}{number:06d}", signed), signed, fate)


def resale_lifeline(rng: Random, number: str, signed: datetime, fate: str) -> list[Change]:
    """A contract of an existing home: signed, filed within a day; some cancelled (code 9 here), some deleted."""
    row: Row = {"HTBH": number, "ZT": "1", "QYSJ": text(signed, "%Y/%m/%d %H:%M:%S"), "BASJ": "", "CXYY": ""}
    row.update(MSRMC="演示***", CMRMC="演示***", ZL="演示区演示路2号", SCBZ="0")

    def stamped(at: datetime, **columns: str | None) -> Change:
        row.update(columns, GXSJ=text(at, "%Y%m%d%H%M%S"))
        return Change(at, "WQHT", number, dict(row))

    filed = signed + timedelta(minutes=rng.randrange(10, 1300))
    changes = [stamped(signed), stamped(filed, ZT="3", BASJ=text(filed, "%Y/%m/%d %H:%M:%S"))]
    later = filed + timedelta(days=rng.randrange(1, 20), seconds=rng.randrange(20_000))
    if fate == "cancelled":
        changes.append(stamped(later, ZT="9", CXYY=rng.choices("123456", (30, 12, 30, 15, 5, 8))[0]))
    elif fate == "deleted":
        changes.append(stamped(later, SCBZ="1"))
    return changes


def resale_contracts(seed: int, day: date) -> Iterator[Change]:
    """The resale filing database's day."""
    for number in numbers(MARKET, day, RESALE_A_YEAR):
        rng = dice(seed, "resale", day.year, number)
        fate = next((name for name, block in FATES.items() if one_in(block, seed, f"resale-{name}", number)), "")
        yield from resale_lifeline(rng, f"CL{day.year}{number:06d}", MARKET.moment(rng, day), fate)


def registered_deals(seed: int, day: date) -> Iterator[Change]:
    """The registry's day: what was registered, of which market, and whether its contract had been signed online."""
    for number in numbers(OFFICE, day, DEALS_A_YEAR):
        rng = dice(seed, "deal", day.year, number)
        at = OFFICE.moment(rng, day)
        market = rng.choices(("2", "3"), (42, 58))[0]
        yield deal(f"DJ{day.year}{number:06d}", at, market, "2" if number == PAPER_DEAL else "1")


def deal(number: str, at: datetime, market: str, channel: str) -> Change:
    """One registered deal; it never changes again."""
    row: Row = {"DJBH": number, "SCJB": market, "QYFS": channel, "DJSJ": text(at), "GXSJ": text(at)}
    return Change(at, "JY_DEAL", number, row)
