"""The outlook: worked examples of the allowance, of every kind of measure, and what holds for any history.

tests/golden/forecast.json pins the figures of drawn years. After a change of the method, which the long run of
tests/test_forecast_calibration.py must find right, it is written anew with

    PYTHONPATH=. .venv/bin/python tests/test_forecast.py
"""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from agent.config.target import parse_target
from agent.forecast import DayKinds, History, Ordered, Outlook, Standing, outlook, reading_of
from agent.forecast.year import Year
from agent.model import AMOUNT_SCALE, SECOND_US, Tally
from agent.worktime import LocalDays, WorkCalendar
from tests import forecast_years as years

FIRST, LAST = years.FIRST, years.LAST
CALENDAR = WorkCalendar(LocalDays("Asia/Shanghai"))
KINDS = DayKinds(CALENDAR, FIRST - 364, LAST + 1)
WORKDAYS = 248  # of 2026
GOLDEN = Path(__file__).parent / "golden" / "forecast.json"

MAXIMUM = years.MEAN | {"statistic": "max"}
P95 = years.MEAN | {"statistic": "p95"}


def day(text):
    return date.fromisoformat(text).toordinal()


def history(keys=years.ON_TIME, measured_from=FIRST):
    reading = reading_of(years.measure(keys))
    assert reading is not None
    return History(reading, KINDS, FIRST, LAST, measured_from)


def steady(through, bad=(), keys=years.ON_TIME, each=lambda lost: Tally(20 - lost, lost)):
    """Twenty records each working day through a day; one is lost on each of the days named by their number."""
    held = history(keys)
    for number, each_day in enumerate(CALENDAR.working_days(FIRST, through + 1)):
        held.set(each_day, each(int(number in bad)))
    return held


def seen(held, target, today, **more) -> Outlook:
    found = outlook(held, parse_target(target), today, **more)
    assert found is not None
    return found


def interval(found):
    assert found.forecast is not None
    return found.forecast


# --- the allowance --------------------------------------------------------------------------------------------------


def test_of_5000_expected_cases_99_percent_allows_50_misses_and_37_are_left_after_13():
    held = history()
    held.set(day("2026-06-30"), Tally(2987, 13))
    found = seen(held, ">= 99 %", day("2026-07-01"), volume_left=2000)
    assert (found.misses_allowed, found.allowance_left) == (50, 37)
    assert found.rate_needed == 1 - Fraction(37, 2000)
    assert found.reachable


def test_the_expected_volume_is_that_of_the_working_days_left():
    found = seen(steady(day("2026-06-30")), ">= 99 %", day("2026-06-30"))
    left = len(CALENDAR.working_days(day("2026-07-01"), LAST + 1))
    assert found.expected_remaining == pytest.approx(20 * left, rel=0.01)
    assert found.misses_allowed == pytest.approx(20 * WORKDAYS / 100, abs=1)


def test_what_is_left_of_today_is_expected_too():
    held, today = steady(day("2026-06-29")), day("2026-06-30")
    before = seen(held, ">= 99 %", today).expected_remaining
    held.set(today, Tally(15, 0))
    after = seen(held, ">= 99 %", today).expected_remaining
    assert before is not None
    assert after == before - 15


def test_a_record_due_later_that_is_done_already_is_counted_once():
    held, today = steady(day("2026-06-29")), day("2026-06-30")
    before = seen(held, ">= 99 %", today)
    held.set(day("2026-07-01"), Tally(4, 0))
    after = seen(held, ">= 99 %", today)
    assert before.expected_remaining is not None
    assert after.expected_remaining == before.expected_remaining - 4
    assert after.misses_allowed == before.misses_allowed


def test_open_records_due_later_are_part_of_the_volume_expected_there():
    held, today = steady(day("2026-12-29")), day("2026-12-30")
    alone = seen(held, ">= 99 %", today)
    assert seen(held, ">= 99 %", today, standing=Standing(waiting_ahead=7)) == alone
    assert seen(held, ">= 99 %", today, standing=Standing(waiting_ahead=90)).expected_remaining == 90


def test_overdue_records_are_lost_and_waiting_ones_may_still_be_good():
    held = history()
    held.set(day("2026-12-01"), Tally(989, 0))
    found = seen(held, ">= 99 %", LAST, volume_left=0, standing=Standing(waiting=1, overdue=10))
    assert (found.misses_allowed, found.allowance_left, found.reachable) == (10, 0, True)
    assert found.rate_needed == 1
    worse = seen(held, ">= 99 %", LAST, volume_left=0, standing=Standing(waiting=1, overdue=11))
    assert (worse.allowance_left, worse.reachable, worse.rate_needed) == (-1, False, None)


