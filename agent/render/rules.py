"""Prometheus rules, one group a subject; every threshold that is ours stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from agent.config import Config

Rule = dict[str, Any]


def files(config: Config) -> Mapping[str, str]:
    """The rule file."""
    groups = [{"name": "dabiao-agent", "rules": [watchdog()]}]
    text = yaml.safe_dump({"groups": groups}, allow_unicode=True, sort_keys=False, width=120)
    return {
        "prometheus/rules.yml": f"# {config.plans[-1].organisation}: rendered by `dabiao render`, never edited\n{text}"
    }


def watchdog() -> Rule:
    """Fires always, so that its absence is noticed outside."""
    return {
        "alert": "DabiaoWatchdog",
        "expr": "vector(1)",
        "labels": {"severity": "info"},
        "annotations": {
            "summary": "告警链路正常",
            "description": "本条始终触发；收不到它，说明从 Prometheus 到 Alertmanager 再到接收人的链路断了。",
        },
    }
