"""What became of a record that is open no longer, asked of a real ledger."""

from __future__ import annotations

import pytest

from agent.alerts import in_ledger
from agent.alerts.fate import End, Subject
from tests.small_site import small_site

ANSWERED = ("ops", "answered")


@pytest.mark.parametrize(
    ("id", "fate"),
    [
        ("F1", End.ANSWERED),
        ("F3", End.ANSWERED),  # late
        ("F4", "重复报修"),
        ("F7", End.UNKNOWN),  # open still
        ("none", End.UNKNOWN),
    ],
)
def test_the_ledger_says_whether_a_record_was_answered_or_why_it_counts_no_longer(tmp_path, id, fate):
    with small_site(tmp_path) as site:
        assert in_ledger(site.ledger)(Subject(*ANSWERED, "faults", id)) == fate


def test_a_ledger_that_cannot_be_read_tells_nothing(tmp_path):
    with small_site(tmp_path) as site:
        fate = in_ledger(site.ledger)
        with site.ledger.write() as session:
            session.run("DROP TABLE observation")
        assert fate(Subject(*ANSWERED, "faults", "F1")) == End.UNKNOWN
