"""Every text an alert has, with figures in it, as it was read over: what, where, how bad, how long left, what to do.

tests/golden/alert_texts.txt is the listing. After a change of texts it is written anew with
`python -m tests.test_alert_texts`, and read.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.alerts import Standing
from agent.alerts.fate import End
from agent.config import Config, load
from agent.evaluate.board import SHOWN_OPEN
from agent.model import SECOND_US, OpenRecord, Snapshot, Stage
from collectors import COLLECTORS
from tests.crowded import crowded_snapshot
from tests.example_snapshot import MINUTE, NO_STAGES
from tests.plans import at
from tests.servers import program
from tests.test_rules import CASES, RULES, series_of

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "alert_texts.txt"
# What else the series say where an alert is told of.
BESIDE = """\
dabiao_project_info{project="p",name="房地产交易及产权管理平台(运维)"} 1
dabiao_project_info{project="platform-ops",name="房地产交易及产权管理平台(运维)"} 1
dabiao_indicator_info{project="p",indicator="i",name="故障处理率",target="≥95%"} 1
dabiao_indicator_info{project="platform-ops",indicator="fault-response",name="故障响应及时率",target="≤5分钟"} 1
dabiao_indicator_source_info{project="platform-ops",indicator="fault-response",source="a"} 1
dabiao_indicator_source_info{project="p",indicator="i",source="a"} 1
dabiao_system_info{system="s",name="存量房合同网签和备案系统"} 1
dabiao_indicator_ratio{project="p",indicator="i",window="ytd"} 0.93126
dabiao_target_ratio{project="p",indicator="i"} 0.95
dabiao_allowance_left_records{project="p",indicator="i"} 4
dabiao_forecast_ratio{project="p",indicator="i"} 0.941
dabiao_next_due_timestamp_seconds{project="p",indicator="i",system="s"} 7200
dabiao_next_due_timestamp_seconds{project="platform-ops",indicator="fault-response",system="s"} 120
dabiao_indicator_coverage_ratio{project="p",indicator="i",window="ytd"} 0.9312
dabiao_source_info{source="a",name="故障台",rings="yes"} 1
dabiao_source_info{source="w",name="网签首页探测",rings="no"} 1
dabiao_source_last_success_timestamp_seconds{source="a"} 0
dabiao_source_interval_seconds{source="a"} 10
dabiao_source_interval_seconds{source="w"} 15
dabiao_ringing_due_timestamp_seconds{project="platform-ops",indicator="fault-response",system="s",stage="due_soon"} 153
dabiao_ringing_due_timestamp_seconds{project="platform-ops",indicator="fault-response",system="s",stage="overdue"} -100
dabiao_route_info{route="duty",name="值班群",fallback="值班短信"} 1
dabiao_snapshot_timestamp_seconds 0
up{job="dabiao",instance="h"} 1
""".splitlines()
# The same year so far, but met.
MET = {"DabiaoTargetAtRisk": [("0.93126", "0.95217")]}


def of_rules(promtool: str) -> Iterator[str]:
    """The texts of the first case in which each rule fires, as promtool prints what it did not expect."""
    for entry in CASES:
        case = entry["fires"][0]
        lines = case.get("set") or [*entry["common"], *case.get("add", [])]
        known = {line.split(" ")[0] for line in lines}
        beside = [line for line in BESIDE if line.split(" ")[0] not in known and _names(line).isdisjoint(_told(lines))]
        for former, later in MET.get(entry["alert"], []):
            beside = [line.replace(former, later) for line in beside]
        test: dict[str, Any] = {
            "interval": "1m",
            "input_series": [series_of(line) for line in [*lines, *beside]],
            "alert_rule_test": [{"alertname": entry["alert"], "eval_time": case["at"], "exp_alerts": []}],
        }
        yield f"== {entry['alert']}"
        yield from _annotations(promtool, test)


def _names(line: str) -> set[str]:
    """An indicator's name must not stand twice beside other labels."""
    return set(re.findall(r"dabiao_indicator_info\{project=\"\w[^,]*,indicator=\"[^\"]*\"", line))


def _told(lines: list[str]) -> set[str]:
    return {name for line in lines for name in _names(line)}


