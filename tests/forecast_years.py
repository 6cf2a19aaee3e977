"""Years whose end is known, for trying the forecast on: drawn by chance, of the demo, and of two public logs."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from math import cos, exp, pi, sqrt
from pathlib import Path
from random import Random
from typing import Any

from agent.config.target import parse_target
from agent.demo.world import STREAMS
from agent.forecast import DayKinds, History, Ordered, Outlook, outlook, reading_of
from agent.measures import MEASURES, Measure
from agent.model import DAY_US, SECOND_US, Day, Tally
from agent.worktime import LocalDays, WorkCalendar

ON_TIME = {"kind": "on_time", "of": "case", "from": "begun", "to": "done", "due": "due"}
ERRORS = {"kind": "share", "of": "check", "cohort": "day", "bad_when": {"result": "wrong"}}
MEAN = {"kind": "duration", "of": "fault", "from": "begun", "to": "done", "statistic": "mean"}
UPTIME = {"kind": "uptime", "of": "uptime", "from": "begun", "to": "done"}
AMOUNT = {"kind": "amount", "of": "call", "cohort": "day", "numerator": "ok", "denominator": "total"}


def measure(keys: Mapping[str, Any]) -> Measure:
    """The measure these keys of a targets file make."""
    return MEASURES[keys["kind"]].model_validate(dict(keys))


@cache
def kinds_of(first: Day, end: Day, country: str | None = "CN") -> DayKinds:
    """The kinds of days of Shanghai's calendar, or of plain weeks."""
    return DayKinds(WorkCalendar(LocalDays("Asia/Shanghai"), country), first, end)


@dataclass(frozen=True)
class Year:
    """The daily tallies of `[first, last]`, all of them."""

    name: str
    keys: Mapping[str, Any]
    target: str
    first: Day
    last: Day
    tallies: Mapping[Day, Tally]
    country: str | None = "CN"
    values: Mapping[Day, Sequence[float]] = field(default_factory=dict)  # of a percentile or maximum, in seconds

    def ordered(self, today: Day) -> Ordered:
        """The values known at the end of `today`, in order."""
        known = (values for day, values in self.values.items() if day <= today)
        return Ordered.of(sorted(value for values in known for value in values))

    def history(self, today: Day) -> History:
        """What was known at the end of `today`."""
        reading = reading_of(measure(self.keys))
        assert reading is not None
        begun = min(self.first, *self.tallies)
        kinds = kinds_of(begun, self.last + 1, self.country)
        history = History(reading, kinds, self.first, self.last, begun)
        history.set_all({day: tally for day, tally in self.tallies.items() if day <= today})
        return history

    def outlook(self, today: Day) -> Outlook | None:
        """What was foreseen at the end of `today`."""
        return outlook(self.history(today), parse_target(self.target), today, ordered=lambda: self.ordered(today))

    def end(self) -> float:
        """The value the year ends with."""
        history = self.history(self.last)
        if history.reading.rank is not None:
            return self.ordered(self.last).at(float(history.reading.rank))
        lost, total = history.so_far
        return history.reading.value(lost / total)


@dataclass(frozen=True)
class Trial:
    """One forecast beside what came."""

    year: Year
    today: Day
    seen: Outlook
    truth: float

    def covers(self) -> bool:
        """Whether the 80 % interval holds the truth."""
        forecast = self.seen.forecast
        assert forecast is not None
        return forecast.low - 1e-12 <= self.truth <= forecast.high + 1e-12


def trials(years: Iterable[Year], every: int = 30, least: int = 45) -> Iterator[Trial]:
    """A forecast every so many days of each year, from day `least` to the last week but one."""
    for year in years:
        truth = year.end()
        for today in range(year.first + least, year.last - 10, every):
            seen = year.outlook(today)
            if seen is not None and seen.forecast is not None:
                yield Trial(year, today, seen, truth)


# --- drawn by chance ------------------------------------------------------------------------------------------------