def test_a_target_out_of_reach_is_said_to_be():
    found = seen(steady(day("2026-10-30"), bad=range(150)), ">= 99 %", day("2026-10-30"))
    assert not found.reachable
    assert found.allowance_left is not None
    assert found.allowance_left < 0
    assert found.rate_needed is None
    assert found.unreachable_on == day("2026-10-30")
    assert interval(found).chance == 0


def test_a_missed_target_still_in_reach_names_the_last_day_a_perfect_run_may_begin():
    held, today = steady(day("2026-06-30"), bad=range(0, 200, 4)), day("2026-06-30")
    found = seen(held, ">= 99 %", today)
    assert found.reachable
    assert found.unreachable_on is not None
    assert found.allowance_left is not None
    lost, total = held.so_far
    assert lost / total > 0.01
    until = len(CALENDAR.working_days(today + 1, found.unreachable_on + 1))
    ratio = held.lesson(today).ratio
    assert 20 * (until - 1) * ratio <= found.allowance_left + 1
    assert 20 * (until + 1) * ratio >= found.allowance_left


def test_a_promise_of_all_has_no_allowance_and_is_not_at_risk_for_that():
    found = seen(steady(day("2026-06-30")), "= 100 %", day("2026-06-30"))
    assert (found.misses_allowed, found.allowance_left, found.reachable, found.warns) == (0, 0, True, False)
    assert interval(found).value == 1
    assert 0.3 < interval(found).chance < 0.9


def test_a_promise_of_all_is_out_of_reach_after_one_miss():
    found = seen(steady(day("2026-06-30"), bad=[3]), "= 100 %", day("2026-06-30"))
    assert (found.allowance_left, found.reachable) == (-1, False)
    early = history()
    early.set(FIRST + 4, Tally(3, 1))
    assert not seen(early, "= 100 %", FIRST + 5).reachable


def test_an_allowance_nearly_gone_warns():
    held, today = steady(day("2026-06-30"), bad=range(46)), day("2026-06-30")
    found = seen(held, ">= 99 %", today)
    assert (found.misses_allowed, found.allowance_left) == (49, 3)
    assert found.nearly_gone
    assert found.warns
    assert not seen(held, ">= 98 %", today).nearly_gone


def test_without_history_nothing_is_foreseen():
    found = seen(history(), ">= 99 %", day("2026-06-30"))
    assert (found.forecast, found.allowance_left, found.misses_allowed, found.reachable) == (None, None, None, True)


def test_the_first_week_of_january_foresees_nothing_unless_the_last_year_is_known():
    held, today = history(measured_from=FIRST), FIRST + 8
    held.set(day("2026-01-05"), Tally(20, 0))
    assert seen(held, ">= 99 %", today).forecast is None
    second = history(measured_from=FIRST - 364)
    for each_day in CALENDAR.working_days(FIRST - 364, FIRST):
        second.set(each_day, Tally(20, 0))
    second.set(day("2026-01-05"), Tally(20, 0))
    found = seen(second, ">= 99 %", today)
    assert found.misses_allowed == pytest.approx(48, abs=2)
    assert second.so_far == (0, 20)


def test_a_few_records_at_the_very_beginning_teach_too():
    held = history()
    held.set(FIRST + 1, Tally(3, 1))
    found = seen(held, ">= 70 %", FIRST + 30)
    assert interval(found).value == pytest.approx(0.75)
    assert interval(found).low < 0.6 < 0.9 < interval(found).high


def test_words_and_dates_have_no_outlook():
    held = steady(day("2026-06-30"))
    assert outlook(held, parse_target("健全"), day("2026-06-30")) is None
    assert outlook(held, parse_target("by 2026-12-31"), day("2026-06-30")) is None
    assert outlook(held, None, day("2026-06-30")) is None


def test_once_the_year_is_over_the_forecast_is_the_value():
    held = steady(LAST, bad=[7])
    found = seen(held, ">= 99 %", LAST + 20)
    value = 1 - 1 / (20 * WORKDAYS)
    assert interval(found).value == interval(found).low == interval(found).high == pytest.approx(value)
    assert (interval(found).chance, found.expected_remaining, found.rate_needed) == (1, 0, None)


def test_days_no_calendar_covers_count_as_an_ordinary_week():
    end = CALENDAR.covered_until
    kinds = DayKinds(CALENDAR, end - 10, end + 365)
    assert kinds.assumed_from == end
    assert set(kinds.between(end, end + 7)) == {0, 1, 2, 3, 4, 12, 13}
    reading = reading_of(years.measure(years.ON_TIME))
    assert reading is not None
    held = History(reading, kinds, end, end + 364)
    assert seen(held, ">= 99 %", end).assumed_from == end


# --- every kind of measure ------------------------------------------------------------------------------------------


