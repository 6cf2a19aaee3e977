"""What every collector keeps: one contract over COLLECTORS, with one fixture a kind."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.model import CollectError, Page, Poll, Reject, Row, instant_of
from collectors import COLLECTORS
from tests.web_serving import Reply, closed_port, web

NOW = instant_of(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
PATIENCE_SECONDS = 60.0
SECRET_PERSON = "张三13800000000"
SCALARS = (str, int, Decimal, bool, datetime, float, type(None))
ROWS = [{"id": f"F{number}", "level": number, "reporter": SECRET_PERSON} for number in range(1, 4)]

Options = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How to make sources of one kind: that work, that are not there, that never answer."""

    working: Options
    columns: tuple[str, ...]
    rows: int
    dead: Options
    hanging: Options
    hanging_seconds: float = 0.3  # what is left to the poll when it hangs
    reports_down: bool = False  # a probe's answer to a system that is down is a row that says so


@contextmanager
def hanging_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def silent() -> Iterator[int]:
    with hanging_port() as port:
        yield port


def http_kind(url: str, silent: int, folder: Path) -> Kind:
    dead = {"url": f"http://127.0.0.1:{closed_port()}/", "retries": 0}
    working = {"url": f"{url}/rows", "pages": {"style": "page", "total": "total"}, "items": "rows"}
    return Kind(working, ("id", "level"), 3, dead, {"url": f"http://127.0.0.1:{silent}/"})


def promql_kind(url: str, silent: int, folder: Path) -> Kind:
    asked = {"query": "cases"}
    dead = {"url": f"http://127.0.0.1:{closed_port()}", "retries": 0} | asked
    hanging = {"url": f"http://127.0.0.1:{silent}"} | asked
    return Kind({"url": f"{url}/prometheus"} | asked, ("id", "timestamp", "value"), 3, dead, hanging)


def sql_kind(url: str, silent: int, folder: Path) -> Kind:
    with closing(sqlite3.connect(folder / "rows.db")) as database, database:
        database.execute("CREATE TABLE faults (id TEXT, level INTEGER, reporter TEXT)")
        database.executemany("INSERT INTO faults VALUES (:id, :level, :reporter)", ROWS)
    asked = {"query": "SELECT * FROM faults ORDER BY id"}
    dead = {"url": f"sqlite:///{folder}/gone.db"} | asked
    hanging = {"url": f"postgresql+psycopg://u:p@127.0.0.1:{silent}/db"} | asked
    return Kind({"url": f"sqlite:///{folder}/rows.db"} | asked, ("level", "id"), 3, dead, hanging)


def file_kind(url: str, silent: int, folder: Path) -> Kind:
    lines = [",".join(map(str, row.values())) for row in ROWS]
    (folder / "rows.csv").write_text("\n".join(["id,level,reporter", *lines, ""]))
    os.utime(folder / "rows.csv", (0, 0))  # it has rested
    working = {"path": str(folder / "rows.csv"), "settle": 0}
    return Kind(working, ("id", "level"), 3, {"path": str(folder / "gone.csv")}, working, -1.0)


def probe_kind(url: str, silent: int, folder: Path) -> Kind:
    def unanswered(port: int) -> Options:
        return {"http": {"url": f"http://127.0.0.1:{port}/", "within": "100 ms"}}

    columns = ("started", "state")
    working = {"http": {"url": f"{url}/rows", "within": "60s"}}
    return Kind(working, columns, 1, unanswered(closed_port()), unanswered(silent), PATIENCE_SECONDS, True)


KINDS: dict[str, Callable[[str, int, Path], Kind]] = {
    "http": http_kind,
    "sql": sql_kind,
    "file": file_kind,
    "probe": probe_kind,
    "promql": promql_kind,
}


def answer(asked: Any) -> Reply:
    """The same three rows, as a list and as the API of Prometheus."""
    if asked.path.startswith("/prometheus"):
        result = [
            {"metric": {"id": row["id"], "reporter": SECRET_PERSON}, "value": [1, str(row["level"])]} for row in ROWS
        ]
        return Reply({"status": "success", "data": {"resultType": "vector", "result": result}})
    return Reply({"rows": ROWS, "total": 3})


