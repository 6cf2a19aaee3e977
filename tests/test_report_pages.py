"""The reports in a real browser: nothing runs over, nothing is fetched, and a month prints on one page."""

from __future__ import annotations

import copy
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.accessibility import axe_complaints
from tests.form_site import PLAN, ROWS, form_site
from tests.report_site import report
from tests.servers import program, writer
from tests.showing import browser

pytestmark = pytest.mark.server

RUNS_OVER = """() => {
  const main = document.querySelector('main');
  return [Math.max(0, main.scrollWidth - main.clientWidth), Math.max(0, main.scrollHeight - main.clientHeight)];
}"""
CUT_OFF = """() => [...document.querySelectorAll('td span')].filter(one => one.scrollHeight > one.clientHeight + 1
  || one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""
OUT_OF_DRAWING = """() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const box = text.getBoundingClientRect(), wide = box.right > frame.right + 1 || box.left < frame.left - 1;
    return wide || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Callable[..., Page]]:
    with browser(program("chromium", "chromium")) as opened:
        yield opened


def shown(opened: Callable[..., Page], file: Path) -> Page:
    """The file as the browser shows it on paper, once it is known that it needs nothing else."""
    page, wrong, asked = opened(), [], []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    assert (wrong, asked) == ([], [file.as_uri()])
    return page


def pages(page: Page, folder: Path) -> int:
    """How many sheets of A4 it prints on."""
    page.pdf(path=folder / "report.pdf", prefer_css_page_size=True, print_background=True)
    return sheets(folder / "report.pdf")


def sheets(pdf: Path) -> int:
    """How many sheets of A4 a PDF has."""
    told = subprocess.run([program("pdfinfo", "poppler-utils"), pdf], capture_output=True, text=True, check=True).stdout
    facts = dict(line.split(":", 1) for line in told.splitlines())
    assert facts["Page size"].strip().endswith("(A4)")
    return int(facts["Pages"])


def test_a_month_prints_on_one_page(chromium: Callable[..., Page], tmp_path: Path) -> None:
    with form_site(tmp_path) as site:
        site.state_all()
        (tmp_path / "month.html").write_bytes(report(site, "monthly-report", "2026-09").content)
    page = shown(chromium, tmp_path / "month.html")
    assert page.evaluate(RUNS_OVER) == [0, 0]
    assert page.evaluate(OUT_OF_DRAWING) == []
    assert pages(page, tmp_path) == 1


def test_a_month_tells_as_many_misses_as_the_page_has_room_for_and_cuts_no_name(
    chromium: Callable[..., Page], tmp_path: Path
) -> None:
    plan = copy.deepcopy(PLAN)
    for number in range(6):
        more = copy.deepcopy(ROWS["answered"]) | {
            "name": f"房地产二级、三级市场网上全覆盖{number}",
            "weight": {},
            "evidence": {},
        }
        plan["projects"]["ops"]["indicators"][f"more-{number}"] = more
    with form_site(tmp_path, plan) as site:
        for number in range(6):
            site.state(f"more-{number}", through="2026-09-30", when="2026-10-01T10:00", reason="值守缺人")
        (tmp_path / "month.html").write_bytes(report(site, "monthly-report", "2026-09").content)
    page = shown(chromium, tmp_path / "month.html")
    told = page.locator("section", has_text="未达标与原因").locator("tbody tr").all_inner_texts()
    assert len(told) == 4  # of two lines each
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(RUNS_OVER) == [0, 0]
    assert pages(page, tmp_path) == 1


def test_a_month_with_too_much_to_say_prints_on_one_page_too(chromium: Callable[..., Page], tmp_path: Path) -> None:
    plan = copy.deepcopy(PLAN)
    rows = plan["projects"]["ops"]["indicators"]
    for number in range(30):
        more = copy.deepcopy(ROWS["answered"])
        rows[f"more-{number}"] = more | {
            "name": f"名称很长而且谁也不肯缩短的指标第{number}号" * 3,
            "weight": {},
            "owner": f"第{number}处室",
            "evidence": {},
        }
    plan["organisation"] = "名称很长的单位" * 6
    with form_site(tmp_path, plan) as site:
        (tmp_path / "month.html").write_bytes(report(site, "monthly-report", "2026-09").content)
    page = shown(chromium, tmp_path / "month.html")
    assert page.evaluate(RUNS_OVER) == [0, 0]
    assert pages(page, tmp_path) == 1


def test_a_year_prints_on_a4_with_nothing_cut_off(chromium: Callable[..., Page], tmp_path: Path) -> None:
    with form_site(tmp_path) as site:
        site.state_all()
        (tmp_path / "year.html").write_bytes(report(site, "annual-report").content)
    page = shown(chromium, tmp_path / "year.html")
    assert page.evaluate(RUNS_OVER) == [0, 0]
    assert page.evaluate(OUT_OF_DRAWING) == []
    assert pages(page, tmp_path) >= 2


@pytest.mark.parametrize(("form", "month"), [("monthly-report", "2026-09"), ("annual-report", None)])
def test_axe_finds_nothing_wrong_with_a_report(
    chromium: Callable[..., Page], tmp_path: Path, form: str, month: str | None
) -> None:
    with form_site(tmp_path) as site:
        site.state_all()
        (tmp_path / "report.html").write_bytes(report(site, form, month).content)
    page = chromium()
    page.goto((tmp_path / "report.html").as_uri())
    assert axe_complaints(page) == []


@pytest.mark.parametrize(("form", "least", "most"), [("monthly-report", 1, 1), ("annual-report", 2, 5)])
def test_libreoffice_opens_the_word_file_and_prints_every_chart(
    tmp_path: Path, form: str, least: int, most: int
) -> None:
    office = writer()
    with form_site(tmp_path) as site:
        site.state_all()
        (tmp_path / "report.docx").write_bytes(report(site, form, ending=".docx").content)
        titles = re.findall("<figcaption>(.*?)</figcaption>", report(site, form).content.decode())
    home = f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"
    command: list[str | Path] = [
        office,
        home,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        tmp_path,
        tmp_path / "report.docx",
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert least <= sheets(tmp_path / "report.pdf") <= most
    text = subprocess.run(
        [program("pdftotext", "poppler-utils"), tmp_path / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    squeezed = "".join(text.split())
    assert titles
    assert [title for title in titles if "".join(title.split()) not in squeezed] == []
