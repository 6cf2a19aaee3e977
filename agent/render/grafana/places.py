"""Where a dashboard is found: uids that never change, and links that carry what is being looked at."""

from __future__ import annotations

OVERVIEW = "dabiao-overview"
INDICATOR = "dabiao-indicator"
SYSTEM = "dabiao-system"
SOURCES = "dabiao-sources"
TITLES = {OVERVIEW: "达标总览", INDICATOR: "指标详情", SYSTEM: "系统详情", SOURCES: "数据源与监测程序"}
PAGES = {  # of the agent's own, on the same subject
    OVERVIEW: "/",
    INDICATOR: "/indicators/${project}/${indicator}",
    SYSTEM: "/systems/${system}",
    SOURCES: "/sources",
}

DATA_SOURCE = "dabiao-prometheus"  # the provisioned one, which a dashboard shows unless another is chosen
FOLDER, FOLDER_UID = "达标", "dabiao"
TAG = "dabiao"


def link(uid: str, **variables: str) -> str:
    """A dashboard's address below Grafana's own, with these values of its variables."""
    asked = "&".join(f"var-{name}={value}" for name, value in variables.items())
    return f"/d/{uid}?{asked}" if asked else f"/d/{uid}"
