"""The reports: every figure is a verdict's, a month is told beside the month and the year before, and made again."""

from __future__ import annotations

import copy
import io
import sys
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import docx
import pytest

from agent.asking import answer
from agent.cli.exporting import make_again, make_and_log
from agent.cli.options import DONE
from agent.ledger import Ledger, acts
from agent.model import ConfigError, State, Unit
from agent.plots import Bars, Points
from agent.report import charts
from agent.shown import shown
from agent.status import question
from tests.form_site import PLAN, ROWS, SOURCE, FormSite, form_site
from tests.plans import at
from tests.report_site import made_from, order, report, row

pytestmark = pytest.mark.whole

LATER = at("2027-03-01T09:00")
OCTOBER = ("2026-10-01", "2026-11-01")
BOTH = ("annual-report", "monthly-report")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path) as made:
        made.state_all()
        yield made


def answered(site: FormSite, first: str = "2026-01-01", last: str = "2027-01-01") -> dict[str, Any]:
    """What `status --json` says of all systems together."""
    found = site.status(first=first, last=last)["indicators"]
    return {f"{one['project']}/{one['indicator']}": one for one in found if one["system"] is None}


def printed(one: dict[str, Any]) -> str:
    """A value of `status --json` in words."""
    return shown(Fraction(one["value"]).limit_denominator(10**6), Unit(one["unit"]))


# --- one number everywhere --------------------------------------------------------------------------------------------


def test_a_months_figures_are_those_status_prints_of_the_same_days(site: FormSite) -> None:
    made, known = report(site, "monthly-report", "2026-10"), answered(site, first=OCTOBER[0], last=OCTOBER[1])
    assert made.body["rows"].keys() == {"ops/answered", "ops/response", "ops/prose"}
    for place, said in made.body["rows"].items():
        assert said["value"] == printed(known[place])
        assert f">{said['value']}<" in made.content.decode().replace("</b> ", "</b> >")


def test_a_years_figures_are_those_status_prints_of_the_same_days(site: FormSite) -> None:
    made, known = report(site, "annual-report"), answered(site)
    assert made.body["rows"].keys() == {f"ops/{id}" for id in ROWS}
    for place, said in made.body["rows"].items():
        if known[place]["unit"] != "text" and place != "ops/liked":
            assert said["value"] == printed(known[place])
    assert made.body["rows"]["ops/liked"]["value"] == "94.996%"  # 95.00% would hide that it misses
    assert made.body["rows"]["ops/open"]["value"] == "通畅（部分达成年度指标并具有一定效果）"


def test_the_course_of_the_allowance_ends_where_the_verdict_on_the_year_stands(site: FormSite) -> None:
    asked = answer(site.config, site.ledger, question({"window": "year"}, site.config), at("2026-12-31T10:00"))
    verdict = next(one for one in asked["indicators"] if one["indicator"] == "answered" and one["system"] is None)
    with made_from(site, "annual-report", now=at("2026-12-31T10:00")) as told:
        picture = charts.allowance(told, row(told, "answered"))
    assert picture is not None
    assert isinstance(picture.chart, Bars)
    marks = picture.chart.marks
    assert [mark.label for mark in marks] == [f"{month}月" for month in range(1, 13)]
    assert marks[-1].value == verdict["allowance_left"]
    assert marks[0].value == verdict["allowance_left"] + verdict["bad"]  # nothing had missed by January
    assert [mark.misses for mark in marks] == [(mark.value or 0) < 0 for mark in marks]


def test_every_finished_fault_stands_once_in_the_histogram_on_its_side_of_the_limit(site: FormSite) -> None:
    with made_from(site, "annual-report") as told:
        picture = charts.histogram(told, row(told, "response"))
        assert charts.histogram(told, row(told, "answered")) is None  # it has no lengths
        verdict = told.year[("ops", "response", None)]
    assert picture is not None
    assert isinstance(picture.chart, Bars)
    bars = {mark.label: mark.value for mark in picture.chart.marks}
    assert {name: count for name, count in bars.items() if count} == {
        "≤1": 1.0, "2–3": 1.0, "4–5": 1.0, "10–20": 1.0, "20–40": 1.0,
    }  # fmt: skip
    assert picture.chart.limit == (5, "时限≤5分钟")
    assert sum(mark.value or 0 for mark in picture.chart.marks if mark.misses) == verdict.bad
    assert sum(mark.value or 0 for mark in picture.chart.marks) == verdict.good + verdict.bad


