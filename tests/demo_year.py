"""The demonstration's year, over: its records collected over the wire into a ledger, and its workbook filled in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from openpyxl import load_workbook

from agent.acts import Part
from agent.acts.filling import BY_KEY, Kind
from agent.acts.saying import OF_CAUSE
from agent.book import Book, definitions, register
from agent.config import Config, Indicator, load
from agent.demo.platform import SOURCES, Platform
from agent.demo.seasons import SHANGHAI
from agent.ledger import Ledger
from agent.measures import Attested
from agent.model import Band, instant_of
from agent.poll import Round
from agent.roundtrip.asked import is_open
from agent.roundtrip.cells import FIRST_ROW, HEADER_ROWS
from agent.roundtrip.layout import COLUMNS, GUIDE, HEAD_TEXT, HEADS, HIDDEN, identity
from agent.words import BANDS
from collectors import COLLECTORS
from tests import servers

ROOT = Path(__file__).parents[1]
LAST_MOMENT = datetime(2026, 12, 31, 23, 59, 30, tzinfo=SHANGHAI)
PAPER = "佐证.pdf"


class Typed(NamedTuple):
    """What a person types into a cell."""

    sheet: str
    cell: str
    text: str


@contextmanager
def demo_year(folder: Path) -> Iterator[tuple[Config, Path]]:
    """The configuration, and a ledger that has read the whole year; nothing listens any more."""
    platform = Platform(folder / "platform", seed=7, start=LAST_MOMENT)
    platform.open()
    try:
        config = load([ROOT / "targets.yaml"], SOURCES, collectors=COLLECTORS, environ=platform.environment)
        ledger = Ledger.open(folder / "read.db")
        book = Book(ledger, register(ledger, definitions(config)).known)
        for source in config.sources:
            Round(source, COLLECTORS[source.collector](source.options), book).run(instant_of(LAST_MOMENT), forced=True)
        ledger.close()
    finally:
        platform.stop()
    yield config, folder / "read.db"


def everything(file: Path, config: Config) -> list[Typed]:
    """What officers type so that every row is filled in, every cell of it that is open, each by what it asks."""
    (plan,) = config.plans
    rows = {(project.id, row.id): row for project in plan.projects for row in project.indicators}
    typed: list[Typed] = []
    for sheet in load_workbook(file).worksheets:
        if sheet.title in (GUIDE, HIDDEN):
            continue
        places = {str(sheet.cell(row, at).value): at for row in HEADER_ROWS for at in range(1, len(COLUMNS) + 1)}
        for number in range(FIRST_ROW, sheet.max_row + 1):
            known = identity(str(sheet.cell(number, 1).value))
            if known is None:
                continue
            if sheet.title == HEADS:
                field = BY_KEY[known.name.removeprefix("@")]
                typed.append(Typed(sheet.title, sheet.cell(number, places[HEAD_TEXT]).coordinate, FIELDS[field.kind]))
                continue
            row = rows[(known.project, known.name)]
            for column in COLUMNS:
                if column.part is None or column.label not in places or not is_open(row, column.part):
                    continue
                if (text := answer_of(row, column.part)) is not None:
                    typed.append(Typed(sheet.title, sheet.cell(number, places[column.label]).coordinate, text))
    return typed


FIELDS = {Kind.AMOUNT: "1000000", Kind.DAY: "2027-01-15", Kind.LINE: "王某", Kind.TEXT: "运行平稳，按期完成"}
NUMBERS = {Part.NUMERATOR: "98", Part.DENOMINATOR: "100", Part.SENT: "120", Part.RETURNED: "110", Part.VALID: "100"}
NOT_APPLICABLE = ("home-sales", "procurement")


def answer_of(row: Indicator, part: Part) -> str | None:
    """What is typed for a part of a row; None for what stays empty."""
    if (row.project, row.id) == NOT_APPLICABLE:
        return {Part.NOT_APPLICABLE: "是", Part.REASON: "本年度没有政府采购", Part.THROUGH: "2026-12-31"}.get(part)
    match part:
        case Part.NOT_APPLICABLE:
            return None
        case _ if part in OF_CAUSE:
            return None
        case Part.WORD if isinstance(row.measure, Attested):
            return row.measure.accept[0]
        case Part.BAND:
            return BANDS[Band.ACHIEVED]
        case Part.SCORE:
            return "95%"
        case Part.EVIDENCE:
            return PAPER
        case Part.THROUGH:
            return "2026-12-31"
        case Part.REASON:
            return f"{row.name}的说明"
        case _:
            return NUMBERS[part]


def typed_by_program(file: Path, typed: Sequence[Typed]) -> None:
    """Each cell as openpyxl puts it: a number as a number, what is left as text."""
    book = load_workbook(file)
    for one in typed:
        cell = book[one.sheet][one.cell]
        assert not cell.protection.locked
        cell.value = float(one.text) if one.text.isdigit() else one.text
    book.save(file)


BASIC = """Sub Fill
  Dim aOpen(0) As New com.sun.star.beans.PropertyValue
  Dim aSave(0) As New com.sun.star.beans.PropertyValue
  aOpen(0).Name = "Hidden"
  aOpen(0).Value = True
  aSave(0).Name = "FilterName"
  aSave(0).Value = "Calc MS Excel 2007 XML"
  oDoc = StarDesktop.loadComponentFromURL("{file}", "_blank", 0, aOpen())
  oFiles = createUnoService("com.sun.star.ucb.SimpleFileAccess")
  oText = createUnoService("com.sun.star.io.TextInputStream")
  oText.setInputStream(oFiles.openFileRead("{typed}"))
  oText.setEncoding("UTF-8")
  Do While Not oText.isEOF()
    aParts = Split(oText.readLine(), Chr(9))
    If UBound(aParts) = 2 Then
      oDoc.Sheets.getByName(aParts(0)).getCellRangeByName(aParts(1)).FormulaLocal = aParts(2)
    End If
  Loop
  oDoc.storeToURL("{out}", aSave())
  oDoc.close(True)
  StarDesktop.terminate()
End Sub
"""
MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
{basic}</script:module>
"""
LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Module1"/></library:library>
"""
LIBRARIES = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple"
 library:link="false"/></library:libraries>
"""


def typed_into_libreoffice(file: Path, typed: Sequence[Typed], folder: Path) -> None:
    """Each text typed into its cell in LibreOffice, which reads it as it reads what a person types, and saved there."""
    office = servers.program("soffice", "libreoffice-calc")
    out, lines, basic = folder / "saved.xlsx", folder / "typed.txt", folder / "profile" / "user" / "basic"
    lines.write_text("".join("\t".join(one) + "\n" for one in typed), encoding="utf-8")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    start = [office, profile, "--headless", "--norestore"]
    # A new profile is filled from presets at the first start, which would take the place of what is put there before.
    subprocess.run([*start, "--terminate_after_init"], check=True, capture_output=True, timeout=300)
    places = {"file": file.as_uri(), "typed": lines.as_uri(), "out": out.as_uri()}
    (basic / "Standard" / "Module1.xba").write_text(
        MODULE.format(basic=escape(BASIC.format(**places))), encoding="utf-8"
    )
    (basic / "Standard" / "script.xlb").write_text(LIBRARY, encoding="utf-8")
    (basic / "script.xlc").write_text(LIBRARIES, encoding="utf-8")
    subprocess.run([*start, "macro:///Standard.Module1.Fill"], check=True, capture_output=True, timeout=300)
    shutil.move(out, file)