def _annotations(promtool: str, test: dict[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        whole = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
        for name, content in (("rules.yml", RULES), ("tests.yml", whole)):
            Path(folder, name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        ran = subprocess.run([promtool, "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True)
    said = ran.stdout + ran.stderr
    return [text for key in ("summary", "description") for text in re.findall(rf'{key}="(.*?)"(?:, |\}})', said)]


# --- what the agent posts itself --------------------------------------------------------------------------------------

NOW = at("2026-11-23T10:00:00")
MORNING = at("2026-11-23T08:45:00")


def fault(id: str, reported: int, *, system: str = "archive", stage: Stage = Stage.OVERDUE, **more: Any) -> OpenRecord:
    """A fault reported so many seconds before NOW, to be answered within five minutes."""
    starts = NOW - reported * SECOND_US
    return OpenRecord(
        "platform-ops", "fault-response", "fault-desk", id, system, stage, starts, starts + 5 * MINUTE,
        limit_us=5 * MINUTE, **more,
    )  # fmt: skip


def standing_at(config: Config, now: int, records: list[OpenRecord], **more: Any) -> Snapshot:
    ordered = tuple(sorted(records, key=lambda one: one.due or 0))
    return replace(Snapshot(now, 1, (), (), ordered, (), now), **more)


def of_records(config: Config) -> Iterator[str]:
    """The texts of single records, of many, of a morning, and of each way in which an alert ends."""
    standing = Standing(config)
    soon, late = fault("GZ1123-007", 190, stage=Stage.DUE_SOON), fault("GZ1123-004", 480)
    back = replace(fault("GZ1123-005", 90, stage=Stage.DUE_SOON, resumed=True), due=NOW + MINUTE)
    yield from _posted(standing, standing_at(config, NOW, [soon]), "DabiaoRecordDueSoon")
    yield from _posted(standing, standing_at(config, NOW, [back]), "DabiaoRecordDueSoon")
    yield from _posted(standing, standing_at(config, NOW, [late]), "DabiaoRecordOverdue")
    (verdict,) = [
        one
        for one in crowded_snapshot(config).verdicts
        if (one.indicator, one.window.name) == ("fault-response", "year")
    ]
    stages = NO_STAGES | {Stage.OVERDUE: 15, Stage.DUE_SOON: 2}
    here = replace(verdict, system="archive", stages=stages, due_today=3)
    burst = [fault(f"GZ1123-{number:03}", 600 + number * 20) for number in range(15)]
    yield from _posted(standing, standing_at(config, NOW, burst, verdicts=(here,)), "DabiaoRecordsPileUp")
    waiting = [replace(one, due=MORNING - number * 45 * MINUTE) for number, one in enumerate(burst, 1)]
    waiting += [
        replace(fault(f"GZ1122-{number:03}", 0, stage=Stage.IN_TIME), due=MORNING + (number + 1) * 90 * MINUTE)
        for number in range(3)
    ]
    yield from _posted(standing, standing_at(config, MORNING, waiting, verdicts=(here,)), "DabiaoRecordsDueToday")
    yield "== 结束"
    (alert, *_) = standing.at(standing_at(config, NOW, [late])).values()
    yield Standing(config, lambda of: End.ANSWERED).ended(alert, standing_at(config, NOW, []))
    yield Standing(config, lambda of: "withdrawn").ended(alert, standing_at(config, NOW, []))
    later = [fault(f"L{number}", 400, system="portal") for number in range(SHOWN_OPEN)]
    crowd = [fault(f"C{number}", 500) for number in range(10)]
    for now, records in (
        (NOW, []),
        (NOW, [replace(late, stage=Stage.PAUSED)]),
        (NOW, [replace(late, stage=Stage.IN_TIME, due=NOW + MINUTE)]),
        (NOW + 25 * 60 * MINUTE, [late]),
        (NOW, [late, *crowd]),
        (NOW, later),
    ):
        yield standing.ended(alert, standing_at(config, now, records))
    pile = next(one for one in standing.at(standing_at(config, NOW, burst)).values() if one.due is None)
    yield standing.ended(pile, standing_at(config, NOW, []))


def _posted(standing: Standing, snapshot: Snapshot, name: str) -> Iterator[str]:
    alert = next(one for labels, one in standing.at(snapshot).items() if ("alertname", name) in labels)
    yield f"== {name}"
    yield alert.annotations["summary"]
    if "description" in alert.annotations:
        yield alert.annotations["description"]


def listing(promtool: str) -> str:
    config = load(
        [ROOT / "targets.yaml"], ROOT / "agent" / "demo" / "sources.yaml", collectors=COLLECTORS, offline=True
    )
    return "\n".join([*of_records(config), *of_rules(promtool)]) + "\n"


@pytest.mark.server
def test_every_text_is_as_it_was_read_over(promtool):
    assert listing(promtool) == GOLDEN.read_text(encoding="utf-8")


if __name__ == "__main__":
    GOLDEN.write_text(listing(program("promtool", "prometheus")), encoding="utf-8")
