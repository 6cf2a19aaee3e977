"""The workbook in which each office fills in what it answers for: written, read back, and marked where it is wrong."""

from __future__ import annotations

from agent.roundtrip.marking import marked
from agent.roundtrip.reading import Returned, read
from agent.roundtrip.readings import Opinions, is_of_readings, lines_of, read_readings, workbook_of_readings
from agent.roundtrip.sheets import Sheets, sheets_of
from agent.roundtrip.writing import workbook

__all__ = [
    "Opinions",
    "Returned",
    "Sheets",
    "is_of_readings",
    "lines_of",
    "marked",
    "read",
    "read_readings",
    "sheets_of",
    "workbook",
    "workbook_of_readings",
]
