"""The self-evaluation form: every figure is the verdict's, points sum to 100, what is missing is never a zero."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from agent.evaluate import Board
from agent.metrics import Exposition
from agent.model import ConfigError
from tests.form_site import OVER, PLAN, FormSite, form_site
from tests.plans import at

pytestmark = pytest.mark.whole


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path) as made:
        yield made


def by_name(content: Any) -> dict[str, Any]:
    rows = [*content["rows"], *content["annex"], *([content["budget"]] if content["budget"] else [])]
    return {row["indicator"]: row for row in rows}


def test_every_row_is_scored_by_its_verdict_and_the_total_is_graded(site: FormSite) -> None:
    site.state_all()
    content = site.content()
    rows = by_name(content)
    assert {id: (row["printed_value"], row["points"], row["score"]) for id, row in rows.items()} == {
        "answered": ("60.00%", 30, 22.5),
        "reports": ("12", 15, 15),
        "response": ("12分12秒", 20, 8.2),
        "open": ("通畅（部分达成年度指标并具有一定效果）", 15, 10.5),
        "liked": ("94.996%", 10, 10),  # by the rule 9.9996, printed with two decimals; the value shows that it failed
        "execution": ("90.00%", 10, 9),
        "rules": ("健全（达成年度指标）", 0, None),
        "prose": ("0.00%", 0, None),
    }
    assert (content["total"], content["grade"]) == (75.2, "中")
    assert rows["liked"]["attention"] == "below"
    assert rows["liked"]["verdict"]["state"] == "missed"
    assert content["reason_owed"] == ["answered", "response", "liked", "execution"]


@pytest.mark.parametrize(("executed", "owed"), [("899999", True), ("900000", False)])
def test_a_low_execution_of_the_budget_needs_a_reason_though_its_target_is_met(
    tmp_path: Path, executed: str, owed: bool
) -> None:
    plan = copy.deepcopy(PLAN)
    plan["projects"]["ops"]["indicators"]["execution"] |= {"text": ">=80%", "target": ">= 80 %"}
    with form_site(tmp_path, plan) as site:
        site.state_all(execution={"numerator": executed, "denominator": "1000000"})
        content = site.content()
    assert by_name(content)["execution"]["verdict"]["state"] == "met"
    assert ("execution" in content["reason_owed"]) is owed


def test_every_figure_is_that_of_the_status_and_the_series(site: FormSite) -> None:
    site.state_all()
    told = {one["indicator"]: one for one in site.status()["indicators"] if one["system"] is None}
    rows = by_name(site.content())
    assert {id: row["verdict"] for id, row in rows.items()} == {id: told[id] for id in rows}
    snapshot = Board(site.config, site.ledger).refresh(OVER)
    text = Exposition(site.config).render(snapshot, {("ticks",): 1}).text.decode()
    series = {
        line.split('indicator="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith(("dabiao_indicator_ratio{", "dabiao_indicator_seconds{", "dabiao_indicator_amount{"))
        and 'window="year"' in line
    }
    figures = {id: row["verdict"]["value"] for id, row in rows.items() if isinstance(row["verdict"]["value"], float)}
    assert figures == {id: series[id] for id in figures}
    assert len(figures) == 6


def test_what_nobody_stated_is_owed_and_the_total_incomplete_never_lower(site: FormSite) -> None:
    site.state_all(reports=None, open={"word": "通畅", "band": "partly"})
    content = site.content()
    rows = by_name(content)
    assert (rows["reports"]["score"], rows["reports"]["printed_value"], rows["reports"]["why"]) == (
        None,
        "未填",
        "等待填报",
    )
    assert (rows["open"]["score"], rows["open"]["why"]) == (None, "未给出得分")
    assert (content["total"], content["grade"], content["scored"]) == (None, None, 49.7)
    assert content["owed"] == ["reports", "open"]
    sheet = load_workbook(io.BytesIO(site.made(ending=".xlsx").content)).worksheets[0]
    printed = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "不完整" in printed
    assert "未填2项；已计49.7分（这些项满分70分）" in printed


def test_rows_that_do_not_apply_are_left_out_and_the_others_brought_back_to_100(site: FormSite) -> None:
    site.state_all(open={"not_applicable": True, "reason": "本年度无接口"}, reports={"numerator": "6"})
    content = site.content()
    rows = by_name(content)
    assert (rows["open"]["standing"], rows["open"]["points"], rows["open"]["printed_value"]) == (
        "left_out",
        0,
        "不适用",
    )
    points = {id: rows[id]["points"] for id in ("execution", "answered", "response", "reports", "liked")}
    assert points == {"execution": 11.76, "answered": 35.3, "response": 23.53, "reports": 17.65, "liked": 11.76}
    assert round(sum(points.values()), 2) == 100
    assert rows["reports"]["score"] == 8.83
    assert content["not_applicable"] == ["open"]
    said = texts(site.made(ending=".xlsx").content)
    assert any("其余各行分值乘以100÷85，保留两位小数" in text for text in said)


def test_weights_that_do_not_sum_to_100_are_refused_with_the_sum(tmp_path: Path) -> None:
    plan = copy.deepcopy(PLAN)
    rows = plan["projects"]["ops"]["indicators"]
    rows["liked"]["weight"] = {"shanghai-4class": 10}
    rows["reports"]["weight"]["mof-2020"] = 15.5
    with form_site(tmp_path, plan) as site, pytest.raises(ConfigError) as refused:
        site.made()
    assert (
        str(refused.value) == "平台运维：mof-2020 的分值之和应为100，现为90.5；未给出 mof-2020 分值的有：使用人员满意度"
    )


def test_a_claim_outside_its_band_is_refused_with_the_range(site: FormSite) -> None:
    site.state_all(open={"word": "通畅", "band": "partly", "score": "0.85"})
    with pytest.raises(ConfigError) as refused:
        site.made()
    assert str(refused.value) == "接口通畅：得分率应在60%(含)至80%之间，现为85%"


def test_a_miss_nobody_explained_has_its_facts_as_a_draft_until_somebody_does(site: FormSite) -> None:
    site.state_all()
    rows = by_name(site.content())
    assert rows["answered"]["draft"] == (
        "实际完成 60.00%，目标 >=80%；5件中2件不合格；涉及档案系统2；"
        "最长超时35分00秒（F3，05-04）；发生在05-04至09-01。"
    )
    assert rows["liked"]["draft"] is None  # no record stands behind it
    said = texts(site.made(ending=".xlsx").content)
    assert sum(text.startswith("草稿：实际完成") for text in said) == 2
    site.state("answered", reason="档案系统切换期间值守不足，已增设值班")
    rows = by_name(site.content())
    assert (rows["answered"]["reason"], rows["answered"]["draft"]) == ("档案系统切换期间值守不足，已增设值班", None)
    assert "answered" not in site.content()["reason_owed"]


def test_before_the_year_is_over_the_form_is_a_draft(tmp_path: Path) -> None:
    with form_site(tmp_path, read=at("2026-11-25T10:00")) as site:
        made = site.made(ending=".xlsx", now=at("2026-11-25T10:00"))
        assert json.loads(site.made(now=at("2026-11-25T10:00")).content)["draft"] is True
    assert "（2026年度 · 草稿）" in texts(made.content)


def test_the_shanghai_profile_scores_every_class(site: FormSite) -> None:
    site.state_all()
    content = site.content(profile="shanghai-4class")
    assert content["budget"] is None
    assert [row["indicator"] for row in content["rows"]][:2] == ["execution", "rules"]
    assert by_name(content)["execution"]["score"] == 9.47  # a rate like any other: 90 / 95 × 10
    assert content["grade"] == "良"


def texts(content: bytes) -> list[str]:
    """Every text of a workbook; one that would count as a formula is none of them."""
    book = load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    return [cell.value for cell in cells if isinstance(cell.value, str)]


def test_a_text_that_begins_like_a_formula_stays_a_text(site: FormSite) -> None:
    said = texts(site.made(ending=".xlsx").content)
    assert "=住建委" in said
    assert "=95%" in said


def test_the_same_figures_give_the_same_bytes(site: FormSite) -> None:
    site.state_all()
    for ending in (".xlsx", ".json"):
        assert site.made(ending=ending).content == site.made(ending=ending).content