@pytest.fixture(params=sorted(COLLECTORS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kind(name: str, silent: int, tmp_path: Path) -> Iterator[Kind]:
    with web(answer) as server:
        yield KINDS[name](server.url, silent, tmp_path)


def fetch(
    name: str, options: Options, kind: Kind, seconds: float = PATIENCE_SECONDS, cursor: Mapping[str, Any] | None = None
) -> list[Page]:
    collector = COLLECTORS[name](COLLECTORS[name].Options.model_validate(options))
    poll = Poll("faults", kind.columns, NOW, time.monotonic() + seconds, cursor)
    return list(collector.fetch(poll))


def rows_of(pages: list[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def test_every_collector_has_a_fixture() -> None:
    assert set(KINDS) == set(COLLECTORS)


def test_rows_are_tuples_of_single_values_in_the_order_of_the_columns(name: str, kind: Kind) -> None:
    pages = fetch(name, kind.working, kind)
    rows = rows_of(pages)
    assert len(rows) == kind.rows
    assert all(type(row) is tuple and len(row) == len(kind.columns) for row in rows)
    assert all(isinstance(value, SCALARS) for row in rows for value in row)
    assert all(value.tzinfo is not None for row in rows for value in row if isinstance(value, datetime))


def test_every_row_has_a_place_of_its_own(name: str, kind: Kind) -> None:
    pages = fetch(name, kind.working, kind)
    places = [place for page in pages for place in page.locators()]
    assert len(places) == len(set(places)) == kind.rows


def test_the_last_page_covers_time_up_to_now(name: str, kind: Kind) -> None:
    pages = fetch(name, kind.working, kind)
    assert [page.covers for page in pages[:-1]] == [None] * (len(pages) - 1)
    covers = pages[-1].covers
    assert covers is not None
    assert covers[0] <= covers[1] == NOW


def test_what_a_collector_reads_without_a_beginning_is_everything_there_is(name: str, kind: Kind) -> None:
    covers = fetch(name, kind.working, kind)[-1].covers
    assert covers is not None
    assert covers[0] == (NOW if name == "probe" else 0)  # a probe tells what it saw itself


def test_the_same_input_twice_gives_the_same_rows(name: str, kind: Kind) -> None:
    assert rows_of(fetch(name, kind.working, kind)) == rows_of(fetch(name, kind.working, kind))


def test_a_cursor_survives_json_and_is_understood(name: str, kind: Kind) -> None:
    cursors = [page.cursor for page in fetch(name, kind.working, kind) if page.cursor is not None]
    kept = json.loads(json.dumps(cursors[-1])) if cursors else None
    assert kept == (cursors[-1] if cursors else None)
    assert fetch(name, kind.working, kind, cursor=kept)[-1].covers is not None


def test_nothing_but_the_mapped_columns_leaves_the_collector(name: str, kind: Kind) -> None:
    pages = fetch(name, kind.working, kind)
    assert SECRET_PERSON not in repr(pages)
    assert all(isinstance(reject, Reject) for page in pages for reject in page.rejects)


def assert_down(name: str, options: Options, kind: Kind, seconds: float = PATIENCE_SECONDS) -> None:
    if kind.reports_down:
        assert [row[kind.columns.index("state")] for row in rows_of(fetch(name, options, kind, seconds))] == ["down"]
        return
    with pytest.raises(CollectError) as caught:
        fetch(name, options, kind, seconds)
    assert str(caught.value).strip()
    assert "\n" not in str(caught.value)


def test_a_source_that_is_not_there_is_down_with_a_reason(name: str, kind: Kind) -> None:
    assert_down(name, kind.dead, kind)


def test_a_source_that_hangs_is_down_by_the_deadline(name: str, kind: Kind) -> None:
    begun = time.monotonic()
    assert_down(name, kind.hanging, kind, kind.hanging_seconds)
    assert time.monotonic() - begun < PATIENCE_SECONDS / 4  # its own timeouts are longer


def test_an_option_it_does_not_know_is_refused(name: str, kind: Kind) -> None:
    options = COLLECTORS[name].Options
    options.model_validate(kind.working)
    with pytest.raises(ValidationError, match="nonsense"):
        options.model_validate(kind.working | {"nonsense": 1})


def test_options_do_not_change(name: str, kind: Kind) -> None:
    options = COLLECTORS[name].Options.model_validate(kind.working)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(options, next(iter(kind.working)), "other")


def test_making_a_collector_opens_nothing(name: str, kind: Kind) -> None:
    COLLECTORS[name](COLLECTORS[name].Options.model_validate(kind.dead))
