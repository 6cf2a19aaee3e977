"""The demonstration's year in the forms: filled in by program and by hand, complete, one number everywhere."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openpyxl import load_workbook
from prometheus_client.parser import text_string_to_metric_families

from agent import acts
from agent.asking import answer
from agent.book.statements import statements
from agent.cli.making import FORMS, Order
from agent.config import Config
from agent.evaluate import Board
from agent.export import months
from agent.ledger import Ledger
from agent.poll import Publisher
from agent.roundtrip import read
from agent.status import Question
from agent.web import app
from tests.demo_year import PAPER, Typed, demo_year, everything, typed_by_program, typed_into_libreoffice
from tests.plans import at
from tests.showing import served

pytestmark = pytest.mark.server

JANUARY = at("2027-01-20T09:00")
CHINESE = {"未填", "不完整"}


class Office:
    """The year in a ledger of one's own."""

    def __init__(self, config: Config, read_year: Path, folder: Path) -> None:
        self.config, self.folder = config, folder
        shutil.copy(read_year, folder / "ledger.db")
        self.ledger = Ledger.open(folder / "ledger.db")
        (folder / "papers").mkdir()
        (folder / "papers" / PAPER).write_bytes(b"%PDF")

    def order(self, form: str, file: Path) -> Order:
        first, last = months(None, 2026)
        days = Question(first=first, last=last, with_year=True)
        targets = [self.config.plans[0].path]
        return Order(self.config, self.ledger, form, 2026, days, "mof-2020", file, JANUARY, targets)

    def workbook(self) -> Path:
        """The workbook offices fill in, as it is sent."""
        file = self.folder / "填报表.xlsx"
        file.write_bytes(FORMS["attest"](self.order("attest", file)).content)
        return file

    def take(self, file: Path) -> int:
        """Import it; how many rows were new."""
        made = statements(acts.log(self.ledger)[0])
        today = {2026: self.config.plans[0].days.day_of(JANUARY)}
        returned = read(file, self.config, today, made, self.folder / "papers")
        assert [str(problem) for problem in returned.problems] == []
        assert returned.missing == []
        taken = acts.take_in(self.ledger, returned.claims, returned.heads, JANUARY, "wang")
        return sum(one.act is not None for one in taken.rows)

    def form(self, form: str = "self-evaluation") -> Any:
        return json.loads(FORMS[form](self.order(form, self.folder / "form.json")).content)

    def printed(self) -> list[str]:
        content = FORMS["self-evaluation"](self.order("self-evaluation", self.folder / "form.xlsx")).content
        cells = (cell for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for cell in row)
        return [str(cell.value) for cell in cells if cell.value is not None]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Path]]:
    with demo_year(tmp_path_factory.mktemp("year")) as made:
        yield made


@pytest.fixture
def office(year: tuple[Config, Path], tmp_path: Path) -> Iterator[Office]:
    made = Office(*year, tmp_path)
    yield made
    made.ledger.close()


def filled_in(office: Office, how: Any) -> tuple[list[Typed], Any]:
    """The workbook sent, filled in, taken, taken again, and what the form says then."""
    file = office.workbook()
    typed = everything(file, office.config)
    how(file, typed)
    assert office.take(file) >= 33
    assert office.take(file) == 0
    return typed, office.form()


def test_the_score_is_complete_once_everything_is_filled_in_by_program_or_typed_into_libreoffice(
    year: tuple[Config, Path], tmp_path: Path
) -> None:
    made, rows = {}, {}
    for name, how in (
        ("program", typed_by_program),
        ("hand", lambda file, typed: typed_into_libreoffice(file, typed, tmp_path / "hand")),
    ):
        (tmp_path / name).mkdir()
        office = Office(*year, tmp_path / name)
        before = office.form()
        assert [project["total"] for project in before["projects"]] == [None, None]
        typed, form = filled_in(office, how)
        assert len(typed) > 200
        assert not CHINESE & set(office.printed())
        assert "运行平稳，按期完成" in office.printed()
        for project in form["projects"]:
            assert project["total"] is not None
            assert project["grade"] in ("优", "良", "中", "差")
            assert project["owed"] == []
            assert project["reason_owed"] == []
        made[name] = [(project["total"], project["grade"]) for project in form["projects"]]
        rows[name] = [
            (row["indicator"], row["printed_value"], row["score"], row["reason"])
            for project in form["projects"]
            for row in (*project["rows"], *project["annex"], project["budget"])
        ]
        office.ledger.close()
    assert made["hand"] == made["program"]
    assert rows["hand"] == rows["program"]


def test_every_number_of_the_forms_is_that_of_the_status_the_service_and_the_series(office: Office) -> None:
    file = office.workbook()
    typed_by_program(file, everything(file, office.config))
    office.take(file)
    rows = {
        f"{project['project']}/{row['indicator']}": row["verdict"]
        for project in office.form()["projects"]
        for row in (*project["rows"], *project["annex"], project["budget"])
    }
    assert len(rows) == 46
    board = Board(office.config, office.ledger)
    snapshot = board.refresh(JANUARY)
    publisher = Publisher()
    publisher.publish(snapshot)

    def asked(question: Question) -> Any:
        return answer(office.config, office.ledger, question, JANUARY)

    with served(app(publisher, office.config, lambda: JANUARY, asked)) as url:
        told = requests.get(f"{url}/api/v1/status?from=2026-01-01&to=2027-01-01", timeout=120).json()
        scraped = requests.get(f"{url}/metrics", timeout=120).text
    of_service = {f"{one['project']}/{one['indicator']}": one for one in told["indicators"] if one["system"] is None}
    assert rows == {place: of_service[place] for place in rows}
    series = {
        (f"{of['project']}/{of['indicator']}", of.get("outcome", sample.name)): sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
        for of in [sample.labels]
        if sample.name.startswith("dabiao_indicator_") and of.get("window") == "year"
    }
    units = {"ratio": "dabiao_indicator_ratio", "seconds": "dabiao_indicator_seconds",
             "count": "dabiao_indicator_amount", "CNY": "dabiao_indicator_amount"}  # fmt: skip
    compared = 0
    for place, verdict in rows.items():
        for outcome in ("good", "bad", "open", "excluded"):
            assert series.get((place, outcome), 0) == verdict[outcome]
        if verdict["unit"] in units and verdict["value"] is not None:
            assert series[(place, units[verdict["unit"]])] == verdict["value"]
            compared += 1
    assert compared > 15
    first, last = months(None, 2026)
    of_status = asked(Question(first=first, last=last))["indicators"]
    of_all = {f"{one['project']}/{one['indicator']}": one for one in of_status if one["system"] is None}
    assert rows == {place: of_all[place] for place in rows}
