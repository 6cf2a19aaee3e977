"""The monitoring form, the table of targets, and what every form is written as."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from agent.asking import answer
from agent.cli.exporting import make_and_log
from agent.evaluate import Board
from agent.export import FORMATS, LAYOUTS
from agent.export.monitoring import foreseen
from agent.export.rows import Likely
from agent.ledger import acts
from agent.model import Forecast
from agent.status import Question
from tests import servers
from tests.form_site import FormSite, form_site
from tests.plans import at

pytestmark = pytest.mark.whole

AUGUST = at("2026-08-10T09:00")
SEVEN = "2026-01..07"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path, read=AUGUST) as made:
        made.state("execution", "2026-07-31", "2026-08-03T10:00", numerator="550000", denominator="1000000")
        yield made


def rows_of(content: Any) -> dict[str, Any]:
    return {row["indicator"]: row for row in content["rows"]}


def test_the_months_of_the_monitoring_form_have_the_values_of_the_status(site: FormSite) -> None:
    content = site.content("monitoring", period=SEVEN, now=AUGUST)
    told = site.status(AUGUST, "2026-01-01", "2026-08-01")["indicators"]
    known = {one["indicator"]: one for one in told if one["system"] is None}
    rows = rows_of(content)
    assert {id: row["verdict"] for id, row in rows.items()} == {id: known[id] for id in rows}
    assert rows["answered"]["printed_value"] == "66.67%"
    assert rows["execution"]["printed_value"] == "55.00%"
    assert content["funds"][0] == {
        "label": "年度资金总额",
        "planned": 1000000,
        "budget": 1000000,
        "executed": 550000,
        "rate": 0.55,
    }


def test_where_the_year_will_end_is_proposed_from_the_forecast_of_the_status(site: FormSite) -> None:
    rows = rows_of(site.content("monitoring", period=SEVEN, now=AUGUST))
    year = answer(site.config, site.ledger, Question(window="year"), AUGUST)["indicators"]
    known = {one["indicator"]: one for one in year if one["system"] is None}
    assert rows["answered"]["expected"] == f"{known['answered']['forecast']['value'] * 100:.2f}%"
    assert (rows["answered"]["likely"], known["answered"]["reachable"]) == ("not", False)
    assert (rows["execution"]["expected"], rows["execution"]["likely"]) == ("55.00%", "maybe")
    assert (rows["rules"]["expected"], rows["rules"]["likely"]) == (None, None)  # nobody has said anything
    printed = texts(site.made("monitoring", ".xlsx", period=SEVEN, now=AUGUST).content)
    assert f"建议：{rows['answered']['expected']}" in printed
    assert any("为建议（待确认）" in text for text in printed)
    assert {"1-7月执行情况", "偏差原因分析", "完全不可能", "（2026年度 · 1-7月）"} <= set(printed)


def test_what_was_proposed_is_kept_in_the_log(site: FormSite) -> None:
    make_and_log(site.order("monitoring", period=SEVEN, now=AUGUST))
    with site.ledger.read() as session:
        (act,) = [one for one in acts.read(session) if one.kind == "export"]
    kept = act.body["rows"]["ops/answered"]
    assert (kept["value"], kept["likely"]) == ("66.67%", "完全不可能")
    assert kept["expected"].endswith("%")


@pytest.mark.parametrize(
    ("reachable", "value", "likely"),
    [(True, 0.81, Likely.SURE), (True, 0.8, Likely.SURE), (True, 0.79, Likely.MAYBE), (False, 0.79, Likely.NOT)],
)
def test_what_is_likely_follows_from_the_forecast_and_whether_the_target_is_in_reach(
    site: FormSite, reachable: bool, value: float, likely: Likely
) -> None:
    snapshot = Board(site.config, site.ledger).refresh(AUGUST)
    known = next(one for one in snapshot.verdicts if (one.indicator, one.window.name) == ("answered", "year"))
    forecast = Forecast(value, value, value, 0.5)
    row = site.config.plans[0].projects[0].indicators[0]
    assert foreseen(replace(known, reachable=reachable, forecast=forecast), row)[1] is likely


@pytest.mark.parametrize(
    ("indicator", "accumulation", "said", "proposed"),
    [
        ("liked", "rate", {"numerator": "96", "denominator": "100"}, ("96.00%", Likely.SURE)),
        ("liked", "rate", {"numerator": "90", "denominator": "100"}, ("90.00%", Likely.MAYBE)),
        ("rules", "rate", {"word": "健全", "band": "achieved"}, ("健全（达成年度指标）", Likely.SURE)),
        ("rules", "rate", {"word": "一般", "band": "not_achieved", "score": "0.5"},
         ("一般（未达成年度指标且效果较差）", Likely.MAYBE)),
        ("reports", "cumulative", {"numerator": "7"}, (None, Likely.MAYBE)),
        ("reports", "cumulative", {"numerator": "12"}, ("12", Likely.SURE)),
        ("open", "rate", {"not_applicable": True, "reason": "无"}, (None, None)),
    ],
)  # fmt: skip
def test_of_a_stated_row_the_last_statement_is_proposed_where_the_year_may_stay_so(
    site: FormSite, indicator: str, accumulation: str, said: dict[str, Any], proposed: tuple[str | None, Likely | None]
) -> None:
    site.state(indicator, "2026-07-31", "2026-08-03T10:00", **said)
    snapshot = Board(site.config, site.ledger).refresh(AUGUST)
    known = next(one for one in snapshot.verdicts if (one.indicator, one.window.name) == (indicator, "year"))
    row = next(one for one in site.config.plans[0].projects[0].indicators if one.id == indicator)
    assert foreseen(known, replace(row, accumulation=accumulation)) == proposed


def test_the_causes_people_ticked_stand_in_their_columns_unless_a_text_was_put_there(site: FormSite) -> None:
    site.state("answered", through="2026-07-31", reason="值守缺人", causes=["staff", "other"])
    headings = ["经费保障", "制度保障", "人员保障", "硬件条件保障", "其他", "原因说明"]
    table = site.made("monitoring", ".csv", period="2026-01..07").content.decode("utf-8-sig")
    (line,) = [cells for cells in csv.reader(table.splitlines()) if "故障及时响应率" in cells]
    assert dict(zip(headings, line[6:12], strict=True)) == {
        "经费保障": "", "制度保障": "", "人员保障": "√", "硬件条件保障": "", "其他": "√", "原因说明": "值守缺人",
    }  # fmt: skip


def test_the_table_of_targets_prints_what_was_promised_and_no_verdict(site: FormSite) -> None:
    content = site.content("targets")
    assert next((row["level"], row["name"], row["printed_target"]) for row in content["rows"]) == (
        ["投入与管理", "投入管理"],
        "预算执行率",
        ">=95%",
    )
    printed = texts(site.made("targets", ".xlsx").content)
    assert {"财政项目支出绩效目标表", "申报单位名称：房地产交易中心", "1,000,000", "2026年绩效目标"} <= set(printed)
    assert "受理差错率" not in printed


@pytest.mark.parametrize("form", sorted(LAYOUTS))
@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_every_form_is_written_as_everything_with_the_same_bytes_twice(site: FormSite, form: str, ending: str) -> None:
    first = site.made(form, ending, now=AUGUST).content
    assert first == site.made(form, ending, now=AUGUST).content
    if ending != ".xlsx":
        assert "使用人员满意度" in first.decode("utf-8-sig")


def test_no_text_of_a_csv_counts_as_a_formula(site: FormSite) -> None:
    content = site.made(ending=".csv", now=AUGUST).content
    assert content.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    assert {"'=95%", "'=住建委"} <= set(cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_no_text_of_a_page_counts_as_markup(tmp_path: Path) -> None:
    with form_site(tmp_path, read=AUGUST) as site:
        site.state("answered", reason="<script>alert(1)</script>")
        page = site.made(ending=".html", now=at("2027-01-10T09:00")).content.decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


# --- on paper ---------------------------------------------------------------------------------------------------------


def paper(pdf: Path) -> tuple[list[str], int, str]:
    """The sizes of a PDF's pages, how many there are, and its text without spaces."""
    shown = subprocess.run(
        [servers.program("pdfinfo", "poppler-utils"), pdf], capture_output=True, check=True, text=True
    )
    sizes = [line for line in shown.stdout.splitlines() if line.startswith("Page size")]
    (count,) = [int(line.split()[1]) for line in shown.stdout.splitlines() if line.startswith("Pages:")]
    text = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, check=True, text=True).stdout
    return sizes, count, "".join(text.split())


