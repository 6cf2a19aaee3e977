"""What is derived from the targets for Prometheus, Alertmanager and Grafana: written, or compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.opening import complain, load, say
from agent.cli.options import DEFAULT_TARGETS, DOES_NOT_HOLD, DONE, Targets

DEFAULT_FOLDER, DEFAULT_DEPLOY = Path("deploy/generated"), Path("deploy")


def render(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; name each file that differs.")] = False,
    into: Annotated[Path, typer.Option("--into", help="The folder of the derived files.")] = DEFAULT_FOLDER,
    deploy: Annotated[Path, typer.Option("--from", help="Where the hand-written routes are.")] = DEFAULT_DEPLOY,
    targets: Targets = DEFAULT_TARGETS,
) -> int:
    """Write, or compare, what is derived from the targets: rules, routes, dashboards."""
    from agent.render import differences, rendered, write

    files = rendered(load(targets, None), deploy)
    if not check:
        changed = write(files, into)
        for path in changed:
            say(path)
        say(f"{into}: {len(files)} files, {len(changed)} changed")
        return DONE
    different = differences(files, into)
    for line in different:
        complain(line)
    say(f"{into}: {len(files)} files, {len(different)} different")
    return DOES_NOT_HOLD if different else DONE
