"""Stating a value: everything wrong with it at once, exact numbers, nothing half, nothing twice, and what is owed."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from agent import acts, owed
from agent.acts import Claim, Part, Unclear
from agent.acts.files import MOST_BYTES, read_files
from agent.acts.filling import fill, head
from agent.book.statements import filled, last_before, statements
from agent.cli.demonstrating import state_for_show
from agent.config import Config, Indicator, Plan, load
from agent.demo.stated import STATED
from agent.ledger import Ledger, evidence
from agent.model import Band, ConfigError, State
from collectors import COLLECTORS
from tests.commands import invoke
from tests.plans import at, site

TODAY = date(2026, 11, 25).toordinal()
NOW = at("2026-11-25T10:00")
ENTERED: dict[str, Any] = {"kind": "entered", "unit": "ratio"}
ATTESTED: dict[str, Any] = {"kind": "attested", "accept": ["健全", "有效"]}
SHARE: dict[str, Any] = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
WHOLE = {"numerator": "96", "denominator": "100"}
SOUND = {"word": "健全", "band": "达成"}


def row(folder: Path, measure: dict[str, Any], **more: Any) -> tuple[Plan, Indicator]:
    plan = site(folder, {"x": measure}, **more).plans[0]
    return plan, plan.projects[0].indicators[0]


def said(folder: Path, measure: dict[str, Any], **texts: str) -> Claim:
    plan, indicator = row(folder, measure)
    return acts.claim(plan, indicator, {Part(part): text for part, text in texts.items()}, TODAY)


def refused(folder: Path, measure: dict[str, Any], **texts: str) -> dict[str, str]:
    with pytest.raises(Unclear) as unclear:
        said(folder, measure, **texts)
    return {part.value: says for part, says in unclear.value.wrong}


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("4763873.50", "4763873.5"),
        ("4,763,873", "4763873"),
        ("４７６３８７３．５", "4763873.5"),
        (" 96 ", "96"),
        ("0.000001", "0.000001"),
        ("+96", "96"),
    ],
)
def test_a_number_is_kept_exactly_however_it_is_written(tmp_path: Path, written: str, kept: str) -> None:
    claim = said(tmp_path, ENTERED, numerator=written, denominator="4763873.5", reason="说明")
    assert claim.body["numerator"] == kept


def test_a_ratio_that_prints_as_its_target_and_misses_it_needs_a_reason(tmp_path: Path) -> None:
    assert refused(tmp_path, ENTERED, numerator="94996", denominator="100000") == {
        "reason": "未达目标（目标≥95%，填报94.996%），须填写"
    }
    claim = said(tmp_path, ENTERED, numerator="94996", denominator="100000", reason="年底集中支付")
    assert (claim.verdict.state, claim.verdict.value) == (State.MISSED, Fraction(94996, 100000))


def test_a_cumulative_row_owes_no_reason_before_the_day_it_is_judged(tmp_path: Path) -> None:
    plan, indicator = row(tmp_path, ENTERED, keys={"accumulation": "cumulative"})
    half = {Part.NUMERATOR: "50", Part.DENOMINATOR: "100"}
    assert acts.claim(plan, indicator, half, TODAY).verdict.state is State.NOT_DUE
    with pytest.raises(Unclear, match="未达目标"):
        acts.claim(plan, indicator, half | {Part.THROUGH: "2026-12-31"}, TODAY + 90)


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({}, {"numerator": "应为数字（比率），现为空",
              "denominator": "应为大于 0 的数字，现为空：比率须同时填写分子和分母"}),
        ({"numerator": "95%", "denominator": "100"},
         {"numerator": "应为数字，如 95 或 4763873.50，不带单位和百分号，现为“95%”"}),
        ({"numerator": "九十五", "denominator": "1e2"},
         {"numerator": "应为数字，如 95 或 4763873.50，不带单位和百分号，现为“九十五”",
          "denominator": "应为数字，如 95 或 4763873.50，不带单位和百分号，现为“1e2”"}),
        ({"numerator": "1,23", "denominator": "NaN"},
         {"numerator": "应为数字，如 95 或 4763873.50，不带单位和百分号，现为“1,23”",
          "denominator": "应为数字，如 95 或 4763873.50，不带单位和百分号，现为“NaN”"}),
        ({"numerator": "96", "denominator": "0"}, {"denominator": "应大于 0，现为 0"}),
        ({"numerator": "-1", "denominator": "-2"},
         {"numerator": "不应小于 0，现为 -1", "denominator": "不应小于 0，现为 -2"}),
        ({"numerator": "9600", "denominator": "100"}, {"numerator": "不应超过分母的 10 倍（100 × 10），现为 9600"}),
        ({"numerator": "0.1234567", "denominator": "1234567890123456"},
         {"numerator": "整数不应超过 15 位、小数不应超过 6 位，现为 0.1234567",
          "denominator": "整数不应超过 15 位、小数不应超过 6 位，现为 1234567890123456"}),
        (WHOLE | {"word": "健全", "band": "达成"},
         {"word": "本行填数字，不填此项", "band": "本行填数字，不填此项"}),
        (WHOLE | {"through": "2026-11-26"}, {"through": "不应晚于今天（2026-11-25），现为 2026-11-26"}),
        (WHOLE | {"through": "2025年12月31日"}, {"through": "应在 2026-01-01 至 2026-12-31 之间，现为 2025-12-31"}),
        (WHOLE | {"through": "十月底"}, {"through": "应为日期，如 2026-11-25，现为“十月底”"}),
        (WHOLE | {"through": "2026-02-30"}, {"through": "应为日期，如 2026-11-25，现为“2026-02-30”"}),
        ({"not_applicable": "是"}, {"reason": "填“不适用”的须说明原因"}),
        ({"not_applicable": "是", "reason": "无", "numerator": "1"}, {"numerator": "填了“不适用”的不应再填，现为“1”"}),
        (WHOLE | {"not_applicable": "也许"}, {"not_applicable": "应为“是”或“否”，现为“也许”"}),
        (WHOLE | {"reason": "长" * 2001}, {"reason": "不应超过 2000 字，现为 2001 字"}),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_number_is_said_at_once(
    tmp_path: Path, texts: dict[str, str], wrong: dict[str, str]
) -> None:
    assert refused(tmp_path, ENTERED, **texts) == wrong


def test_an_amount_needs_no_denominator_and_a_date_is_one(tmp_path: Path) -> None:
    amount = {"kind": "entered", "unit": "CNY"}
    plan, indicator = row(tmp_path, amount, target="<= 4763873 CNY")
    claim = acts.claim(plan, indicator, {Part.NUMERATOR: "4,763,873"}, TODAY)
    assert (claim.verdict.value, claim.verdict.state) == (Fraction(4763873), State.MET)
    plan, indicator = row(tmp_path, {"kind": "entered", "unit": "date"}, target="by 2026-12-31")
    claim = acts.claim(plan, indicator, {Part.NUMERATOR: "2026年10月31日"}, TODAY)
    assert claim.verdict.value == date(2026, 10, 31).toordinal()
    with pytest.raises(Unclear, match="应为日期，如 2026-10-31，现为“10月底”"):
        acts.claim(plan, indicator, {Part.NUMERATOR: "10月底"}, TODAY)


SURVEY = {"sent": "500", "returned": "420", "valid": "400", "numerator": "390", "denominator": "400"}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"returned": "501"}, {"returned": "不应多于发放问卷（500），现为 501"}),
        ({"valid": "421", "denominator": "421"}, {"valid": "不应多于回收问卷（420），现为 421"}),
        ({"denominator": "420"}, {"denominator": "应等于有效问卷份数（400），现为 420"}),
        ({"numerator": "401"}, {"numerator": "不应多于有效问卷份数（400），现为 401"}),
        ({"sent": ""}, {"sent": "应为份数，现为空：发放、回收、有效三个份数须一并填写"}),
        ({"sent": "500.5"}, {"sent": "应为份数（整数），现为“500.5”"}),
        ({"valid": "多"}, {"valid": "应为份数（整数），现为“多”"}),
    ],
)
def test_the_counts_of_a_survey_fit_together(tmp_path: Path, changed: dict[str, str], wrong: dict[str, str]) -> None:
    assert said(tmp_path, ENTERED, **SURVEY).body["survey"] == {"sent": 500, "returned": 420, "valid": 400}
    assert refused(tmp_path, ENTERED, **SURVEY | changed) == wrong


# --- qualities --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "score", "kept"),
    [
        ("达成", "", "1"), ("达成年度指标", "100%", "1"), ("达成", "80%", "0.8"), ("达成", "0.955", "0.955"),
        ("部分达成", "79.9%", "0.799"), ("部分达成年度指标并具有一定效果", "60", "0.6"),
        ("未达成", "59.9%", "0.599"), ("未达成年度指标且效果较差", "０％", "0"),
    ],
)  # fmt: skip
def test_a_score_within_its_band_is_kept(tmp_path: Path, band: str, score: str, kept: str) -> None:
    claim = said(tmp_path, ATTESTED, word="健全", band=band, score=score, reason="制度尚缺一项")
    assert claim.body["score"] == kept


@pytest.mark.parametrize(
    ("band", "score", "says"),
    [
        ("达成", "79.9%", "填“达成年度指标”的应在 80%（含）至 100%（含） 之间，现为 79.9%"),
        ("达成", "101%", "填“达成年度指标”的应在 80%（含）至 100%（含） 之间，现为 101%"),
        ("部分达成", "80%", "填“部分达成年度指标并具有一定效果”的应在 60%（含）至 80%（不含） 之间，现为 80%"),
        ("部分达成", "", "填“部分达成年度指标并具有一定效果”的须填 60%（含）至 80%（不含），现为空"),
        ("未达成", "60%", "填“未达成年度指标且效果较差”的应在 0%（含）至 60%（不含） 之间，现为 60%"),
        ("未达成", "高", "应为百分数，如 85%，现为“高”"),
    ],
)
def test_a_score_outside_its_band_is_refused_with_the_range(tmp_path: Path, band: str, score: str, says: str) -> None:
    assert refused(tmp_path, ATTESTED, word="健全", band=band, score=score, reason="说明") == {"score": says}


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({}, {"word": "应为对完成情况的判断，达成时为“健全”、“有效”，现为空",
              "band": "应为“达成年度指标”、“部分达成年度指标并具有一定效果”、“未达成年度指标且效果较差”之一，现为空"}),
        ({"word": "基本健全", "band": "达成"}, {"word": "填“达成年度指标”的应为“健全”、“有效”，现为“基本健全”"}),
        ({"word": "健全", "band": "很好"},
         {"band": "应为“达成年度指标”、“部分达成年度指标并具有一定效果”、“未达成年度指标且效果较差”之一，现为“很好”"}),
        ({"word": "不健全", "band": "未达成", "score": "30%"}, {"reason": "未达目标（目标健全，填报不健全），须填写"}),
        (SOUND | {"numerator": "1"}, {"numerator": "本行填完成情况和档次，不填此项"}),
    ],
)  # fmt: skip
def test_everything_wrong_with_a_quality_is_said_at_once(
    tmp_path: Path, texts: dict[str, str], wrong: dict[str, str]
) -> None:
    assert refused(tmp_path, ATTESTED, **texts) == wrong


def test_a_cause_is_ticked_beside_a_reason_and_only_there(tmp_path: Path) -> None:
    claim = said(tmp_path, SHARE, reason="值守缺人", cause_staff="√", cause_other="是", cause_funds="否")
    assert claim.body["causes"] == ["staff", "other"]
    assert refused(tmp_path, SHARE, cause_staff="√") == {"reason": "勾选了人员保障的须说明原因，现为空"}
    assert refused(tmp_path, SHARE, reason="值守缺人", cause_staff="缺2人") == {
        "cause_staff": "应为“√”或空，文字写入原因，现为“缺2人”"
    }
    assert refused(tmp_path, SHARE, not_applicable="是", reason="无", cause_staff="√") == {
        "cause_staff": "填了“不适用”的不应再填，现为“√”"
    }


def test_of_a_measured_row_a_person_says_only_why_or_that_it_does_not_apply(tmp_path: Path) -> None:
    assert said(tmp_path, SHARE, reason="系统切换").body["reason"] == "系统切换"
    assert said(tmp_path, SHARE, not_applicable="是", reason="本年无此项").body["not_applicable"] is True
    assert refused(tmp_path, SHARE, numerator="1", denominator="1", reason="x") == {
        "numerator": "本行数值由系统计量，不由人填报", "denominator": "本行数值由系统计量，不由人填报",
    }  # fmt: skip
    assert refused(tmp_path, SHARE) == {"reason": "本行数值由系统计量，只可填写原因或“不适用”，现均为空"}


# --- into the ledger --------------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.db")


def test_the_same_said_again_changes_nothing(tmp_path: Path, ledger: Ledger) -> None:
    first = acts.state(ledger, [said(tmp_path, ENTERED, **WHOLE)], NOW, "wang")
    assert first[0].act is not None
    before = (tmp_path / "ledger.db").read_bytes(), (tmp_path / "ledger.db-wal").read_bytes()
    again = said(tmp_path, ENTERED, numerator="96.0", denominator="1００")
    assert acts.state(ledger, [again], NOW + 1, "li")[0].act is None
    assert ((tmp_path / "ledger.db").read_bytes(), (tmp_path / "ledger.db-wal").read_bytes()) == before
    other = said(tmp_path, ENTERED, numerator="97", denominator="100")
    (changed,) = acts.state(ledger, [other], NOW + 2, "li")
    assert changed.former is not None
    assert (changed.former.numerator, changed.former.account) == (Fraction(96), "wang")
    assert [act.kind for act in acts.log(ledger)[0]] == ["attest", "attest"]


def test_files_are_kept_by_their_hash_and_read_within_a_limit(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "验收报告.pdf").write_bytes(b"%PDF minutes")
    (tmp_path / "空.pdf").touch()
    with (tmp_path / "大.pdf").open("wb") as large:
        large.truncate(MOST_BYTES + 1)
    files, wrong = read_files([tmp_path / name for name in ("验收报告.pdf", "空.pdf", "大.pdf", "无.pdf")])
    assert [says.rpartition("：")[2] for _, says in wrong] == [
        "文件是空的", "文件不应超过 20 MB", "No such file or directory",
    ]  # fmt: skip
    plan, indicator = row(tmp_path, ATTESTED)
    texts = {Part.WORD: "健全", Part.BAND: "达成"}
    acts.state(ledger, [acts.claim(plan, indicator, texts, TODAY, files)], NOW, "wang")
    hashed = hashlib.sha256(b"%PDF minutes").hexdigest()
    (act,) = acts.log(ledger)[0]
    assert act.body["evidence"] == [{"name": "验收报告.pdf", "sha256": hashed}]
    with ledger.read() as session:
        assert dict(evidence.contents(session)) == {hashed: b"%PDF minutes"}
    with pytest.raises(Unclear, match="文件名不应重复，现有两个“验收报告"):
        acts.claim(plan, indicator, texts, TODAY, files * 2)


def test_a_statement_taken_back_leaves_the_one_before_and_only_once(tmp_path: Path, ledger: Ledger) -> None:
    claim = said(tmp_path, ENTERED, **WHOLE)
    acts.state(ledger, [claim], NOW, "wang")
    assert acts.take_back(ledger, claim.indicator, 2026, NOW, "wang").numerator == 96
    with pytest.raises(ConfigError, match="ops/x：2026年没有可撤回的填报"):
        acts.take_back(ledger, claim.indicator, 2026, NOW, "wang")


def test_a_period_put_right_later_leaves_what_was_said_of_a_longer_one(tmp_path: Path, ledger: Ledger) -> None:
    for through, numerator in (("2026-07-31", "50"), ("2026-10-31", "80"), ("2026-07-31", "51")):
        texts = {"through": through, "numerator": numerator, "denominator": "100", "reason": "分期支付"}
        acts.state(ledger, [said(tmp_path, ENTERED, **texts)], NOW, "wang")
    made = statements(acts.log(ledger)[0])[(2026, "ops/x")]
    (july, year) = (last_before(made, date(2026, month, 1).toordinal()) for month in (8, 12))
    assert july is not None
    assert year is not None
    assert [july.numerator, year.numerator] == [51, 80]


def test_where_one_statement_cannot_be_written_none_is(tmp_path: Path, ledger: Ledger) -> None:
    plan, indicator = row(tmp_path, ATTESTED)
    texts = {Part.WORD: "健全", Part.BAND: "达成"}
    good = acts.claim(plan, indicator, texts, TODAY)
    with ledger.write() as session:
        session.run("CREATE TRIGGER full BEFORE INSERT ON evidence_file BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    files, _ = read_files([tmp_path / "targets.yaml"])
    other = acts.claim(plan, indicator, texts | {Part.THROUGH: "2026-10-31"}, TODAY, files)
    with pytest.raises(Exception, match="disk full"):
        acts.state(ledger, [good, other], NOW, "wang")
    assert acts.log(ledger)[0] == []


# --- the head of the forms --------------------------------------------------------------------------------------------


def test_the_head_of_a_form_keeps_what_was_said_last_of_each_field(ledger: Ledger) -> None:
    def say(**texts: str) -> int:
        told, unfit = head("ops", 2026, texts)
        assert unfit == []
        with ledger.write() as session:
            return len(fill(session, [told], NOW, "wang"))

    assert say(填报人="王某", planned="4,763,873", 填报日期="2027/1/15") == 1
    assert say(填报人="王某", 填报日期="2027年1月15日") == 0
    assert say(填报人="李某", planned="") == 1
    log = acts.log(ledger)[0]
    assert filled(log) == {(2026, "ops"): {"填报人": "李某", "填报日期": "2027-01-15"}}
    assert "某" not in repr([acts.without_names(act) for act in log])


def test_what_is_wrong_with_the_head_of_a_form_is_said_by_its_field() -> None:
    texts = {"planned": "约五百万", "budget": "1.234", "填报日期": "年初", "联系电话": "1" * 101}
    told, unfit = head("ops", 2026, texts | {"填报人": " 王某 "})
    assert told.fields == {"填报人": "王某"}
    assert dict(unfit) == {
        "planned": "应为金额（元），如 4763873.50，现为“约五百万”",
        "budget": "金额应精确到分，现为“1.234”",
        "填报日期": "应为日期，如 2027-01-15，现为“年初”",
        "联系电话": "不应超过 100 字，现为 101 字",
    }


# --- what is owed -----------------------------------------------------------------------------------------------------


def owing(folder: Path) -> Config:
    rows = {"a": ENTERED, "b": ENTERED, "c": SHARE}
    return site(folder, rows, keys={"owner": "财务科", "attest_by": "2027-01-20"})


def test_what_is_owed_counts_down_and_is_owed_again_once_the_year_is_over(tmp_path: Path, ledger: Ledger) -> None:
    config = owing(tmp_path)
    plan = config.plans[0]
    claim = acts.claim(plan, plan.projects[0].indicators[0], {Part(k): v for k, v in WHOLE.items()}, TODAY)
    acts.state(ledger, [claim], NOW, "wang")
    rows = owed.rows(config, ledger, NOW)
    assert [(row.indicator.id, row.is_filled, row.days_left) for row in rows] == [("a", True, 56), ("b", False, 56)]
    assert owed.filled(rows) == 1
    later = owed.rows(config, ledger, at("2027-01-21T09:00"))
    assert [(row.is_filled, row.days_left, row.verdict.state) for row in later] == [
        (False, -1, State.PENDING), (False, -1, State.PENDING),
    ]  # fmt: skip
    assert owed.rows(config, ledger, at("2025-12-31T23:00")) == []


def test_the_command_says_what_is_owed_by_whom_and_until_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owing(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "sources.yaml").unlink()  # who answers for a row needs no way to the sources
    files = ["--ledger", "ledger.db"]
    invoke("attest", "a", "--numerator", "96", "--denominator", "100", *files)
    assert "a（2026年" in capsys.readouterr().out
    invoke("status", "--owed", "--at", "2026-11-25", *files)
    told = capsys.readouterr().out
    assert told.startswith("已填1/2\n\n财务科  已填1/2\n")
    assert "未填" in told
    assert "2027-01-20" in told
    assert "56天" in told
    invoke("status", "--owed", "--at", "2027-01-22", "--json", *files)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["filled"], answer["of"], answer["owners"]) == (0, 2, [{"owner": "财务科", "filled": 0, "of": 2}])
    assert [row["days_left"] for row in answer["rows"]] == [-2, -2]
    with pytest.raises(ConfigError, match="--owed：只与"):
        invoke("status", "--owed", "--window", "year", *files)


def test_the_command_says_everything_wrong_by_its_option_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site(tmp_path, {"x": ATTESTED})
    monkeypatch.chdir(tmp_path)
    wrong = ["attest", "x", "--band", "达成", "--score", "70%", "--evidence", "gone.pdf", "--through", "2027-01-01"]
    with pytest.raises(ConfigError) as refused:
        invoke(*wrong, "--ledger", "ledger.db")
    assert [line.partition("：")[0] for line in refused.value.problems] == [
        "--evidence", "--through", "--word", "--score",
    ]  # fmt: skip
    assert not (tmp_path / "ledger.db").exists()
    invoke("attest", "x", "--word", "健全", "--band", "达成", "--ledger", "ledger.db")
    assert "健全（达成年度指标，得分率100%），目标健全：达标（第1条）" in capsys.readouterr().out
    invoke("attest", "x", "--take-back", "--ledger", "ledger.db")
    assert "已撤回第1条填报" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="撤回时不应同时填写其他内容"):
        invoke("attest", "x", "--take-back", "--word", "健全", "--ledger", "ledger.db")


def test_of_several_years_the_one_meant_has_to_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site(tmp_path, {"x": ATTESTED})
    plan = json.loads((tmp_path / "targets.yaml").read_text(encoding="utf-8"))
    (tmp_path / "next.yaml").write_text(json.dumps(plan | {"year": "2027"}), encoding="utf-8")
    files = [tmp_path / name for name in ("targets.yaml", "next.yaml")]
    assert len(load(files, None, collectors=COLLECTORS).plans) == 2
    monkeypatch.chdir(tmp_path)
    command = ["attest", "x", "--word", "健全", "--band", "达成", "--ledger", "ledger.db"]
    command += [part for file in files for part in ("--targets", str(file))]
    with pytest.raises(ConfigError, match="--year：应为 2026或2027，现为空"):
        invoke(*command)
    invoke(*command, "--year", "2026")
    ledger = Ledger.open(tmp_path / "ledger.db")
    assert [act.body["year"] for act in acts.log(ledger)[0]] == [2026]
    ledger.close()


def test_the_bands_meet_without_a_gap() -> None:
    for share in (Fraction(n, 1000) for n in range(1001)):
        assert sum(band.admits(share) for band in Band) == 1


def test_the_demonstration_states_some_rows_through_last_month_and_owes_the_rest(ledger: Ledger) -> None:
    config = load([Path(__file__).parents[1] / "targets.yaml"], None, collectors=COLLECTORS)
    assert state_for_show(config, ledger, NOW) == len(STATED)
    rows = owed.rows(config, ledger, NOW)
    assert (owed.filled(rows), len(rows)) == (len(STATED), 33)
    assert {row.through for row in rows if row.is_filled} == {date(2026, 10, 31)}
    assert state_for_show(config, ledger, NOW) == len(STATED)
    assert len(acts.log(ledger)[0]) == len(STATED)
    assert state_for_show(config, ledger, at("2027-01-05T10:00")) == len(STATED)
    assert state_for_show(config, ledger, at("2027-03-05T10:00")) == 0
