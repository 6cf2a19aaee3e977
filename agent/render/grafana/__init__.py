"""Grafana dashboards: four pages that tell one story, from how everything stands down to whether it can be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from agent.config import Config
from agent.render.grafana.indicator import indicator
from agent.render.grafana.overview import overview
from agent.render.grafana.sources import page as sources
from agent.render.grafana.system import system

__all__ = ["files"]


def files(config: Config) -> Mapping[str, str]:
    """A file for each dashboard, named by its uid."""
    made = [page(config) for page in (overview, indicator, system, sources)]
    return {f"grafana/{one['uid']}.json": json.dumps(one, ensure_ascii=False, indent=1) + "\n" for one in made}
