"""`dabiao export`: every form is logged with its hash, and made again to the last byte from what was known then."""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from agent.cli.exporting import OFFICIAL, log_all, make_again, make_and_log
from agent.cli.making import official
from agent.cli.options import DOES_NOT_HOLD, DONE
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant
from agent.saving import appearing
from tests.commands import dabiao
from tests.form_site import OVER, FormSite, form_site
from tests.plans import at
from tests.sites import Site

pytestmark = pytest.mark.whole

LATER = at("2027-03-01T09:00")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path) as made:
        made.state_all()
        yield made


def log(site: FormSite) -> list[Act]:
    with site.ledger.read() as session:
        return acts.read(session)


def again(site: FormSite, number: int, ending: str, profile: str = "mof-2020") -> tuple[int, Path]:
    file = site.folder / f"again{ending}"
    targets = [site.folder / "targets.yaml"]
    return make_again(site.config, site.ledger, number, file, profile, targets), file


@pytest.mark.parametrize("ending", [".xlsx", ".json"])
def test_an_export_is_logged_and_made_again_after_the_ledger_went_on(site: FormSite, ending: str) -> None:
    order = site.order(ending=ending)
    assert make_and_log(order) == DONE
    (act,) = [one for one in log(site) if one.kind == "export"]
    content = order.file.read_bytes()
    assert act.body["sha256"] == hashlib.sha256(content).hexdigest()
    assert (act.subject, act.body["file"], act.body["last"]) == ("self-evaluation", f"form{ending}", "2027-01-01")

    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:  # what was told later, of the same year
        faults.write("F9,portal,2026-12-30 09:00:00,2026-12-30 11:00:00,\n")
    site.collect(LATER)
    site.state("reports", numerator="11", when="2027-02-01T10:00")
    assert site.made(ending=ending, now=LATER).content != content

    assert again(site, act.n, ending) == (DONE, site.folder / f"again{ending}")
    assert (site.folder / f"again{ending}").read_bytes() == content


@pytest.mark.parametrize("past", [None, at("2026-08-10T09:00")])
def test_the_official_forms_made_together_are_byte_for_byte_those_made_alone(
    site: FormSite, past: Instant | None
) -> None:
    periods = {"self-evaluation": None, "targets": None, "monitoring": "2026-01..07"}
    orders = [site.order(form, ".xlsx", period=periods[form]) for form in OFFICIAL]
    orders = [replace(order, question=replace(order.question, at=past)) for order in orders]
    together, alone = official(orders), [official([order])[0] for order in orders]
    assert [(one.content, one.body) for one in together] == [(one.content, one.body) for one in alone]
    assert {one.body["last"] for one in together} == {"2027-01-01", "2026-08-01"}


@pytest.mark.server
def test_one_command_makes_all_the_official_forms_in_a_folder_and_logs_each(site: FormSite) -> None:
    place = Site(site.folder)
    done = place.run("export", "--form", "all", "-o", "表格")
    assert (done.code, sorted(file.name for file in (site.folder / "表格").iterdir())) == (
        DONE,
        ["monitoring.xlsx", "self-evaluation.xlsx", "targets.xlsx"],
    )
    acts = [(one.subject, one.body["file"], one.body["last"]) for one in log(site) if one.kind == "export"]
    assert acts == [
        ("self-evaluation", "self-evaluation.xlsx", "2027-01-01"),
        ("targets", "targets.xlsx", "2027-01-01"),
        ("monitoring", "monitoring.xlsx", "2026-08-01"),
    ]


@pytest.mark.parametrize("name", ["表.xlsx", "表.XLSX", "表.html"])
def test_all_official_forms_are_not_made_into_a_folder_that_is_called_like_a_file(site: FormSite, name: str) -> None:
    ended = dabiao(site.folder, "export", "--form", "all", "--ledger", "ledger.db", "-o", name)
    said = f"dabiao: -o {name}：--form all 写三张表，应给出文件夹，如 -o 表\n"
    assert (ended.code, ended.complained, (site.folder / name).exists()) == (2, said, False)


def test_a_folder_that_cannot_be_made_is_one_clear_mistake(site: FormSite) -> None:
    (site.folder / "file").touch()
    ended = dabiao(site.folder, "export", "--form", "all", "--ledger", "ledger.db", "-o", "file/forms")
    assert (ended.code, ended.complained) == (2, "dabiao: -o file/forms：不能写入（Not a directory）\n")


def test_what_was_stated_a_moment_later_is_no_part_of_it_though_nothing_was_collected_since(site: FormSite) -> None:
    make_and_log(site.order())
    number = log(site)[-1].n
    site.state("reports", numerator="11", when="2027-01-11T10:00")
    assert again(site, number, ".json")[0] == DONE


