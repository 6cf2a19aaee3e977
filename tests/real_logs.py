"""The two public logs of work that was really done, as sites: what is promised, how they are read, what is true."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.evaluate import custom
from agent.model import Instant, Verdict, Window
from agent.worktime import LocalDays
from tests.sites import Site, promised

Row = Mapping[str, str]
FIRST_DAY, LAST_DAY = "2009-01-01", "2015-01-01"

BY_DEADLINE = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "due": "due_at"}
FIRST_RESPONSE = {"of": "fault", "from": "reported_at", "to": "responded_at"}
RESOLVED = {"kind": "share", "of": "fault", "cohort": "reported_at", "good_when": {"resolved_at": "present"}}

PERMIT_TARGETS = {
    **promised(
        "Europe/Amsterdam",
        {"permits": "许可系统"},
        {
            "finished": (">= 95 %", {**BY_DEADLINE, "cohort": "accepted_at", "unfinished": "leave_out"}),
            "all": (">= 95 %", {**BY_DEADLINE, "cohort": "accepted_at", "unfinished": "count"}),
        },
    ),
    "year": 2011,
    "calendar": {"country": "none"},
}
DESK_TARGETS = {
    **promised(
        "UTC",
        {"desk": "服务台"},
        {
            "handled": (">= 95 %", RESOLVED),
            "within-5min": (
                ">= 95 %",
                {"kind": "on_time", **FIRST_RESPONSE, "limit": "5 min", "cohort": "reported_at"},
            ),
            "median": (
                "<= 5 min",
                {"kind": "duration", **FIRST_RESPONSE, "statistic": "p50", "unfinished": "leave_out"},
            ),
        },
    ),
    "year": 2011,
}

PERMIT_MAPPING: dict[str, Any] = {
    "record": "case",
    "id": "case:concept:name",
    "system": {"is": "permits"},
    "times": {"accepted_at": "case:startdate", "due_at": "case:deadline", "finished_at": "case:enddate"},
}
DESK_MAPPING: dict[str, Any] = {
    "record": "fault",
    "id": "case:concept:name",
    "system": {"is": "desk"},
    "event": "concept:name",
    "at": "time:timestamp",
    "times": {
        "reported_at": {"first": "*"},
        "responded_at": {"first": "Take in charge ticket"},
        "resolved_at": {"last": "Resolve ticket"},
    },
}


def quoted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The same mapping for JSON, where a column is an expression and such names are written in quotes."""
    if "event" in mapping:
        return {**mapping, **{key: f'"{mapping[key]}"' for key in ("id", "event", "at")}}
    times = {name: f'"{column}"' for name, column in mapping["times"].items()}
    return {**mapping, "id": f'"{mapping["id"]}"', "times": times}


@dataclass(frozen=True)
class Log:
    """One of the logs: its file, its site, and the figures it must give."""

    path: Path
    truth: Mapping[str, Any]
    targets: Mapping[str, Any]
    mapping: Mapping[str, Any]
    records: int

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Its rows as they stand in the file."""
        with gzip.open(self.path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def columns(self) -> list[str]:
        """The names of its columns."""
        return list(self.rows[0])

    def windows(self, days: LocalDays) -> list[Window]:
        """All the time there is, and each year or month for which a figure is known."""
        whole = custom(days, _day(FIRST_DAY), _day(LAST_DAY), "all")
        return [whole, *(custom(days, *_bounds(name), name) for name in self.known_by_period())]

    def known_by_period(self) -> Mapping[str, Mapping[str, Any]]:
        """The known figures of each month (permit cases) or year (help desk)."""
        known: Mapping[str, Mapping[str, Any]] = self.truth["by_year" if "event" in self.mapping else "by_month"]
        return known

    def known(self, window: str) -> Mapping[str, Any]:
        """The known figures of a window."""
        found: Mapping[str, Any] = self.truth["overall"] if window == "all" else self.known_by_period()[window]
        return found


def permit_cases(shared: Path) -> Log:
    """1,434 cases with a deadline each."""
    return _log(shared / "data" / "permit-cases", "receipt.csv.gz", PERMIT_TARGETS, PERMIT_MAPPING, 1434)


def help_desk(shared: Path) -> Log:
    """4,580 tickets in 21,348 events."""
    return _log(shared / "data" / "helpdesk-tickets", "helpdesk.csv.gz", DESK_TARGETS, DESK_MAPPING, 4580)


def _log(folder: Path, name: str, targets: Mapping[str, Any], mapping: Mapping[str, Any], records: int) -> Log:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["truth"]
    return Log(folder / name, truth, targets, mapping, records)


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def _bounds(period: str) -> tuple[int, int]:
    """The days of `2011` or `2011-03`."""
    year, _, month = period.partition("-")
    if not month:
        return _day(f"{year}-01-01"), _day(f"{int(year) + 1}-01-01")
    following = (int(year) + int(month) // 12, int(month) % 12 + 1)
    return _day(f"{period}-01"), date(*following, 1).toordinal()


def assert_true(log: Log, site: Site, now: Instant) -> None:
    """Every figure of the site's ledger is the known one, in every period; and each follows from the records."""
    with site.opened() as opened:
        windows = log.windows(opened.config.plans[0].days)
        verdicts = opened.verdicts(now, windows)
        assert {verdict.window.name for verdict in verdicts} == {window.name for window in windows}
        for verdict in verdicts:
            assert told(verdict) == expected(verdict, log.known(verdict.window.name)), verdict.window.name
        recomputed = opened.recomputed()
    assert recomputed.records == log.records
    assert recomputed.observations > 0
    assert recomputed.differences == ()


def told(verdict: Verdict) -> Sequence[Any]:
    """What a verdict says, as far as it is known from elsewhere."""
    if verdict.indicator == "median":
        minutes = None if verdict.value is None else round(float(verdict.value / 60), 6)
        return (verdict.indicator, minutes, verdict.good + verdict.bad)
    return (verdict.indicator, verdict.value, verdict.good, verdict.bad)


def expected(verdict: Verdict, known: Mapping[str, Any]) -> Sequence[Any]:
    """What it should say."""
    match verdict.indicator:
        case "finished":
            return _share(verdict.indicator, known["on_time"], known["finished"])
        case "all":
            return _share(verdict.indicator, known["on_time"], known["n"])
        case "handled":
            return _share(verdict.indicator, known["handled"], known["n"])
        case "within-5min":
            return _share(verdict.indicator, known["response_le_5min_n"], known["n"])
    return ("median", known["response_minutes_median"], known["response_n"])


def _share(indicator: str, good: int, of: int) -> Sequence[Any]:
    return (indicator, Fraction(good, of) if of else None, good, of - good)
