"""Closings: drafts and final ones, restatements, signatures, what has changed since, and samples to be looked up."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openpyxl import load_workbook
from rich.console import Console, RenderableType

from agent import acts as deeds
from agent import terminal
from agent.asking import answer
from agent.book import Delivery
from agent.book.closings import closings
from agent.book.period import Period, period_of, year_of
from agent.book.statements import ATTEST
from agent.evaluate import Board
from agent.evaluate.since_closing import CHANGED
from agent.evidence import (
    Closed,
    Sample,
    Signer,
    Since,
    Wanted,
    as_table,
    changed_since,
    close,
    drawn,
    judged,
    known_by,
    sample_sheet,
    verify,
)
from agent.evidence.archive import ContainerWriter
from agent.evidence.contents import Contents
from agent.evidence.manifest import MANIFEST, entries, read, written
from agent.evidence.reading import Pack
from agent.ledger import acts
from agent.mapping import Mapper
from agent.metrics import Exposition
from agent.model import ConfigError
from agent.status import Json
from agent.status import question as asked_of
from collectors import COLLECTORS
from tests.closed_site import busy_site, closed, forged, problems, question, verdict_with
from tests.sites import Site as CommandSite
from tests.small_site import NOW, Site, at

pytestmark = pytest.mark.whole

FEBRUARY, MARCH, APRIL = period_of("2026-02"), period_of("2026-03"), at("2026-04-01T00:00:00")
FINAL = Wanted("final")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "site").mkdir()
    with busy_site(tmp_path / "site") as made:
        yield made


def since(site: Site, now: int = APRIL) -> list[Since]:
    return changed_since(site.ledger, lambda period: question(site, period, now), lambda done, total: None)


def test_a_closing_is_an_act_with_its_values_and_the_hash_of_its_pack(site: Site, tmp_path: Path) -> None:
    done = closed(site, tmp_path / "pack.zip")
    with site.ledger.read() as session:
        log = acts.read(session)
    assert acts.first_broken(log) is None
    (closing,) = closings(log)
    assert (closing.stage, closing.act.account, closing.pack) == ("draft", "wang", done.packed.sha256)
    assert closing.values == done.values
    assert str(closing.values["ops/response"].value) == "4515"


def test_a_final_closing_waits_for_the_end_of_its_period(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2026-03 尚未结束"):
        closed(site, tmp_path / "pack.zip", period=MARCH, wanted=FINAL)
    assert not (tmp_path / "pack.zip").exists()
    assert not (tmp_path / "pack.zip.part").exists()
    closed(site, tmp_path / "pack.zip", period=MARCH, now=APRIL, wanted=FINAL)


def test_a_final_closing_of_the_year_waits_for_what_people_still_owe(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ops/sound 尚未填报全期数值"):
        closed(site, tmp_path / "pack.zip", period=year_of(2026), now=at("2027-01-05T10:00:00"), wanted=FINAL)


def test_a_closed_period_is_closed_again_only_with_a_reason_and_the_former_is_kept(site: Site, tmp_path: Path) -> None:
    first = closed(site, tmp_path / "1.zip", period=MARCH, now=APRIL, wanted=FINAL)
    for wanted, message in (
        (FINAL, "已由 wang 定稿"),
        (Wanted("draft"), "已由 wang 定稿"),
        (Wanted("final", restate=True), "--reason：应写明重述的理由"),
        (Wanted("draft", restate=True, reason="补录"), "重述也须用 --final"),
    ):
        with pytest.raises(ConfigError, match=message):
            closed(site, tmp_path / "2.zip", period=MARCH, now=APRIL, wanted=wanted)
    site.deliver("faults", [("F8", "portal", "2026-03-02T12:00:00", "2026-03-02T12:01:00", "1", None)])
    again = closed(site, tmp_path / "2.zip", period=MARCH, now=APRIL, wanted=Wanted("final", True, "补录"))
    assert again.former is not None
    assert again.former.act.n == first.act.n
    assert again.values["ops/answered"] != first.values["ops/answered"]
    with site.ledger.read() as session:
        former, latter = closings(acts.read(session))
    assert (former.superseded, latter.restates, latter.reason) == (again.act.n, first.act.n, "补录")
    assert problems(tmp_path / "1.zip") == problems(tmp_path / "2.zip") == ()


def test_what_was_never_closed_cannot_be_restated(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="没有定稿可以重述"):
        closed(site, tmp_path / "pack.zip", wanted=Wanted("final", True, "补录"))


def test_a_pack_is_never_overwritten(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_text("another")
    with pytest.raises(ConfigError, match="证据包不覆盖已有文件"):
        closed(site, tmp_path / "pack.zip")
    assert (tmp_path / "pack.zip").read_text() == "another"


def test_late_data_shows_as_changed_since_the_closing_and_what_did_not_move_does_not(
    site: Site, tmp_path: Path
) -> None:
    closed(site, tmp_path / "pack.zip", period=MARCH, now=APRIL, wanted=FINAL)
    (before,) = since(site)
    assert before.moved == ()
    site.deliver("calls", [("C3", "portal", "2026-03-04T00:00:00", "0", "10")])
    (after,) = since(site)
    assert after.moved is not None
    assert [one.indicator for one in after.moved] == ["ops/calls"]
    (one,) = after.moved
    assert one.then is not None
    assert one.now is not None
    assert one.then.good + 1 == one.now.good


def test_a_period_before_the_late_data_stays_as_it_was_closed(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "pack.zip", period=FEBRUARY, now=APRIL)
    site.deliver("calls", [("C3", "portal", "2026-03-04T00:00:00", "0", "10")])
    (one,) = since(site)
    assert one.moved == ()


# --- what has changed since a period was closed for good --------------------------------------------------------------

LATE = ("F8", "portal", "2026-03-02T12:00:00", "2026-03-02T12:09:00", "1", None)


def told(site: Site, now: int = APRIL, first: str = "2026-03-01", last: str = "2026-04-01") -> Json:
    return answer(site.config, site.ledger, asked_of({"from": first, "to": last}, site.config), now)


def flagged(answer: Json) -> set[str]:
    return {one["indicator"] for one in answer["indicators"] if CHANGED in one["flags"]}


def closed_for_good(site: Site, folder: Path) -> Closed:
    return closed(site, folder / "march.zip", period=MARCH, now=APRIL, wanted=FINAL)


def test_late_data_is_a_finding_and_a_flag_until_the_period_is_restated(site: Site, tmp_path: Path) -> None:
    closed_for_good(site, tmp_path)
    assert (flagged(told(site)), findings_of(told(site))) == (set(), {})
    site.deliver("faults", [LATE])
    late = told(site)
    assert flagged(late) == {"answered", "answered/mean", "answered/median", "response", "duplicates"}
    assert findings_of(late)["ops/answered"] == "2026年3月定稿(操作日志第5条)之后有变化：已结不合格1→2"
    closed(site, tmp_path / "again.zip", period=MARCH, now=APRIL, wanted=Wanted("final", True, "补录"))
    assert (flagged(told(site)), findings_of(told(site))) == (set(), {})


def findings_of(answer: Json) -> dict[str, str]:
    return {one["subject"]: one["text"] for one in answer["findings"] if one["kind"] == CHANGED}


def test_it_shows_in_every_window_that_holds_the_closed_days_and_in_the_series(site: Site, tmp_path: Path) -> None:
    closed_for_good(site, tmp_path)
    site.deliver("faults", [LATE])
    assert "answered" in flagged(told(site, first="2026-01-01", last="2027-01-01"))
    assert flagged(told(site, first="2026-03-02", last="2026-04-01")) == set()
    assert flagged(told(site, first="2026-02-01", last="2026-03-01")) == set()
    written = Exposition(site.config).render(site.snapshot(APRIL), {}).text.decode()
    assert f'dabiao_findings{{kind="{CHANGED}"}} 5\n' in written


def test_a_board_that_runs_on_finds_what_comes_in_and_what_is_put_right(site: Site, tmp_path: Path) -> None:
    board = Board(site.config, site.ledger)
    closed_for_good(site, tmp_path)
    assert [one for one in board.refresh(APRIL).findings if one.kind == CHANGED] == []
    site.deliver("calls", [("C3", "portal", "2026-03-04T00:00:00", "0", "10")])
    (found,) = [one for one in board.refresh(APRIL).findings if one.kind == CHANGED]
    assert (found.subject, found.at) == ("ops/calls", NOW)
    (verdict,) = [
        one
        for one in board.refresh(APRIL).verdicts
        if (one.indicator, one.window.name, one.system) == ("calls", "ytd", None)
    ]
    assert CHANGED in verdict.flags
    site.deliver("calls", [("C3", "portal", "2026-05-04T00:00:00", "0", "10")])
    assert [one for one in board.refresh(APRIL).findings if one.kind == CHANGED] == []


def test_a_draft_and_the_mere_passing_of_time_are_no_finding(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "draft.zip", period=MARCH, now=APRIL)
    site.deliver("faults", [LATE])
    assert findings_of(told(site)) == {}
    closed_for_good(site, tmp_path)
    assert findings_of(told(site, at("2026-06-01T00:00:00"))) == {}


def test_what_was_learned_later_is_no_finding_of_a_time_before(site: Site, tmp_path: Path) -> None:
    closed_for_good(site, tmp_path)
    question = asked_of({"from": "2026-03-01", "to": "2026-04-01", "as_of": "2026-04-01T01:00"}, site.config)
    later = at("2026-04-02T00:00:00")
    configured = site.config.source("faults")
    assert configured is not None
    mapped = Mapper(configured.spec, "faults", configured.days).map([LATE], "faults.csv", range(2, 3))
    site.book.deliver(Delivery("faults", "fault", mapped, later, finished=True))
    assert findings_of(answer(site.config, site.ledger, question, later)) == {}
    assert findings_of(told(site, later))["ops/answered"]


def test_a_statement_made_after_the_year_was_closed_is_a_finding(site: Site, tmp_path: Path) -> None:
    january = at("2027-01-10T10:00:00")
    said = {"year": 2026, "through": "2026-12-31", "word": "健全", "band": "achieved"}
    with site.ledger.write() as session:
        acts.append(session, january, "zhao", ATTEST, "ops/sound", said)
    closed(site, tmp_path / "year.zip", period=year_of(2026), now=january, wanted=FINAL)
    with site.ledger.write() as session:
        acts.append(session, january, "zhao", ATTEST, "ops/sound", said | {"band": "partly"})
    found = findings_of(told(site, january))
    assert found == {"ops/sound": "2026年定稿(操作日志第6条)之后有变化：填报依据由第5条变为第7条"}


def test_a_changed_rule_is_a_finding(site: Site, tmp_path: Path) -> None:
    closed_for_good(site, tmp_path)
    site.reconfigure(
        'text: ">=90%"\n        target: ">= 90 %"\n        measure: {kind: amount',
        'text: ">=90%"\n        target: ">= 80 %"\n        measure: {kind: amount',
    )
    site.register()
    assert findings_of(told(site)) == {"ops/calls": "2026年3月定稿(操作日志第5条)之后有变化：口径已变更"}


def test_each_record_that_counts_otherwise_is_named_with_what_it_was_and_when_that_was_learned(
    site: Site, tmp_path: Path
) -> None:
    closed_for_good(site, tmp_path)
    edited = ("F3", "archive", "2026-03-03T23:58:00", "2026-03-04T00:01:00", "2", None)
    site.deliver("faults", [LATE, edited])
    asked = deeds.request_exclusion(site.ledger, "calls/C1", "", "联调", APRIL, "wang")
    deeds.approve(site.ledger, site.book, asked.n, APRIL, "li")
    (one,) = since(site)
    records = {(record.indicator, record.id): record for record in one.records}
    answered = {id: record for (indicator, id), record in records.items() if indicator == "ops/answered"}
    assert set(answered) == {"F3", "F8"}
    assert answered["F3"].then == {"responded_at": "2026-03-04T00:10:30+08:00", "结果": "不合格"}
    assert answered["F3"].now == {"responded_at": "2026-03-04T00:01:00+08:00", "结果": "合格"}
    assert answered["F3"].learned == (NOW, "faults", None)
    assert answered["F8"].then is None
    assert answered["F8"].now is not None
    assert (answered["F8"].now["结果"], answered["F8"].now["日期"]) == ("不合格", "2026-03-02")
    out = records[("ops/calls", "C1")]
    assert (out.then, out.now) == (
        {"结果": "合格", "原因": "", "分子": "95.25", "分母": "100"},
        {"结果": "剔除", "原因": "联调", "分子": "", "分母": ""},
    )
    assert out.learned == (APRIL, "li", asked.n + 1)
    assert not {id for _, id in records} & {"F1", "F5", "C2", "U2"}


def test_a_record_whose_time_ran_out_is_named_without_anything_learned(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "draft.zip", now=NOW)
    (one,) = since(site, at("2026-03-05T12:00:00"))
    (ran_out,) = [record for record in one.records if (record.indicator, record.id) == ("ops/answered", "F7")]
    assert (ran_out.then, ran_out.now) == ({"结果": "未结", "原因": "时限内"}, {"结果": "不合格", "原因": "已超时"})
    assert ran_out.learned is None


def printed(what: RenderableType) -> str:
    out = StringIO()
    Console(file=out, width=80).print(what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_what_has_changed_is_told_indicator_by_indicator_with_the_records_behind_it(site: Site, tmp_path: Path) -> None:
    closed_for_good(site, tmp_path)
    edited = ("F3", "archive", "2026-03-03T23:58:00", "2026-03-04T00:01:00", "2", None)
    site.deliver("faults", [LATE, edited])
    text = printed(terminal.closings(since(site), site.config))
    assert text.split("\n\n")[1] == TOLD


TOLD = """\
  故障响应率  ops/answered
    当时  — 无数据（合格1，不合格3，剔除2）
    现在  — 无数据（合格2，不合格3，剔除2）
    faults/F3
      响应时间 2026-03-04 00:10:30 → 2026-03-04 00:01:00
      结果 不合格 → 合格
      变化来自：2026-03-05 10:00:00 读自 faults
    faults/F8
      新计入：系统 portal，日期 2026-03-02，报修时间 2026-03-02
      12:00:00，响应时间 2026-03-02 12:09:00，结果 不合格
      变化来自：2026-03-05 10:00:00 读自 faults"""


def test_what_differs_in_a_pack_is_told_in_a_block_each_with_no_name_broken(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "pack.zip", now=NOW)
    change = {"verdicts.json": verdict_with("good", 99, "answered")}
    forgery = forged(tmp_path / "pack.zip", tmp_path / "forged.zip", change)
    text = printed(terminal.verified(verify(forgery, COLLECTORS, None, lambda done, total: None)))
    assert "数据截至 2026-03-05 10:00:00\n" in text
    assert "\nverdicts.json  ops/answered good\n  应为  1\n  实为  99" in text


def test_only_of_a_record_whose_limit_has_passed_it_is_said_that_it_has(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "draft.zip", now=NOW)
    text = printed(terminal.closings(since(site, at("2026-03-05T12:00:00")), site.config))
    answered, response = text.split("\n\n")[1:]
    assert answered.endswith(
        "    faults/F7\n      结果 未结 → 不合格\n      原因 时限内 → 已超时\n      变化来自：时限已过，仍未完成"
    )
    assert "    faults/F6\n      用时秒 600 → 7800\n      变化来自：随时间推移，没有读到新的内容\n" in response


# --- signatures -------------------------------------------------------------------------------------------------------


def keys(folder: Path, name: str) -> tuple[Path, Path]:
    key, private, public = Ed25519PrivateKey.generate(), folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_a_signature_holds_for_its_key_and_for_no_other(site: Site, tmp_path: Path) -> None:
    private, public = keys(tmp_path, "own")
    _, other = keys(tmp_path, "other")
    done = closed(site, tmp_path / "pack.zip", wanted=Wanted("draft", signer=Signer(private)))
    assert done.act.body["signed_by"] == Signer(private).fingerprint
    assert problems(tmp_path / "pack.zip", public) == ()
    (found,) = problems(tmp_path / "pack.zip", other)
    assert (found.file, found.got) == ("manifest.sig", "签名不符")


def test_a_forged_pack_without_its_signature_fails_where_a_key_is_asked_for(site: Site, tmp_path: Path) -> None:
    private, public = keys(tmp_path, "own")
    closed(site, tmp_path / "pack.zip", wanted=Wanted("draft", signer=Signer(private)))
    change = {"verdicts.json": verdict_with("state", "met", "answered")}
    found = problems(forged(tmp_path / "pack.zip", tmp_path / "forged.zip", change), public)
    assert ("manifest.sig", "没有签名") in {(one.file, one.got) for one in found}


def test_a_changed_manifest_does_not_fit_its_signature(site: Site, tmp_path: Path) -> None:
    private, public = keys(tmp_path, "own")
    closed(site, tmp_path / "pack.zip", wanted=Wanted("draft", signer=Signer(private)))
    pack = Pack(tmp_path / "pack.zip")
    about, listed = read(pack.content(MANIFEST))
    about["batch"] += 1
    fitting = written(about, list(entries(about, [(one.path, one.bytes, one.sha256) for one in listed])))
    with (tmp_path / "forged.zip").open("w+b") as file:
        writer = ContainerWriter(file)
        for name in pack.members:
            writer.add(name, fitting if name == MANIFEST else pack.content(name))
        writer.finish()
    (found,) = problems(tmp_path / "forged.zip", public)
    assert (found.file, found.got) == ("manifest.sig", "签名不符")


@pytest.mark.parametrize("content", [b"", b"null", b"{}", b'{"key": 1}', b"[" * 9000])
def test_a_signature_that_is_none_is_named(site: Site, tmp_path: Path, content: bytes) -> None:
    closed(site, tmp_path / "pack.zip")
    pack = Pack(tmp_path / "pack.zip")
    with (tmp_path / "forged.zip").open("w+b") as file:
        writer = ContainerWriter(file)
        for name in pack.members:
            writer.add(name, pack.content(name))
        writer.add("manifest.sig", content)
        writer.finish()
    (found,) = problems(tmp_path / "forged.zip")
    assert (found.file, found.got) == ("manifest.sig", "读不成")


WITHOUT = "import sys; sys.modules['cryptography'] = None; from agent.cli import main; main()"


@pytest.mark.server
def test_without_the_library_signing_says_how_to_get_it_and_everything_else_works(site: Site, tmp_path: Path) -> None:
    private, public = keys(tmp_path, "own")
    closed(site, tmp_path / "pack.zip", wanted=Wanted("draft", signer=Signer(private)))
    pack, missing = str(tmp_path / "pack.zip"), "签名需要 cryptography；请安装 pip install 'dabiao[signing]'"
    for arguments, code, said in (
        (["verify", pack], 0, ""),
        (["verify", pack, "--key", str(public)], 2, f"dabiao: {missing}\n"),
        (["close", "--period", "2026-03", "-o", "2.zip", "--sign", str(private)], 2, f"dabiao: {missing}\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, *arguments],
            cwd=site.folder, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (code, said)
    assert not (site.folder / "2.zip").exists()


def test_closing_checking_and_drawing_say_how_far_they_are(site: Site, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        steps.append((done, total))

    close(site.ledger, question(site), Wanted("draft"), tmp_path / "pack.zip", "wang", progress)
    closing_steps = len(steps)
    verify(tmp_path / "pack.zip", COLLECTORS, None, progress)
    assert closing_steps > len(Pack(tmp_path / "pack.zip").members) - 2
    assert len(steps) - closing_steps > len(Pack(tmp_path / "pack.zip").members) - 2
    assert all(0 < done <= total for done, total in steps)
    assert steps[closing_steps - 1][0] == steps[closing_steps - 1][1]


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_the_users_mistake(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(ConfigError, match="应为未加密的 Ed25519 私钥"):
        Signer(tmp_path / "key.pem")


# --- samples ----------------------------------------------------------------------------------------------------------


def draw(site: Site, number: int, seed: str, indicator: tuple[str, str] | None = None) -> tuple[Contents, Sample]:
    with site.ledger.frozen() as still, still.read() as session:
        contents = judged(question(site, Period(*MARCH)), still, known_by(session, 0))
        return contents, drawn(contents, number, seed, indicator, lambda done, total: None)


def sampled(site: Site, number: int, seed: str, indicator: tuple[str, str] | None = None) -> list[dict[str, str]]:
    sheet = as_table(draw(site, number, seed, indicator)[1])
    return list(csv.DictReader(StringIO(sheet.decode("utf-8-sig"))))


def test_a_sample_is_the_same_for_the_same_seed_and_each_outcome_has_its_turn(site: Site) -> None:
    first = sampled(site, 4, "7", ("ops", "answered"))
    assert first == sampled(site, 4, "7", ("ops", "answered"))
    assert sorted(row["结果"] for row in first) == sorted(["合格", "不合格", "剔除", "未结"])
    others = [sampled(site, 2, str(seed)) for seed in range(8)]
    assert len({str(rows) for rows in others}) > 1
    assert all(row["核对人"] == "" for row in first)


def test_a_sample_tells_what_decides_under_the_names_of_the_source(site: Site) -> None:
    (late,) = [row for row in sampled(site, 9, "7", ("ops", "answered")) if row["编号"] == "F3"]
    assert late["程序所记"].split("\n") == [
        "报修时间(reported_at) 2026-03-03 23:58:00",
        "响应时间(responded_at) 2026-03-04 00:10:30",
        "级别(level) 2",
        "重复于(duplicate_of) 空",
    ]
    assert late["判定依据"].split("\n") == [
        "时限：5分钟，恰好用满算按时",
        "时限届满 2026-03-04 00:03:00",
        "用时 12分30秒",
        "超过时限 7分30秒",
    ]
    (out,) = [row for row in sampled(site, 9, "7", ("ops", "answered")) if row["编号"] == "F4"]
    assert (out["结果"], out["原因"]) == ("剔除", "重复报修")
    (summed,) = [row for row in sampled(site, 9, "7", ("ops", "calls")) if row["编号"] == "C1"]
    assert summed["判定依据"] == "分子 95.25\n分母 100"


def test_a_sample_of_nothing_says_so(site: Site) -> None:
    with pytest.raises(ConfigError, match="这一期间没有计入指标的记录"):
        sampled(site, 3, "1", ("ops", "nowhere"))


def test_a_sample_to_print_has_room_for_what_the_source_says_and_is_the_same_for_the_same_seed(site: Site) -> None:
    sheet = sample_sheet(*draw(site, 5, "7"), "7")
    assert sheet == sample_sheet(*draw(site, 5, "7"), "7")
    (page,) = load_workbook(BytesIO(sheet)).worksheets
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    head = next(row for row in rows if row[0] == "序号")
    assert head[9:] == ["源系统所记", "是否一致", "差异说明"]
    lines = rows[rows.index(head) + 1 :][:5]
    assert [line[:3] for line in lines] == [
        [str(n), row["数据源"], row["编号"].removeprefix("'")] for n, row in enumerate(sampled(site, 5, "7"), 1)
    ]
    assert {line[4] for line in lines} <= {held.indicator.name for held in draw(site, 1, "7")[0].indicators}
    assert all(re.match(r"\S+ 2026-03-0\d \d\d:\d\d:\d\d", str(line[6])) for line in lines)
    assert {(line[9], line[10], line[11]) for line in lines} == {(None, "□ 是\n□ 否", None)}
    assert "自计入指标的 46 行中抽 5 行，种子 7" in str(rows[2][0])
    assert [text for text in rows[-1] if text] == ["核对人(签名)：", "核对日期：", "复核人(签名)：", "复核日期："]
    assert (page.page_setup.paperSize, page.page_setup.orientation, page.print_title_rows) == (9, "landscape", "$4:$4")


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_pack_is_verified_in_an_empty_folder_by_the_command_alone(site: Site, tmp_path: Path) -> None:
    closed(site, tmp_path / "pack.zip", now=NOW)
    shutil.rmtree(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    elsewhere = CommandSite(tmp_path / "empty")
    assert "重新计算没有差异" in elsewhere.run("verify", str(tmp_path / "pack.zip")).out
    content = bytearray((tmp_path / "pack.zip").read_bytes())
    content[300] ^= 1
    (tmp_path / "pack.zip").write_bytes(content)
    assert "不符" in elsewhere.run("verify", str(tmp_path / "pack.zip"), code=1).out
    assert list((tmp_path / "empty").iterdir()) == []
