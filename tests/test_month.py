"""October of the demonstration, replayed: everything that rang had a cause, and nothing rang twice for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from agent.config import Config
from agent.demo.world import World
from tests.month import SEED, Incident, Month, Routes, Stood, local, rung_by_rules

pytestmark = [pytest.mark.server, pytest.mark.long]
BEGIN, END = local("2026-10-01T00:00"), local("2026-11-01T00:00")
INCIDENTS = (
    Incident(local("2026-10-13T10:02"), local("2026-10-13T10:19"), "portal"),
    Incident(local("2026-10-15T02:00"), local("2026-10-15T03:00"), "archive"),  # closed at night
    Incident(local("2026-10-21T14:00"), local("2026-10-21T14:40"), "fault-desk"),
    Incident(local("2026-10-27T21:30"), local("2026-10-27T23:20"), "resale-signing"),  # closes at 23:00
)
SECONDS = timedelta(seconds=1)


@dataclass(frozen=True)
class Rang:
    """What was told: when, to whom, of what."""

    at: datetime
    receiver: str
    alert: Stood

    @property
    def name(self) -> str:
        return self.alert.label("alertname")


@pytest.fixture(scope="module")
def rang(tmp_path_factory: pytest.TempPathFactory) -> list[Rang]:
    folder = tmp_path_factory.mktemp("month")
    month = Month(folder, BEGIN, END, INCIDENTS)
    config: Config = month.replay()
    alerts = [*month.stood, *rung_by_rules(folder, BEGIN, END)]
    told = [Rang(*one) for one in Routes().told(alerts, config)]
    for one in told:
        print(f"{one.at:%m-%d %H:%M:%S} {one.receiver:18} {one.alert.text} {dict(one.alert.labels)}")  # noqa: T201 - to be read
    return told


def answered_late(by: timedelta) -> Iterator[tuple[str, datetime]]:
    """The faults that waited longer than this for their answer: ticket, and when that time was up."""
    seen: set[str] = set()
    for change in World(SEED, END).advance(END):
        row = change.row
        if (
            change.table != "faults"
            or row["planned"] == "1"
            or row["dup_of"] is not None
            or row["respond_time"] is None
        ):
            continue
        reported, answered = local(str(row["report_time"])), local(str(row["respond_time"]))
        if BEGIN <= reported < END and answered - reported >= by and change.key not in seen:
            seen.add(change.key)
            yield change.key, reported + by


@pytest.mark.parametrize(
    ("alert", "tier", "waited"),
    [
        ("DabiaoRecordDueSoon", "duty", timedelta(minutes=3)),
        ("DabiaoRecordOverdue", "lead", timedelta(minutes=5, seconds=1)),
        ("DabiaoRecordOverdue", "director", timedelta(minutes=20)),
    ],
)
def test_every_fault_that_waited_too_long_rang_once_for_each_whom_it_concerned(rang, alert, tier, waited):
    told = {
        one.alert.label("ticket"): one.at
        for one in rang
        if (one.name, one.alert.label("escalation"), one.alert.label("source")) == (alert, tier, "fault-desk")
    }
    expected = dict(answered_late(waited))
    assert told.keys() == expected.keys()
    for ticket, at in expected.items():
        assert abs(told[ticket] - at) <= 2 * SECONDS, ticket


def test_nothing_rang_twice_for_one_cause(rang):
    causes = Counter(one.alert.labels for one in rang)
    assert [labels for labels, times in causes.items() if times > 1] == []


def test_what_stands_behind_a_records_own_alert_never_rang(rang):
    assert [one for one in rang if one.name.startswith("DabiaoOpenRecords")] == []


def test_each_incident_was_one_alert_and_none_in_closing_hours(rang):
    failures = [one for one in rang if one.name in ("DabiaoSystemDown", "DabiaoSourceDown", "DabiaoSourceStale")]
    assert [(one.name, one.alert.label("source"), f"{one.at:%d %H}") for one in failures] == [
        ("DabiaoSystemDown", "portal-up", "13 10"),
        ("DabiaoSourceDown", "fault-desk", "21 14"),
        ("DabiaoSystemDown", "resale-signing-up", "27 21"),
    ]


def test_nobody_was_told_of_the_years_figures_outside_working_hours(rang):
    figures = [one for one in rang if one.name in ("DabiaoTargetMissed", "DabiaoTargetAtRisk", "DabiaoNoData")]
    assert sorted(one.alert.label("indicator") for one in figures) == ["contracts", "online-coverage", "review-errors"]
    assert [one for one in figures if not 9 <= one.at.hour < 17] == []


def test_the_digest_comes_on_the_morning_of_every_working_day_and_never_later(rang):
    digests = {one.at.day: one.at for one in rang if one.name == "DabiaoRecordsDueToday"}
    assert sorted(digests) == [8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30]
    assert [at for at in digests.values() if not "08:45" <= f"{at:%H:%M}" < "09:30"] == []
