"""The official sheet of targets as a draft of targets.yaml: shifted rows, signs, words, prose, last year's measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from agent.config import Config, load
from agent.drafting import draft, tables
from agent.drafting.guessing import guess, in_prose
from agent.model import ConfigError, Unit
from collectors import COLLECTORS
from tests.commands import invoke

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[1]
HEAD: list[list[Any]] = [
    ["财政项目支出绩效目标表"],
    ["（2026年度）"],
    ["申报单位名称：市民服务中心"],
    ["项目名称：", "平台运维", "项目类别：", "经常性专项业务费"],
    ["计划开始日期：", "2026-01-01", "计划完成日期：", "2026-12-31"],
    ["总目标及阶段性目标：", "保证运行。质量标准：1、受理差错率≤3%，2、办件及时率≤99%。"],
    ["项目总预算（元）：", "4,763,873", "项目当年预算（元）：", 4763873],
    ["2026年绩效目标"],
    ["一级目标", "二级目标", "三级目标", "指标目标值"],
]
ROWS: list[list[Any]] = [
    ["投入与管理", "投入管理", "预算执行率", "＞＝９５％"],
    [None, None, "预算资金到位率", "=100%"],
    ["资产管理", "设备巡检规范性", "完善"],
    [None, "固定资产管理情况", "规范"],
    ["产出目标", "时效", "故障响应及时率", "≤5分钟"],
]
OTHER: list[list[Any]] = [
    ["财政项目支出绩效目标表"],
    ["（2026年度）"],
    ["项目名称：", "网上管理"],
    ["一级目标", "二级目标", "三级目标", "指标目标值"],
    ["效果目标", "满意度", "开发商满意度", 0.9],
]


def sheet(path: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    at = book.worksheets[0]
    for row in rows:
        at.append(row)
        if row and row[-1] == 0.9:
            at.cell(at.max_row, len(row)).number_format = "0%"
    book.save(path)
    return path


def loaded(folder: Path, text: str) -> Config:
    (folder / "made.yaml").write_text(text, encoding="utf-8")
    return load([folder / "made.yaml"], None, collectors=COLLECTORS)


@pytest.mark.parametrize(
    ("name", "printed", "target", "kind"),
    [
        ("预算执行率", ">=95%", ">= 95 %", "ratio"),
        ("故障处理率", "＞=95%", ">= 95 %", "ratio"),
        ("故障处理率", "≧ 95％", ">= 95 %", "ratio"),
        ("认证审核合格率", "=95%", "= 95 %", "ratio"),
        ("开发商满意度", "90%", ">= 90 %", "ratio"),
        ("预算执行率", "100%", "= 100 %", "ratio"),
        ("成本控制率", "<=100%", "<= 100 %", "ratio"),
        ("办件及时率", "≤99%", ">= 99 %", "ratio"),
        ("故障响应及时率", "<=5分钟", "<= 5 min", "seconds"),
        ("报告数", "≥12篇", ">= 12", "count"),
        ("项目成本", "≤476.3873万元", "<= 476.3873 万元", "CNY"),
        ("新增功能建设完成及时率", "2020年年底前", "by 2026-12-31", "date"),
        ("验收时间", "2026年6月30日前", "by 2026-06-30", "date"),
        ("运维服务工作完成率", "完成", ">= 100 %", "ratio"),
        ("认证受理及时率", "周一、五当日提供延时服务", ">= 100 %", "ratio"),
    ],
)
def test_a_printed_number_or_date_is_read(name: str, printed: str, target: str, kind: str) -> None:
    read = guess(name, printed, 2026)
    assert (read.target, read.measure) == (target, {"kind": "entered", "unit": kind})


@pytest.mark.parametrize(
    ("name", "printed", "target", "accept"),
    [
        ("财务管理制度健全性", "健全", "健全", ["健全"]),
        ("财务管理制度执行有效性", "健全", "有效", ["有效", "健全"]),
        ("预算编制合理性", "100%", "合理", ["合理"]),
        ("提升居民办事效率", "完成", "完成", ["完成"]),
        ("数据共享", "按规定执行", "达成", ["达成"]),
    ],
)
def test_a_printed_word_is_read(name: str, printed: str, target: str, accept: list[str]) -> None:
    read = guess(name, printed, 2026)
    assert (read.target, read.measure) == (target, {"kind": "attested", "accept": accept})


def test_a_reading_that_is_ours_says_so_and_a_printed_one_says_nothing() -> None:
    assert guess("故障处理率", ">=95%", 2026).notes == ()
    assert guess("办件及时率", "≤99%", 2026).notes == ("印作“≤99%”，符号疑印反，按不低于考核",)
    assert guess("完工时间", "2020年年底前", 2026).notes == ("原表为2020年，按2026年考核",)


def test_targets_in_the_prose_are_found() -> None:
    assert in_prose("质量标准：1、受理差错率≤3%,2、办件及时率≤99%，4、客户满意率＞＝98％。") == [
        ("受理差错率", "≤3%"), ("办件及时率", "≤99%"), ("客户满意率", "≥98%"),
    ]  # fmt: skip


def test_two_tables_in_one_file_with_shifted_rows_become_a_file_that_loads(tmp_path: Path) -> None:
    made = draft(tables(sheet(tmp_path / "t.xlsx", *HEAD, *ROWS, [], *OTHER)), None, None)
    config = loaded(tmp_path, made.text)
    plan = config.plans[0]
    assert (plan.year, plan.organisation) == (2026, "市民服务中心")
    first, second = plan.projects
    assert (first.name, second.name) == ("平台运维", "网上管理")
    assert [(row.level, row.name, row.text) for row in first.indicators] == [
        (("投入与管理", "投入管理"), "预算执行率", "＞＝９５％"),
        (("投入与管理", "投入管理"), "预算资金到位率", "=100%"),
        (("投入与管理", "资产管理"), "设备巡检规范性", "完善"),
        (("投入与管理", "资产管理"), "固定资产管理情况", "规范"),
        (("产出目标", "时效"), "故障响应及时率", "≤5分钟"),
        (("总目标及阶段性目标", "工作质量标准"), "受理差错率", "≤3%"),
        (("总目标及阶段性目标", "工作质量标准"), "办件及时率", "≤99%"),
    ]
    assert [row.form for row in first.indicators] == ["table"] * 5 + ["none"] * 2
    assert {name: str(amount) for name, amount in first.funds.items()} == {"total": "4763873", "planned": "4763873"}
    assert first.form["项目类别"] == "经常性专项业务费"
    assert second.indicators[0].text == "90%"
    assert all("暂由人填报" in (row.note or "") for row in (*first.indicators, *second.indicators))
    assert any("t.xlsx" not in line and "Sheet!D12" in line and "左移一格" in line for line in made.guesses)


LAST = """
year: 2025
organisation: 市民服务中心
timezone: Asia/Shanghai
projects:
  ops:
    name: 平台运维
    indicators:
      fault-response:
        name: 故障响应及时率
        level: [产出目标, 时效]
        text: "<=5分钟"
        target: "<= 5 min"
        note: 按平均时长
        owner: 运维科
        weight: {mof-2020: 5}
        measure: {kind: duration, of: fault, from: reported_at, to: responded_at, statistic: mean,
                  among: {year: "2025"}}
        judged_on: 2025-12-31
        attest_by: 2026-01-20
      budget:
        name: 预算执行率
        level: [投入与管理]
        text: ">=90%"
        target: ">= 90 %"
        measure: {kind: entered, unit: ratio}
