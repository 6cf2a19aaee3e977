"""Profiles of forms: the shipped ones, a province's own, the mistakes in them, and the months a form can be of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook

from agent.export import load_profile, months, shipped
from agent.export.profile import FOLDER
from agent.model import ConfigError
from tests.form_site import form_site


@pytest.mark.parametrize("text", ["2026-02..07", "2026-01..13", "2026-01..2027-02", "1-7", "2025-01..07"])
def test_a_period_begins_with_the_year_and_ends_in_it(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        months(text, 2026)
    assert str(refused.value) == f"--period：应写作 2026-01..07（自1月起），现为 {text!r}"


def variant(folder: Path, **changes: Any) -> str:
    """A copy of the national profile, edited."""
    content = yaml.safe_load((FOLDER / "mof-2020.yaml").read_text(encoding="utf-8"))
    file = folder / "variant.yaml"
    file.write_text(yaml.safe_dump({**content, **changes}, allow_unicode=True), encoding="utf-8")
    return str(file)


SICHUAN = {  # 四川省: the target in three columns, and what is written below
    "title": "四川省项目支出绩效自评表",
    "columns": [
        {"key": "class", "head": "一级指标", "width": 12},
        {"key": "part", "head": "二级指标", "width": 14},
        {"key": "name", "head": "三级指标", "width": 24},
        {"key": "sign", "head": "指标性质", "width": 9},
        {"key": "bare_target", "head": "指标值", "width": 12},
        {"key": "unit", "head": "度量单位", "width": 9},
        {"key": "bare_value", "head": "完成值", "width": 14},
        {"key": "points", "head": "权重", "width": 8},
        {"key": "score", "head": "得分", "width": 8},
        {"key": "reason", "head": "未完成原因分析", "width": 34},
    ],
    "closing": [{"label": "评价结论"}, {"label": "存在问题"}, {"label": "改进措施"}],
}


@pytest.mark.whole
def test_a_variant_of_another_province_needs_no_code(tmp_path: Path) -> None:
    with form_site(tmp_path) as site:
        site.state_all()
        profile = variant(tmp_path, name="sichuan-2023", **{"self-evaluation": SICHUAN}, reverse="linear")
        sheet = load_workbook(io.BytesIO(site.made(ending=".xlsx", profile=profile).content)).worksheets[0]
        grid = [[cell.value for cell in row] for row in sheet.iter_rows()]
    (response,) = [row for row in grid if row[2] == "平均响应时长"]
    assert response[3:9] == ["≤", "5", "分钟", "12.2", 20, 0]
    (liked,) = [row for row in grid if row[2] == "使用人员满意度"]
    assert liked[3:7] == ["＝", "95", "%", "94.996"]
    assert [row[0] for row in grid if row[0] in ("评价结论", "存在问题", "改进措施")] == [
        "评价结论",
        "存在问题",
        "改进措施",
    ]


@pytest.mark.parametrize("name", shipped())
def test_the_shipped_profiles_hold_together(name: str) -> None:
    assert load_profile(name).name == name


def test_every_mistake_of_a_profile_is_named_with_its_place(tmp_path: Path) -> None:
    columns = [{"key": "naem", "head": "三级指标", "width": 20}, *SICHUAN["columns"][3:]]
    grades = [{"name": "良", "least": 80}, {"name": "优", "least": 90}]
    file = variant(tmp_path, grades=grades, **{"self-evaluation": {"title": "表", "columns": columns}})
    with pytest.raises(ConfigError) as refused:
        load_profile(file)
    said = str(refused.value)
    assert "variant.yaml:" in said
    assert "grades: expected the best grade first" in said
    assert "self-evaluation.columns[0].key: unknown column 'naem'; did you mean 'name'?" in said
    assert "self-evaluation.columns: expected a column `name`" in said


def test_a_profile_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError) as refused:
        load_profile("mof-2021")
    assert (
        str(refused.value) == "--profile：没有名为 mof-2021 的表式；可用 mof-2020、shanghai-4class，或给出 .yaml 文件"
    )
