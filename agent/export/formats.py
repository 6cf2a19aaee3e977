"""What a form can be written as, by the ending of the file's name: one function and one line each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from csv import writer
from pathlib import Path

from agent.export.form import Form
from agent.export.page import html
from agent.export.workbook import xlsx
from agent.model import ConfigError

Format = Callable[[Form], bytes]


def as_json(form: Form) -> bytes:
    """Everything the form says, for programs."""
    return (json.dumps({"title": form.title, **form.content}, ensure_ascii=False, indent=1) + "\n").encode()


def csv(form: Form) -> bytes:
    """The cells of every sheet, with the mark by which Excel knows UTF-8; no text counts as a formula."""
    held = io.StringIO()
    write = writer(held, lineterminator="\r\n")
    for sheet in form.sheets:
        for row in sheet.rows:
            cells = [""] * len(sheet.widths)
            for column, cell in row:
                cells[column] = harmless(cell.text)
            write.writerow(cells)
        write.writerow([])
    return held.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """The text, marked as one where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


FORMULA = ("=", "+", "-", "@", "\t", "\r")
FORMATS: Mapping[str, Format] = {
    ".xlsx": xlsx,
    ".csv": csv,
    ".json": as_json,
    ".html": html,
}


def format_of(file: Path, formats: Mapping[str, Format] = FORMATS) -> Format:
    """How to write a file of this name; ConfigError where its ending says nothing."""
    found = formats.get(file.suffix.lower())
    if found is None:
        raise ConfigError(f"-o {file.name}：文件名应以 {'、'.join(formats)} 之一结尾")
    return found
