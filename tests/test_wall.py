"""What the wallboard shows of a Snapshot: sums that add up, the worst first, who owes what, nothing hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.config import Config, load
from agent.model import SECOND_US, Forecast, Snapshot, SourceStatus, Stage, State, Verdict
from agent.notify import Sent
from agent.web.countdowns import Countdowns
from agent.web.pages import Names
from agent.web.tables import indicators
from agent.web.wall import MESSAGES, ROWS, Wall, allowance, forecast, states
from tests.example_snapshot import NO_STAGES, NOW, TARGETS, make_config, make_snapshot, make_verdict


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


def parts_of(config: Config, snapshot: Snapshot, sent: tuple[Sent, ...] | None = ()) -> dict[str, Any]:
    names = Names(config)
    return Wall(config, names, Countdowns(config, names)).parts(snapshot, NOW, sent)


def with_verdicts(config: Config, verdicts: list[Verdict]) -> Snapshot:
    return replace(make_snapshot(config), verdicts=tuple(verdicts))


def test_the_states_add_up_to_all_that_was_promised(config):
    parts = parts_of(config, make_snapshot(config))
    assert parts["promised"] == 5
    assert sum(number for _, _, number in parts["states"]) == 5


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_counted_and_the_four_that_matter_are_always_said(config, state):
    said = states([make_verdict(config, "rules", state=state), make_verdict(config, "funds", state=state)])
    assert sum(number for _, _, number in said) == 2
    assert (state.value, 2) in [(name, number) for name, _, number in said]
    assert {"met", "at_risk", "missed", "pending"} <= {name for name, _, _ in said}


def test_only_what_is_measured_from_records_has_a_row(config):
    rows = parts_of(config, make_snapshot(config))["rows"]
    assert {row.address.rsplit("/", 1)[1] for row in rows} == {"fault-response", "permits-on-time", "features"}


def test_the_worst_comes_first_and_rows_that_are_alike_keep_their_places(config):
    verdicts = [
        make_verdict(config, name, state=state, reachable=reachable)
        for name, state, reachable in (
            ("fault-response", State.NOT_DUE, None),
            ("permits-on-time", State.MET, True),
            ("features", State.MET, True),
            ("permits-on-time", State.AT_RISK, True),
            ("fault-response", State.MISSED, True),
            ("fault-response", State.NO_DATA, None),
            ("fault-response", State.MISSED, False),
        )
    ]
    rows = parts_of(config, with_verdicts(config, verdicts))["rows"]
    words = ["年内已无法达标", "当前未达标", "预警", "无数据", "达标", "达标", "未到期"]
    assert [row.word for row in rows] == words
    assert [row.address.rsplit("/", 1)[1] for row in rows if row.word == "达标"] == ["permits-on-time", "features"]


def test_more_rows_than_fit_are_counted(config):
    verdicts = [make_verdict(config, "permits-on-time") for _ in range(ROWS + 3)]
    parts = parts_of(config, with_verdicts(config, [*verdicts, make_verdict(config, "features", state=State.MISSED)]))
    assert len(parts["rows"]) == ROWS
    assert parts["rows"][0].word == "当前未达标"
    assert parts["left_out"] == 4


def test_figures_are_written_as_everywhere_else(config):
    (row,) = [row for row in parts_of(config, make_snapshot(config))["rows"] if "fault" in row.address]
    assert (row.value, row.target, row.word, row.allowance, row.forecast) == (
        "3分02秒", "≤5分钟", "达标", "4件", "2分55秒",
    )  # fmt: skip
    (row,) = [row for row in parts_of(config, make_snapshot(config))["rows"] if "permits" in row.address]
    assert (row.value, row.word, row.allowance, row.forecast) == ("94.996%", "年内已无法达标", "—", "—")


def test_the_table_of_all_indicators_says_what_the_wall_says(config):
    wall = parts_of(config, make_snapshot(config))["rows"]
    (table,) = indicators(Names(config), make_snapshot(config))["tables"]
    of_table = {one.address: (one.value, one.word, one.allowance, one.forecast) for one in table.lines}
    assert {one.address: of_table[one.address] for one in wall} == {
        one.address: (one.value, one.word, one.allowance, one.forecast) for one in wall
    }


def test_an_allowance_that_is_spent_says_by_how_much(config):
    assert allowance(make_verdict(config, "rules", allowance_left=0)) == "0件"
    assert allowance(make_verdict(config, "rules", allowance_left=-1234)) == "已超1,234件"


def test_a_forecast_that_just_misses_is_not_rounded_to_the_target(config):
    just = make_verdict(config, "permits-on-time", forecast=Forecast(0.949996, 0.9, 0.96, 0.4))
    assert forecast(just) == "94.9996%"


def test_who_owes_a_statement_is_said_once_a_day_it_is_due(config):
    verdicts = [
        make_verdict(config, "funds", state=State.NOT_DUE, reason="unstated"),
        make_verdict(config, "rules", state=State.PENDING, reason="interim"),
        make_verdict(config, "features", state=State.NOT_DUE, reason="unfinished"),
    ]
    parts = parts_of(config, with_verdicts(config, verdicts))
    assert ("pending", "待填报", parts["late"]) in parts["states"]  # the same figure above and beside
    assert [(one.owner, one.number, one.by, one.is_late) for one in parts["owed"]] == [
        ("未指定责任处室", 1, "2027-01-01", False),
        ("财务科", 1, "2027-01-20", False),
    ]


def test_a_statement_whose_day_has_come_is_late(config):
    owed = with_verdicts(config, [make_verdict(config, "funds", state=State.PENDING, reason="unstated")])
    names = Names(config)
    day = config.plans[0].days
    wall = Wall(config, names, Countdowns(config, names))
    last = day.start_of(config.plans[0].projects[0].indicators[2].attest_by or 0)
    assert [one.is_late for one in wall.parts(owed, last - 1, ())["owed"]] == [False]
    assert [one.is_late for one in wall.parts(owed, last, ())["owed"]] == [True]


def test_what_stands_large_is_not_listed_again_and_what_is_late_is_not_left_out(config):
    parts = parts_of(config, make_snapshot(config))
    assert parts["foremost"].ticket == "F-9"
    assert [one.ticket for one in parts["waiting"]] == ["F-7"]


def test_open_records_are_counted_once_each_by_how_they_stand(config):
    stages = NO_STAGES | {Stage.OVERDUE: 2, Stage.PAUSED: 1}
    verdicts = [
        make_verdict(config, "fault-response", window="year", stages=stages),
        make_verdict(config, "fault-response", "portal", "year", stages=stages),
        make_verdict(config, "fault-response", window="ytd", stages=stages),
        make_verdict(config, "fault-response/within-5min", window="year", stages=stages),
    ]
    assert parts_of(config, with_verdicts(config, verdicts))["stages"] == [
        ("overdue", "已超时", 2),
        ("paused", "计时暂停", 1),
    ]


def test_the_newest_messages_are_shown_and_none_where_there_is_no_place_for_them(config):
    sent = tuple(Sent(NOW, "duty", f"第{n}条", "text", delivered=True) for n in range(9))
    shown = parts_of(config, make_snapshot(config), sent)["messages"]
    assert [(at, one.title) for at, one in shown] == [("11-23 10:00", f"第{n}条") for n in range(MESSAGES)]
    assert parts_of(config, make_snapshot(config), None)["messages"] is None


SHUT = """  archive: {name: 档案管理系统, hours: "12:00-20:00"}
  portal: {name: 房地产交易网站, maintenance: [{from: "2026-11-23 09:00", to: "2026-11-23 11:00"}]}
"""


def test_a_system_that_is_not_promised_to_be_up_is_not_called_down(tmp_path):
    path = tmp_path / "targets.yaml"
    path.write_text(TARGETS.replace("  archive: 档案管理系统\n  portal: 房地产交易网站\n", SHUT), encoding="utf-8")
    config = load([path], None, collectors={})
    lights = {one.id: (one.state, one.word) for one in parts_of(config, make_snapshot(config))["systems"]}
    assert lights == {"archive": ("closed", "非开放时段"), "portal": ("maintenance", "维护")}


def test_a_system_is_down_when_one_of_its_probes_fails_and_unknown_when_none_has_looked_lately(config):
    snapshot = make_snapshot(config)
    probe = snapshot.sources[2]
    up = replace(probe, source="second", signals={"up": 1.0})

    def seen(*probes: SourceStatus) -> str:
        parts = parts_of(config, replace(snapshot, sources=probes))
        return {one.id: str(one.word) for one in parts["systems"]}["portal"]

    assert seen(probe, up) == "中断"
    assert seen(up) == "正常"
    assert seen(replace(up, last_success=NOW - 46 * SECOND_US)) == "未知"
    assert seen() == "未知"