"""


def test_last_years_measures_are_carried_over_by_name_and_their_years_moved(tmp_path: Path) -> None:
    made = draft(tables(sheet(tmp_path / "t.xlsx", *HEAD, *ROWS)), None, yaml.load(LAST, yaml.BaseLoader), "last.yaml")
    raw = yaml.load(made.text, yaml.BaseLoader)["projects"]["ops"]["indicators"]
    response = raw["fault-response"]
    assert response["measure"]["among"] == {"year": "2026"}
    assert (response["judged_on"], response["attest_by"], response["owner"]) == ("2026-12-31", "2027-01-20", "运维科")
    assert (response["text"], response["target"], response["note"]) == ("≤5分钟", "<= 5 min", "按平均时长")
    assert raw["budget"]["target"] == ">= 95 %"
    assert raw["budget"]["note"] == "目标值由“>=90%”改为“＞＝９５％”"
    assert (made.carried, made.rows) == (2, 7)
    assert loaded(tmp_path, made.text).plans[0].projects[0].id == "ops"


def test_what_is_no_sheet_of_targets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="找不到绩效目标表"):
        tables(sheet(tmp_path / "t.xlsx", ["日期", "类型"], ["2026-01-01", "休"]))
    with pytest.raises(ConfigError, match="请用 --year 指明"):
        draft(tables(sheet(tmp_path / "t.xlsx", *OTHER[:1], *OTHER[2:])), None, None)


def test_the_command_writes_the_draft_once_and_names_every_guess(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = sheet(tmp_path / "t.xlsx", *HEAD, *ROWS), tmp_path / "targets.yaml"
    (tmp_path / "last.yaml").write_text(LAST, encoding="utf-8")
    command = ["import-targets", str(path), "--last", str(tmp_path / "last.yaml"), "-o", str(out)]
    invoke(*command)
    told = capsys.readouterr().out
    assert "预算执行率“＞＝９５％”：目标值由“>=90%”改为“＞＝９５％”" in told
    assert "7 行，沿用上年口径 2 行" in told
    with pytest.raises(ConfigError, match="文件已存在"):
        invoke(*command)


def test_the_seeds_tables_give_every_row_the_shipped_file_has(tmp_path: Path, shared: Path) -> None:
    lines = (shared / "seed-targets.txt").read_text(encoding="utf-8").splitlines()
    path = sheet(tmp_path / "seed.xlsx", *([cell or None for cell in line.split("\t")] for line in lines))
    shipped = load([ROOT / "targets.yaml"], None, collectors=COLLECTORS).plans[0]
    alone = loaded(tmp_path, draft(tables(path), 2026, None).text).plans[0]
    wanted = [(row.name, row.text, row.level, row.form) for one in shipped.projects for row in one.indicators]
    found = [(row.name, row.text, row.level, row.form) for one in alone.projects for row in one.indicators]
    assert found == wanted
    units = {row.name: row.targets[0][1].unit for row in alone.projects[0].indicators}
    assert units["故障响应及时率"] is Unit.SECONDS
    last = yaml.load((ROOT / "targets.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    made = draft(tables(path), 2026, last, "targets.yaml")
    assert (made.carried, made.rows) == (46, 46)
    carried = loaded(tmp_path, made.text).plans[0]
    for one, other in zip(carried.projects, shipped.projects, strict=True):
        assert {row.id: (row.measure, row.targets, row.weight) for row in one.indicators} == {
            row.id: (row.measure, row.targets, row.weight) for row in other.indicators
        }