def test_an_error_rate_counts_the_same_misses():
    held = steady(day("2026-06-30"), bad=range(0, 120, 10), keys=years.ERRORS)
    found = seen(held, "<= 3 %", day("2026-06-30"))
    assert found.misses_allowed == pytest.approx(0.03 * 20 * WORKDAYS, abs=2)
    assert found.rate_needed is not None
    assert found.rate_needed > Fraction(3, 100)
    assert interval(found).low < 12 / 2400 < interval(found).high


def test_a_mean_says_what_mean_is_needed_and_how_many_may_take_twice_the_target():
    held = steady(day("2026-06-30"), keys=years.MEAN, each=lambda lost: Tally(10, 0, 0, 10 * 200 * SECOND_US, 10))
    found = seen(held, "<= 5 min", day("2026-06-30"), volume_left=1000)
    lost, total = held.so_far
    needed = (300 * (total + 1000) - Fraction(lost, SECOND_US)) / 1000
    assert found.rate_needed == needed
    assert found.misses_allowed is None
    assert found.allowance_left == pytest.approx(100 * (total + 1000) / 400, abs=1)
    assert interval(found).value == pytest.approx(200)


def test_a_mean_is_out_of_reach_when_even_answers_at_once_would_not_do():
    held = history(years.MEAN)
    held.set(day("2026-06-30"), Tally(0, 100, 0, 100 * 3600 * SECOND_US, 100))
    assert not seen(held, "<= 5 min", day("2026-07-01"), volume_left=1000).reachable
    assert seen(held, "<= 5 min", day("2026-07-01"), volume_left=1200).reachable


def test_an_up_time_has_down_time_left_and_outages_of_the_usual_length():
    held = history(years.UPTIME)
    hour, full = 3600 * SECOND_US, 24 * 3600 * SECOND_US
    for each_day in range(FIRST, day("2026-07-01")):
        down = hour if each_day in (FIRST + 20, FIRST + 50) else 0
        held.set(each_day, Tally(1, int(bool(down)), 0, full - down, full))
    found = seen(held, ">= 99.9 %", day("2026-06-30"))
    assert found.slack == pytest.approx(365 * full / 1000 - 2 * hour, rel=0.01)
    assert found.allowance_left == 6
    assert interval(found).low < interval(found).value <= interval(found).high <= 1


def test_an_amount_has_no_records_to_miss():
    held = steady(
        day("2026-06-30"), keys=years.AMOUNT, each=lambda lost: Tally(1, 0, 0, 999 * AMOUNT_SCALE, 1000 * AMOUNT_SCALE)
    )
    found = seen(held, ">= 99.5 %", day("2026-06-30"))
    assert (found.misses_allowed, found.allowance_left, found.reachable) == (None, None, True)
    assert interval(found).value == pytest.approx(0.999)


def test_a_maximum_is_lost_by_one_record_and_foreseen_by_exceedance():
    held, today = steady(day("2026-06-30"), keys=MAXIMUM), day("2026-06-30")
    rng = Random(1)
    values = sorted(rng.expovariate(1 / 300) for _ in range(2400))
    found = seen(held, "<= 1 h", today, ordered=lambda: Ordered.of(values))
    assert (found.misses_allowed, found.allowance_left, found.reachable) == (0, 0, True)
    assert values[-1] <= interval(found).low < interval(found).value < interval(found).high < 2 * values[-1]
    near, far = (seen(held, f"<= {limit} s", today, ordered=lambda: Ordered.of(values)) for limit in (2100, 9000))
    assert 0.1 < interval(near).chance < 0.5 < 0.99 < interval(far).chance
    assert (near.forecast_meets, far.forecast_meets) == (False, True)
    assert not seen(steady(day("2026-06-30"), bad=[5], keys=MAXIMUM), "<= 1 h", today).reachable


def test_a_percentile_allows_the_records_beyond_its_rank():
    held, today = steady(day("2026-06-30"), keys=P95), day("2026-06-30")
    found = seen(held, "<= 1 h", today, volume_left=1, ordered=lambda: Ordered.of([1.0] * 2000 + [100.0] * 380))
    assert found.misses_allowed == (held.so_far[1]) // 20
    assert interval(found).value == 100
    assert found.forecast_meets
    assert (
        seen(held, "<= 1 min", today, ordered=lambda: Ordered.of([1.0] * 2000 + [100.0] * 380)).forecast_meets is False
    )
    assert seen(held, "<= 1 h", today).forecast is None


def test_values_that_are_few_or_all_alike_have_a_maximum_and_a_percentile_too():
    today = day("2026-06-30")
    for keys in (MAXIMUM, P95):
        for values in ([5.0], [0.0] * 40, [7.0] * 40):
            found = interval(
                seen(steady(today, keys=keys), "<= 1 h", today, ordered=lambda kept=values: Ordered.of(kept))
            )
            assert found.low == found.value == found.high == values[0]
            assert 0.4 < found.chance <= 1


