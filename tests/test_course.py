"""The course of a year: the same sums as every verdict, and the drawing of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree

import pytest

from agent.book import all_indicators
from agent.evaluate import Board, Course, course, custom
from agent.model import SECOND_US, Instant, Unit, Verdict
from agent.plots import Ahead, Stretch, YearPlot
from tests.small_site import NOW, Site, at, small_site

DAY_US = 86_400 * SECOND_US
JANUARY = date(2026, 1, 1).toordinal()


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    with small_site(tmp_path) as found:
        yield found


def course_of(site: Site, id: str, now: Instant = NOW) -> Course:
    (plan,) = site.config.plans
    indicator = next(one for one in all_indicators(plan) if one.id == id)
    return course(site.config, site.ledger, plan, indicator, now)


def asked(site: Site, id: str, first: int, last: int, now: Instant = NOW) -> Verdict:
    board = Board(site.config, site.ledger, lambda plan, now: (custom(plan.days, first, last),))
    return next(one for one in board.refresh(now).verdicts if one.indicator == id and one.system is None)


@pytest.mark.parametrize("id", ["answered", "response", "answered/median", "duplicates", "answered/mean"])
def test_every_point_is_the_verdict_on_those_days(site, id):
    now = NOW + 12 * DAY_US
    told = course_of(site, id, now)
    assert len(told.so_far) == 10
    assert [one.window.first for one in told.months] == [date(2026, month, 1).toordinal() for month in (1, 2, 3)]
    for one in (*told.so_far, *told.months):
        plain = asked(site, id, one.window.first, one.window.last, now)
        assert (one.value, one.state, one.good, one.bad, one.open, one.reason) == (
            plain.value, plain.state, plain.good, plain.bad, plain.open, plain.reason,
        )  # fmt: skip
    assert any(one.value is not None for one in told.so_far)


def test_a_young_year_is_told_by_the_day_and_an_older_one_by_the_week(site):
    days = [one.window.last for one in course_of(site, "answered", at("2026-03-02T10:00")).so_far]
    assert days == list(range(JANUARY + 1, JANUARY + 61))
    weeks = [one.window.last for one in course_of(site, "answered", at("2026-03-05T10:00")).so_far]
    assert weeks == list(range(JANUARY + 7, JANUARY + 64, 7))


def test_a_year_that_is_over_is_told_to_its_end_and_no_further(site):
    told = course_of(site, "answered", at("2027-02-05T10:00"))
    assert len(told.months) == 12
    assert max(one.window.last for one in told.so_far) <= JANUARY + 365


def test_what_a_person_states_has_no_course(site):
    assert course_of(site, "sound") == Course()


# --- the drawing ------------------------------------------------------------------------------------------------------


def drawn(**changes: object) -> ElementTree.Element:
    plain: dict[str, object] = {
        "id": "p", "title": "办件<率>", "year": 2026, "unit": Unit.RATIO,
        "so_far": [(JANUARY + 7, 0.97), (JANUARY + 14, 0.98)],
        "months": [Stretch(JANUARY, JANUARY + 31, 0.98)], "targets": [Stretch(JANUARY, JANUARY + 365, 0.95)],
    }  # fmt: skip
    return ElementTree.fromstring(YearPlot(**{**plain, **changes}).svg())  # type: ignore[arg-type]


def texts(root: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]


def paths(root: ElementTree.Element, kind: str) -> list[str]:
    lines = root.iter("{http://www.w3.org/2000/svg}path")
    return [one.get("d", "") for one in lines if one.get("class") == kind]


def test_a_drawing_says_in_words_what_it_shows():
    ahead = Ahead(JANUARY + 14, 0.98, 0.975, 0.96, 0.99)
    title, words = list(drawn(ahead=ahead))[:2]
    assert title.text == "办件<率>"
    assert words.text == (
        "2026年；截至2026-01-14累计98.00%；1月98.00%；目标95.00%；全年预计97.50%，八成把握在96.00%至99.00%之间"
    )


def test_time_without_data_is_a_gap_and_not_a_line():
    so_far = [(JANUARY + 7 * n, None if n in (3, 4) else 0.97) for n in range(1, 8)]
    legend, *runs = sorted(paths(drawn(so_far=so_far), "plot-value"), key=lambda path: "h28" not in path)
    assert "h28" in legend
    assert sorted(path.count("L") for path in runs) == [1, 2]


@pytest.mark.parametrize(
    ("unit", "value", "target", "labels"),
    [
        (Unit.RATIO, 0.98, 0.95, "100.00%"), (Unit.SECONDS, 187.0, 300.0, "3分00秒"),
        (Unit.CNY, 3e6, 4763873.0, "4,000,000元"), (Unit.COUNT, 12.0, 12.0, "12"), (Unit.RATIO, 0.0, 0.02, "0.00%"),
    ],
)  # fmt: skip
def test_the_axis_is_written_in_the_units_people_read(unit, value, target, labels):
    root = drawn(unit=unit, so_far=[(JANUARY + 7, value)], months=[], targets=[Stretch(JANUARY, JANUARY + 365, target)])
    assert labels in texts(root)
    assert 2 <= sum("月" not in text for text in texts(root)) - 3 <= 8


def test_everything_lies_within_the_drawing():
    ahead = Ahead(JANUARY + 14, 0.98, 0.975, 0.3, 1.0)
    for circle in drawn(ahead=ahead).iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(circle.get("cx", "-1")) <= 960
        assert 0 <= float(circle.get("cy", "-1")) <= 380
