"""The official forms in a pack: as they are exported, made again from the pack alone, every changed cell named."""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from openpyxl import load_workbook

from agent.asking import answer
from agent.book import Proposal, definitions, register
from agent.book.period import period_of, year_of
from agent.cli.exporting import make_again
from agent.cli.options import DONE
from agent.config import load
from agent.evidence import Closed, Problem, Wanted
from agent.evidence.reading import Pack
from agent.export.profile import FOLDER
from agent.model import ConfigError
from agent.status import Question
from collectors import COLLECTORS
from tests.closed_site import busy_site, closed, forged, problems, replaced
from tests.form_site import OVER, PLAN, form_site
from tests.plans import at

pytestmark = pytest.mark.whole

AUGUST = at("2026-08-10T09:00")
YEAR, MONTHS = year_of(2026), period_of("2026-01..07")
SCORED = "forms/2026/mof-2020/self-evaluation"
PROFILES = ("mof-2020", "shanghai-4class")
SHEET = "平台运维"


class Made(NamedTuple):
    """A pack, what closing it came to, and the same forms as they are exported."""

    pack: Path
    done: Closed
    exported: dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    pack = tmp_path_factory.mktemp("packs") / "pack.zip"
    with form_site(tmp_path_factory.mktemp("site")) as site:
        site.state_all()
        exported = {
            f"forms/2026/{profile}/{form}{ending}": site.made(form, ending, profile=profile).content
            for profile in PROFILES
            for form in ("self-evaluation", "targets")
            for ending in (".xlsx", ".json")
        }
        done = closed(site, pack, period=YEAR, now=OVER, wanted=Wanted("final"), profiles=PROFILES)
    return Made(pack, done, exported)


def test_a_closed_year_holds_the_forms_as_they_are_exported_and_they_are_made_again_from_it(made: Made) -> None:
    pack = Pack(made.pack)
    assert {name: pack.content(name) for name in pack.members if name.startswith("forms/")} == made.exported
    assert set(made.done.act.body["forms"]) == set(made.exported)
    assert made.done.packed.said[0] == "平台运维：总分75.2分，等级：中；4项需说明原因"
    assert problems(made.pack) == ()


def test_the_profile_of_a_site_comes_with_the_pack(tmp_path: Path) -> None:
    text = (FOLDER / "mof-2020.yaml").read_text(encoding="utf-8")
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("name: mof-2020", "name: 本市", 1), encoding="utf-8")
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site") as site:
        site.state_all()
        closed(site, tmp_path / "pack.zip", period=YEAR, now=OVER, profiles=[str(own)])
    own.unlink()
    assert "profiles/%E6%9C%AC%E5%B8%82.yaml" in Pack(tmp_path / "pack.zip").members
    assert problems(tmp_path / "pack.zip") == ()


