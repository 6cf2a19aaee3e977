"""Prometheus and Alertmanager beside the demonstration: wired to it alone, and gone when it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from agent.cli.demonstrating import alerting, chosen_port
from agent.demo.platform import SOURCES
from tests import servers
from tests.sites import DABIAO, wait_until

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[1]
AGENT = "127.0.0.1:1"  # nobody listens there


@pytest.fixture
def full(tmp_path, monkeypatch, capsys):
    """The two servers at work: their addresses as they are printed, and the sources file that tells of them."""
    for name, package in (("prometheus", "prometheus"), ("prometheus-alertmanager", "prometheus-alertmanager")):
        servers.program(name, package)
    monkeypatch.chdir(ROOT)
    with alerting([ROOT / "targets.yaml"], SOURCES, AGENT, tmp_path) as wired:
        told, rules = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
        yield told.rstrip("/"), rules.removesuffix("/alerts"), wired


def test_prometheus_evaluates_the_rendered_rules_on_the_agent_and_tells_alertmanager(full):
    told, prometheus, _ = full

    def asked(what: str) -> Any:
        return requests.get(f"{prometheus}/api/v1/{what}", timeout=10).json()["data"]

    rules = {rule["name"] for group in asked("rules")["groups"] for rule in group["rules"]}
    assert {"DabiaoTargetMissed", "DabiaoAgentDown"} <= rules
    wait_until(lambda: asked("targets")["activeTargets"] != [] and asked("alertmanagers")["activeAlertmanagers"] != [])
    labels = [one["labels"] for one in asked("targets")["activeTargets"]]
    assert labels == [{"instance": AGENT, "job": "dabiao"}]
    assert asked("alertmanagers")["activeAlertmanagers"] == [{"url": f"{told}/api/v2/alerts"}]


def test_alertmanager_has_the_routes_of_the_site_and_tells_nobody_but_the_group_on_the_page(full):
    told, _, _ = full
    config = requests.get(f"{told}/api/v2/status", timeout=10).json()["config"]["original"]
    assert "DabiaoRecordDueSoon|DabiaoRecordOverdue" in config
    assert "working-hours" in config
    urls = {line.split()[-1] for line in config.splitlines() if line.strip().startswith(("url:", "- url:"))}
    assert "email_configs" not in config
    assert urls <= {f"http://{AGENT}/notify/group", "<secret>"}


def test_the_agent_is_told_of_alertmanager(full):
    told, _, wired = full
    assert yaml.safe_load(wired.read_text(encoding="utf-8"))["alerting"] == {
        "alertmanager": {"url": told},
        "routes": {"group": {"kind": "outbox"}},
    }


def test_both_end_with_it(tmp_path, monkeypatch):
    servers.program("prometheus", "prometheus")
    servers.program("prometheus-alertmanager", "prometheus-alertmanager")
    monkeypatch.chdir(ROOT)

    def children() -> list[str]:
        return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

    before = children()
    with alerting([ROOT / "targets.yaml"], SOURCES, AGENT, tmp_path):
        started = [pid for pid in children() if pid not in before]
        assert len(started) == 2
        assert {os.getpgid(int(pid)) for pid in started} == {int(pid) for pid in started}  # Ctrl-C is not theirs
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_without_the_programs_one_line_says_what_to_install(tmp_path):
    ran = subprocess.run(
        [DABIAO, "demo", "--full", "--targets", str(ROOT / "targets.yaml")],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "dabiao: --full: not installed: apt-get install prometheus prometheus-alertmanager, or start without --full\n"
    )


def test_any_free_port_is_chosen_before_others_are_told_of_it():
    assert chosen_port("127.0.0.1:8046") == "127.0.0.1:8046"
    host, _, port = chosen_port("[::1]:0").rpartition(":")
    assert host == "[::1]"
    assert int(port) > 0
