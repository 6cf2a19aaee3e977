"""The rules: what promtool says of them, and of every alert when it fires and when it must not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from agent.config import load
from agent.render.promql import local
from agent.render.rules import files
from agent.words import SEVERITIES
from tests.showing import showing

ROOT = Path(__file__).parents[1]
RUNBOOKS = ROOT / "docs" / "runbooks"
CASES = yaml.safe_load((Path(__file__).parent / "alert_cases.yaml").read_text(encoding="utf-8"))
RULES = yaml.safe_load((ROOT / "deploy" / "generated" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
NAMES = [rule["alert"] for rule in ALERTS]
POSTED = ["DabiaoRecordDueSoon", "DabiaoRecordOverdue", "DabiaoRecordsPileUp", "DabiaoRecordsDueToday"]


def series_of(line: str) -> dict[str, str]:
    """One series of a case; a single value stands for itself at every minute."""
    matched = re.fullmatch(r"(\w+(?:\{.*?\})?) (.+)", line)
    assert matched is not None, line
    name, values = matched.groups()
    return {"series": name, "values": f"{values}x90" if re.fullmatch(r"-?[0-9.]+", values) else values}


def pairs_of(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())


def promtool_test(case: dict[str, Any], alert: str, common: list[str], labels: dict[str, str] | None) -> dict[str, Any]:
    lines = case.get("set") or [*common, *case.get("add", [])]
    if not any(line.startswith("up{") for line in lines):
        lines = [*lines, 'up{job="dabiao",instance="h"} 1']
    wanted = [] if labels is None else [labels | {"alertname": alert, "alertstate": "firing"}]
    expected = [
        {
            "labels": "ALERTS{" + ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in one.items()) + "}",
            "value": 1,
        }
        for one in wanted
    ]
    firing = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    return {
        "interval": "1m",
        "name": case["name"],
        "input_series": [series_of(line) for line in lines],
        "promql_expr_test": [{"expr": firing, "eval_time": case["at"], "exp_samples": expected}],
    }


def cases_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    fires = [promtool_test(case, entry["alert"], entry["common"], case["labels"]) for case in entry["fires"]]
    silent = [] if entry["silent"] == "always" else entry["silent"]
    return fires + [promtool_test(case, entry["alert"], entry["common"], None) for case in silent]


def run(promtool: str, folder: Path, tests: list[dict[str, Any]], rules: str | None = None) -> str:
    (folder / "rules.yml").write_text(rules or yaml.safe_dump(RULES, allow_unicode=True), encoding="utf-8")
    whole = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    ran = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_every_alert_has_cases_in_which_it_fires_and_in_which_it_must_not():
    assert [entry["alert"] for entry in CASES] == sorted(NAMES, key=[entry["alert"] for entry in CASES].index)
    for entry in CASES:
        assert entry["fires"], entry["alert"]
        assert entry["silent"], entry["alert"]
        assert (entry["silent"] == "always") == (entry["alert"] == "DabiaoWatchdog")


@pytest.mark.server
def test_promtool_accepts_the_rules(promtool):
    path = ROOT / "deploy" / "generated" / "prometheus" / "rules.yml"
    ran = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.server
@pytest.mark.parametrize("entry", CASES, ids=lambda entry: entry["alert"])
def test_an_alert_fires_when_it_should_and_only_then(promtool, tmp_path, entry):
    assert run(promtool, tmp_path, cases_of(entry)) == ""


@pytest.mark.server
def test_a_case_that_does_not_hold_is_found(promtool, tmp_path):
    wrong = {"name": "wrong", "at": "1m"}
    assert "FAILED" in run(promtool, tmp_path, [promtool_test(wrong, "DabiaoWatchdog", [], None)])


TEXTS = r"""
rule_files: [rules.yml]
tests:
- interval: 1m
  input_series:
  - {{series: 'dabiao_indicator_state{{project="p",indicator="i",window="ytd",state="missed"}}', values: '1x20'}}
  - {{series: 'dabiao_alert_after_records{{project="p",indicator="i",window="ytd"}}', values: '0x20'}}
  - {{series: 'dabiao_project_info{{project="p",name="平台(运维)"}}', values: '1x20'}}
  - {{series: 'dabiao_indicator_info{{project="p",indicator="i",name="故障响应",target="{target}"}}', values: '1x20'}}
  - {{series: 'dabiao_allowance_left_records{{project="p",indicator="i"}}', values: '{allowance}x20'}}
  - {{series: 'dabiao_target_reachable{{project="p",indicator="i"}}', values: '{reachable}x20'}}
  - {{series: 'dabiao_next_due_timestamp_seconds{{project="p",indicator="i",system="s"}}', values: '1795600800x20'}}
  - {{series: '{value}', values: '{number}x20'}}
  - {{series: '{promised}', values: '{limit}x20'}}
  - {{series: 'dabiao_forecast_{unit}{{project="p",indicator="i"}}', values: '{end}x20'}}
  alert_rule_test:
  - alertname: DabiaoTargetMissed
    eval_time: 15m
    exp_alerts:
    - exp_labels: {{project: p, indicator: i, window: ytd, state: missed, severity: warning}}
      exp_annotations:
        summary: 【重要】故障响应本年累计未达标
        description: "\
          平台(运维)的故障响应(本年累计，各系统合计)：当前值{shown}，目标{target}{ahead}，距年底还有364天。\
          {left}未办完的单子中，最早的一件2026-11-25 18:00到期。\
          请打开看板：先办将到期和已超时的，再查不合格的集中在哪个系统、哪几天。原因已知、正在处理的，可请管理员登记“已知晓”，\
          以免每周重复提醒(管理员执行：dabiao acknowledge i --reason 原因 --until 日期)。"
        runbook_url: http://127.0.0.1:8046/runbooks/DabiaoTargetMissed.md
        dashboard_url: {page}?var-project=p&var-indicator=i&var-window=ytd
