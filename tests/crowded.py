"""The worst day of the shipped promises: every name long, everything missed or owed, many faults open."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from agent.config import Config, load
from agent.evaluate import named
from agent.model import SECOND_US, Forecast, OpenRecord, Snapshot, Stage, State, Target, Unit, Verdict
from agent.notify import Sent
from tests.example_snapshot import MINUTE, NO_STAGES, NOW

ROOT = Path(__file__).parents[1]
LARGE = {
    Unit.RATIO: Fraction(94996, 100000),
    Unit.SECONDS: Fraction(1234567, 10),
    Unit.CNY: Fraction(987654321012, 100),
}
FULL = NO_STAGES | {Stage.OVERDUE: 123, Stage.DUE_SOON: 56, Stage.IN_TIME: 8901, Stage.PAUSED: 34}


def crowded_config() -> Config:
    return load([ROOT / "targets.yaml"], None, collectors={})


def crowded_snapshot(config: Config) -> Snapshot:
    """All that is promised, each in the state that takes most room."""
    plan, verdicts = config.plans[0], list[Verdict]()
    for project in plan.projects:
        for one in project.indicators:
            target = one.targets[-1][1] if one.targets else None
            is_measured = one.measure.from_records
            for window in ("ytd", "year"):
                verdicts.append(_verdict(config, project.id, one.id, one.name, window, target, is_measured=is_measured))
    faults = [
        OpenRecord(
            "platform-ops", "fault-response", "fault-desk", f"GZ20261123-{number:06}-上海市不动产登记中心", system,
            Stage.OVERDUE, NOW - (30 + number) * MINUTE, NOW - (25 + number) * MINUTE,
        )
        for number, system in enumerate([*plan.systems, *plan.systems])
    ]  # fmt: skip
    soon = replace(
        faults[0], id="GZ20261123-000099-上海市不动产登记中心", stage=Stage.DUE_SOON, due=NOW + 50 * SECOND_US
    )
    ordered = tuple(sorted([*faults, soon], key=lambda one: one.due or 0))
    return Snapshot(NOW, 17, tuple(verdicts), (), ordered, (), NOW)


def _verdict(
    config: Config, project: str, id: str, name: str, window: str, target: Target | None, *, is_measured: bool
) -> Verdict:
    unit = target.unit if target else Unit.RATIO
    empty = Verdict(
        project=project, indicator=id, name=name, system=None, window=named(window, config.plans[0].days, 2026, NOW),
        value=None, text=None, unit=unit, target=target, state=State.PENDING, flags=("unconfirmed",), good=0, bad=0,
        open=0, excluded=0, coverage=None, reachable=None, allowance_left=None, forecast=None, reason="unstated",
        stages=NO_STAGES, next_due=None,
    )  # fmt: skip
    if not is_measured:
        return empty
    return replace(
        empty, value=LARGE.get(unit, Fraction(1234567)), state=State.MISSED, reason=None, reachable=False, good=9876543,
        bad=123456, allowance_left=-123456, forecast=Forecast(0.949996, 0.9, 0.96, 0.0), stages=FULL, coverage=1.0,
    )  # fmt: skip


def crowded_messages() -> list[Sent]:
    title = "【紧急】新建商品房合同网签和备案系统 故障单GZ20261123-000099-上海市不动产登记中心 09:56:00报修，还剩50秒"
    return [Sent(NOW, "office-home-sales", title, title * 3, delivered=False) for _ in range(9)]