def test_the_first_months_hold_the_monitoring_form_with_what_was_expected_of_the_year(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site", read=AUGUST) as site:
        exported = site.made("monitoring", ".json", period="2026-01..07", now=AUGUST).content
        closed(site, tmp_path / "pack.zip", period=MONTHS, now=AUGUST)
    pack = Pack(tmp_path / "pack.zip")
    assert pack.content("forms/2026/mof-2020/monitoring.json") == exported
    assert json.loads(pack.content("expected.json"))["2026"]["ops/answered"]["expected"]
    assert problems(tmp_path / "pack.zip") == ()


@pytest.fixture(scope="module")
def august(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of the months to July, closed in August: one record of a system, and one still open, are of August."""
    folder, plan = tmp_path_factory.mktemp("august"), copy.deepcopy(PLAN)
    plan["systems"]["escrow"] = "资金监管系统"
    (folder / "site").mkdir()
    with form_site(folder / "site", plan, read=AUGUST) as site:
        with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
            for day in range(1, 60):
                faults.write(
                    f"E{day},portal,2025-{1 + day % 12:02d}-10 09:00:00,2025-{1 + day % 12:02d}-10 09:03:00,\n"
                )
            faults.write("L1,escrow,2026-08-03 09:00:00,2026-08-03 09:30:00,\n")
            faults.write("L2,portal,2026-08-10 08:58:00,,\n")
        os.utime(site.folder / "faults.csv", (1, 1))
        site.collect(AUGUST)
        closed(site, folder / "pack.zip", period=MONTHS, now=AUGUST)
    assert problems(folder / "pack.zip") == ()
    assert "L1" not in gzip.decompress(Pack(folder / "pack.zip").content("records/faults.csv.gz")).decode()
    return folder / "pack.zip"


def test_a_forged_expectation_is_named_with_what_follows_from_the_records(august: Path, tmp_path: Path) -> None:
    rows = json.loads(Pack(august).content("expected.json"))["2026"]
    right = rows["ops/answered"]
    assert right["expected"]

    def forge(content: bytes) -> bytes:
        told = json.loads(content)
        told["2026"]["ops/answered"] |= {"expected": "99.00%", "likely": "sure"}
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()

    found = problems(forged(august, tmp_path / "forged.zip", {"expected.json": forge}))
    assert found[:2] == (
        Problem("expected.json", "ops/answered 全年预计完成情况", right["expected"], "99.00%"),
        Problem("expected.json", "ops/answered 完成目标可能性", right["likely"], "sure"),
    )


def test_the_sums_of_a_forecast_follow_from_the_records_within_the_period(august: Path, tmp_path: Path) -> None:
    inside = replaced("ops/answered,2026-05-04,0,1", "ops/answered,2026-05-04,1,0")
    (found,) = problems(forged(august, tmp_path / "inside.zip", {"ahead.csv": inside}))
    assert (found.file, found.expected.split(",")[1:4]) == ("ahead.csv", ["2026-05-04", "0", "1"])
    outside = replaced("ops/answered,2026-08-03,0,1", "ops/answered,2026-08-03,40,0")
    found, *_ = problems(forged(august, tmp_path / "outside.zip", {"ahead.csv": outside}))
    assert (found.file, found.where) == ("expected.json", "ops/answered 全年预计完成情况")


def test_an_expectation_forged_in_the_form_alone_is_named_there(august: Path, tmp_path: Path) -> None:
    expected = json.loads(Pack(august).content("expected.json"))["2026"]["ops/answered"]["expected"]
    change = {"forms/2026/mof-2020/monitoring.json": replaced(expected, "99.99%")}
    found = problems(forged(august, tmp_path / "forged.zip", change))
    assert {one.file for one in found} == {"forms/2026/mof-2020/monitoring.json"}


def test_a_forged_cause_is_named_by_the_statement_and_by_the_form(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site", read=AUGUST) as site:
        site.state("answered", "2026-07-31", "2026-08-03T10:00", reason="值守缺人", causes=["staff"])
        closed(site, tmp_path / "pack.zip", period=MONTHS, now=AUGUST)
    assert problems(tmp_path / "pack.zip") == ()
    forgery = forged(
        tmp_path / "pack.zip", tmp_path / "forged.zip", {"attestations.csv": replaced("人员保障", "经费保障")}
    )
    (problem,) = problems(forgery)
    assert (problem.file, "人员保障" in problem.expected) == ("attestations.csv", True)


def test_a_form_of_a_closing_is_made_again_from_its_batch_after_the_ledger_went_on(tmp_path: Path) -> None:
    later = at("2027-03-01T09:00")
    with form_site(tmp_path) as site:
        site.state_all()
        done = closed(site, tmp_path / "pack.zip", period=YEAR, now=OVER, wanted=Wanted("final"))
        with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
            faults.write("F9,portal,2026-12-30 09:00:00,2026-12-30 11:00:00,\n")
        site.collect(later)
        site.state("reports", numerator="11", when="2027-02-01T10:00")
        closed_form = Pack(tmp_path / "pack.zip").content(f"{SCORED}.xlsx")
        assert site.made(ending=".xlsx", now=later).content != closed_form
        again, targets = tmp_path / "again.xlsx", [site.folder / "targets.yaml"]
        number = done.act.n
        code = make_again(site.config, site.ledger, number, again, "mof-2020", targets, form="self-evaluation")
        assert (code, again.read_bytes()) == (DONE, closed_form)
        with pytest.raises(
            ConfigError, match=f"--again {number}：是一次封账，其中没有 mof-2020/monitoring.xlsx；有 forms/2026"
        ):
            make_again(site.config, site.ledger, number, again, "mof-2020", targets, form="monitoring")
        known_then = Question(first=YEAR.first, last=YEAR.last, as_of=OVER, through=done.act.body["batch"])
        then = answer(site.config, site.ledger, known_then, later)["indicators"]
    kept = json.loads(Pack(tmp_path / "pack.zip").content("verdicts.json"))
    assert then == [{key: one[key] for key in then[0]} for one in kept]


def test_a_form_made_after_late_data_says_what_has_changed_since_the_closing(made: Made, tmp_path: Path) -> None:
    said = "封账后有变化：预算执行率、故障及时响应率、平均响应时长。逐件见 dabiao closed --diff。"
    with form_site(tmp_path) as site:
        site.state_all()
        closed(site, tmp_path / "pack.zip", period=YEAR, now=OVER, wanted=Wanted("final"))
        assert "封账后有变化" not in site.made(ending=".html").content.decode()
        with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
            faults.write("F9,portal,2026-12-30 09:00:00,2026-12-30 11:00:00,\n")
        site.collect(at("2027-03-01T09:00"))
        site.state("execution", when="2027-02-01T10:00", numerator="910000", denominator="1000000")
        assert said in site.made(ending=".html", now=at("2027-03-01T09:00")).content.decode()


def test_a_period_that_does_not_begin_the_year_and_a_site_without_points_have_no_forms(tmp_path: Path) -> None:
    with busy_site(tmp_path) as site:
        closed(site, tmp_path / "pack.zip")
        assert not [name for name in Pack(tmp_path / "pack.zip").members if name.startswith(("forms/", "profiles/"))]
        with pytest.raises(ConfigError, match="没有一项指标给出 mof-2020 的分值"):
            closed(site, tmp_path / "2.zip", profiles=["mof-2020"])
        with pytest.raises(ConfigError, match="2026-02 不自1月起，没有官方表格"):
            closed(site, tmp_path / "2.zip", period=period_of("2026-02"), profiles=["mof-2020"])


def test_a_form_whose_points_do_not_sum_to_a_hundred_is_not_closed(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site") as site:
        site.state_all()
        path = site.folder / "targets.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("mof-2020: 30", "mof-2020: 29"), encoding="utf-8")
        site.config = load([path], site.folder / "sources.yaml", collectors=COLLECTORS, environ={})
        with pytest.raises(ConfigError, match="分值之和应为100，现为99"):
            closed(site, tmp_path / "pack.zip", period=YEAR, now=OVER)
    assert list(tmp_path.iterdir()) == [tmp_path / "site"]


# --- forgeries whose manifest fits ------------------------------------------------------------------------------------


def cell(sheet: str, wanted: str, value: str | float) -> Callable[[bytes], bytes]:
    """A change of one cell."""

    def change(content: bytes) -> bytes:
        book = load_workbook(io.BytesIO(content))
        (found,) = [one for row in book[sheet].iter_rows() for one in row if one.coordinate == wanted]
        found.value = value
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return change


def answered(key: str, value: object) -> Callable[[bytes], bytes]:
    """A change in the row of one indicator, or of the whole project."""

    def change(content: bytes) -> bytes:
        told: Any = json.loads(content)
        (project,) = told["projects"]
        (row,) = [one for one in project["rows"] if one["indicator"] == "answered"]
        (project if key in project else row)[key] = value
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()

    return change


def place_of(content: bytes, sheet: str, text: str) -> tuple[str, object]:
    """The first cell whose content begins so."""
    book = load_workbook(io.BytesIO(content))
    return next(
        (one.coordinate, one.value)
        for row in book[sheet].iter_rows()
        for one in row
        if str(one.value if one.value is not None else "").startswith(text)
    )


@pytest.mark.parametrize("text", ["75.2", "60.00%", "平台稳定运行"])
def test_a_changed_cell_of_a_form_is_named_with_what_it_should_say(made: Made, tmp_path: Path, text: str) -> None:
    file = f"{SCORED}.xlsx"
    place, says = place_of(made.exported[file], SHEET, text)
    new: str | float = 99.5 if isinstance(says, float) else "99.5"
    (found,) = problems(forged(made.pack, tmp_path / "forged.zip", {file: cell(SHEET, place, new)}))
    assert (found.file, found.where) == (file, f"{SHEET}!{place}")
    assert str(says) in found.expected
    assert "99.5" in found.got


@pytest.mark.parametrize(("key", "value", "where"), [
    ("score", 30, "projects.ops.rows.answered.score"),
    ("total", 100, "projects.ops.total"),
    ("grade", "良", "projects.ops.grade"),
])  # fmt: skip
def test_a_changed_score_total_or_grade_is_named(
    made: Made, tmp_path: Path, key: str, value: object, where: str
) -> None:
    file = f"{SCORED}.json"
    (found,) = problems(forged(made.pack, tmp_path / "forged.zip", {file: answered(key, value)}))
    assert (found.file, found.where, found.got) == (file, where, json.dumps(value, ensure_ascii=False))


def test_a_changed_look_of_a_form_is_named_by_its_part_and_another_compression_is_none(
    made: Made, tmp_path: Path
) -> None:
    def packed(change: Callable[[str, bytes], bytes]) -> Callable[[bytes], bytes]:
        def again(content: bytes) -> bytes:
            out = io.BytesIO()
            with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(out, "w") as write:
                for part in read.infolist():
                    write.writestr(zipfile.ZipInfo(part.filename), change(part.filename, read.read(part)))
            return out.getvalue()

        return again

    file = f"{SCORED}.xlsx"
    stored = forged(made.pack, tmp_path / "stored.zip", {file: packed(lambda name, part: part)})
    assert problems(stored) == ()
    hidden = packed(lambda name, part: part.replace(b'sz val="10"', b'sz val="1"') if "styles" in name else part)
    (found,) = problems(forged(made.pack, tmp_path / "forged.zip", {file: hidden}))
    assert (found.file, found.where, found.got) == (file, "xl/styles.xml", "被改动")


@pytest.mark.parametrize("content", [b"-", b"PK\x03\x04", b"no workbook", b"{}"])
@pytest.mark.parametrize("ending", [".xlsx", ".json"])
def test_a_form_that_cannot_be_read_is_named(made: Made, tmp_path: Path, ending: str, content: bytes) -> None:
    file = f"{SCORED}{ending}"
    found = problems(forged(made.pack, tmp_path / "forged.zip", {file: lambda _: content}))
    assert {one.file for one in found} == {file}


def test_a_profile_that_grades_otherwise_is_found_in_the_forms(made: Made, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        return content.replace(b"least: 60", b"least: 76")

    found = problems(forged(made.pack, tmp_path / "forged.zip", {"profiles/mof-2020.yaml": change}))
    assert (f"{SCORED}.json", "projects.ops.grade") in {(one.file, one.where) for one in found}


def test_a_level_for_which_a_form_has_no_place_is_said_before_anything_is_closed(tmp_path: Path) -> None:
    plan = copy.deepcopy(PLAN)
    plan["projects"]["ops"]["indicators"]["answered"]["level"] = ["别的", "层级"]
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site", plan, read=AUGUST) as site:
        with pytest.raises(ConfigError, match="mapping 中没有“别的 · 层级”"):
            closed(site, tmp_path / "pack.zip", period=MONTHS, now=AUGUST)
        assert not (tmp_path / "pack.zip").exists()


def test_a_pack_closed_while_a_changed_rule_waits_is_verified_by_the_rule_that_serves(tmp_path: Path) -> None:
    changed = copy.deepcopy(PLAN)
    changed["projects"]["ops"]["indicators"]["answered"]["measure"]["limit"] = "15 min"
    (tmp_path / "site").mkdir()
    with form_site(tmp_path / "site") as site:
        site.state_all()
        (targets := site.folder / "targets.yaml").write_text(yaml.safe_dump(changed, allow_unicode=True))
        site.config = load([targets], site.folder / "sources.yaml", collectors=COLLECTORS, environ={})
        register(site.ledger, definitions(site.config), Proposal("wang", at("2026-12-01T09:00")))
        closed(site, tmp_path / "pack.zip", period=YEAR, now=OVER)
    told = {
        name: json.loads(Pack(tmp_path / "pack.zip").content(name)) for name in ("definitions.json", "verdicts.json")
    }
    states = [rule["state"] for rule in told["definitions.json"] if rule["indicator"] == "answered"]
    assert sorted(states) == ["active", "waiting"]
    (verdict,) = [one for one in told["verdicts.json"] if (one["indicator"], one["system"]) == ("answered", None)]
    assert (verdict["good"], verdict["bad"]) == (3, 2)
    assert problems(tmp_path / "pack.zip") == ()
