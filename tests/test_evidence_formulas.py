"""The formula beside each table of a pack, evaluated by LibreOffice on the table as it opens it, gives the value."""

from __future__ import annotations

import csv
import gzip
import subprocess
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest

from agent.evidence.reading import Pack
from tests import servers
from tests.closed_site import busy_site, closed

pytestmark = pytest.mark.server

AWAY = "AZ1"  # a cell in no column of any table


def office(folder: Path, files: list[Path], *how: str) -> None:
    """Have LibreOffice open files and write them as workbooks."""
    program = servers.program("soffice", "libreoffice-calc")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", *how, "--convert-to", "xlsx", "--outdir", str(folder), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)


def test_every_formula_gives_its_value_in_a_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with busy_site(tmp_path / "site") as site:
        closed(site, tmp_path / "pack.zip")
    pack, made = Pack(tmp_path / "pack.zip"), tmp_path / "made"
    made.mkdir()
    rows = list(csv.DictReader(pack.content("values.csv").decode("utf-8-sig").splitlines()))
    wanted = {str(number): row for number, row in enumerate(rows) if row["表"]}
    assert len(wanted) == 10
    for name, row in wanted.items():
        (made / f"{name}.csv").write_bytes(gzip.decompress(pack.content(row["表"])))
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
        expected = Fraction(row["精确值"])
        if row["单位"] == "date":
            expected -= 693594  # a spreadsheet counts days from 1899-12-30
        assert isinstance(got, int | float), (row["指标"], got)
        assert got == pytest.approx(float(expected), rel=1e-12), row["指标"]
