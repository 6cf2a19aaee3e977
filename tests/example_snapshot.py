"""A small plan and a Snapshot of it made by hand: every unit, every way of having no value, two systems."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from agent.config import Alerting, Config, load
from agent.evaluate import named
from agent.model import (
    SECOND_US,
    Finding,
    Forecast,
    OpenRecord,
    Snapshot,
    SourceStatus,
    Stage,
    State,
    Target,
    Unit,
    Verdict,
    instant_of,
)
from agent.notify.kinds import OutboxRoute
from agent.wire.access import Access

TARGETS = r"""
year: 2026
organisation: 上海市房地产交易中心
timezone: Asia/Shanghai
calendar: {country: CN, hours: ["09:00-17:00"]}
systems:
  archive: 档案管理系统
  portal: 房地产交易网站
projects:
  ops:
    name: 交易平台(运维)
    indicators:
      fault-response:
        name: 故障响应及时率
        level: [产出目标, 时效]
        text: "<=5分钟"
        target: "<= 5 min"
        owner: 运维科
        measure: {kind: duration, of: fault, from: reported_at, to: responded_at, statistic: mean}
        evidence:
          within-5min:
            name: 5分钟内响应占比
            measure: {kind: on_time, of: fault, from: reported_at, to: responded_at, limit: 5 min}
      permits-on-time:
        name: "办件\"按时\"率\\"
        level: [产出目标, 时效]
        text: ">=95%"
        target: ">= 95 %"
        measure: {kind: on_time, of: case, from: accepted_at, to: finished_at, due: due_at}
      funds:
        name: 支出控制
        level: [投入与管理]
        text: "≤4763873元"
        target: "<= 4763873 CNY"
        measure: {kind: entered, unit: CNY}
        owner: 财务科
        attest_by: 2027-01-20
      features:
        name: 新增功能建设完成及时率
        level: [产出目标, 时效]
        text: "2026年年底前"
        target: by 2026-12-31
        measure: {kind: milestone, of: feature, to: accepted_at, planned: {year: "2026"}}
        accumulation: cumulative
        judged_on: 2026-12-31
      rules:
        name: 制度健全性
        level: [影响力目标]
        text: 健全
        target: 健全
        measure: {kind: attested, accept: [健全]}
"""

NOW = instant_of(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
MINUTE = 60 * SECOND_US
NO_STAGES = dict.fromkeys(Stage, 0)


def make_config(folder: Path) -> Config:
    """The plan above, read from a file."""
    path = folder / "targets.yaml"
    path.write_text(TARGETS, encoding="utf-8")
    alerting = Alerting((Access(url="http://alertmanager.example"),), {"duty": OutboxRoute(kind="outbox")})
    return replace(load([path], None, collectors={}), alerting=alerting)


def make_verdict(
    config: Config, indicator: str, system: str | None = None, window: str = "ytd", **changes: Any
) -> Verdict:
    """A verdict of an indicator of the plan, met and empty of figures but for the changes."""
    (project,) = config.plans[0].projects
    known = {one.id: one for parent in project.indicators for one in (parent, *parent.evidence)}
    target: Target | None = known[indicator].targets[-1][1] if known[indicator].targets else None
    verdict = Verdict(
        project="ops",
        indicator=indicator,
        name=known[indicator].name,
        system=system,
        window=named(window, config.plans[0].days, 2026, NOW),
        value=None,
        text=None,
        unit=target.unit if target else Unit.RATIO,
        target=target,
        state=State.MET,
        flags=("unconfirmed",),
        good=0,
        bad=0,
        open=0,
        excluded=0,
        coverage=None,
        reachable=None,
        allowance_left=None,
        forecast=None,
        reason=None,
        stages=NO_STAGES,
        next_due=None,
    )
    return replace(verdict, **changes)


def make_snapshot(config: Config) -> Snapshot:
    """A Monday in November: an overdue fault, a share just below its target, a source that is down."""
    running = {Stage.IN_TIME: 0, Stage.DUE_SOON: 1, Stage.OVERDUE: 2, Stage.PAUSED: 0}
    verdicts = (
        make_verdict(
            config, "fault-response", value=Fraction(912, 5), good=120, bad=3, open=1, excluded=2, coverage=0.998,
            flags=("partial", "unconfirmed"), reachable=True, allowance_left=4, stages=running,
            forecast=Forecast(175.0, 160.2, 191.7, 0.97), next_due=NOW + 3 * MINUTE,
        ),
        make_verdict(config, "fault-response", "archive", value=Fraction(1, 3), good=1, coverage=1.0),
        make_verdict(
            config, "fault-response", window="year", good=120, bad=3, open=1, stages=running, next_due=NOW + 3 * MINUTE
        ),
        make_verdict(
            config, "fault-response", "archive", "year", open=1, stages=running | {Stage.OVERDUE: 1},
            next_due=NOW + 3 * MINUTE,
        ),
        make_verdict(config, "fault-response/within-5min", value=Fraction(41, 42), state=State.NOT_APPLICABLE, good=41),
        make_verdict(
            config, "permits-on-time", value=Fraction(94996, 100000), state=State.MISSED, reachable=False, good=23749,
            bad=1251, coverage=1.0,
        ),
        make_verdict(config, "permits-on-time", "portal", state=State.NO_DATA, reason="coverage", coverage=0.5),
        make_verdict(config, "funds", state=State.NOT_DUE, reason="unstated"),
        make_verdict(
            config, "features", value=Fraction(date(2026, 11, 20).toordinal()), state=State.NOT_DUE, good=3,
            coverage=1.0,
        ),
        make_verdict(config, "rules", text="健全", state=State.MET),
    )  # fmt: skip
    sources = (
        SourceStatus(
            "fault-desk", "http", ("archive", "portal"), 10.0, True, NOW - 5 * SECOND_US, 126, 0, None, NOW,
            {"new": 126, "changed": 40, "same": 12, "rejected": 0},
            {"duration_seconds": 0.25, "clock_offset_seconds": float("nan")},
        ),
        SourceStatus(
            "permits", "file", (), 60.0, False, None, 0, 2, "inbox/permits.csv: no such <file>", None,
            {"new": 0, "changed": 0, "same": 0, "rejected": 2}, {},
        ),
        SourceStatus(
            "portal-up", "probe", ("portal",), 15.0, True, NOW - SECOND_US, 3, 0, None, NOW,
            {"new": 3, "changed": 0, "same": 0, "rejected": 0},
            {"up": 0.0, "failed_samples": 2.0, "seconds": 0.0421, "certificate_expiry": 1798732800.0},
        ),
        SourceStatus("archive-up", "probe", ("archive",), 15.0, None, None, 0, 0, None, None, {}, {}),
    )  # fmt: skip
    waiting = (
        OpenRecord(
            "ops", "fault-response", "fault-desk", "F-7", "portal", Stage.OVERDUE, NOW - 17 * MINUTE, NOW - 12 * MINUTE
        ),
        OpenRecord(
            "ops", "fault-response", "fault-desk", "F-9", "archive", Stage.DUE_SOON, NOW - 2 * MINUTE, NOW + 3 * MINUTE
        ),
        OpenRecord("ops", "permits-on-time", "permits", "P-1", None, Stage.PAUSED, None, None),
    )  # fmt: skip
    findings = (
        Finding("times_out_of_order", "fault-desk/F-3", "F-3: responded before reported", NOW - MINUTE),
        Finding("times_out_of_order", "fault-desk/F-4", "F-4: responded before reported", NOW - MINUTE),
    )
    until = instant_of(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    return Snapshot(NOW, 17, verdicts, sources, waiting, findings, until)
