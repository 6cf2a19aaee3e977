"""A year's notice from Excel or YAML, and the calendar as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from agent.config import load
from agent.config.arrangement import read_sheet, written
from agent.model import ConfigError
from agent.worktime import CalendarUnknown, YearArrangement
from collectors import COLLECTORS
from tests.commands import invoke

TEMPLATE = Path(__file__).parents[1] / "deploy" / "templates" / "工作日安排.xlsx"
PLAN = """
year: 2026
organisation: 交易中心
timezone: Asia/Shanghai
calendar: {calendar}
projects: {{ops: {{name: 运维, indicators: {{}}}}}}
"""
NOTICE = (
    ("日期", "类型", "说明"),
    (datetime(2027, 1, 1), "休", "元旦"),  # noqa: DTZ001 - Excel's dates carry no zone
    ("2027-02-05", "放假", "春节"),
    ("2027/2/8", "法定节假日", None),
    ("2027年2月13日", "调休上班", "周六"),
)


def sheet(folder: Path, rows: Sequence[Sequence[object]], name: str = "日历.xlsx") -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    book.save(folder / name)
    return folder / name


def targets(folder: Path, calendar: str = "{}") -> Path:
    path = folder / "targets.yaml"
    path.write_text(PLAN.format(calendar=calendar), encoding="utf-8")
    return path


def test_a_notice_is_read_from_excel_in_the_words_and_dates_people_write(tmp_path: Path) -> None:
    year, arrangement = read_sheet(sheet(tmp_path, NOTICE))
    assert year == 2027
    assert arrangement.holidays == (date(2027, 1, 1), date(2027, 2, 5), date(2027, 2, 8))
    assert arrangement.makeup == (date(2027, 2, 13),)


def test_a_day_of_the_december_before_may_stand_in_the_notice(tmp_path: Path) -> None:
    rows = [*NOTICE, ("2026-12-31", "休")]
    assert read_sheet(sheet(tmp_path, rows))[1].holidays[0] == date(2026, 12, 31)


def test_all_mistakes_of_a_sheet_come_at_once_with_their_cells(tmp_path: Path) -> None:
    rows = [
        ("2027年放假安排", None),
        ("日期", "类型"),
        ("2027-01-01", "休"),
        ("2027-01-01", "休"),
        ("2027-02-30", "休"),
        ("2027-02-03", "班"),
        ("2027-02-06", "值班"),
        ("2028-02-06", "休"),
        (None, None),
        ("2027-10-01", None),
    ]
    path = sheet(tmp_path, rows)
    with pytest.raises(ConfigError) as refused:
        read_sheet(path)
    assert [line.removeprefix(f"{path} ") for line in refused.value.problems] == [
        "A4：2027-01-01 与 A3 重复",
        "A5：日期应写成 2027-01-01 这样，现为“2027-02-30”",
        "B6：2027-02-03 是星期三，本来就上班，只有周六、周日才填“班”",
        "B7：类型应为“休”或“班”，现为“值班”",
        "A8：2028-02-06 不在2027年：一张表只写一年（可含上年12月）",
        "B10：类型应为“休”或“班”，现为“”",
    ]


@pytest.mark.parametrize(
    ("rows", "says"),
    [([("日子", "种类")], "没有表头“日期”和“类型”"), ([("日期", "类型")], "表头下面没有任何日期")],
)
def test_a_sheet_without_headings_or_rows_is_refused(tmp_path: Path, rows: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_sheet(sheet(tmp_path, rows))


@pytest.mark.parametrize(("content", "says"), [(None, "打不开文件"), (b"no workbook", "不是 Excel 工作簿")])
def test_what_is_no_workbook_is_refused_in_one_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "日历.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        read_sheet(path)


def test_an_imported_year_is_known_once_targets_yaml_names_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = targets(tmp_path)
    invoke("calendar", "import", str(sheet(tmp_path, NOTICE)), "--targets", str(path))
    assert "years_file: calendar-2027.yaml" in capsys.readouterr().out
    show = ["calendar", "show", "--year", "2027", "--targets", str(path)]
    assert invoke(*show) == 1
    assert "the working days of 2027 are not known" in capsys.readouterr().err
    targets(tmp_path, "{years_file: calendar-2027.yaml}")
    assert invoke(*show) == 0
    shown = capsys.readouterr().out.replace("\n", "")
    assert "2027年工作日安排：全年工作日 259" in shown  # 261 weekdays, three of them off, one Saturday worked
    for mark in ("1休", "5休", "8休", "13班"):
        assert mark in shown


def test_a_year_may_stand_in_targets_yaml_itself(tmp_path: Path) -> None:
    path = targets(tmp_path, '{years: {"2027": {holidays: [2027-01-01], makeup: [2027-01-02]}}}')
    (plan,) = load([path], None, collectors=COLLECTORS).plans
    works = [plan.calendar.is_workday(date(2027, 1, day).toordinal()) for day in (1, 2, 3, 4)]
    assert works == [False, True, False, True]
    with pytest.raises(CalendarUnknown):
        plan.calendar.is_workday(date(2028, 1, 3).toordinal())


def test_mistakes_in_a_file_of_years_are_named_there(tmp_path: Path) -> None:
    (tmp_path / "next.yaml").write_text(
        'years:\n  "2027":\n    makeup: [2027-02-03]\n  "2028":\n    holiday: [2028-01-01]\n', encoding="utf-8"
    )
    path = targets(tmp_path, "{years_file: [next.yaml, none.yaml]}")
    with pytest.raises(ConfigError) as refused:
        load([path], None, collectors=COLLECTORS)
    said = [line.removeprefix(f"{tmp_path}/") for line in refused.value.problems]
    assert said[0].startswith("next.yaml:5: years.2028.holiday: unknown key")
    assert said[1].startswith("none.yaml:1: cannot be read")


def test_a_make_up_day_that_is_no_weekend_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "next.yaml").write_text('years:\n  "2027": {makeup: [2027-02-03]}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"next.yaml:2: years.2027: .*make-up day 2027-02-03 is no Saturday"):
        load([targets(tmp_path, "{years_file: next.yaml}")], None, collectors=COLLECTORS)


def test_a_year_is_taken_from_one_place_alone(tmp_path: Path) -> None:
    (tmp_path / "next.yaml").write_text(written(2027, YearArrangement((date(2027, 1, 1),))), encoding="utf-8")
    path = targets(tmp_path, '{years_file: next.yaml, years: {"2027": {holidays: [2027-01-01]}}}')
    with pytest.raises(ConfigError, match=r"expected each year once, got 2027 in next\.yaml again"):
        load([path], None, collectors=COLLECTORS)


def test_the_shipped_workbook_has_the_headings_and_is_empty() -> None:
    with pytest.raises(ConfigError, match="表头下面没有任何日期"):
        read_sheet(TEMPLATE)