@pytest.mark.server
@pytest.mark.parametrize(("form", "pages"), [("self-evaluation", 3), ("monitoring", 1), ("targets", 1)])
def test_a_workbook_prints_on_a4_with_every_text(site: FormSite, form: str, pages: int) -> None:
    soffice = servers.program("soffice", "libreoffice-calc")
    made = site.made(form, ".xlsx", now=AUGUST, period=SEVEN if form == "monitoring" else None)
    file = site.folder / "form.xlsx"
    file.write_bytes(made.content)
    home = f"-env:UserInstallation={(site.folder / 'office').as_uri()}"
    subprocess.run(
        [soffice, home, "--headless", "--convert-to", "pdf", "--outdir", site.folder, file],
        check=True,
        capture_output=True,
    )
    sizes, count, text = paper(site.folder / "form.pdf")
    assert all("(A4)" in size for size in sizes)
    assert count <= pages
    missing = [cell for cell in texts(made.content) if "".join(cell.split()) not in text and len(cell) < 12]
    assert missing == []


@pytest.mark.server
def test_the_page_prints_on_a4_with_every_text(site: FormSite, chromium_path: str) -> None:
    file = site.folder / "form.html"
    file.write_bytes(site.made(ending=".html", now=AUGUST).content)
    pdf = site.folder / "form.pdf"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
    subprocess.run([chromium_path, *options, file.as_uri()], check=True, capture_output=True)
    sizes, count, text = paper(pdf)
    assert all("(A4)" in size for size in sizes)
    assert count <= 4
    names = [row["name"] for row in json.loads(site.made(now=AUGUST).content)["projects"][0]["rows"]]
    assert [name for name in names if name not in text] == []


def texts(content: bytes) -> list[str]:
    book = load_workbook(io.BytesIO(content))
    return [
        cell.value
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str)
    ]