def test_another_promise_or_profile_is_told_and_nothing_written(
    site: FormSite, capsys: pytest.CaptureFixture[str]
) -> None:
    make_and_log(site.order())
    number = log(site)[-1].n
    code, file = again(site, number, ".json", profile="shanghai-4class")
    assert (code, file.exists()) == (DOES_NOT_HOLD, False)
    said = capsys.readouterr().err
    assert f"--again {number}：ops/execution 得分：9.00 → 9.47" in said
    assert f"--again {number}：表式与当时不同：mof-2020（SHA-256 " in said


def test_only_an_export_can_be_made_again(site: FormSite) -> None:
    with pytest.raises(ConfigError) as refused:
        again(site, 1, ".json")
    assert str(refused.value) == "--again 1：不是一次导出的编号；导出记录有 无"


def test_a_file_of_an_unknown_ending_is_refused(site: FormSite) -> None:
    with pytest.raises(ConfigError) as refused:
        site.made(ending=".doc", now=OVER)
    assert str(refused.value) == "-o form.doc：文件名应以 .xlsx、.csv、.json、.html 之一结尾"


def test_a_year_nobody_promised_is_refused(site: FormSite) -> None:
    with pytest.raises(ConfigError) as refused:
        site.made(year=2031)
    assert str(refused.value) == "--year：没有 2031 年的目标文件；已有 2026 年，用 --targets 指明"


def test_the_form_of_january_tells_where_the_year_came_out_otherwise_than_august_expected(tmp_path: Path) -> None:
    august = at("2026-08-10T09:00")
    with form_site(tmp_path, read=august) as site:
        make_and_log(site.order("monitoring", period="2026-01..07", now=august))
        number, expected = log(site)[-1].n, log(site)[-1].body["rows"]["ops/answered"]["expected"]
        site.state_all()
        with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
            faults.write("F8,portal,2026-11-02 09:00:00,2026-11-02 11:00:00,\n")
        site.collect(OVER)
        book = load_workbook(io.BytesIO(site.made(ending=".xlsx").content))
    rows = [[cell.value for cell in row if cell.value is not None] for row in book.worksheets[1].iter_rows()]
    assert [f"六、与监控表预计的差别（第{number}条导出，截至07-31）"] in rows
    assert ["故障及时响应率", expected, "完全不可能", "50.00%", "当前未达标"] in rows


@pytest.mark.parametrize("form", ["self-evaluation", "monitoring", "targets", "attest"])
def test_a_form_of_an_empty_ledger_is_made_again_after_records_and_statements_came(tmp_path: Path, form: str) -> None:
    with form_site(tmp_path) as site:
        filled, site.ledger = site.ledger, Ledger.open(tmp_path / "empty.db")
        filled.close()
        make_and_log(site.order(form, ending=".xlsx"))
        first, number = (tmp_path / "form.xlsx").read_bytes(), log(site)[-1].n
        site.collect(LATER)
        site.state_all()
        assert site.made(form, ending=".xlsx", now=LATER).content != first or form == "targets"
        assert again(site, number, ".xlsx") == (DONE, tmp_path / "again.xlsx")
        assert (tmp_path / "again.xlsx").read_bytes() == first


# --- the file and the log ---------------------------------------------------------------------------------------------


def test_what_cannot_be_logged_leaves_the_former_file_and_nothing_beside_it(site: FormSite) -> None:
    order = site.order()
    order.file.write_text("the former one", encoding="utf-8")
    with site.ledger.write() as session:
        session.run("CREATE TRIGGER full BEFORE INSERT ON act BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    before = sorted(site.folder.iterdir())
    with pytest.raises(sqlite3.IntegrityError, match="disk is full"):
        make_and_log(order)
    assert order.file.read_text(encoding="utf-8") == "the former one"
    assert sorted(site.folder.iterdir()) == before


@pytest.mark.parametrize("place", ["nowhere/form.json", "."])
def test_what_cannot_be_written_is_not_logged(site: FormSite, place: str) -> None:
    order = replace(site.order(), file=site.folder / place)
    with pytest.raises(ConfigError):
        log_all([order], [site.made()])
    assert [act for act in log(site) if act.kind == "export"] == []


def test_a_file_stands_under_its_name_only_once_it_is_logged(site: FormSite) -> None:
    seen = []
    file = site.folder / "form.json"
    with appearing(file, b"whole"):
        seen.append((file.exists(), (site.folder / "form.json.part").read_bytes()))
    assert (seen, file.read_bytes()) == ([(False, b"whole")], b"whole")
    assert not (site.folder / "form.json.part").exists()
