"""An explanation puts the very numbers of its verdict into words, and names each record behind them."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from agent.asking import asked
from agent.book import all_indicators, definitions, register
from agent.book.statements import ATTEST
from agent.config import load
from agent.evaluate import Board, custom
from agent.explain import explain
from agent.explain.cases import EXCLUDED, MISSED, NEWEST
from agent.explain.glossary import KINDS, NAMES
from agent.explain.wording import condition, formula
from agent.ledger import acts
from agent.model import ConfigError, Stage, State
from agent.status import Question, status_answer
from collectors import COLLECTORS
from tests.small_site import NOW, TOLD, at, small_site

SHIPPED = Path(__file__).parents[1] / "targets.yaml"
UPTIMES = [
    ("U1", "portal", "2026-03-01T00:00:00", "2026-03-03T00:00:00", "up"),
    ("U2", "portal", "2026-03-03T00:00:00", "2026-03-03T01:00:00", "down"),
    ("U3", "portal", "2026-03-03T01:00:00", "2026-03-05T10:00:00", "up"),
]
DOWN_ONLY = [("U2", "archive", "2026-03-03T05:00:00", "2026-03-03T07:00:00", None)]
CALLS = [("C1", "portal", "2026-03-02", "90", "100"), ("C2", "portal", "2026-03-03", "33.5", "60")]
DUTIES = [("D1", "portal", "2026-03-02T17:00:00")]
CASES = [
    # id, system, accepted_at, finished_at, pause_start, pause_end: the limit is 6 h of service time
    ("K1", None, "2026-03-02T09:00:00", "2026-03-03T09:10:00", None, None),
    ("K2", None, "2026-03-02T09:00:00", "2026-03-03T09:10:00", "2026-03-02T10:00:00", "2026-03-02T11:00:00"),
    ("K3", None, "2026-03-02T09:00:00", None, None, None),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Only read here."""
    with small_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def desk(tmp_path):
    """The same, to be told more."""
    with small_site(tmp_path) as desk:
        yield desk


def worked_out(expression: str) -> Fraction:
    """What somebody with a calculator gets."""
    plain = re.sub(r"[^0-9.+\-/()]", "", expression.replace("÷", "/").replace("−", "-").replace(",", ""))
    value = eval(re.sub(r"([0-9.]+)", r"Fraction('\1')", plain), {"Fraction": Fraction})
    assert isinstance(value, Fraction)
    return value


@pytest.mark.parametrize(
    ("indicator", "source", "rows"),
    [
        ("answered", "faults", []),
        ("response", "faults", []),
        ("duplicates", "faults", []),
        ("up", "uptimes", UPTIMES),
        ("up", "uptimes", DOWN_ONLY),
        ("calls", "calls", CALLS),
        ("duty", "dutys", DUTIES),
        ("approved", "cases", CASES),
    ],
)
def test_the_numbers_worked_out_by_hand_give_the_value_of_the_verdict(desk, indicator, source, rows):
    desk.deliver(source, rows, TOLD)
    told = desk.explain(indicator)
    assert told.numbers is not None
    assert worked_out(told.numbers.expression) == told.verdict.value
    assert told.numbers.shown == told.value


def test_the_formula_names_clock_limit_day_exclusions_and_sources(site):
    told = site.explain("answered")
    assert told.formula.sentence == "故障响应率 = 按时数 ÷ (按时数 + 超时数)"
    assert [(rule.label, rule.text) for rule in told.formula.rules] == [
        ("统计对象", "故障(fault)记录，取自数据源 faults"),
        ("计时", "从「报修时间 reported_at」到「响应时间 responded_at」"),
        ("时限", "5分钟，恰好用满算按时"),
        ("时钟", "自然时间，全天24小时连续计"),
        ("未结", "尚未完成且已过时限的计为超时；未到时限的暂不计入"),
        ("参与条件", "「级别 level」为 1、2 之一"),
        ("归属日", "「报修时间 reported_at」所在日，按Asia/Shanghai零点分日"),
        ("剔除", "重复报修：「重复于 duplicate_of」有值"),
        ("缺值", "从来源撤回的、缺少起始时间或所需字段的记录剔除，并列出原因"),
    ]


def test_a_clock_of_service_hours_is_shown_by_a_day_and_a_pause_by_its_times(site):
    rules = {rule.label: rule.text for rule in site.explain("approved").formula.rules}
    assert rules["时钟"] == "只计工作日的服务时段(如2026-01-04 09:00-11:30、13:30-17:00)"
    assert rules["停表"] == "从「暂停开始 pause_start」到「暂停结束 pause_end」不计时；未结束的一直停到现在"
    assert rules["归属日"].startswith("应完成时刻(时限届满)所在日")