def test_what_missed_by_system_adds_up_to_all(site: FormSite) -> None:
    with made_from(site, "annual-report") as told:
        picture = charts.systems(told, row(told, "answered"))
        verdict = told.year[("ops", "answered", None)]
    assert picture is not None
    assert [(mark.label, mark.value) for mark in picture.chart.marks] == [("档案系统", 2.0), ("交易网站", 0.0)]
    assert sum(mark.value or 0 for mark in picture.chart.marks) == verdict.bad


# --- beside the month and the year before -----------------------------------------------------------------------------


def test_a_month_without_records_leaves_a_gap_in_the_course_and_says_so(site: FormSite) -> None:
    with made_from(site, "annual-report") as told:
        picture = charts.months(told, row(told, "response"))
    assert picture is not None
    assert isinstance(picture.chart, Points)
    january, february, *_ = picture.chart.marks
    assert (january.value, january.text) == (None, "未发生")
    assert (february.value, february.text, february.misses) == (180.0, "3分00秒", False)
    assert picture.chart.marks[4].misses  # May: 40 minutes


def test_a_year_of_which_the_ledger_holds_no_record_is_no_year_to_compare_with(site: FormSite) -> None:
    assert "无上年数据" in report(site, "annual-report").content.decode()


def test_a_year_before_that_the_ledger_holds_is_compared_with(tmp_path: Path) -> None:
    with form_site(tmp_path, source=SOURCE | {"measured_from": "2025-01-01"}) as site:
        with (tmp_path / "faults.csv").open("a", encoding="utf-8") as faults:
            faults.write("E1,portal,2025-10-06 09:00:00,2025-10-06 09:03:00,\n")
        site.collect(LATER)
        october = report(site, "monthly-report", "2026-10").content.decode()
        september = report(site, "monthly-report", "2026-09").content.decode()
        year = report(site, "annual-report").content.decode()
    assert "好转2分00秒" in october  # 1 minute after 3
    assert "上年未发生" in september
    assert "变差" in year


# --- what was missed and why, what is owed, what it comes to ----------------------------------------------------------


def test_a_miss_has_its_facts_as_a_draft_until_a_person_gives_the_reason(site: FormSite) -> None:
    drafted = report(site, "annual-report").content.decode()
    assert "<i>草稿</i>实际完成 12分12秒，目标 &lt;=5分钟；5件中2件不合格；涉及档案系统2" in drafted
    site.state("response", reason="五月机房搬迁", when="2027-01-06T10:00")
    told = report(site, "annual-report").content.decode()
    assert "五月机房搬迁" in told
    assert "实际完成 12分12秒" not in told


def test_a_score_is_that_of_the_self_evaluation_and_incomplete_while_something_is_owed(tmp_path: Path) -> None:
    with form_site(tmp_path) as site:
        assert "<span>不完整</span>" in report(site, "annual-report").content.decode()
        site.state_all()
        total = site.content("self-evaluation")["total"]
        assert f"<span>{total:g}</span>" in report(site, "annual-report").content.decode()


def test_weights_that_do_not_sum_to_100_leave_the_report_without_a_score(tmp_path: Path) -> None:
    plan = copy.deepcopy(PLAN)
    plan["projects"]["ops"]["indicators"]["answered"]["weight"]["mof-2020"] = 29
    with form_site(tmp_path, plan) as site:
        assert "分值之和应为100，现为99" in report(site, "annual-report").content.decode()


def test_a_gap_and_who_owes_a_statement_are_named(tmp_path: Path) -> None:
    with form_site(tmp_path, read=at("2026-09-10T09:00")) as site:
        year = report(site, "annual-report").content.decode()
        month = report(site, "monthly-report", "2026-10").content.decode()
    assert "<span>2026-09-10 09:00</span>" in year
    assert "运维科" in year
    assert "已填0/5" in month
    assert "待填报：运维科已填0/5" in month


def test_figures_of_the_demonstration_are_marked_as_made_up(site: FormSite) -> None:
    for form in BOTH:
        assert "演示数据" not in report(site, form).content.decode()
        assert "<strong>演示数据</strong>" in report(site, form, demo=True).content.decode()


# --- years of which there is little to say ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("ending", [".html", ".docx"])
def test_an_empty_ledger_gives_a_report_that_says_so(site: FormSite, form: str, ending: str) -> None:
    ledger = Ledger.open(site.folder / "empty.db")
    try:
        made = report(site, form, ending=ending, ledger=ledger)
    finally:
        ledger.close()
    assert "3项无数据" in made.said[0]


