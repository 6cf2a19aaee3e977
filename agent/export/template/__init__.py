"""A bureau's own workbook filled in: rows found by name, columns by heading, and nothing else of the file changed."""

from __future__ import annotations

from pathlib import Path

from agent.excel.opening import opened
from agent.export.form import Form
from agent.export.profile import Profile
from agent.export.template.entries import entries
from agent.export.template.splicing import spliced

__all__ = ["filled_template"]


def filled_template(path: Path, form: Form, profile: Profile) -> tuple[bytes, list[str]]:
    """The workbook in a file with a form's figures in it, and in words what was found otherwise or not at all.

    ConfigError where the file cannot be opened or holds no table of indicators.
    """
    book = opened(path).written
    written, said = entries(book, form.fillings, profile, path)
    return spliced(path.read_bytes(), written), said