def test_missed_records_stand_newest_first_with_how_late_they_were(site):
    overdue, late = site.explain("answered").missed
    assert (overdue.id, overdue.stage, overdue.late_seconds) == ("F6", Stage.OVERDUE, 300)
    assert (late.source, late.id, late.system, late.day) == ("faults", "F3", "archive", date(2026, 3, 3))
    assert late.times["responded_at"].isoformat() == "2026-03-04T00:10:30+08:00"
    assert late.due is not None
    assert late.due.isoformat() == "2026-03-04T00:03:00+08:00"
    assert (late.taken_seconds, late.late_seconds, late.stage) == (750, 450, None)


def test_a_record_answered_at_its_last_instant_is_not_among_the_missed(site):
    assert "F2" not in [case.id for case in site.explain("answered").missed]


def test_of_more_missed_records_than_the_limit_the_newest_are_listed_and_all_counted(site):
    told = site.explain("answered", limit=1)
    assert ([case.id for case in told.missed], told.missed_total) == (["F6"], 2)


def test_which_of_a_days_misses_are_listed_does_not_depend_on_the_order_in_which_they_came(tmp_path):
    late = [(f"K{n}", None, f"2026-03-02T09:0{n}:00", "2026-03-04T09:10:00", None, None) for n in range(1, 7)]
    for name, rows in {"forward": late, "backward": late[::-1], "mixed": late[3:] + late[:3]}.items():
        (tmp_path / name).mkdir()
        with small_site(tmp_path / name) as site:
            for row in rows:
                site.deliver("cases", [row], TOLD)
            told = site.explain("approved", limit=2)
            assert ([case.id for case in told.missed], told.missed_total) == (["K1", "K2"], 6)


def test_time_taken_and_lateness_follow_the_clock_and_the_pauses_of_the_measure(desk):
    desk.deliver("cases", CASES, TOLD)
    told = desk.explain("approved")
    (late,) = told.missed
    assert (late.id, late.taken_seconds) == ("K1", 6 * 3600 + 600)
    assert late.due is not None
    assert late.due.isoformat() == "2026-03-02T17:00:00+08:00"
    assert (told.verdict.good, told.verdict.bad) == (1, 1)


def test_an_overdue_record_that_is_left_out_is_listed_as_open(desk):
    desk.deliver("cases", CASES, TOLD)
    told = desk.explain("approved")
    assert [(case.id, case.stage) for case in told.open] == [("K3", Stage.OVERDUE)]
    assert told.open_total == told.verdict.open == 1


def test_open_records_tell_the_time_that_is_left(site):
    (waiting,) = site.explain("answered").open
    assert (waiting.id, waiting.remaining_seconds, waiting.stage) == ("F7", 180, Stage.IN_TIME)


def test_an_open_record_without_a_limit_is_not_called_paused(site):
    assert {case.note for case in site.explain("answered/mean").open} == {"尚未完成，不设时限"}


def test_excluded_records_are_grouped_by_reason(desk):
    desk.deliver("faults", [("F8", "portal", None, None, "1", None), ("F9", "portal", None, None, "2", None)])
    told = desk.explain("answered")
    assert [(group.reason, group.records) for group in told.excluded] == [
        ("缺少时间或字段 reported_at", 2),
        ("重复报修", 1),
    ]


def test_one_system_is_explained_by_its_own_records_alone(site):
    told = site.explain("answered", system="archive")
    assert [case.id for case in told.missed] == ["F3"]
    assert (told.system, told.open, told.systems) == ("档案管理系统", (), ())
    assert told.numbers is not None
    assert told.numbers.expression == "0 ÷ (0 + 1)"


def test_systems_and_evidence_stand_beside_the_whole(site):
    told = site.explain("answered")
    assert [(part.id, part.good, part.bad) for part in told.systems] == [("archive", 0, 1), ("portal", 2, 1)]
    assert [(one.id, one.value) for one in told.evidence] == [
        ("answered/mean", "1小时28分"),
        ("answered/median", "5分00秒"),
    ]


def test_the_gaps_listed_are_exactly_what_the_coverage_lacks(tmp_path):
    with small_site(
        tmp_path, ("2026-03-01T00:00", "2026-03-02T10:00"), ("2026-03-02T12:00", "2026-03-05T10:00")
    ) as site:
        told = site.explain("answered")
    (gap,) = told.gaps
    assert (gap.source, gap.begins.isoformat()) == ("faults", "2026-03-02T10:00:00+08:00")
    measured = timedelta(days=4, hours=10)
    assert told.verdict.coverage == pytest.approx(1 - (gap.ends - gap.begins) / measured)
    assert (told.coverage, told.flags) == ("98.11%（自2026-03-01 00:00:00起才有数据）", ("数据不完整", "口径待确认"))


