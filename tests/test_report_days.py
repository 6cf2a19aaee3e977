"""The days a report is of: the month that is over last, or the one named, and what cannot be reported on."""

from __future__ import annotations

from datetime import date

import pytest

from agent.cli.exporting import days_of
from agent.model import ConfigError


@pytest.mark.parametrize(
    ("form", "period", "month", "says"),
    [
        ("monthly-report", None, "2025-10", "--month：应写作 2026-01 至 2026-12，现为 '2025-10'"),
        ("monthly-report", None, "2026-13", "--month：应写作 2026-01 至 2026-12，现为 '2026-13'"),
        ("monthly-report", None, "十月", "--month：应写作 2026-01 至 2026-12，现为 '十月'"),
        ("monthly-report", "2026-01..07", None, "--period：monthly-report 为一个月，用 --month 2026-10 指明"),
        ("monthly-report", None, "2026-12", "--month：2026-12 尚未开始，按 2026-11-25 判定"),
        ("annual-report", "2026-01..07", None, "--period：annual-report 为全年，不分月份"),
        ("annual-report", None, "2026-10", "--month：annual-report 不按月，只用于 monthly-report"),
        ("monitoring", None, "2026-10", "--month：monitoring 不按月，只用于 monthly-report"),
    ],
)
def test_days_a_report_cannot_be_of_are_refused(form: str, period: str | None, month: str | None, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        days_of(form, 2026, period, month, date(2026, 11, 25).toordinal())
    assert str(refused.value) == says


@pytest.mark.parametrize(("today", "month"), [("2026-11-25", 10), ("2026-01-05", 1), ("2027-01-10", 12)])
def test_without_a_month_the_last_one_that_is_over_is_told(today: str, month: int) -> None:
    first, _ = days_of("monthly-report", 2026, None, None, date.fromisoformat(today).toordinal())
    assert date.fromordinal(first) == date(2026, month, 1)
