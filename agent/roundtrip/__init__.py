"""The workbook in which each office fills in what it answers for: written, read back, and marked where it is wrong."""

from __future__ import annotations

from agent.roundtrip.marking import marked
from agent.roundtrip.reading import Returned, read
from agent.roundtrip.sheets import Sheets, sheets_of
from agent.roundtrip.writing import workbook

__all__ = ["Returned", "Sheets", "marked", "read", "sheets_of", "workbook"]
