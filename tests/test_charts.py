"""The charts of a report: every number is on them, what misses has its own shape, and no text is taken for markup."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from agent.plots import Bars, Chart, Line, Mark, Points, svg
from agent.report.wordcharts import chart_xml

HOSTILE = '<script>alert("1")</script>&amp;'
SVG, C = "{http://www.w3.org/2000/svg}", "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
COURSE = Points(
    "course",
    "办件及时率 · 逐月",
    [Mark("1月", 0.992, "99.20%"), Mark("2月", None, "未发生"), Mark("3月", 0.94996, "94.996%", misses=True)],
    [Line("目标 ≥95%", [0.95, 0.95, 0.95])],
)
LEFT = Bars("left", "还可超时", [Mark("1月", 3.0, "3"), Mark("2月", -1.0, "-1", misses=True)], limit=(1, "时限5分钟"))
LYING = Bars(
    "lying", "各系统", [Mark("档案系统", 2.0, "2件 / 共3件", misses=True), Mark("网站", 0.0, "0件")], lying=True
)


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(chart))


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("chart", [COURSE, LEFT, LYING], ids=lambda chart: chart.id)
def test_every_name_and_number_stands_in_the_drawing_and_in_the_words_beside_it(chart: Chart) -> None:
    root = drawn(chart)
    printed, told = texts(root), root.findtext(f"{SVG}desc") or ""
    for mark in chart.marks:
        assert mark.label in printed
        assert mark.text in printed
        assert f"{mark.label}{mark.text}" in told


def test_a_month_that_misses_is_a_square_and_the_others_are_dots() -> None:
    root = drawn(COURSE)
    squares = [one for one in root.findall(f"{SVG}rect") if one.get("fill") == "#fff"]
    assert (len(root.findall(f"{SVG}circle")), len(squares)) == (1, 1)


def test_no_line_leads_over_a_month_without_a_value() -> None:
    assert [one for one in drawn(COURSE).findall(f"{SVG}path") if one.get("fill") == "none"] == []


def test_a_bar_that_misses_is_hatched_and_one_below_nothing_hangs_from_the_line() -> None:
    kept, lost = (one for one in drawn(LEFT).findall(f"{SVG}rect"))
    assert (kept.get("fill"), lost.get("fill")) == ("#1f55a5", "url(#left-hatch)")
    assert float(kept.get("y", 0)) + float(kept.get("height", 0)) == pytest.approx(float(lost.get("y", 0)), abs=0.2)


def test_a_bar_of_nothing_is_no_bar() -> None:
    assert len(drawn(LYING).findall(f"{SVG}rect")) == 1


@pytest.mark.parametrize("hostile", [
    Points("p", HOSTILE, [Mark(HOSTILE, 1.0, HOSTILE)], [Line(HOSTILE, [1.0])]),
    Bars("b", HOSTILE, [Mark(HOSTILE, 1.0, HOSTILE)], limit=(1, HOSTILE)),
    Bars("l", HOSTILE, [Mark(HOSTILE, 1.0, HOSTILE)], lying=True),
])  # fmt: skip
def test_a_name_is_never_taken_for_markup(hostile: Chart) -> None:
    assert HOSTILE in texts(drawn(hostile))
    assert "<script" not in svg(hostile)
    assert HOSTILE in [one.text for one in ElementTree.fromstring(chart_xml(hostile)).iter(f"{C}v")]


def test_word_is_told_the_numbers_as_they_are_printed_and_prints_by_format_what_a_format_gives() -> None:
    root = ElementTree.fromstring(chart_xml(COURSE))
    assert [one.text for one in root.find(f".//{C}ser/{C}val").iter(f"{C}v")] == ["0.992", "0.94996"]  # type: ignore[union-attr]
    plain, exact = root.find(f".//{C}ser/{C}dLbls").findall(f"{C}dLbl")  # type: ignore[union-attr]
    assert plain.find(f"{C}numFmt").get("formatCode") == "0.00%"  # type: ignore[union-attr]
    assert [one.text for one in exact.iter(f"{A}t")] == ["94.996%"]  # two decimals would hide that it misses
    assert exact.find(f"{C}dLblPos").get("val") == "b"  # type: ignore[union-attr]
