"""One alerting rule with everything a reader needs, for one site: its addresses, its time zone, its rows."""

from __future__ import annotations

from typing import Any

from agent import words
from agent.alerts.names import Severity
from agent.config import Config, Links
from agent.render.promql import local

Rule = dict[str, Any]

DAY_SECONDS = 86_400
INDICATOR, JUDGED, SYSTEM, SOURCE = (
    ("project", "indicator"),
    ("project", "indicator", "window"),
    ("system",),
    ("source",),
)


class Writer:
    """Writes single rules for one site: its addresses, its time zone, its rows."""

    def __init__(self, config: Config) -> None:
        """The newest targets file says where people look things up."""
        self.config, plan = config, config.plans[-1]
        self.links: Links = plan.links
        self._zone, self._years = plan.timezone, (config.plans[0].year - 1, plan.year + 1)

    def rule(
        self,
        alert: str,
        expr: str,
        severity: Severity,
        summary: str,
        description: str,
        dashboard: str,
        *,
        wait: str = "0s",
    ) -> Rule:
        """One alerting rule with everything a reader needs; how urgent it is stands before its summary."""
        return {
            "alert": alert,
            "expr": expr,
            "for": wait,
            "labels": {"severity": severity.value},
            "annotations": {
                "summary": f"【{words.SEVERITIES[severity]}】{summary}",
                "description": description,
                "runbook_url": self.links.runbook(alert),
                "dashboard_url": dashboard,
            },
        }

    def local(self, promql: str) -> str:
        """An instant to be printed in the site's time."""
        return local(promql, self._zone, *self._years)

    def indicator_page(self) -> str:
        """The dashboard of the indicator an alert is about."""
        chosen = {label: f"{{{{ $labels.{label} }}}}" for label in JUDGED}
        return self.links.dashboard("dabiao-indicator", **chosen)

    def source_page(self) -> str:
        """The dashboard of the sources."""
        return self.links.dashboard("dabiao-sources", source="{{ $labels.source }}")

    def overview(self) -> str:
        """The dashboard of everything."""
        return self.links.dashboard("dabiao-overview")
