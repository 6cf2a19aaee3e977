"""Choosing an indicator by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.config import Config


def chosen_indicator(config: Config, text: str) -> tuple[str, str]:
    """The project and id of the indicator named; ConfigError where that is not one."""
    import difflib

    from agent.book import all_indicators

    known = [(one.project, one.id) for plan in config.plans for one in all_indicators(plan)]
    found = sorted({place for place in known if text in (place[1], "/".join(place))})
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"指标“{text}”：应为{'、'.join('/'.join(place) for place in found)}之一")
    near = difflib.get_close_matches(text, [name for _, name in known], 1)
    raise ConfigError(f"指标“{text}”：应写作 项目/指标" + (f"，是否指“{near[0]}”" if near else ""))
