"""What is derived from the targets: Prometheus rules, Alertmanager's configuration, Grafana dashboards.

The same targets give the same files, to the byte: nothing here reads a clock or asks the machine anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from agent.config import Config
from agent.render import alertmanager, grafana, rules
from agent.render.folder import MARKER, SAYS, differences, write

__all__ = ["GENERATORS", "differences", "rendered", "write"]

Generator = Callable[[Config], Mapping[str, str]]

# What makes files, by name; each gives their texts by their path below deploy/generated. Alertmanager's are made of
# hand-written ones and come on top.
GENERATORS: dict[str, Generator] = {
    "grafana": grafana.files,
    "prometheus": rules.files,
}


def rendered(config: Config, deploy: Path) -> dict[str, str]:
    """Every derived file, its text by its path, in the order of the paths; `deploy` holds what is written by hand."""
    files = {MARKER: SAYS}
    for name, generate in (GENERATORS | {"alertmanager": partial(alertmanager.files, deploy=deploy)}).items():
        made = generate(config)
        assert not made.keys() & files.keys(), f"{name} makes a file that is made already"
        files |= made
    return dict(sorted(files.items()))
