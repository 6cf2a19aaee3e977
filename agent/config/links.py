"""Where people open what a message speaks of: the agent's pages, the dashboards, what to do about an alert."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

AGENT = "http://127.0.0.1:8046"
GRAFANA = "http://127.0.0.1:3000"


@dataclass(frozen=True, slots=True)
class Links:
    """Base addresses as a reader's browser reaches them, without a slash at the end."""

    agent: str = AGENT
    grafana: str = GRAFANA
    runbooks: str = f"{AGENT}/runbooks"

    def runbook(self, alert: str) -> str:
        """What to do about an alert, by its name."""
        return f"{self.runbooks}/{alert}.md"

    def dashboard(self, uid: str, **variables: str) -> str:
        """A Grafana dashboard with its variables set; a variable's value may be a template of Prometheus."""
        chosen = urlencode({f"var-{name}": value for name, value in variables.items()}, safe="{}$. ", quote_via=quote)
        return f"{self.grafana}/d/{uid}" + (f"?{chosen}" if chosen else "")
