"""Two public logs of real work give exactly their known figures, whichever way and in whatever order they come."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from agent.model import Instant, instant_of
from agent.poll import now_instant
from tests.real_logs import FIRST_DAY, LAST_DAY, Log, assert_true, help_desk, permit_cases, quoted
from tests.sites import Site
from tests.web_serving import Asked, Reply, web

pytestmark = pytest.mark.server

AFTER_THE_LAST_DEADLINE = "2015-01-01"
NOW = instant_of(datetime(2015, 1, 1, tzinfo=UTC))
PAGE_ROWS = 3000
PARTS, DROPPED_TWICE = 100, 15

OpenLog = Callable[[Path], Log]
both_logs = pytest.mark.parametrize("open_log", [permit_cases, help_desk])


def read_from_file(site: Site, log: Log) -> None:
    site.write(log.targets, {"log": {"collector": "file", "path": str(log.path), **log.mapping}})


def asked(site: Site, *options: str) -> dict[str, dict[str, Any]]:
    """What `status --json` says of the whole time, all systems together."""
    period = ("--from", FIRST_DAY, "--to", LAST_DAY, "--at", AFTER_THE_LAST_DEADLINE)
    answer = json.loads(site.run("status", "--json", *period, *options).out)
    return {one["indicator"]: one for one in answer["indicators"] if one["system"] is None}


def test_permit_cases_give_952_on_time_and_377_late_or_952_of_1434_with_the_unfinished(
    shared: Path, tmp_path: Path
) -> None:
    site = Site(tmp_path)
    read_from_file(site, permit_cases(shared))
    site.run("collect")
    said = asked(site)
    assert (said["finished"]["good"], said["finished"]["bad"]) == (952, 377)
    assert round(said["finished"]["value"], 6) == 0.716328
    assert (said["all"]["good"], said["all"]["bad"], said["all"]["open"]) == (952, 482, 0)
    assert round(said["all"]["value"], 6) == 0.663877
    site.run("recompute")
    assert_true(permit_cases(shared), site, NOW)


def test_the_help_desk_log_gives_its_shares_and_its_median_response(shared: Path, tmp_path: Path) -> None:
    site = Site(tmp_path)
    read_from_file(site, help_desk(shared))
    site.run("collect")
    said = asked(site)
    assert (said["handled"]["good"], said["handled"]["bad"]) == (4569, 11)
    assert (said["within-5min"]["good"], said["within-5min"]["bad"]) == (1265, 3315)
    assert said["median"]["value"] == 59003  # seconds: 983.383333 minutes
    site.run("recompute")
    assert_true(help_desk(shared), site, NOW)


@both_logs
def test_the_same_log_collected_twice_changes_nothing(open_log: OpenLog, shared: Path, tmp_path: Path) -> None:
    log, site = open_log(shared), Site(tmp_path)
    read_from_file(site, log)
    with site.opened() as opened:
        assert [outcome.booked.new for outcome in opened.collect(now_instant())] == [log.records]
        before = site.facts()
        again = [one.run(now_instant(), forced=True, complete=True).booked for one in opened.rounds()]
    assert all((booked.new, booked.changed, booked.rejected) == (0, 0, 0) for booked in again)
    assert site.facts() == before


# --- the same rows another way ----------------------------------------------------------------------------------------


@contextmanager
def served(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """The rows as an HTTP system gives them, page by page."""

    def answer(request: Asked) -> Reply:
        begin = (int(request.query["page"]) - 1) * PAGE_ROWS
        return Reply({"code": 0, "data": {"list": rows[begin : begin + PAGE_ROWS], "total": len(rows)}})

    with web(answer) as server:
        yield f"{server.url}/rows"


@both_logs
def test_http_gives_what_the_file_gives(open_log: OpenLog, shared: Path, tmp_path: Path) -> None:
    log, site = open_log(shared), Site(tmp_path)
    with served(log.rows) as url:
        source = {
            "collector": "http",
            "url": url,
            "items": "data.list",
            "ok": {"code": "0"},
            "pages": {"style": "page", "size": PAGE_ROWS, "total": "data.total"},
        }
        site.write(log.targets, {"log": {**source, **quoted(log.mapping), "nulls": [""]}})
        site.run("collect")
    assert_true(log, site, NOW)


def into_table(url: str, log: Log, times_as: str) -> None:
    """The rows in a table of their own, with the log's column names and one column of real times."""
    address = url.replace("+psycopg", "")
    typed = {"case:startdate", "case:deadline", "case:enddate", "time:timestamp"}
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        columns = [
            SQL("{} {}").format(Identifier(name), SQL(times_as if name in typed else "text")) for name in log.columns()
        ]
        cursor.execute(SQL("CREATE TABLE rows ({})").format(SQL(", ").join(columns)))
        with cursor.copy(SQL("COPY rows FROM STDIN")) as copy:
            for row in log.rows:
                copy.write_row([value or None for value in row.values()])


