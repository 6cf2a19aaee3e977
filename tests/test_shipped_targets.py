"""Holds targets.yaml, the example sources and the workbook templates against what was promised, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
import yaml

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "deploy" / "templates"
HEADER = ["一级目标", "二级目标", "三级目标", "指标目标值"]
STATED = ("entered", "attested")

# Every row in its printed order: the kind of its measure, and what supplies the value, a kind of record or the 责任处室
# that states it; whether it cumulates; after a plus, the records behind its evidence.
ROWS = """
platform-ops
  budget-plan-soundness attested 财务科
  budget-execution entered 财务科 cumulative
  funds-in-place entered 财务科 cumulative
  finance-rules attested 财务科
  finance-oversight attested 财务科
  fund-use attested 财务科
  project-rules attested 办公室
  procurement attested 办公室
  contracts attested 办公室
  acceptance attested 信息科
  equipment-inspection attested 运维科 + inspection
  fixed-assets attested 办公室
  ops-completion share task cumulative + inspection
  features-completion entered 信息科 cumulative + feature
  system-stability attested 运维科 + uptime fault
  fault-handled share fault
  fault-response duration fault + fault
  features-on-time milestone feature cumulative
  cost-control entered 财务科 cumulative
  service-efficiency attested 业务科 + case
  staff-satisfaction entered 信息科 + survey
  features-fit attested 信息科
  department-usage attested 业务科 + usage
  interfaces-open attested 信息科 + call
home-sales
  budget-execution entered 财务科 cumulative
  budget-plan-soundness attested 财务科
  finance-rules attested 财务科
  finance-oversight attested 财务科
  project-rules attested 办公室
  project-rules-execution attested 办公室
  procurement attested 办公室
  contracts attested 办公室
  analysis-reports share report cumulative
  accreditation-quality share accreditation
  accreditation-timeliness attested 业务科 + accreditation
  extended-service days duty
  accreditation-review-on-time on_time accreditation
  monitoring-basis attested 业务科 + violation
  developer-satisfaction entered 业务科 + survey
  manager-satisfaction entered 办公室 + survey
  long-term-mechanism attested 办公室
  online-coverage share deal + deal
  acceptance-errors share check + check contract
  review-errors share check + check
  case-on-time on_time case + case
  customer-satisfaction share review + review
