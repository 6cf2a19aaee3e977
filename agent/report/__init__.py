"""The year as a story: an annual report, and a page of each month, out of the verdicts there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent.export.reasons import Progress
from agent.model import ConfigError
from agent.report.material import Material, material, month_of
from agent.report.monthly import monthly
from agent.report.page import html
from agent.report.story import Story

__all__ = ["REPORTS", "WRITERS", "Material", "Story", "material", "month_of", "writer_of"]

REPORTS: Mapping[str, Callable[[Material, Progress], Story]] = {
    "monthly-report": monthly,
}
WRITERS: Mapping[str, Callable[[Story], bytes]] = {
    ".html": html,
}


def writer_of(file: Path) -> Callable[[Story], bytes]:
    """How to write a file of this name; ConfigError where its ending says nothing."""
    found = WRITERS.get(file.suffix.lower())
    if found is None:
        raise ConfigError(f"-o {file.name}：报告的文件名应以 {'、'.join(WRITERS)} 之一结尾")
    return found
