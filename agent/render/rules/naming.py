"""What the texts call things known by their ids: sources, and the desks that must be watched by hand."""

from __future__ import annotations

from agent.metrics import families as series
from agent.render.promql import held, listed, looked_up
from agent.render.rules.writing import INDICATOR, SOURCE
from agent.words import ENDED

REMEMBERED = "1d"  # how long the desks are known by name while the agent is gone
UNTIL_ENDED = f"收到本条的【{ENDED}】之前"


def source() -> str:
    """A source by name, and by its id for commands: `故障台(fault-desk)`; the id alone where nobody named it."""
    known = looked_up(f"{held(series.SOURCE_INFO.name + '{source=%q}')}", *SOURCE)
    named = (
        "{{ $name := . | first | label `name` }}"
        "{{ if eq $name $labels.source }}{{ $name }}{{ else }}{{ $name }}({{ $labels.source }}){{ end }}"
    )
    return f"{{{{ with {known} }}}}{named}{{{{ else }}}}{{{{ $labels.source }}}}{{{{ end }}}}"


def desks() -> str:
    """Where the records stand that people are chased for by the minute."""
    return _listed(f"group by (name) (last_over_time({series.SOURCE_INFO.name}{{rings='yes'}}[{REMEMBERED}]))")


def desks_of_indicator() -> str:
    """Where the records of an alert's indicator stand."""
    of_indicator = held(series.INDICATOR_SOURCE.name + "{project=%q,indicator=%q}")
    return _listed(
        f"group by (name) ({held(series.SOURCE_INFO.name)} and on (source) {of_indicator})",
        *INDICATOR,
    )


def by_hand(until: str = UNTIL_ENDED) -> str:
    """That people must look themselves, and where, for as long as nobody reminds them."""
    return f"{until}，请人工盯住{desks()}，不要等提醒。"


def by_admin(command: str) -> str:
    """A command, and who runs it."""
    return f"(管理员执行：{command})"


def _listed(query: str, *labels: str) -> str:
    return f"{{{{ with {looked_up(query, *labels)} }}}}{listed('.')}{{{{ else }}}}来源系统{{{{ end }}}}"