def test_no_value_lies_beyond_the_first_and_the_last():
    values = Ordered.of([1.0, 2.0, 4.0])
    assert [values.at(rank) for rank in (-0.5, 0, 0.75, 1, 1.5)] == [1, 1, 3, 4, 4]


def test_once_the_year_is_over_the_percentile_and_the_maximum_are_what_they_are():
    values = [float(number) for number in range(1, 102)]
    for keys, value in ((P95, 96), (MAXIMUM, 101)):
        found = interval(seen(steady(LAST, keys=keys), "<= 1 h", LAST + 5, ordered=lambda: Ordered.of(values)))
        assert (found.low, found.value, found.high, found.chance) == (value, value, value, 1)


def test_a_loss_that_floats_make_a_little_larger_still_meets_the_target():
    year = Year(lost=0, total=10**6, more=0, low=None, high=Fraction(1, 100), ranked=False, bounded=True)
    assert [year.holds(10_000 + over) for over in (0, 1e-4, 0.5)] == [True, True, False]


def test_a_target_between_two_values_can_be_lost_on_either_side():
    held, today = steady(day("2026-06-30"), bad=range(0, 120, 2)), day("2026-06-30")
    inside, above = seen(held, "96..98.5 %", today), seen(held, "10..20 %", today)
    assert inside.reachable
    assert 0 < interval(inside).chance < 1
    assert not above.reachable


# --- any change of the method ---------------------------------------------------------------------------------------


def pinned() -> dict[str, list[float]]:
    """Value, interval, chance and where there is one the rate needed, in spring and in autumn, of drawn years."""
    figures: dict[str, list[float]] = {}
    for year in (*years.drawn([7]), *years.ranked(7)):
        for today in (FIRST + 100, FIRST + 260):
            found = year.outlook(today)
            assert found is not None
            told = interval(found)
            needed = [] if found.rate_needed is None else [float(found.rate_needed)]
            figures[f"{year.name} {date.fromordinal(today)}"] = [told.value, told.low, told.high, told.chance, *needed]
    return figures


def test_a_change_of_the_method_shows_in_its_figures():
    wanted, found = json.loads(GOLDEN.read_text(encoding="utf-8")), pinned()
    assert list(found) == list(wanted)
    for name, figures in found.items():
        assert figures == pytest.approx(wanted[name], rel=1e-6, abs=1e-9), name


# --- any history ----------------------------------------------------------------------------------------------------


def test_a_history_kept_up_to_date_says_what_one_made_anew_says():
    rng, today = Random(3), day("2026-09-01")
    kept, tallies = history(), {}
    for _ in range(600):
        at = rng.randrange(FIRST, today + 20)
        tallies[at] = Tally(rng.randrange(30), rng.randrange(2), 0)
        kept.set(at, tallies[at])
        if rng.random() < 0.1:
            seen(kept, ">= 97 %", rng.randrange(FIRST + 30, today))
    seen(kept, ">= 97 %", today)
    tallies[today - 40] = Tally(3, 20)  # a day of which it had learned already
    kept.set(today - 40, tallies[today - 40])
    anew = history()
    anew.set_all(tallies)
    assert seen(kept, ">= 97 %", today) == seen(anew, ">= 97 %", today)


@pytest.mark.parametrize("keys", [years.ON_TIME, years.ERRORS, years.MEAN, years.UPTIME, years.AMOUNT, MAXIMUM, P95])
def test_whatever_happened_the_outlook_holds_together(keys):
    rng = Random(str(keys))
    for _ in range(40):
        held, today = history(keys, None), rng.randrange(FIRST - 5, LAST + 10)
        busy, lossy = rng.choice((0.01, 0.3, 1.0)), rng.choice((0.0, 0.001, 0.3, 0.99, 1.0))
        for at in range(FIRST - 60, today + 1):
            volume = rng.randrange(1, 10 ** rng.randrange(1, 6)) if rng.random() < busy else 0
            lost = sum(rng.random() < lossy for _ in range(min(volume, 20)))
            held.set(at, Tally(volume - lost, lost, 0, volume - lost, volume))
        text = rng.choice(("= 100 %", ">= 99 %", "<= 3 %", "0..1 %", "<= 50 %", "<= 1 s"))
        found = outlook(held, parse_target(text), today, Standing(rng.randrange(3), rng.randrange(3), rng.randrange(3)))
        if found is None or found.forecast is None:
            continue
        forecast = found.forecast
        assert forecast.low <= forecast.value <= forecast.high
        assert 0 <= forecast.chance <= 1
        assert found.reachable or forecast.chance == 0
        assert found.reachable or found.rate_needed is None


if __name__ == "__main__":
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(figures)}" for name, figures in pinned().items())
    GOLDEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
