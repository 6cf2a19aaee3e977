"""The formula beside each table of a pack, evaluated by LibreOffice on the table as it opens it, gives the value."""

from __future__ import annotations

import copy
import csv
import gzip
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest

from agent.book.period import year_of
from agent.evidence.reading import Pack
from tests import servers
from tests.closed_site import busy_site, closed
from tests.form_site import OVER, PLAN, form_site

pytestmark = pytest.mark.server

AWAY = "AZ1"  # a cell in no column of any table


def office(folder: Path, files: list[Path], *how: str) -> None:
    """Have LibreOffice open files and write them as workbooks."""
    program = servers.program("soffice", "libreoffice-calc")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", *how, "--convert-to", "xlsx", "--outdir", str(folder), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)


def packs(folder: Path) -> Iterator[Path]:
    """Packs with every kind of measure and statistic, and of stated values a number, a quotient and a word."""
    for name in ("busy", "stated"):
        (folder / name).mkdir()
    with busy_site(folder / "busy") as site:
        closed(site, folder / "busy.zip")
    yield folder / "busy.zip"
    plan = copy.deepcopy(PLAN)
    rows = plan["projects"]["ops"]["indicators"]
    faults = {"of": "fault", "from": "reported_at", "to": "responded_at"}
    rows["answered"]["evidence"] |= {
        "p95": {"name": "95分位", "measure": {"kind": "duration", "statistic": "p95", **faults}},
        "right": {
            "name": "无误率",
            "measure": {"kind": "share", "of": "fault", "cohort": "reported_at", "good_when": {"wrong": "absent"}},
        },
    }
    with form_site(folder / "stated", plan) as years:
        years.state_all()
        closed(years, folder / "stated.zip", period=year_of(2026), now=OVER)
    yield folder / "stated.zip"


def test_every_formula_gives_its_value_in_a_spreadsheet(tmp_path: Path) -> None:
    made, wanted = tmp_path / "made", dict[str, dict[str, str]]()
    made.mkdir()
    for file in packs(tmp_path):
        pack = Pack(file)
        rows = list(csv.DictReader(pack.content("values.csv").decode("utf-8-sig").splitlines()))
        of_pack = {f"{file.stem}{number}": row for number, row in enumerate(rows) if row["公式"]}
        for name, row in of_pack.items():
            content = pack.content(row["表"])
            (made / f"{name}.csv").write_bytes(gzip.decompress(content) if row["表"].endswith(".gz") else content)
        wanted |= of_pack
    assert {row["指标编号"] for row in wanted.values()} >= {
        *("answered", "answered/mean", "answered/median", "answered/longest", "answered/p95", "answered/right"),
        *("response", "duplicates", "up", "calls", "duty", "built", "approved"),
        *("sound", "execution", "reports", "open", "liked", "rules"),
    }
    office(made, [made / f"{name}.csv" for name in wanted], "--infilter=CSV:44,34,76,1")  # commas, UTF-8
    for name, row in wanted.items():
        book = openpyxl.load_workbook(made / f"{name}.xlsx")
        assert book.active is not None
        book.active[AWAY] = row["公式"].removeprefix("'")
        book.active[AWAY].number_format = "General"
        (made / "asked").mkdir(exist_ok=True)
        book.save(made / "asked" / f"{name}.xlsx")
    (made / "answered").mkdir()
    office(made / "answered", [made / "asked" / f"{name}.xlsx" for name in wanted])
    for name, row in wanted.items():
        book = openpyxl.load_workbook(made / "answered" / f"{name}.xlsx", data_only=True)
        assert book.active is not None
        got = book.active[AWAY].value
        if row["单位"] == "text":
            assert got == row["值"], row["指标"]
            continue
        expected = Fraction(row["精确值"])
        if row["单位"] == "date":
            expected -= 693594  # a spreadsheet counts days from 1899-12-30
        assert isinstance(got, int | float), (row["指标"], got)
        assert got == pytest.approx(float(expected), rel=1e-12), row["指标"]
