"""Planted names, ID numbers and phones are found nowhere: ledger, rejects, logs, pages, answers, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from agent.mapping import looks_personal
from tests import servers
from tests.planted import GIVEN, GOOD, ID_NUMBERS, MAPPING, NAMES, PHONES, answer, sources, spellings
from tests.sites import PATIENCE_SECONDS, Site, promised, wait_until
from tests.web_serving import web

pytestmark = pytest.mark.server

MEASURE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"amount": {"ge": 10}}}
TARGETS = promised("Asia/Shanghai", {"archive": "档案"}, {"amounts": (">= 95 %", MEASURE)})


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site full of other people's data, whose agent logs all it can."""
    monkeypatch.setenv("DABIAO_LOG", "DEBUG")
    originals, folder = tmp_path / "originals", tmp_path / "site"
    originals.mkdir()
    folder.mkdir()
    site = Site(folder)
    with web(answer) as server:
        site.write(TARGETS, sources(originals, server.url))
        yield site


def assert_clean(what: str, content: bytes) -> None:
    for text, spelled in spellings():
        assert spelled not in content, f"{text} stands in {what}"


def assert_ledger_is_clean(site: Site) -> None:
    """Not in any table and not in what the database left in its files."""
    assert_clean("the ledger's tables", repr(site.facts()).encode())
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    assert "ledger.db" in {path.name for path in files}
    for path in files:
        assert_clean(path.name, path.read_bytes())
    assert GOOD["no"].encode() in (site.folder / "ledger.db").read_bytes()  # what is mapped is there


def test_the_planted_numbers_are_ones_that_a_check_would_know() -> None:
    assert all(looks_personal("x", [number]) for number in ID_NUMBERS)
    assert all(looks_personal("x", [phone]) for phone in PHONES[:2])


def test_no_command_and_no_table_holds_personal_data(planted: Site) -> None:
    collected = planted.run("collect", code=1)  # some are down
    counted = {
        source["source"]: (source["records"], source["rejects"])
        for source in json.loads(planted.run("status", "--json").out)["sources"]
    }
    assert {name: counted[name] for name in GIVEN} == GIVEN
    said = [
        collected,
        planted.run("check", "--live", code=1),
        *(planted.run("try", name) for name in GIVEN),
        planted.run("status"),
        planted.run("status", "--json"),
        planted.run("status", "--open"),
        planted.run("explain", "amounts"),
        planted.run("explain", "amounts", "--json"),
        planted.run("rejects", "list"),
        planted.run("rejects", "list", "--json"),
        planted.run("rejects", "retry", code=1),
        planted.run("recompute"),
    ]
    for done in said:
        assert_clean("what a command says", (done.out + done.err).encode())
    rejects = json.loads(planted.run("rejects", "list", "--json").out)
    assert len(rejects) == sum(count for _, count in GIVEN.values())
    assert_ledger_is_clean(planted)


def test_no_page_no_series_and_no_log_holds_personal_data(planted: Site) -> None:
    port = servers.free_port()
    base = f"http://{servers.HOST}:{port}"

    def told() -> dict[str, Any]:
        try:
            answered = requests.get(f"{base}/api/v1/status?open=1", timeout=PATIENCE_SECONDS)
        except requests.ConnectionError:
            return {}
        return {one["source"]: one for one in answered.json()["sources"]} if answered.ok else {}

    def polled() -> bool:
        found = told()
        return bool(found) and all(one["up"] is (name in GIVEN) for name, one in found.items())

    with ExitStack() as held:
        held.enter_context(planted.started("run", "--listen", f"{servers.HOST}:{port}"))
        wait_until(polled, lambda: planted.log)
        for path in ("/", "/metrics", "/api/v1/status", "/api/v1/status?open=1", "/readyz", "/healthz"):
            assert_clean(path, requests.get(base + path, timeout=PATIENCE_SECONDS).content)
    assert "event=down" in planted.log
    assert_ledger_is_clean(planted)  # the log lies in the same folder


@pytest.mark.server
def test_what_a_database_says_of_its_rows_is_not_repeated(planted: Site, postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        connection.execute('CREATE TABLE cases (no text, "at" text, amount text, applicant text, sfzh text)')
        row = (GOOD["no"], GOOD["at"], NAMES[0], NAMES[0], ID_NUMBERS[0])
        connection.execute("INSERT INTO cases VALUES (%s, %s, %s, %s, %s)", row)
    query = "SELECT no, at, amount::numeric AS amount FROM cases"  # PostgreSQL names the text that is no number
    planted.write(TARGETS, {"cast": {"collector": "sql", "url": postgresql_url, "query": query, **MAPPING}})
    for done in (
        planted.run("collect", code=1),
        planted.run("check", "--live", code=1),
        planted.run("try", "cast", code=1),
    ):
        assert "invalid input syntax for type numeric: …" in " ".join((done.out + done.err).split())
        assert_clean("what a command says", (done.out + done.err).encode())
    assert_clean("the ledger's tables", repr(planted.facts()).encode())
    status = json.loads(planted.run("status", "--json").out)
    assert status["sources"][0]["up"] is False
    assert_clean("status", json.dumps(status, ensure_ascii=False).encode())


def test_a_reason_tells_a_values_shape_and_never_quotes_it(planted: Site) -> None:
    shifted = planted.folder / "shifted.csv"
    values = [*NAMES, *PHONES, *ID_NUMBERS]
    rows = [f"{number},{text},1\n{number}b,2026-03-02,{text}年\n" for number, text in enumerate(values)]
    shifted.write_text("no,at,amount\n" + "".join(rows), encoding="utf-8")
    planted.write(TARGETS, {"shifted": {"collector": "file", "path": str(shifted), "settle": 0, **MAPPING}})
    for command in (("collect",), ("status",), ("status", "--json"), ("explain", "amounts")):
        done = planted.run(*command)
        assert_clean(" ".join(command), (done.out + done.err).encode())
    rejects = json.loads(planted.run("rejects", "list", "--json").out)
    assert len(rejects) == 2 * len(values)
    assert_clean("the reasons", json.dumps([reject["reason"] for reject in rejects], ensure_ascii=False).encode())