"""
IN_TEXT_ONLY = ("acceptance-errors", "review-errors", "case-on-time", "customer-satisfaction")

Tree = dict[str, Any]


class SeedRow(NamedTuple):
    """One printed row."""

    level: tuple[str, str]
    name: str
    text: str


def _load(path: Path) -> Tree:
    loaded: Tree = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    return loaded


@pytest.fixture(scope="module")
def targets() -> Tree:
    return _load(ROOT / "targets.yaml")


@pytest.fixture(scope="module")
def sources() -> Tree:
    return dict(_load(ROOT / "deploy" / "sources.example.yaml")["sources"])


@pytest.fixture(scope="module")
def seed(shared: Path) -> list[list[str]]:
    return [line.split("\t") for line in (shared / "seed-targets.txt").read_text("utf-8").splitlines()]


def _rows(targets: Tree) -> Iterator[tuple[str, str, Tree]]:
    for project, tree in targets["projects"].items():
        for indicator, row in tree["indicators"].items():
            yield project, indicator, row


def _measures(targets: Tree) -> Iterator[tuple[str, Tree]]:
    for project, indicator, row in _rows(targets):
        yield f"{project}/{indicator}", row["measure"]
        for name, evidence in row.get("evidence", {}).items():
            yield f"{project}/{indicator}/{name}", evidence["measure"]


def _tables(seed: list[list[str]]) -> list[list[SeedRow]]:
    """The rows of each table. Three rows lack their leading cell: one whose fourth cell is empty moves right."""
    tables: list[list[SeedRow]] = []
    first = second = ""
    inside = False
    for cells in seed:
        padded = [*cells, "", "", "", ""][:4]
        if padded == HEADER:
            tables.append([])
            inside = True
        elif inside and not any(padded):
            inside = False
        elif inside:
            row = ["", *padded[:3]] if not padded[3] else padded
            first, second = row[0] or first, row[1] or second
            tables[-1].append(SeedRow((first, second), row[2], row[3]))
    return tables


def _values(seed: list[list[str]], heading: str) -> list[str]:
    """What stands right of a heading, once a project."""
    return [cells[at + 1] for cells in seed for at, cell in enumerate(cells) if re.fullmatch(heading, cell)]


def test_every_row_of_the_original_tables_stands_in_the_file_as_printed(targets, seed):
    tables = _tables(seed)
    assert [len(table) for table in tables] == [24, 18]
    for tree, table in zip(targets["projects"].values(), tables, strict=True):
        shipped = [row for row in tree["indicators"].values() if row.get("form") != "none"]
        assert [SeedRow((*row["level"],), row["name"], row["text"]) for row in shipped] == table


def test_the_four_targets_of_the_prose_stand_after_the_tables_as_printed(targets, seed):
    prose = "".join(_values(seed, "总目标及阶段性目标："))
    printed = re.findall(r"\d、([^\d≤≥]+)([≤≥]\d+%)", prose.split("工作质量标准：")[1])
    shipped = [row for _, _, row in _rows(targets) if row.get("form") == "none"]
    assert [(row["name"], row["text"]) for row in shipped] == printed
    assert len(printed) == 4


def test_projects_carry_the_printed_names_funds_and_goals(targets, seed):
    projects = list(targets["projects"].values())
    assert [tree["name"] for tree in projects] == _values(seed, "项目名称：")
    budgets = _values(seed, "项目当年预算[(（]元[)）]：")
    assert [tree["funds"]["planned"] for tree in projects] == [budget.replace(",", "") for budget in budgets]
    assert [tree["form"]["年度总体目标"] for tree in projects] == _values(seed, "总目标及阶段性目标：")
    assert [tree["form"]["是否含有政府购买服务"] for tree in projects] == _values(seed, "是否含有政府购买服务：")
    assert {f"申报单位名称：{targets['organisation']}"} == {row[0] for row in seed if row[0].startswith("申报单位名称")}


def test_the_identities_are_those_of_the_domain_notes(targets, shared):
    noted = re.findall(r"^\| P([12])-\w+ `([a-z0-9-]+)` \|", (shared / "domain.md").read_text("utf-8"), re.MULTILINE)
    assert len(noted) == 46
    number = {"platform-ops": "1", "home-sales": "2"}
    assert [(number[project], indicator) for project, indicator, _ in _rows(targets)] == noted


def _as_listed(row: Tree) -> str:
    """A row of the file in the words of ROWS."""
    measure = row["measure"]
    words = [measure["kind"], row["owner"] if measure["kind"] in STATED else measure["of"]]
    words += ["cumulative"] if row.get("accumulation") == "cumulative" else []
    evidence = dict.fromkeys(each["measure"]["of"] for each in row.get("evidence", {}).values())
    return " ".join([*words, "+", *evidence] if evidence else words)


def test_each_of_the_46_rows_has_the_record_kind_or_the_office_that_supplies_it(targets):
    listed = []
    for project, tree in targets["projects"].items():
        listed += [project, *(f"  {name} {_as_listed(row)}" for name, row in tree["indicators"].items())]
    assert listed == ROWS.strip().splitlines()
    assert len(listed) == 46 + 2


def test_a_stated_row_is_asked_for_after_the_year_and_no_other_is(targets):
    for project, indicator, row in _rows(targets):
        stated = row["measure"]["kind"] in STATED
        assert row.get("attest_by") == ("2027-01-20" if stated else None), f"{project}/{indicator}"
        if row["measure"]["kind"] == "attested":
            assert row["target"] in row["measure"]["accept"], f"{project}/{indicator}"


def test_evidence_is_shown_and_never_judged(targets):
    for project, indicator, row in _rows(targets):
        assert not any("target" in each for each in row.get("evidence", {}).values()), f"{project}/{indicator}"


@pytest.mark.parametrize("profile", ["mof-2020", "shanghai-4class"])
def test_the_weights_of_a_project_sum_to_100_in_steps_of_a_half(targets, profile):
    for project, tree in targets["projects"].items():
        points = {indicator: Decimal(row["weight"][profile]) for indicator, row in tree["indicators"].items()}
        assert sum(points.values()) == 100, project
        assert all(each % Decimal("0.5") == 0 for each in points.values()), project
        assert {points[indicator] for indicator in IN_TEXT_ONLY if indicator in points} <= {Decimal(0)}


@pytest.mark.parametrize(
    ("profile", "classes"),
    [
        ("mof-2020", {"投入与管理": 10, "产出目标": 50, "效益": 30, "满意度": 10}),
        ("shanghai-4class", {"投入与管理": 36, "产出目标": 34, "效果和影响力": 30}),
    ],
)
def test_each_class_has_its_points_split_equally_with_the_remainder_on_its_last_row(targets, profile, classes):
    for project, tree in targets["projects"].items():
        split: dict[str, list[Decimal]] = {name: [] for name in classes}
        for indicator, row in tree["indicators"].items():
            if row.get("form") == "none" or (
                profile == "mof-2020" and row["level"][0] == "投入与管理" and indicator != "budget-execution"
            ):
                continue
            split[_class(profile, row["level"])].append(Decimal(row["weight"][profile]))
        assert {name: sum(points) for name, points in split.items()} == classes, project
        for name, points in split.items():
            share = (Decimal(classes[name]) * 2 / len(points)).to_integral_value() / 2
            assert points[:-1] == [share] * (len(points) - 1), f"{project} {name}"


def _class(profile: str, level: list[str]) -> str:
    first, second = level
    if first in ("投入与管理", "产出目标"):
        return first
    if profile == "shanghai-4class":
        return "效果和影响力"
    return "满意度" if second == "满意度" else "效益"


def test_cumulative_rows_are_judged_when_the_year_ends(targets):
    for project, indicator, row in _rows(targets):
        cumulative = row.get("accumulation") == "cumulative"
        assert row.get("judged_on") == ("2026-12-31" if cumulative else None), f"{project}/{indicator}"


def test_the_sign_printed_the_wrong_way_round_is_read_the_right_way_and_said_so(targets):
    row = targets["projects"]["home-sales"]["indicators"]["case-on-time"]
    assert (row["text"], row["target"]) == ("≤99%", ">= 99 %")
    assert "印反" in row["note"]


def test_a_fault_reported_a_minute_ago_is_not_yet_unhandled(targets):
    measure = targets["projects"]["platform-ops"]["indicators"]["fault-handled"]["measure"]
    assert (measure["cohort"], measure["judge_after"]) == ("reported_at", "24 h")


def test_fault_response_is_a_mean_duration_with_its_share_as_evidence(targets):
    row = targets["projects"]["platform-ops"]["indicators"]["fault-response"]
    assert (row["target"], row["measure"]["kind"], row["measure"]["statistic"]) == ("<= 5 min", "duration", "mean")
    assert row["evidence"]["within-5min"]["measure"]["limit"] == "5 min"


def test_features_on_time_is_a_date_once_all_planned_ones_are_accepted(targets):
    row = targets["projects"]["platform-ops"]["indicators"]["features-on-time"]
    assert row["target"] == "by 2026-12-31"
    assert row["measure"] == {"kind": "milestone", "of": "feature", "to": "accepted_at", "planned": {"year": "2026"}}


def test_extended_service_is_counted_on_the_days_the_calendar_demands(targets):
    measure = targets["projects"]["home-sales"]["indicators"]["extended-service"]["measure"]
    assert measure == {"kind": "days", "of": "duty", "cohort": "on_duty_at", "due_days": "extended"}
    assert set(targets["calendar"]["extended"]) == {"mon", "fri"}


def test_error_rates_count_what_is_wrong(targets):
    rows = targets["projects"]["home-sales"]["indicators"]
    for indicator in ("acceptance-errors", "review-errors"):
        assert rows[indicator]["measure"]["bad_when"] == {"result": "wrong"}
        assert "good_when" not in rows[indicator]["measure"]


def test_praise_the_system_gave_by_itself_is_excluded_with_its_reason(targets):
    measure = targets["projects"]["home-sales"]["indicators"]["customer-satisfaction"]["measure"]
    assert measure["good_when"] == {"score": ["3", "4", "5"]}
    assert [rule["when"] for rule in measure["exclude"]] == [{"automatic": "yes"}]


def test_a_row_whose_target_is_not_its_text_has_a_note_that_says_so(targets):
    for project, indicator, row in _rows(targets):
        same = re.sub(r"\s|>|<|=|≥|≤", "", row["target"]) == row["text"].strip("<>=≥≤")
        signed = row["text"][:1] in "<>=≥≤"
        if not (same and (signed or row["target"] == row["text"])):
            assert row.get("note"), f"{project}/{indicator}"


def test_the_ten_systems_are_named_and_owned(targets):
    systems = targets["systems"]
    assert len(systems) == 10
    assert all(system["owner"] and system["maintenance"] == [] for system in systems.values())
    assert systems["portal"]["name"] + systems["archive"]["name"] == "房地产交易网站档案管理系统"


# --- the example sources and the workbooks ----------------------------------------------------------------------------


def _read(measure: Mapping[str, Any]) -> set[str]:
    """The times and fields a measure reads."""
    single = ("from", "to", "due", "cohort", "numerator", "denominator")
    conditions = [measure.get(key, {}) for key in ("among", "good_when", "bad_when", "down_when", "planned")]
    conditions += [rule["when"] for rule in measure.get("exclude", [])]
    names = {measure[key] for key in single if key in measure} | {name for each in conditions for name in each}
    limit = measure.get("limit")
    if isinstance(limit, dict):
        names.add(limit["by"])
    return names | set(measure.get("pause", {}).values())


def test_every_record_a_measure_reads_has_an_example_source_that_maps_its_times_and_fields(targets, sources):
    mapped: dict[str, set[str]] = {"uptime": {"from", "to", "state"}}
    for source in sources.values():
        if source["collector"] != "probe":
            names = {*source.get("times", {}), *source.get("fields", {})}
            mapped[source["record"]] = mapped.get(source["record"], set()) | names
    for path, measure in _measures(targets):
        if measure["kind"] not in STATED:
            assert _read(measure) <= mapped.get(measure["of"], set()), path


def test_every_example_source_feeds_a_measure_and_every_system_has_one(targets, sources):
    used = {measure["of"] for _, measure in _measures(targets) if "of" in measure}
    assert {source["record"] for source in sources.values() if source["collector"] != "probe"} <= used
    probed = {source["system"]["is"] for source in sources.values() if source["collector"] == "probe"}
    assert probed == set(targets["systems"])
    for name, source in sources.items():
        system = source.get("system", {})
        assert {*system.get("map", {}).values(), *([system["is"]] if "is" in system else [])} <= {
            *targets["systems"]
        }, name


def test_no_secret_or_address_stands_in_the_example_sources(sources):
    for name, source in sources.items():
        if "url" in source:
            assert source["url"].startswith("${env:"), name
        assert all(value.startswith("${") for value in source.get("auth", {}).values() if isinstance(value, str)), name


def test_every_mapped_column_of_a_database_stands_in_its_query(sources):
    for name, source in sources.items():
        if source["collector"] == "sql":
            selected = set(re.findall(r"\w+", source["query"].split(" FROM ")[0]))
            assert _mapped_columns(source) <= selected, name


def _mapped_columns(source: Tree) -> set[str]:
    """The columns the mapping of a source reads; a fixed system or the parameter of a request is none."""
    mappings: list[Any] = [*source["times"].values(), *source.get("fields", {}).values()]
    mappings += [source[key] for key in ("changed_at", "version", "deleted", "since", "system") if key in source]
    named = [each.get("column") if isinstance(each, dict) else each for each in mappings]
    named += source["id"] if isinstance(source["id"], list) else [source["id"]]
    return {column for column in named if column}


WORKBOOKS = ("巡检", "运维任务", "新增功能", "分析报告", "延时服务值班", "违规处置")


@pytest.mark.parametrize("title", WORKBOOKS)
def test_a_workbook_has_every_column_its_source_maps_and_none_for_persons(title, targets, sources):
    [source] = [each for each in sources.values() if each.get("path") == f"inbox/{title}*.xlsx"]
    book = openpyxl.load_workbook(TEMPLATES / f"{title}.xlsx")
    rows, guide = book.worksheets
    headings = [cell.value for cell in rows[1]]
    if "map" in source.get("system", {}):
        assert set(source["system"]["map"]) == {system["name"] for system in targets["systems"].values()}
    assert _mapped_columns(source) <= set(headings)
    assert not {heading for heading in headings if re.search("姓名|人员|联系|电话|手机|证件|身份", str(heading))}
    assert rows.max_row == 1, "an empty workbook has no rows to read"
    assert (rows.freeze_panes, guide.title) == ("B2", "填写说明")


def test_the_code_columns_of_the_workbooks_offer_their_choices_and_the_dates_are_checked(targets):
    book = openpyxl.load_workbook(TEMPLATES / "巡检.xlsx")
    checks = {str(check.sqref): check for check in book.worksheets[0].data_validations.dataValidation}
    offered = checks["B2:B5000"].formula1.strip('"').split(",")
    assert offered == [system["name"] for system in targets["systems"].values()]
    assert checks["D2:D5000"].type == checks["E2:E5000"].type == "date"
    assert book.worksheets[0].column_dimensions["D"].number_format == "yyyy-mm-dd"
