"""A report as one HTML page that needs nothing else and prints on A4."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agent.plots import Chart, svg
from agent.report.story import SHAPES, Pair, Picture, Story, Table, Text

FOLDER = Path(__file__).parent / "templates"
KINDS = {Table: "table", Picture: "picture", Pair: "pair", Text: "text"}


def html(story: Story) -> bytes:
    """The page: style and drawings stand in it, and no script."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawn"] = _drawn
    style = Markup((FOLDER / "report.css").read_text(encoding="utf-8"))  # our own file
    page = environment.get_template("report.html")
    return page.render(story=story, style=style, shapes=SHAPES, kind=lambda block: KINDS[type(block)]).encode()


def _drawn(chart: Chart) -> Markup:
    return Markup(svg(chart))  # all texts in it are escaped