@pytest.mark.server
@pytest.mark.parametrize(("open_log", "times_as"), [(permit_cases, "text"), (help_desk, "timestamptz")])
def test_a_database_gives_what_the_file_gives(
    open_log: OpenLog, times_as: str, shared: Path, tmp_path: Path, postgresql_url: str
) -> None:
    log, site = open_log(shared), Site(tmp_path)
    into_table(postgresql_url, log, times_as)
    source = {"collector": "sql", "url": postgresql_url, "query": "SELECT * FROM rows"}
    site.write(log.targets, {"log": {**source, **log.mapping}})
    site.run("collect")
    assert_true(log, site, NOW)


# --- a hundred files in any order -------------------------------------------------------------------------------------


def cut(log: Log, rng: random.Random) -> list[str]:
    """A hundred files of rows drawn at random, so that the events of one ticket lie in many of them."""
    rows = rng.sample(log.rows, len(log.rows))
    return [as_csv(log, rows[place::PARTS]) for place in range(PARTS)]


def as_csv(log: Log, rows: Sequence[dict[str, str]]) -> str:
    lines = _Lines()
    writer = csv.DictWriter(lines, log.columns(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines)


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line)


def arrivals(parts: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Each part once, some a second time as they are, some once more glued to another."""
    twice = rng.sample(parts, DROPPED_TWICE)
    glued = [one + other.split("\n", 1)[1] for one, other in zip(twice, rng.sample(parts, DROPPED_TWICE), strict=True)]
    yield from rng.sample([*parts, *twice, *glued], PARTS + 2 * DROPPED_TWICE)


def collect_as_they_arrive(log: Log, site: Site, seed: int) -> None:
    """Files come a few at a time, each a moment after the other by its own clock; after each few there is a poll."""
    rng = random.Random(seed)
    inbox = site.folder / "inbox"
    inbox.mkdir()
    site.write(log.targets, {"log": {"collector": "file", "path": str(inbox / "*.csv"), **log.mapping}})
    began = now_instant() // 1_000_000 - 3600
    with site.opened() as opened:
        source = opened.rounds()[0]
        for number, content in enumerate(arrivals(cut(log, rng), rng)):
            file = inbox / f"{rng.getrandbits(32):08x}.csv"
            file.write_text(content, encoding="utf-8")
            os.utime(file, (began + number, began + number))
            if rng.random() < 0.1:
                assert source.run(now_instant(), forced=True).reason is None
        assert source.run(now_instant(), forced=True).reason is None


def assert_like_one_file(log: Log, site: Site, whole: Site) -> None:
    """The ledger says what one that was given the log in one piece says."""
    whole.folder.mkdir()
    read_from_file(whole, log)
    with whole.opened() as opened:
        opened.collect(now_instant())
    pieces, piece = site.facts(), whole.facts()
    for name in ("record", "event", "observation", "sample", "tally"):
        assert pieces[name] == piece[name], name
    assert pieces["reject"] == []


@both_logs
def test_a_hundred_files_in_random_order_some_twice_give_what_one_gives(
    open_log: OpenLog, shared: Path, tmp_path: Path
) -> None:
    log, site = open_log(shared), Site(tmp_path)
    collect_as_they_arrive(log, site, seed=8046)
    assert_true(log, site, NOW)
    assert_like_one_file(log, site, Site(tmp_path / "whole"))


@pytest.mark.server
@both_logs
def test_the_same_hundred_files_into_a_ledger_on_postgresql(
    open_log: OpenLog, shared: Path, tmp_path: Path, postgresql_url: str
) -> None:
    log, site = open_log(shared), Site(tmp_path, postgresql_url)
    collect_as_they_arrive(log, site, seed=4608)
    assert_true(log, site, NOW)
    assert_like_one_file(log, site, Site(tmp_path / "whole"))


def last_deadline(log: Log) -> Instant:
    """The instant the last permit case is due."""
    return max(instant_of(datetime.fromisoformat(row["case:deadline"])) for row in log.rows)


def test_an_unfinished_case_counts_from_the_instant_after_its_deadline(shared: Path, tmp_path: Path) -> None:
    log, site = permit_cases(shared), Site(tmp_path)
    read_from_file(site, log)
    with site.opened() as opened:
        opened.collect(now_instant())
        whole = log.windows(opened.config.plans[0].days)[:1]
        due = last_deadline(log)
        late = [next(one.bad for one in opened.verdicts(at, whole) if one.indicator == "all") for at in (due, due + 1)]
    last = sum(
        1
        for row in {row["case:concept:name"]: row for row in log.rows}.values()
        if instant_of(datetime.fromisoformat(row["case:deadline"])) == due and not row["case:enddate"]
    )
    assert late == [482 - last, 482]
