"""What only the demonstration does: statements made as an officer makes them, and real alerting beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.opening import load, say
from agent.cli.rendering import DEFAULT_DEPLOY
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.config import Config
    from agent.ledger import Ledger
    from agent.model import Instant

DIRECT, GROUP = "  direct: group\n", "group"  # in the demonstration's sources.yaml: the chat group on the page
EVERYWHERE = ("", "0.0.0.0", "[::]")
RULES, SCRAPING = "rules.yml", Path("prometheus/prometheus.yml")


def state_for_show(config: Config, ledger: Ledger, now: Instant) -> int:
    """State what the demonstration's officers have stated through the end of last month; how many rows that is."""
    from agent import acts
    from agent.demo.stated import ACCOUNT, STATED

    claims = []
    for plan in config.plans:
        today = plan.days.day_of(now)
        through = date.fromordinal(today).replace(day=1) - timedelta(days=1)
        rows = [row for project in plan.projects for row in project.indicators] if through.year == plan.year else []
        for row in rows:
            if (texts := STATED.get(row.subject)) is not None:
                said = {acts.Part(part): text for part, text in texts.items()} | {acts.Part.THROUGH: str(through)}
                claims.append(acts.claim(plan, row, said, today))
    return len(acts.state(ledger, claims, now, ACCOUNT))


def chosen_port(listen: str) -> str:
    """The address to listen at, its port chosen now if any will do."""
    from agent.demo.beside import free_port
    from agent.doors import address

    host, _, _ = listen.rpartition(":")
    return listen if address(listen)[1] else f"{host}:{free_port()}"


@contextmanager
def alerting(targets: Sequence[Path], sources: Path, listen: str, folder: Path) -> Iterator[Path]:
    """Alertmanager and Prometheus at work on the agent that listens there; gives the sources file that tells of them.

    Rules, routes, intervals and what silences what are the site's. Of the receivers only those of chats are kept, and
    all their messages go to the group on the page: nobody outside is told anything.
    """
    import yaml

    from agent.demo import beside
    from agent.render import alertmanager, rules

    config, (host, _, port) = load(targets, None), listen.rpartition(":")
    agent = f"{beside.HOST if host in EVERYWHERE else host}:{port}"
    (rule_file,) = rules.files(config).values()
    written = yaml.safe_load(alertmanager.files(config, DEFAULT_DEPLOY)[str(alertmanager.HANDWRITTEN)])
    routes = {beside.CONFIG: yaml.safe_dump(_routes(written, f"http://{agent}/notify/{GROUP}"))}
    with beside.started(beside.ALERTMANAGER, folder / "alertmanager", routes) as told:
        scraped = _scraped(DEFAULT_DEPLOY / SCRAPING, agent, told.removeprefix("http://"))
        files = {beside.CONFIG: yaml.safe_dump(scraped), RULES: rule_file}
        with beside.started(beside.PROMETHEUS, folder / "prometheus", files) as prometheus:
            say(f"告警 (Alertmanager)      {told}/")
            say(f"规则 (Prometheus)        {prometheus}/alerts")
            wired = folder / "sources.yaml"
            former = sources.read_text(encoding="utf-8")
            assert DIRECT in former
            wired.write_text(former.replace(DIRECT, f"  alertmanager: {{url: {told}}}\n"), encoding="utf-8")
            yield wired


def _routes(written: Mapping[str, Any], webhook: str) -> dict[str, Any]:
    """The routes of the site; a receiver that speaks by webhook speaks to this one, any other to nobody."""
    receivers = [
        {"name": one["name"]}
        | ({"webhook_configs": [{"url": webhook, "send_resolved": True}]} if "webhook_configs" in one else {})
        for one in written["receivers"]
    ]
    kept = {key: written[key] for key in ("route", "inhibit_rules", "time_intervals") if key in written}
    return kept | {"receivers": receivers}


def _scraped(path: Path, agent: str, told: str) -> dict[str, Any]:
    """Prometheus with the site's intervals, on this agent alone."""
    import yaml

    from agent.render.rules import JOB

    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected the configuration of Prometheus: {str(error).splitlines()[0]}") from None
    intervals = {key: value for key, value in written["global"].items() if key.endswith("_interval")}
    return {
        "global": intervals,
        "rule_files": [RULES],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [told]}]}]},
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [agent]}]}],
    }