FIRST, LAST = date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal()
WEEKDAYS = (1.3, 1.1, 1.0, 0.9, 0.7, 0.8, 0.8)


def poisson(rng: Random, mean: float) -> int:
    """A number of events that come by chance alone."""
    waited, number = rng.expovariate(1.0), 0
    while waited < mean:
        waited += rng.expovariate(1.0)
        number += 1
    return number


def volumes(rng: Random, on_workdays: float, off: float) -> list[int]:
    """A year's daily numbers: weekdays differ, and weeks are busy or quiet by a fifth."""
    kinds, busy, result = kinds_of(FIRST, LAST + 1).between(FIRST, LAST + 1), 1.0, []
    for offset, kind in enumerate(kinds):
        if offset % 7 == 0:
            busy = rng.gammavariate(25, 1 / 25)
        result.append(poisson(rng, busy * (on_workdays * WEEKDAYS[kind] if kind < 7 else off)))
    return result


def counted(rng: Random, numbers: list[int], chance: Callable[[int], float]) -> dict[Day, Tally]:
    """Records of which each is bad with the day's chance."""
    tallies = {}
    for offset, number in enumerate(numbers):
        share = chance(offset)
        bad = sum(rng.random() < share for _ in range(number))
        tallies[FIRST + offset] = Tally(number - bad, bad)
    return tallies


