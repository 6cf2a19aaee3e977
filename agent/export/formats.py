"""What a form can be written as, by the ending of the file's name: one function and one line each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.export.form import Form
from agent.export.workbook import xlsx
from agent.model import ConfigError

Format = Callable[[Form], bytes]


def as_json(form: Form) -> bytes:
    """Everything the form says, for programs."""
    return (json.dumps({"title": form.title, **form.content}, ensure_ascii=False, indent=1) + "\n").encode()


FORMATS: Mapping[str, Format] = {
    ".xlsx": xlsx,
    ".json": as_json,
}


def format_of(file: Path, formats: Mapping[str, Format] = FORMATS) -> Format:
    """How to write a file of this name; ConfigError where its ending says nothing."""
    found = formats.get(file.suffix.lower())
    if found is None:
        raise ConfigError(f"-o {file.name}：文件名应以 {'、'.join(formats)} 之一结尾")
    return found