def test_where_too_little_was_read_there_is_no_number_and_the_reason_says_so(tmp_path):
    with small_site(tmp_path, ("2026-03-01T00:00", "2026-03-03T00:00")) as site:
        told = site.explain("answered", now=at("2026-03-05T10:00:00") + 3_600_000_000)
    assert (told.verdict.state, told.value, told.numbers) == (State.NO_DATA, "—", None)
    assert told.why == "数据完整率不足：44.86%，至少应为98.00%，因此不给出数值"


def test_a_source_never_read_is_one_gap(site):
    told = site.explain("calls")
    assert [(gap.source, gap.begins.isoformat()) for gap in told.gaps] == [("calls", "2026-03-01T00:00:00+08:00")]
    assert told.why == "本区间尚未开始采集"


def test_due_days_without_a_record_are_named(desk):
    desk.deliver("dutys", DUTIES, TOLD)
    told = desk.explain("duty", window="30d", now=at("2026-03-17T10:00:00"))
    assert told.missed_days == (date(2026, 3, 16), date(2026, 3, 9))  # February was not measured yet
    assert len(told.missed_days) == told.missed_total


def test_a_milestone_names_what_is_not_done_yet(desk):
    features = [("N1", None, "2026-03-02T17:00:00", "2026"), ("N2", None, None, "2026"), ("N3", None, None, "2025")]
    desk.deliver("features", features, TOLD)
    told = desk.explain("built")
    assert [case.id for case in told.open] == ["N2"]
    assert told.why == "尚有计划内事项未完成，期限未到"


def test_a_stated_value_says_who_owes_it_until_when(site):
    told = site.explain("sound")
    assert told.owed is not None
    assert (told.owed.owner, told.owed.by) == ("财务科", date(2027, 1, 20))
    assert (told.owed.accepted, told.owed.evidence) == (("健全",), "制度文件")
    assert told.why == "由财务科填报，尚未到期限"
    assert (told.numbers, told.gaps) == (None, ())
    assert told.version is not None
    assert told.version.hash == told.verdict.definition


def test_what_was_stated_is_told_line_by_line_with_its_reason_files_and_who_said_it(desk):
    body = {
        "year": 2026,
        "through": "2026-03-04",
        "word": "健全",
        "band": "partly",
        "score": "0.7",
        "reason": "一项制度待修订",
        "survey": {"sent": 100, "returned": 96, "valid": 95},
        "evidence": [{"name": "制度汇编.pdf", "sha256": "0123456789abcdef" * 4}],
    }
    with desk.ledger.write() as session:
        act = acts.append(session, at("2026-03-05T09:30:00"), "wang", ATTEST, "ops/sound", body)
    told = [(rule.label, rule.text) for rule in desk.explain("sound").stated]
    assert told == [
        ("完成情况", "健全（部分达成年度指标并具有一定效果）"),
        ("得分率", "70.00%"),
        ("问卷", "发放100份，回收96份，有效95份"),
        ("原因", "一项制度待修订"),
        ("佐证材料", "制度汇编.pdf（SHA-256 0123456789abcdef…）"),
        ("填报截至", "2026-03-04"),
        ("填报人", f"wang，2026-03-05 09:30（第{act.n}条）"),
    ]


def test_a_miss_is_told_by_unrounded_figures(site):
    assert site.explain("duplicates").why == "按未舍入的数值比较：14.2857142857…% 不满足 ≤1%"


def test_as_json_is_plain_and_holds_the_verdict_that_status_prints(site):
    snapshot = site.snapshot()
    told = explain(site.config, site.ledger, snapshot, "ops", "answered").as_json()
    told = json.loads(json.dumps(told, allow_nan=False))
    answer = status_answer(snapshot, site.config, "ytd", indicator="answered")
    assert told["verdict"] in json.loads(json.dumps(answer["indicators"]))
    assert told["missed"][0]["stage"] == "overdue"
    assert told["formula"]["sentence"].startswith("故障响应率 = ")


def test_any_two_dates_are_explained(site):
    window = custom(site.config.plans[0].days, date(2026, 3, 2).toordinal(), date(2026, 3, 3).toordinal())
    snapshot = Board(site.config, site.ledger, lambda plan, now: (window,)).refresh(NOW)
    told = explain(site.config, site.ledger, snapshot, "ops", "answered", window)
    assert (told.verdict.good, told.verdict.bad, told.missed) == (2, 0, ())
    assert told.window == "自选区间"


