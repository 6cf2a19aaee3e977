"""The year as a story: an annual report, and a page of each month, out of the verdicts there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from agent.export.reasons import Progress
from agent.model import ConfigError
from agent.report.annual import annual
from agent.report.material import Material, material, month_of
from agent.report.monthly import monthly
from agent.report.page import html
from agent.report.story import Story

__all__ = ["REPORTS", "WRITERS", "Material", "Story", "material", "month_of", "writer_of"]

REPORTS: Mapping[str, Callable[[Material, Progress], Story]] = {
    "annual-report": annual,
    "monthly-report": monthly,
}
MISSING = "写 .docx 需要 python-docx；请安装 pip install 'dabiao[report]'，或改用 .html"


def docx(story: Story) -> bytes:
    """A Word file; ConfigError where the package that writes it is not installed."""
    try:
        from agent.report.document import written
    except ModuleNotFoundError as missing:
        if missing.name not in ("docx", "lxml"):
            raise
        raise ConfigError(MISSING) from None
    return written(story)


WRITERS: Mapping[str, Callable[[Story], bytes]] = {
    ".docx": docx,
    ".html": html,
}


def writer_of(file: Path) -> Callable[[Story], bytes]:
    """How to write a file of this name; ConfigError where its ending says nothing."""
    found = WRITERS.get(file.suffix.lower())
    if found is None:
        raise ConfigError(f"-o {file.name}：报告的文件名应以 {'、'.join(WRITERS)} 之一结尾")
    return found
