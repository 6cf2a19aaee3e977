"""A year closed in two passes while the next one runs, its ledger in a file or on a server, and checked elsewhere."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.asking import answer
from agent.book.closings import closings
from agent.book.period import year_of
from agent.evidence import Closed, Wanted, changed_since
from agent.evidence.reading import Pack
from agent.ledger import acts
from agent.model import ConfigError
from agent.status import Question
from tests.closed_site import closed, problems, question
from tests.form_site import PLAN, FormSite
from tests.plans import at

pytestmark = pytest.mark.server

FIRST_DAYS, LATER = at("2027-01-05T09:00"), at("2027-01-20T09:00")
YEAR = year_of(2026)
FINAL = Wanted("final")
NEXT_YEAR = "N1,portal,2027-01-04 09:00:00,2027-01-04 09:02:00,\n"
ALONE = """
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(event)
sys.addaudithook(refuse)
from agent.cli import main
sys.argv = ["dabiao", "verify", sys.argv[1]]
main()
"""


@pytest.fixture(params=["file", "server"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FormSite]:
    """Both years' targets; of 2026 everything is known but what is accepted after its end."""
    url = request.getfixturevalue("postgresql_url") if request.param == "server" else None
    (tmp_path / "site").mkdir()
    made = FormSite(tmp_path / "site", read=FIRST_DAYS, more=[copy.deepcopy(PLAN) | {"year": 2027}], ledger=url)
    with (made.folder / "faults.csv").open("a", encoding="utf-8") as faults:
        faults.write(NEXT_YEAR)
    made.collect(FIRST_DAYS)
    made.state_all(reports=None)
    yield made
    made.ledger.close()


def close_year(site: FormSite, out: Path, now: int, wanted: Wanted) -> Closed:
    return closed(site, out, period=YEAR, now=now, wanted=wanted)


def test_a_year_is_closed_as_a_draft_and_for_good_while_the_next_one_runs(site: FormSite, tmp_path: Path) -> None:
    draft = close_year(site, tmp_path / "draft.zip", FIRST_DAYS, Wanted("draft"))
    assert draft.packed.said[0].startswith("平台运维：总分不完整，未填1项")
    with pytest.raises(ConfigError, match="ops/reports 尚未填报"):
        close_year(site, tmp_path / "final.zip", FIRST_DAYS, FINAL)
    site.state("reports", numerator="12", when="2027-01-15T10:00")
    final = close_year(site, tmp_path / "final.zip", LATER, FINAL)
    assert final.packed.said[0].startswith("平台运维：总分75.2分")
    with site.ledger.read() as session:
        log = acts.read(session)
    assert [one.stage for one in closings(log)] == ["draft", "final"]
    assert acts.first_broken(log) is None
    assert problems(tmp_path / "draft.zip") == problems(tmp_path / "final.zip") == ()
    assert {"targets/2026.yaml", "targets/2027.yaml"} <= set(Pack(tmp_path / "final.zip").members)

    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
        faults.write("N2,portal,2027-01-19 09:00:00,2027-01-19 11:00:00,\n")
    site.collect(at("2027-01-21T09:00"))
    now = at("2027-02-01T09:00")
    running = answer(site.config, site.ledger, Question(), now)
    (answered,) = [one for one in running["indicators"] if one["indicator"] == "answered" and one["system"] is None]
    assert (answered["start"][:4], answered["good"], answered["bad"]) == ("2027", 1, 1)
    _, since = changed_since(site.ledger, lambda period: question(site, period, now), lambda done, total: None)
    assert (since.moved, since.records) == ((), ())
    assert not [one for one in running["findings"] if one["kind"] == "changed_since_closing"]


def test_what_comes_late_of_the_closed_year_is_found_while_the_next_one_runs(site: FormSite, tmp_path: Path) -> None:
    site.state("reports", numerator="12", when="2027-01-15T10:00")
    close_year(site, tmp_path / "final.zip", LATER, FINAL)
    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
        faults.write("F9,portal,2026-12-30 09:00:00,2026-12-30 11:00:00,\n")
    site.collect(at("2027-01-21T09:00"))
    now = at("2027-02-01T09:00")
    running = answer(site.config, site.ledger, Question(), now)
    found = {one["subject"]: one["text"] for one in running["findings"] if one["kind"] == "changed_since_closing"}
    assert found["ops/answered"].endswith("之后有变化：已结不合格2→3")
    assert not [one for one in running["indicators"] if "changed_since_closing" in one["flags"]]
    (since,) = changed_since(site.ledger, lambda period: question(site, period, now), lambda done, total: None)
    assert {(one.indicator, one.id) for one in since.records} >= {("ops/answered", "F9"), ("ops/response", "F9")}
    restated = close_year(site, tmp_path / "again.zip", now, Wanted("final", True, "补录一件"))
    assert restated.former is not None
    assert problems(tmp_path / "final.zip") == problems(tmp_path / "again.zip") == ()


def test_a_pack_is_checked_in_an_empty_folder_without_ledger_and_network(site: FormSite, tmp_path: Path) -> None:
    close_year(site, tmp_path / "pack.zip", FIRST_DAYS, Wanted("draft"))
    shutil.rmtree(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path / "pack.zip")],
        cwd=tmp_path / "empty", env={"PATH": ""}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "重新计算没有差异" in done.stdout
    assert list((tmp_path / "empty").iterdir()) == []


REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON act DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.mark.parametrize("site", ["server"], indirect=True)
def test_a_closing_that_fails_at_the_very_end_leaves_no_pack(site: FormSite, tmp_path: Path) -> None:
    import psycopg

    with site.ledger.write() as session:
        session.run(REFUSING)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(psycopg.Error, match="not today"):
        close_year(site, tmp_path / "pack.zip", FIRST_DAYS, Wanted("draft"))
    assert sorted(tmp_path.iterdir()) == before
    with site.ledger.read() as session:
        assert closings(acts.read(session)) == []
