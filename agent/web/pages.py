"""What all pages share: the templates, the names people know things by, and how a state looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent import __version__, words
from agent.book import all_indicators
from agent.config import Config, Indicator
from agent.metrics import STALLED_SECONDS
from agent.model import Instant, Snapshot
from agent.shown import moment
from agent.status import zone_of

MILLISECOND_US = 1_000
STALE_SECONDS = STALLED_SECONDS  # figures older than this cover the page


@dataclass(frozen=True, slots=True)
class Light:
    """A system or a source in a word: `state` names its colour and its icon."""

    id: str
    name: str
    state: str
    word: str
    note: str = ""


class Page(NamedTuple):
    """One kind of page: its template, what it is called, its address if it has one place in the navigation."""

    template: str
    title: str
    here: str
    refresh_seconds: int
    kind: str = ""  # the class the style sheet knows it by


WALL = Page("wall.html", words.WALL, "/", 5, "wall")
INDICATORS = Page("indicators.html", "指标", "/indicators", 15)
SOURCES = Page("sources.html", "系统与数据源", "/sources", 15)
INDICATOR = Page("indicator.html", "指标", "", 60)
SYSTEM = Page("system.html", "系统", "", 15)


class Names:
    """Everything configured by the name it is printed under; ids that are not configured stand for themselves."""

    def __init__(self, config: Config) -> None:
        """Later plans name what several of them hold."""
        self.systems = {system.id: system.name for plan in config.plans for system in plan.systems.values()}
        self.projects = {project.id: project.name for plan in config.plans for project in plan.projects}
        self.indicators: dict[tuple[str, str], Indicator] = {
            (one.project, one.id): one for plan in config.plans for one in all_indicators(plan)
        }

    def indicator(self, project: str, id: str) -> str:
        """The name of an indicator."""
        known = self.indicators.get((project, id))
        return id if known is None else known.name

    def system(self, id: str | None) -> str:
        """The name of a system; empty where there is none."""
        return self.systems.get(id, id) if id else ""


class Pages:
    """Renders the templates. `demo` marks every page as 演示数据."""

    def __init__(self, config: Config, demo: bool) -> None:
        """Load nothing yet."""
        self._zone = zone_of(config)
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {
            "organisation": config.plans[0].organisation,
            "demo": words.DEMO if demo else None,
            "version": __version__,
            "navigation": (WALL, INDICATORS, SOURCES),
            "to_indicator": indicator_address,
            "to_system": system_address,
        }
        self._environment = environment

    def render(
        self, page: Page, snapshot: Snapshot | None, now: Instant, parts: Mapping[str, object], *, stopped: bool
    ) -> str:
        """A page as HTML, covered where the agent has `stopped`; before the first Snapshot it says what is awaited."""
        return self._environment.get_template(page.template).render(
            parts,
            page=page,
            ready=snapshot is not None,
            now_ms=now // MILLISECOND_US,
            as_of="" if snapshot is None else moment(snapshot.as_of, self._zone),
            stopped=stopped,
        )


def indicator_address(project: str, indicator: str) -> str:
    """The page of an indicator."""
    return f"/indicators/{quote(project)}/{quote(indicator)}"


def system_address(system: str) -> str:
    """The page of a system."""
    return f"/systems/{quote(system)}"
