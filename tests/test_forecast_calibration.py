"""The distributions behind the forecast, and how often its 80 % interval held what came."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from agent.config.target import parse_target
from agent.forecast.runs import Run, spread_of_volumes
from agent.forecast.spread import Quantity, Records, lost_records, t_of, z_of
from tests import forecast_years as years


@pytest.mark.parametrize(("freedom", "known"), [(4, 1.533), (8, 1.397), (15, 1.341), (60, 1.296)])
def test_students_t_is_that_of_the_tables(freedom, known):
    assert t_of(1.2815516, freedom) == pytest.approx(known, rel=0.02)
    assert z_of(t_of(1.2815516, freedom), freedom) == pytest.approx(1.2815516)


def test_records_that_stray_by_chance_alone_are_binomial():
    share, of = 0.1, 60
    found = Records(share * of, share * of * (1 - share))
    exact = 0.0
    for lost in range(15):
        exact += comb(of, lost) * share**lost * (1 - share) ** (of - lost)
        assert found.at_most(lost) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("share", [1e-6, 0.02, 0.5, 0.7, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("of", [1, 30, 4000, 10**6])
def test_the_distribution_of_lost_records_is_one_for_every_share_and_volume(share, of):
    found = lost_records(share, of, 1.5 * share * (1 - share) * of, 10)
    marks = [found.at_most(of * part // 10) for part in range(11)]
    assert marks == sorted(marks)
    assert -0.6 <= found.quantile(0.1) <= found.quantile(0.9) <= of + 1
    assert found.at_most(of) == pytest.approx(1, abs=0.1)


def test_a_sum_that_strays_more_ends_no_lower_and_is_never_negative():
    highs = [Quantity(1, variance, 10).quantile(0.9) for variance in (0.5, 2, 3.6, 9, 100)]
    assert highs == sorted(highs)
    assert Quantity(1, 100, 10).quantile(0.1) == 0


def test_volumes_stray_by_what_their_days_promise_however_little_that_is():
    runs = [Run(0, 7, 0, volume, 0.5) for volume in (0, 1, 0, 1)]
    assert spread_of_volumes(runs) == pytest.approx(4 * 0.5**2 / 0.5 / 3)
    assert spread_of_volumes([*runs, Run(7, 14, 0, 0, 0.0)]) == pytest.approx(4 * 0.5**2 / 0.5 / 4)


# --- calibration: how often the 80 % interval held what came --------------------------------------------------------


def chance_of(trial):
    assert trial.seen.forecast is not None
    return trial.seen.forecast.chance


def share_covered(found):
    return sum(trial.covers() for trial in found) / len(found)


def by_third(found):
    """The share covered early in the year, in its middle, and late."""
    thirds: list[list[years.Trial]] = [[], [], []]
    for trial in found:
        days = trial.year.last + 1 - trial.year.first
        thirds[3 * (trial.today - trial.year.first) // days].append(trial)
    return [share_covered(third) for third in thirds]


def by_chance(found):
    """Those of the demo that are drawn; the others are laid out evenly, which no interval made for chance can know."""
    return [trial for trial in found if not trial.year.name.startswith("even")]


@pytest.mark.whole
def test_years_drawn_by_chance_end_inside_the_interval_four_times_in_five():
    found = list(years.trials(years.drawn(range(3)), every=60))
    assert 0.75 <= share_covered(found) <= 0.92


@pytest.mark.whole
def test_the_demos_year_ends_inside_the_interval_four_times_in_five():
    assert 0.75 <= share_covered(by_chance(list(years.trials(years.demo(0))))) <= 0.95


@pytest.mark.whole
def test_permit_cases_end_inside_the_interval_four_times_in_five(shared):
    assert 0.75 <= share_covered(list(years.trials(years.permits(shared)))) <= 0.87


@pytest.mark.whole
def test_help_desk_tickets_end_inside_the_interval_four_times_in_five(shared):
    assert 0.72 <= share_covered(list(years.trials(years.help_desk(shared), every=90))) <= 0.87


@pytest.mark.whole
def test_percentiles_and_maxima_drawn_by_chance_end_inside_the_interval_four_times_in_five():
    found = list(years.trials((year for seed in range(2) for year in years.ranked(seed)), every=60))
    assert 0.70 <= share_covered(found) <= 0.95


def assert_chance_is_right(found):
    for low, high in ((0.0, 0.1), (0.1, 0.4), (0.4, 0.6), (0.6, 0.9), (0.9, 1.01)):
        among = [trial for trial in found if low <= chance_of(trial) < high]
        met = sum(parse_target(trial.year.target).holds(Fraction(trial.truth)) for trial in among) / len(among)
        assert low - 0.1 <= met <= high + 0.1, (low, met)


@pytest.mark.long
def test_over_many_drawn_years_interval_and_chance_are_both_right():
    found = list(years.trials(years.drawn(range(1000, 1060)), every=30))
    assert 0.80 <= share_covered(found) <= 0.90
    assert all(0.78 <= third <= 0.93 for third in by_third(found))
    assert_chance_is_right(found)


@pytest.mark.long
def test_over_many_demo_years_the_interval_is_right():
    found = [trial for seed in range(20) for trial in years.trials(years.demo(seed))]
    assert 0.80 <= share_covered(by_chance(found)) <= 0.92
    assert share_covered([trial for trial in found if trial.year.name.startswith("even")]) >= 0.90


@pytest.mark.long
@pytest.mark.parametrize("which", [years.permits, years.help_desk])
def test_over_every_cut_of_the_logs_the_interval_is_right_early_and_late(shared, which):
    found = list(years.trials(which(shared), every=7))
    assert 0.75 <= share_covered(found) <= 0.85
    assert all(0.70 <= third <= 0.87 for third in by_third(found))


@pytest.mark.long
def test_over_many_percentiles_and_maxima_interval_and_chance_are_both_right():
    found = list(years.trials((year for seed in range(100, 130) for year in years.ranked(seed)), every=30))
    assert 0.78 <= share_covered(found) <= 0.92
    assert_chance_is_right(found)