@pytest.mark.parametrize(
    ("indicator", "window", "system"), [("nothing", "ytd", None), ("answered", "1d", None), ("answered", "ytd", "x")]
)
def test_what_is_not_judged_is_a_mistake_in_words(site, indicator, window, system):
    with pytest.raises(ConfigError, match="expected"):
        site.explain(indicator, window=window, system=system)


def test_the_version_is_that_of_the_definition_that_serves(site):
    told = site.explain("answered")
    (wanted,) = [one for one in definitions(site.config) if one.indicator == "answered"]
    assert told.version is not None
    assert (told.version.hash, told.version.year, told.version.in_force) == (wanted.version, 2026, True)
    assert told.version.text == wanted.spec


def test_while_a_changed_definition_is_derived_the_former_one_is_named(desk):
    former = desk.explain("answered").version
    desk.reconfigure("limit: 5 min", "limit: 4 min")
    register(desk.ledger, definitions(desk.config))
    told = desk.explain("answered").version
    assert told is not None
    assert former is not None
    assert (told.hash, told.in_force) == (former.hash, False)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"level": "1"}, "「级别 level」为 1"),
        ({"level": ["1", "2"]}, "「级别 level」为 1、2 之一"),
        ({"code": "present"}, "「code」有值"),
        ({"code": "absent"}, "「code」无值"),
        ({"code": {"not": "present"}}, "「code」无值"),
        ({"code": {"not": "7"}}, "「code」不为 7(含无值)"),
        ({"code": {"not": ["7", "8"]}}, "并非(「code」为 7、8 之一)"),
        ({"users": {"ge": 1, "lt": 9}}, "「使用人数 users」≥1且「使用人数 users」<9"),
        ({"a": "1", "b": True}, "「a」为 1且「b」为 true"),
    ],
)
def test_conditions_are_told_in_words(wanted, words):
    assert condition(wanted) == words


def test_every_shipped_indicator_is_told_in_words_alone():
    config = load([SHIPPED], None, collectors=COLLECTORS)
    (plan,) = config.plans
    window = custom(plan.days, date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
    for one in all_indicators(plan):
        assert formula(one, plan, (), window).sentence.startswith(f"{one.name} = ")
        if one.measure.from_records:
            assert one.measure.of in KINDS
            assert one.measure.names() <= NAMES.keys()


def test_findings_about_its_sources_are_named(desk):
    desk.deliver("faults", [("F9", "portal", "2026-03-02T09:00:00", "2026-03-02T08:00:00", "1", None)])
    assert desk.explain("answered").findings == ("时间先后颠倒，faults/F9：responded_at 早于 reported_at",)
    assert desk.explain("calls").findings == ()


def test_the_index_finds_the_newest_misses_and_counts_what_was_taken_out_however_big_the_ledger(site):
    place, values = "o.definition = ? AND o.day >= ? AND o.day < ?", (1, 0, 10**6)
    with site.ledger.read() as session:
        plans = [
            [row[3] for row in session.rows(f"EXPLAIN QUERY PLAN {query}", found)]
            for query, found in (
                (f"{MISSED} AND {place} {NEWEST}", (*values, 5)),
                (f"{EXCLUDED} AND {place} GROUP BY o.reason", values),
            )
        ]
    by = "INDEX observation_told (definition=? AND outcome=? AND day>? AND day<?)"
    assert plans[0] == [f"SEARCH o USING {by}"]
    assert plans[1] == [f"SEARCH o USING COVERING {by}", "USE TEMP B-TREE FOR GROUP BY"]


@pytest.mark.whole
def test_an_indicator_asked_about_alone_is_explained_of_the_past_as_among_all_the_others(desk):
    told = ("2026-03-01T00:00", "2026-03-05T10:00")
    desk.deliver("calls", CALLS, told)
    desk.deliver("dutys", DUTIES, told)
    desk.deliver("cases", CASES, told)
    question, read = Question(at=at("2026-03-04T12:00")), {}
    for indicator in ("answered", "calls", "approved", "sound"):
        answers = []
        for alone in (None, ("ops", indicator)):
            with asked(desk.config, desk.ledger, question, NOW, alone=alone) as (board, snapshot, _):
                told_of = explain(desk.config, board.ledger, snapshot, "ops", indicator)
                with board.ledger.read() as session:
                    read[alone and alone[1]] = {row[0] for row in session.rows("SELECT DISTINCT kind FROM record")}
            answers.append(told_of.as_json())
        assert answers[0] == answers[1]
    assert read == {
        None: {"fault", "call", "duty", "case"},
        "answered": {"fault"},
        "calls": {"call"},
        "approved": {"case"},
    } | {"sound": set()}
