"""Periods that are closed: whole months of one year, by the names people type and the words they read."""

from __future__ import annotations

import pytest

from agent.book.period import period_of, year_of
from agent.model import ConfigError


@pytest.mark.parametrize(
    ("text", "name", "days"),
    [
        ("2026-01..07", "2026-01..07", 212),
        ("2026-02", "2026-02", 28),
        ("2026-01..12", "2026", 365),
        ("2028", "2028", 366),
    ],
)
def test_a_period_is_whole_months_of_one_year(text: str, name: str, days: int) -> None:
    period = period_of(text)
    assert (period.name, period.last - period.first) == (name, days)


@pytest.mark.parametrize("text", ["2026-13", "2026-07..01", "2026-0", "26-01", "2026-01..2027-02", "1999-01", ""])
def test_what_is_no_period_says_what_was_expected(text: str) -> None:
    with pytest.raises(ConfigError, match="--period：应为一年内的月份"):
        period_of(text)


def test_the_words_of_a_period_are_those_people_use() -> None:
    said = [year_of(2026), period_of("2026-01..07"), period_of("2026-02")]
    assert [one.words for one in said] == ["2026年", "2026年1–7月", "2026年2月"]