def by_week(rng: Random, mean: float, worth: float) -> Callable[[int], float]:
    """A chance that differs from week to week."""
    weeks = [rng.betavariate(mean * worth, (1 - mean) * worth) for _ in range(54)]
    return lambda offset: weeks[offset // 7]


def wandering(rng: Random, size: float, reach: float) -> list[float]:
    """A year of a level that wanders around 0 and is drawn back to it (Ornstein and Uhlenbeck's process)."""
    levels = [rng.gauss(0, size)]
    kept = exp(-1 / reach)
    while len(levels) < 366:
        levels.append(kept * levels[-1] + rng.gauss(0, size * sqrt(1 - kept**2)))
    return levels


def shares(seed: int) -> Iterator[Year]:
    """Shares and error rates: steady, rare, straying, drifting, stepping, seasonal, wandering, in clusters, few."""
    rng = Random(seed)
    bad_days = {offset for offset in range(365) if rng.random() < 0.08}
    step, slope, summer = rng.randrange(60, 300), rng.uniform(-0.6, 0.6), rng.randrange(365)
    walk = wandering(rng, 0.5, 365.0)
    regimes: dict[str, tuple[list[int], Callable[[int], float]]] = {
        "steady": (volumes(rng, 20, 0), lambda offset: 0.01),
        "rare": (volumes(rng, 20, 0), lambda offset: 0.001),
        "half": (volumes(rng, 8, 1), lambda offset: 0.35),
        "straying": (volumes(rng, 20, 2), by_week(rng, 0.05, 40)),
        "drifting": (volumes(rng, 20, 5), lambda offset: 0.04 * (1 + slope * (offset / 365 - 0.5))),
        "stepping": (volumes(rng, 12, 0), lambda offset: 0.03 if offset < step else 0.045),
        "seasonal": (volumes(rng, 15, 3), lambda offset: 0.04 * (1 + 0.4 * cos(2 * pi * (offset - summer) / 365))),
        "wandering": (volumes(rng, 8, 0), lambda offset: min(0.2 * exp(walk[offset]), 0.9)),
        "clustered": (volumes(rng, 15, 15), lambda offset: 0.25 if offset in bad_days else 0.005),
        "few": (volumes(rng, 1, 0.5), lambda offset: 0.06),
    }
    for name, (numbers, chance) in regimes.items():
        tallies = counted(rng, numbers, chance)
        yield Year(name, ERRORS if name == "straying" else ON_TIME, "<= 5 %" if name == "straying" else ">= 97 %",
                   FIRST, LAST, tallies)  # fmt: skip


def sums(seed: int) -> Iterator[Year]:
    """Means of skewed times (steady, and differing from week to week), up times, amounts."""
    rng = Random(seed + 10_000)
    for name, stray in (("times", 0.0), ("straying times", 0.25)):
        numbers, tallies, level = volumes(rng, 2, 1), {}, 0.0
        for offset, number in enumerate(numbers):
            level = rng.gauss(0, stray) if offset % 7 == 0 else level
            taken = sum(round(rng.lognormvariate(5 + level, 0.9) * SECOND_US) for _ in range(number))
            tallies[FIRST + offset] = Tally(number, 0, 0, taken, number)
        yield Year(name, MEAN, "<= 4 min", FIRST, LAST, tallies)
    up = {}
    for day in range(FIRST, LAST + 1):
        outages = [min(rng.expovariate(1 / 3600), 20_000) for _ in range(poisson(rng, 0.09))]
        up[day] = Tally(1, len(outages), 0, DAY_US - round(sum(outages) * SECOND_US), DAY_US)
    yield Year("up time", UPTIME, ">= 99.5 %", FIRST, LAST, up)
    calls = {}
    for offset, number in enumerate(volumes(rng, 900, 300)):
        lost = poisson(rng, rng.expovariate(1 / (0.004 * number))) if number else 0
        calls[FIRST + offset] = Tally(1, 0, 0, (number - lost) * 10**6, number * 10**6)
    yield Year("amount", AMOUNT, ">= 99.5 %", FIRST, LAST, calls)


def ranked(seed: int) -> Iterator[Year]:
    """Percentiles and maxima of skewed times: steady, differing from week to week, wandering, few."""
    rng = Random(seed + 20_000)
    walk = wandering(rng, 0.3, 365.0)
    weeks = [rng.gauss(0, 0.25) for _ in range(54)]
    regimes: dict[str, tuple[float, Callable[[int], float]]] = {
        "steady": (8, lambda offset: 0.0),
        "straying": (8, lambda offset: weeks[offset // 7]),
        "wandering": (8, lambda offset: walk[offset]),
        "few": (0.7, lambda offset: 0.0),
    }
    for name, (number, level) in regimes.items():
        values = {
            FIRST + offset: [rng.lognormvariate(5 + level(offset), 0.9) for _ in range(count)]
            for offset, count in enumerate(volumes(rng, number, number / 4))
        }
        for statistic, limit in (("p50", 150), ("p95", 660), ("max", 3000)):
            tallies = {}
            for day, taken in values.items():
                bad = sum(value > limit for value in taken)
                tallies[day] = Tally(len(taken) - bad, bad, 0, round(sum(taken) * SECOND_US), len(taken))
            keys = MEAN | {"statistic": statistic}
            yield Year(f"{statistic} {name}", keys, f"<= {limit} s", FIRST, LAST, tallies, values=values)


def drawn(seeds: Iterable[int]) -> Iterator[Year]:
    """All regimes, for each seed."""
    for seed in seeds:
        yield from shares(seed)
        yield from sums(seed)


# --- the demo -------------------------------------------------------------------------------------------------------


READ = ("faults", "cases", "deals", "accreditations", "reviews", "checks", "calls")


def demo(seed: int) -> Iterator[Year]:
    """Eleven indicators of the simulated platform's year 2026, from the last state of each of its rows.

    Those named `even` are laid out so that a rate comes out as planned, one lost record in each block: not by chance.
    """
    rows: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    days = [date.fromordinal(day) for day in range(FIRST, LAST + 1)]
    for change in sorted(change for name in READ for day in days for change in STREAMS[name](seed, day)):
        rows[change.table][change.key.partition(".")[0] if change.table == "BJ_BANJIAN" else change.key] = change.row
    accredited = [row for row in (*rows["qy"].values(), *rows["qyr"].values()) if row["shsj"]]
    audits = ((r["shsj"], r["zt"] == "8") for r in accredited)
    yield _records("passes", ON_TIME, ">= 93 %", audits)
    cases = [row for row in rows["BJ_BANJIAN"].values() if int(str(row["DATAVER"])) < 9]
    yield _records("online", ON_TIME, ">= 80 %", ((r["RECEIVETIME"], r["APPLYFROM"] == "2") for r in cases))
    yield _records("sampled", ERRORS, "<= 25 %", ((str(r["JCRQ"]), r["FS"] == "2") for r in rows["ZL_CHECK"].values()))
    yield _records("market", ERRORS, "<= 60 %", ((r["DJSJ"], r["SCJB"] == "3") for r in rows["JY_DEAL"].values()))
    calls: dict[Day, Tally] = {}
    for row in rows["JK_CALLS"].values():
        _add(calls, date.fromisoformat(row["RQ"]), Tally(1, 0, 0, row["CG"] * 10**6, row["ZS"] * 10**6))
    yield Year("calls", AMOUNT, ">= 99.8 %", FIRST, LAST, calls)
    faults: dict[Day, Tally] = {}
    for row in rows["faults"].values():
        if row["planned"] == "0" and not row["dup_of"] and row["respond_time"]:
            begun = datetime.fromisoformat(row["report_time"])
            taken = datetime.fromisoformat(row["respond_time"]) - begun
            _add(faults, begun.date(), Tally(1, 0, 0, taken // timedelta(microseconds=1), 1))
    yield Year("even faults", MEAN, "<= 3 min", FIRST, LAST, faults)
    done = [row for row in cases if row["PROJECTSTATE"] == "90"]
    yield _records("even cases", ON_TIME, ">= 99 %", ((r["DUETIME"], r["FINISHTIME"] > r["DUETIME"]) for r in done))
    for stage, target in (("1", "<= 3 %"), ("2", "<= 2 %")):
        checks = [row for row in rows["ZL_CHECK"].values() if row["HJ"] == stage]
        yield _records(f"even checks {stage}", ERRORS, target, ((str(r["JCRQ"]), r["JG"] == "1") for r in checks))
    reviews = [row for row in rows["pj"].values() if row["zdpj"] == "0"]
    yield _records("even reviews", ON_TIME, ">= 98 %", ((r["pjsj"], r["pf"] in "12") for r in reviews))
    rechecks = [row for row in accredited if row["fhjg"]]
    yield _records("even rechecks", ON_TIME, ">= 95 %", ((r["fhsj"], r["fhjg"] == "0") for r in rechecks))


def _records(name: str, keys: Mapping[str, Any], target: str, judged: Iterable[tuple[str, bool]]) -> Year:
    tallies: dict[Day, Tally] = {}
    for written, bad in judged:
        digits = written.replace("-", "")[:8]
        _add(tallies, date.fromisoformat(digits), Tally(int(not bad), int(bad)))
    return Year(name, keys, target, FIRST, LAST, {d: t for d, t in tallies.items() if FIRST <= d <= LAST})


def _add(tallies: dict[Day, Tally], day: date, tally: Tally) -> None:
    tallies[day.toordinal()] = tallies.get(day.toordinal(), Tally()).plus(tally)


# --- two logs of work really done -----------------------------------------------------------------------------------


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def permits(shared: Path) -> Iterator[Year]:
    """Permit cases by the day they were finished or, counting the unfinished, were due; the days they took, by the day
    they were finished; those that came over the Internet, by the day they began: every twelve months."""
    cases = {row["case:concept:name"]: row for row in _rows(shared / "data" / "permit-cases" / "receipt.csv.gz")}
    finished: dict[Day, Tally] = {}
    due: dict[Day, Tally] = {}
    taken: dict[Day, Tally] = {}
    online: dict[Day, Tally] = {}
    for row in cases.values():
        begun, came_online = datetime.fromisoformat(row["case:startdate"]), row["case:channel"] == "Internet"
        _add(online, begun.date(), Tally(int(came_online), int(not came_online)))
        deadline, done = row["case:deadline"], row["case:enddate"]
        limit = datetime.fromisoformat(deadline)
        bad = not done or datetime.fromisoformat(done) > limit
        _add(due, limit.date(), Tally(int(not bad), int(bad)))
        if done:
            _add(finished, datetime.fromisoformat(done).date(), Tally(int(not bad), int(bad)))
            spent = max(datetime.fromisoformat(done) - begun, timedelta())
            _add(taken, datetime.fromisoformat(done).date(), Tally(1, 0, 0, spent // timedelta(microseconds=1), 1))
    yield from _twelve_months("permits finished", ON_TIME, ">= 70 %", finished, (date(2010, 11, 1), date(2012, 1, 1)))
    yield from _twelve_months("permits due", ON_TIME, ">= 70 %", due, (date(2010, 12, 1), date(2012, 2, 1)))
    yield from _twelve_months("permits taken", MEAN, "<= 60 d", taken, (date(2010, 11, 1), date(2012, 1, 1)))
    yield from _twelve_months("permits online", ON_TIME, ">= 50 %", online, (date(2010, 11, 1), date(2012, 1, 1)))


def help_desk(shared: Path) -> Iterator[Year]:
    """Tickets by the day they were reported: answered within 30 and within 5 minutes, handled within 15 days, days
    taken (≤ 60), resolved again."""
    told: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in _rows(shared / "data" / "helpdesk-tickets" / "helpdesk.csv.gz"):
        ticket, what = told[row["case:concept:name"]], row["concept:name"]
        at = datetime.fromisoformat(row["time:timestamp"])
        ticket["begun"] = min(ticket.get("begun", at), at)
        if what == "Take in charge ticket":
            ticket["answered"] = min(ticket.get("answered", at), at)
        elif what == "Resolve ticket":
            if "handled" in ticket:
                ticket["again"] = at
            ticket["handled"] = max(ticket.get("handled", at), at)
    answered: dict[Day, Tally] = {}
    at_once: dict[Day, Tally] = {}
    again: dict[Day, Tally] = {}
    handled: dict[Day, Tally] = {}
    taken: dict[Day, Tally] = {}
    for ticket in told.values():
        begun, never = ticket["begun"], timedelta.max
        soon = ticket["answered"] - begun <= timedelta(minutes=30) if "answered" in ticket else False
        at_once_too = soon and ticket["answered"] - begun <= timedelta(minutes=5)
        _add(at_once, begun.date(), Tally(int(at_once_too), int(not at_once_too)))
        _add(again, begun.date(), Tally(int("again" not in ticket), int("again" in ticket)))
        spent = ticket["handled"] - begun if "handled" in ticket else never
        _add(answered, begun.date(), Tally(int(soon), int(not soon)))
        _add(handled, begun.date(), Tally(int(spent <= timedelta(days=15)), int(spent > timedelta(days=15))))
        if spent is not never:
            _add(taken, begun.date(), Tally(1, 0, 0, min(spent, timedelta(days=60)) // timedelta(microseconds=1), 1))
    whole = date(2010, 2, 1), date(2013, 11, 1)
    yield from _twelve_months("answered", ON_TIME, ">= 33 %", answered, whole)
    yield from _twelve_months("at once", ON_TIME, ">= 20 %", at_once, whole)
    yield from _twelve_months("resolved again", ERRORS, "<= 10 %", again, whole)
    yield from _twelve_months("handled", ON_TIME, ">= 60 %", handled, whole)
    yield from _twelve_months("days taken", MEAN, "<= 15 d", taken, whole)


def _twelve_months(
    name: str, keys: Mapping[str, Any], target: str, tallies: Mapping[Day, Tally], whole: tuple[date, date]
) -> Iterator[Year]:
    """A year from each month on, as far as the log goes."""
    begins, ends = whole
    whole_first = begins.toordinal()
    while (after := begins.replace(year=begins.year + 1)) <= ends:
        first, last = begins.toordinal(), after.toordinal() - 1
        yield Year(f"{name} {begins:%Y-%m}", keys, target, first, last,
                   {day: tally for day, tally in tallies.items() if whole_first <= day <= last}, None)  # fmt: skip
        begins = date(begins.year + begins.month // 12, begins.month % 12 + 1, 1)