@pytest.mark.parametrize("form", BOTH)
def test_the_first_week_of_january_is_told_without_a_month_before(tmp_path: Path, form: str) -> None:
    now = at("2026-01-05T09:00")
    with form_site(tmp_path, read=now) as site:
        made = report(site, form, now=now)
    text = made.content.decode()
    assert made.body["first"] == "2026-01-01"
    assert ("年度未结束" if form == "annual-report" else "本月未结束") in text
    assert "3项本期未发生" in made.said[0]


def test_a_year_that_has_not_begun_says_so(site: FormSite) -> None:
    said = report(site, "annual-report", now=at("2025-12-20T09:00")).said
    assert said == ["2026年度尚未开始，没有可报告的数据。"]


@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("ending", [".html", ".docx"])
def test_a_project_of_rows_people_state_alone_is_told_without_drawings(tmp_path: Path, form: str, ending: str) -> None:
    plan = copy.deepcopy(PLAN)
    rows = plan["projects"]["ops"]["indicators"]
    plan["projects"]["ops"]["indicators"] = {id: rows[id] for id in ("execution", "rules", "open")}
    with form_site(tmp_path, plan) as site:
        made = report(site, form, ending=ending)
    assert "3项待填报" in made.said[0]


def test_a_year_of_which_the_source_holds_nothing_is_compared_with_nothing(tmp_path: Path) -> None:
    source = {key: value for key, value in SOURCE.items() if key != "measured_from"}
    with form_site(tmp_path, source=source) as site, made_from(site, "monthly-report", "2026-05") as told:
        before = told.year_before[("ops", "answered", None)]
        assert (before.state, before.reason, before.value) == (State.NO_DATA, "not_measured", None)
        text = report(site, "monthly-report", "2026-05").content.decode()
    assert "无上年数据" in text
    assert "好转" not in text


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", BOTH)
def test_a_word_file_holds_every_chart_as_one_of_its_own_and_the_same_texts(site: FormSite, form: str) -> None:
    page = report(site, form).content.decode()
    content = report(site, form, ending=".docx").content
    assert content == report(site, form, ending=".docx").content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        drawn = [name for name in parts.namelist() if name.startswith("word/charts/")]
    assert len(drawn) == page.count("<svg")
    opened = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in opened.tables for line in table.rows for cell in line.cells]
    assert "12分12秒" in " ".join(cells)
    assert page.count("<tr>") == sum(len(table.rows) for table in opened.tables[1:])


def test_a_word_file_without_the_package_that_writes_it_is_refused_in_one_line(
    site: FormSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)  # as where it is not installed
    monkeypatch.delitem(sys.modules, "agent.report.document", raising=False)
    with pytest.raises(ConfigError) as refused:
        report(site, "monthly-report", ending=".docx")
    assert str(refused.value) == "写 .docx 需要 python-docx；请安装 pip install 'dabiao[report]'，或改用 .html"


@pytest.mark.parametrize(("form", "month", "ending"), [(BOTH[1], "2026-10", ".html"), (BOTH[0], None, ".docx")])
def test_a_report_is_logged_and_made_again_after_the_ledger_went_on(
    site: FormSite, form: str, month: str | None, ending: str
) -> None:
    wanted = order(site, form, month, ending, demo=True)
    assert make_and_log(wanted) == DONE
    with site.ledger.read() as session:
        act = acts.read(session)[-1]
    assert (act.kind, act.subject, act.body["demo"]) == ("export", form, True)
    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
        faults.write("F9,portal,2026-10-30 09:00:00,2026-10-30 11:00:00,\n")
    site.collect(LATER)
    site.state("response", reason="五月机房搬迁", when="2027-02-01T10:00")
    assert report(site, form, month, ending, now=LATER).content != wanted.file.read_bytes()

    again = site.folder / f"again{ending}"
    targets = [site.folder / "targets.yaml"]
    assert make_again(site.config, site.ledger, act.n, again, "mof-2020", targets) == DONE
    assert again.read_bytes() == wanted.file.read_bytes()


def test_a_file_no_report_is_written_as_is_refused(site: FormSite) -> None:
    with pytest.raises(ConfigError, match=r"-o form.xlsx：报告的文件名应以 .docx、.html 之一结尾"):
        report(site, "monthly-report", "2026-10", ".xlsx")