"""
PAGE = "http://127.0.0.1:3000/d/dabiao-indicator"


@pytest.mark.server
@pytest.mark.parametrize(
    ("unit", "number", "limit", "target", "shown", "end", "ahead"),
    [
        ("ratio", "0.93126", "0.95", "≥95%", "93.13%", "0.9412", "，照目前走势全年预计94.12%"),
        ("ratio", "0.94996", "0.95", "≥95%", "94.99600%", "0.949997", "，照目前走势全年预计94.99970%"),
        ("seconds", "382.6", "300", "≤5分钟", "6分23秒", "310", "，照目前走势全年预计5分10秒"),
        ("seconds", "363", "300", "≤5分钟", "6分03秒", "_", ""),
        ("seconds", "300.2", "300", "≤5分钟", "300.200秒", "299", "，照目前走势全年预计4分59秒"),
        ("amount", "11", "12", "≥12", "11", "_", ""),
        ("amount", "4763873.5", "4763873", "≤4,763,873元", "4763873.50", "_", ""),
    ],
)
def test_a_text_says_value_target_allowance_and_next_deadline_in_local_time(
    promtool, tmp_path, unit, number, limit, target, shown, end, ahead
):
    value = f'dabiao_indicator_{unit}{{project="p",indicator="i",window="ytd"}}'
    promised = f'dabiao_target_{unit}{{project="p",indicator="i"}}'
    text = TEXTS.format(
        value=value,
        number=number,
        promised=promised,
        limit=limit,
        target=target,
        shown=shown,
        page=PAGE,
        unit=unit,
        end=end,
        ahead=ahead,
        allowance=4,
        reachable="_",
        left="要全年达标，今后至多再超时4件。",
    )
    assert run(promtool, tmp_path, yaml.safe_load(text)["tests"]) == ""


@pytest.mark.server
@pytest.mark.parametrize(
    ("allowance", "reachable", "left"),
    [
        ("4", "1", "要全年达标，今后至多再超时4件。"),
        ("0", "1", "要全年达标，今后不能再有一件超时。"),
        ("-1", "1", "全年容许的超时件数已超1件，照此已无法达标。"),
        ("-12", "0", "全年容许的超时件数已超12件，年内已无法达标。"),
        ("_", "0", "年内已无法达标。"),
        ("_", "1", ""),
    ],
)
def test_a_text_says_what_it_takes_to_keep_the_years_promise(promtool, tmp_path, allowance, reachable, left):
    text = TEXTS.format(
        value='dabiao_indicator_ratio{project="p",indicator="i",window="ytd"}',
        number="0.93",
        promised='dabiao_target_ratio{project="p",indicator="i"}',
        limit="0.95",
        target="≥95%",
        shown="93.00%",
        page=PAGE,
        unit="ratio",
        end="_",
        ahead="",
        allowance=allowance,
        reachable=reachable,
        left=left,
    )
    assert run(promtool, tmp_path, yaml.safe_load(text)["tests"]) == ""


def test_local_time_follows_the_clock_where_it_is_moved():
    assert local("t", "Asia/Shanghai", 2026, 2026) == "(t) + 28800"
    assert local("t", "Europe/Berlin", 2026, 2026) == (
        "(t) + 3600 + 3600 * ((t) >= bool 1774746000) - 3600 * ((t) >= bool 1792890000)"
    )


def test_every_alert_says_what_people_need():
    for rule in ALERTS:
        assert rule["annotations"]["summary"].startswith(f"【{SEVERITIES[rule['labels']['severity']]}】")
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url", "dashboard_url"}
        assert rule["annotations"]["runbook_url"].endswith(f"/{rule['alert']}.md")


def test_every_alert_has_one_page_and_every_page_an_alert():
    written = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert written == {*NAMES, *POSTED}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("Dabiao*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_it_means_where_to_look_what_causes_it_and_how_to_silence_it_honestly(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall("^#+ (.*)$", text, re.MULTILINE) == [page.stem, "含义", "先看什么", "常见原因", "如何如实静默"]


def test_addresses_and_rows_come_from_the_targets_file(tmp_path):
    text = (ROOT / "targets.yaml").read_text(encoding="utf-8")
    elsewhere = text.replace(
        "timezone: Asia/Shanghai", "timezone: Asia/Shanghai\nlinks: {grafana: https://g.example}", 1
    )
    (tmp_path / "targets.yaml").write_text(elsewhere, encoding="utf-8")
    made = files(load([tmp_path / "targets.yaml"], None, collectors={}))["prometheus/rules.yml"]
    assert "https://g.example/d/dabiao-indicator?var-project={{ $labels.project }}" in made
    assert "127.0.0.1:3000" not in made


@pytest.mark.server
def test_the_agent_serves_the_page_an_alert_links_to():
    config = load([ROOT / "targets.yaml"], None, collectors={})
    with showing(config) as running:
        for name in NAMES:
            path = config.plans[0].links.runbook(name).removeprefix("http://127.0.0.1:8046")
            answer = requests.get(running.url.rstrip("/") + path, timeout=30)
            assert (answer.status_code, answer.content.decode().splitlines()[0]) == (200, f"# {name}")
