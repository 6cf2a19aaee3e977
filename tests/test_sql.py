"""The `sql` collector against real databases: SQLite here and now, PostgreSQL and MariaDB as servers."""

from __future__ import annotations

import logging
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pymysql
import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from agent.model import CollectError, Page, Poll, Row, instant_of
from collectors import database, families
from collectors.sql import SqlCollector, SqlOptions, bound

SHANGHAI = ZoneInfo("Asia/Shanghai")
PATIENCE_SECONDS = 60.0
CASES = [
    ("C1", "2026-01-05 09:00:00", "1", "张三 13800000000"),
    ("C2", "2026-02-05 09:00:00", "2", "李四 13900000000"),
    ("C3", "2026-03-05 09:00:00", "1", None),
]
INSERT_CASES = "INSERT INTO cases VALUES ('C1','2026-01-05 09:00:00','1','张三 13800000000')"


def poll(*columns: str, since: datetime | None = None, seconds: float = PATIENCE_SECONDS, **more: Any) -> Poll:
    now = time.time_ns() // 1000
    return Poll("cases", columns, now, time.monotonic() + seconds, since=since, **more)


def collector(query: str, **options: Any) -> SqlCollector:
    return SqlCollector(SqlOptions.model_validate({"query": query, **options}))


def rows_of(pages: Iterator[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def read(query: str, *columns: str, since: datetime | None = None, **options: Any) -> list[Row]:
    return rows_of(collector(query, **options).fetch(poll(*columns, since=since)))


def refused(query: str, *columns: str, **options: Any) -> str:
    with pytest.raises(CollectError) as caught:
        read(query, *columns, **options)
    return str(caught.value)


def day(month: int) -> datetime:
    return datetime(2026, month, 1, tzinfo=SHANGHAI)


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


# --- SQLite ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    path = tmp_path / "case #1.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE cases (id TEXT, updated TEXT, status TEXT, applicant TEXT)")
        connection.executemany("INSERT INTO cases VALUES (?,?,?,?)", CASES)
    return path


@pytest.fixture
def sqlite_url(sqlite_path: Path) -> str:
    return f"sqlite:///{sqlite_path}"


ALL = "SELECT id, updated, status, applicant FROM cases ORDER BY id"
CHANGED = "SELECT * FROM cases WHERE updated >= :since ORDER BY id"


def test_only_the_mapped_columns_come_in_the_order_they_are_asked_for(sqlite_url):
    assert read(ALL, "status", "id", url=sqlite_url) == [("1", "C1"), ("2", "C2"), ("1", "C3")]


def test_one_column_is_a_row_too(sqlite_url):
    assert read(ALL, "id", url=sqlite_url) == [("C1",), ("C2",), ("C3",)]


def test_since_is_bound_as_local_time(sqlite_url):
    assert read(CHANGED, "id", since=day(2), url=sqlite_url) == [("C2",), ("C3",)]


def test_since_is_bound_in_the_sources_own_format(sqlite_url):
    query = "SELECT id FROM cases WHERE replace(substr(updated, 1, 10), '-', '') >= :since"
    pages = collector(query, url=sqlite_url).fetch(poll("id", since=day(2), since_text="20260301"))
    assert rows_of(pages) == [("C3",)]


def test_a_query_with_since_needs_one(sqlite_url):
    assert "the query has :since, and the source says no `since`" in refused(CHANGED, "id", url=sqlite_url)


def test_rows_are_numbered_through_and_the_last_page_says_what_is_covered(sqlite_url):
    asked = poll("id", since=day(1))
    first, second = collector(ALL, url=sqlite_url, fetch_size=2).fetch(asked)
    assert list(first.locators()) == ["row:1", "row:2"]
    assert list(second.locators()) == ["row:3"]
    assert (first.covers, second.covers) == (None, (instant_of(day(1)), asked.now))


def test_a_full_last_page_and_no_rows_at_all_still_say_what_is_covered(sqlite_url):
    for query, size in ((ALL, 3), ("SELECT id FROM cases WHERE 1 = 0", 3)):
        *_, last = collector(query, url=sqlite_url, fetch_size=size).fetch(asked := poll("id"))
        assert (last.rows, last.covers) == ([], (0, asked.now))


def test_names_match_exactly_before_they_match_but_for_case(sqlite_url):
    query = 'SELECT id AS "ID", status AS "Status", updated AS "STATUS" FROM cases WHERE id = \'C1\''
    assert read(query, "id", "STATUS", url=sqlite_url) == [("C1", CASES[0][1])]
    assert "column status stands 2 times" in refused(query, "status", url=sqlite_url)


def test_a_missing_column_is_named_with_those_there_are(sqlite_url):
    reason = refused("SELECT id, status FROM cases", "id", "updated", url=sqlite_url)
    assert reason == "no column updated in the query's result: expected id, updated; got id, status"


def test_odd_columns_are_read(sqlite_url):
    query = """SELECT '结果' AS "办理 结果", x'e5bca0' AS raw, x'ff' AS blob, 1.5 AS "a:b", NULL AS "%s" """
    assert read(query, "办理 结果", "raw", "blob", "a:b", "%s", url=sqlite_url) == [("结果", "张", b"\xff", 1.5, None)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cases VALUES ('X','','','')",
        "DELETE FROM cases RETURNING id",
        "DROP TABLE cases",
        "CREATE TABLE t (a)",
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_nothing_can_be_written_to_sqlite(sqlite_path, sqlite_url, statement, plain):
    options = {"driver": "sqlite3", "dsn": str(sqlite_path)} if plain else {"url": sqlite_url}
    assert "attempt to write a readonly database" in refused(statement, "id", **options)
    assert len(read(ALL, "id", url=sqlite_url)) == 3


def test_a_statement_without_rows_is_no_query(sqlite_url):
    assert "the query gives no rows: expected a SELECT" in refused("SAVEPOINT a", "id", url=sqlite_url)


@pytest.mark.parametrize("plain", [False, True])
def test_a_missing_sqlite_file_is_not_made(tmp_path, plain):
    path = tmp_path / "none.db"
    options = {"driver": "sqlite3", "dsn": {"database": str(path)}} if plain else {"url": f"sqlite:///{path}"}
    assert "unable to open database file" in refused("SELECT 1 AS a", "a", **options)
    assert not path.exists()


def test_more_rows_than_allowed_are_an_error(sqlite_url):
    assert len(read(ALL, "id", url=sqlite_url, max_rows=3)) == 3
    assert refused(ALL, "id", url=sqlite_url, max_rows=2).endswith("more rows than max_rows: 2")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n"


def test_a_statement_that_takes_too_long_is_ended(sqlite_url):
    endless = collector(ENDLESS, url=sqlite_url, timeout="200 ms")
    with pytest.raises(CollectError, match="no answer within"):
        rows_of(endless.fetch(poll("i")))
    wait_until(lambda: not any(worker.is_alive() for worker in endless._stuck))


def test_the_deadline_ends_a_statement_before_its_own_limit(sqlite_url):
    with pytest.raises(CollectError, match="no answer within"):
        rows_of(collector(ENDLESS, url=sqlite_url).fetch(poll("i", seconds=0.05)))


def test_a_reader_who_stops_early_leaves_nothing_running(sqlite_url):
    pages = collector(ALL, url=sqlite_url, fetch_size=1).fetch(poll("id"))
    assert next(pages).rows == [("C1",)]
    del pages
    wait_until(lambda: not any(thread.name.startswith("sql") for thread in threading.enumerate()))


def test_a_long_result_is_streamed(tmp_path):
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT i, hex(i) AS h FROM n"
    pages = collector(query, driver="sqlite3", dsn=":memory:").fetch(poll("i", "h"))
    next(pages)
    tracemalloc.start()
    total = sum(len(page.rows) for page in pages)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 45_000
    assert peak < 4_000_000  # the whole result takes about 9 MB


def test_plain_dbapi_binds_since_in_its_own_style(sqlite_path):
    options = {"driver": "sqlite3", "dsn": {"database": str(sqlite_path), "timeout": 1}}
    assert read(CHANGED, "id", since=day(3), **options) == [("C3",)]


def test_a_driver_that_is_not_there_is_named():
    assert refused("SELECT 1", "a", driver="ksycopg2", dsn="host=x") == (
        "driver ksycopg2 is not installed; pip install 'dabiao[kingbase]'"
    )
    assert "driver pymssql is not installed" in refused("SELECT 1", "a", url="mssql+pymssql://a:secret@b/c")
    assert "secret" not in refused("SELECT 1", "a", url="nosuch://a:secret@b/c")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "expected either url, or driver and dsn"),
        ({"url": "sqlite://", "driver": "sqlite3", "dsn": "x"}, "expected either url, or driver and dsn"),
        ({"driver": "sqlite3"}, "expected either url, or driver and dsn"),
        ({"url": "secret"}, "expected dialect+driver://user:password@host:port/database"),
        ({"url": "sqlite://", "qurey": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_options_are_refused_without_showing_them(options, reason):
    with pytest.raises(ValidationError, match="validation error") as caught:
        collector("SELECT 1", **options)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_options_do_not_show_secrets():
    plain = SqlOptions.model_validate({"query": "q", "driver": "d", "dsn": {"password": "geheim"}})
    url = SqlOptions.model_validate({"query": "q", "url": "a://b:geheim@c"})
    assert "geheim" not in f"{plain!r} {plain} {url!r} {url}"


# --- statements and messages ----------------------------------------------------------------------------------------


TRICKY = """SELECT a::date, ':since', "x:since", 'it''s :since' -- :since
FROM t /* :since */ WHERE b LIKE '10%' AND u >= :since AND u < :sinces OR v > :since;"""


@pytest.mark.parametrize(
    ("paramstyle", "place", "parameters"),
    [
        ("qmark", "?", ["S", "S"]),
        ("format", "%s", ["S", "S"]),
        ("numeric", ":1", ["S"]),
        ("named", ":since", {"since": "S"}),
        ("pyformat", "%(since)s", {"since": "S"}),
    ],
)
def test_since_is_bound_where_it_stands_by_itself(paramstyle, place, parameters):
    text = TRICKY.replace("u >= :since", f"u >= {place}").replace("v > :since;", f"v > {place}")
    expected = text.replace("10%", "10%%") if "format" in paramstyle else text
    assert bound(TRICKY, "S", paramstyle, families.PLAIN) == (expected, parameters)


def test_without_since_the_text_stays_as_it_is():
    assert bound("SELECT '10%' ; ", None, "pyformat", families.PLAIN) == ("SELECT '10%'", None)


def test_strings_end_where_the_database_ends_them():
    both = r"'it\' :since' || :since"
    assert bound(both, "S", "format", families.MYSQL) == (r"'it\' :since' || %s", ["S"])
    assert bound(both, "S", "format", families.PLAIN)[0].startswith(r"'it\' %s")
    text = "E'it\\' :since' || $x$ :since $x$ || :since"
    assert bound(text, "S", "format", families.POSTGRESQL) == (f"{text.removesuffix(':since')}%s", ["S"])


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ('relation "v_case" does not exist', 'relation "v_case" does not exist'),
        ('invalid input syntax for type integer: "张三"', "invalid input syntax for type integer: …"),
        ("cannot convert 'O'Brien' of column 'x' today", "cannot convert … today"),
        ("Can't connect to server on 'V_CASE'", "Can't connect to server on 'V_CASE'"),
        ("can't decode b'\\xd5\\xc5' here", "can't decode … here"),
        ("no quotes", "no quotes"),
    ],
)
def test_a_message_quotes_only_what_the_query_says(message, told):
    assert database.without_data(message, "SELECT a FROM V_CASE") == told


@pytest.mark.parametrize(
    "dsn",
    [
        "host=h password=geheim1 user=u",
        "host=h password='geheim1'",
        "SERVER=h;PWD={geheim1};UID=u",
        "u://a:geheim1@h/d",
    ],
)
def test_the_password_of_a_dsn_is_known_as_a_secret(dsn):
    found = database.database_of_driver("sqlite3", "x", 1).secrets
    assert found == []
    plain = database.database_of_driver("psycopg", dsn, 1)
    assert plain.reason(ValueError("tried geheim1"), "") == "tried ***"


def test_data_that_cannot_be_decoded_is_not_quoted(tmp_path):
    options = {"driver": "sqlite3", "dsn": ":memory:"}
    reason = refused("SELECT CAST(x'd5c5c8fd3133383030' AS TEXT) AS name", "name", **options)
    assert "Could not decode to UTF-8 column 'name' with text …" in reason


# --- servers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def postgresql_cases(postgresql_url: str) -> str:
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE cases (id text, updated timestamp, status char(2), applicant text)")
        connection.cursor().executemany("INSERT INTO cases VALUES (%s,%s,%s,%s)", CASES)
    return postgresql_url


@pytest.fixture
def mariadb_cases(mariadb_url: str) -> str:
    with mariadb_connection(mariadb_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE cases (id varchar(9), updated datetime, status char(2), applicant text)")
        cursor.executemany("INSERT INTO cases VALUES (%s,%s,%s,%s)", CASES)
    return mariadb_url


def mariadb_connection(url: str) -> Any:
    parsed = make_url(url)
    return pymysql.connect(
        host=parsed.host, port=parsed.port or 0, user=parsed.username, database=parsed.database, autocommit=True
    )


@pytest.fixture(params=["postgresql", "mariadb", "postgresql plain", "postgresql mapping", "mariadb plain"])
def server(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options that reach the cases in a server, by URL and by plain DB-API."""
    name = request.param.split()[0]
    url = request.getfixturevalue(f"{name}_cases")
    if request.param == name:
        return {"url": url}
    parsed = make_url(url)
    if request.param == "postgresql plain":
        return {"driver": "psycopg", "dsn": url.replace("+psycopg", "")}
    place = {"host": parsed.host, "port": parsed.port, "user": parsed.username}
    if name == "postgresql":
        return {"driver": "psycopg", "dsn": {**place, "dbname": parsed.database}}
    return {"driver": "pymysql", "dsn": {**place, "database": parsed.database, "charset": "utf8mb4"}}


@pytest.mark.server
def test_a_server_is_read(server):
    expected = [("C2", datetime(2026, 2, 5, 9), "李四 13900000000"), ("C3", datetime(2026, 3, 5, 9), None)]  # noqa: DTZ001
    asked = poll("ID", "updated", "applicant", since=day(2))
    pages = list(collector(CHANGED + ";", **server).fetch(asked))
    assert [row for page in pages for row in page.rows] == expected
    assert pages[-1].covers == (instant_of(day(2)), asked.now)
    assert abs(pages[-1].signals["clock_offset_seconds"]) < PATIENCE_SECONDS


@pytest.mark.server
def test_a_percent_sign_and_a_cast_stay_what_they_are(server):
    query = "SELECT id FROM cases WHERE applicant LIKE '%13%' AND id <> ':since' AND updated >= :since ORDER BY id"
    assert read(query, "id", since=day(1), **server) == [("C1",), ("C2",)]
    assert read("SELECT id FROM cases WHERE applicant LIKE '李%'", "id", **server) == [("C2",)]


@pytest.mark.server
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO cases VALUES ('X', NULL, NULL, NULL)",
        "DELETE FROM cases",
        "DROP TABLE cases",
        "CREATE TABLE others (a int)",
        "INSERT INTO cases VALUES ('X', NULL, NULL, NULL) RETURNING id",
    ],
)
def test_nothing_can_be_written_to_a_server(server, statement):
    refused(statement, "id", **server)
    assert len(read(ALL, "id", **server)) == 3


@pytest.mark.server
def test_a_function_that_writes_is_refused(postgresql_cases):
    with psycopg.connect(postgresql_cases.replace("+psycopg", "")) as connection:
        connection.execute("CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'DELETE FROM cases RETURNING 1'")
    reason = refused("SELECT sly() AS id", "id", url=postgresql_cases)
    assert "cannot execute DELETE in a read-only transaction" in reason


@pytest.mark.server
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_ends_a_statement_that_takes_too_long(request, kind):
    url = request.getfixturevalue(f"{kind}_cases")
    query = {"postgresql": "SELECT pg_sleep(600) AS a", "mariadb": "SELECT SLEEP(600) AS a"}[kind]
    slow = collector(query, url=url, timeout="300 ms")
    with pytest.raises(CollectError, match=r"no answer within|statement timeout"):
        rows_of(slow.fetch(poll("a")))
    wait_until(lambda: not running(url, kind))
    wait_until(lambda: not any(worker.is_alive() for worker in slow._stuck))


def running(url: str, kind: str) -> bool:
    """Whether the server still works on a statement that sleeps."""
    if kind == "mariadb":
        query = "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"
    else:
        query = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%'"
        query += " AND pid <> pg_backend_pid()"
    return read(query, "n", url=url) != [(0,)]


@pytest.mark.server
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_reader_who_stops_early_ends_the_statement_of_a_server(request, kind):
    url = request.getfixturevalue(f"{kind}_cases")
    endless = {
        "postgresql": "SELECT generate_series(1, 500000000) AS i",
        "mariadb": "SELECT seq AS i FROM seq_1_to_500000000",
    }
    pages = collector(endless[kind], url=url, max_rows=20_000, fetch_size=10_000).fetch(poll("i"))
    assert next(pages).rows[-1] == (10_000,)
    assert next(pages).rows[-1] == (20_000,)
    with pytest.raises(CollectError, match="more rows than max_rows: 20000"):
        next(pages)
    wait_until(lambda: not any(thread.name.startswith("sql") for thread in threading.enumerate()))


@pytest.mark.server
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_streams(request, kind):
    url = request.getfixturevalue(f"{kind}_cases")
    long = {
        "postgresql": "SELECT generate_series(1, 50000) AS i, repeat('x', 50) AS h",
        "mariadb": "SELECT seq AS i, repeat('x', 50) AS h FROM seq_1_to_50000",
    }
    pages = collector(long[kind], url=url).fetch(poll("i", "h"))
    next(pages)
    tracemalloc.start()
    total = sum(len(page.rows) for page in pages)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 45_000
    assert peak < 4_000_000


@pytest.mark.server
def test_a_wrong_password_is_told_without_the_password(mariadb_cases, caplog):
    caplog.set_level(logging.DEBUG)
    wrong = make_url(mariadb_cases).set(username="nobody", password="ge/h@im")
    reason = refused(ALL, "id", url=wrong.render_as_string(hide_password=False))
    plain = {"host": wrong.host, "port": wrong.port, "user": "nobody", "password": "ge/h@im"}
    for told in (reason, refused(ALL, "id", driver="pymysql", dsn=plain)):
        assert "1045 Access denied for user" in told
        assert "ge/h" not in told
        assert "ge%2Fh" not in told
    assert "ge/h" not in caplog.text


@pytest.fixture
def guarded_url(postgresql_cases: str) -> Iterator[str]:
    """The URL of the cases by a user whom PostgreSQL asks for a password."""
    name = f"reader_{make_url(postgresql_cases).database}"
    with psycopg.connect(postgresql_cases.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute("SELECT current_setting('hba_file'), pg_read_file('pg_hba.conf')").fetchone()
        assert row is not None
        file, rules = row
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'ge/h@im'")
        connection.execute(f"GRANT SELECT ON cases TO {name}")
        try:
            set_rules(connection, file, f"host all {name} all scram-sha-256\n{rules}")
            guarded = make_url(postgresql_cases).set(username=name, password="ge/h@im")
            yield guarded.render_as_string(hide_password=False)
        finally:
            set_rules(connection, file, rules)
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


def set_rules(connection: psycopg.Connection[Any], file: str, rules: str) -> None:
    lines = "\n".join(line for line in rules.splitlines() if line and not line.startswith("#"))
    connection.execute(f"COPY (SELECT regexp_split_to_table('{lines}', '\n')) TO '{file}'")
    connection.execute("SELECT pg_reload_conf()")


@pytest.mark.server
def test_a_password_is_sent_and_never_told(guarded_url, caplog):
    caplog.set_level(logging.DEBUG)
    assert len(read(ALL, "id", url=guarded_url)) == 3
    wrong = make_url(guarded_url).set(password="fal/sch")
    reasons = [refused(ALL, "id", url=wrong.render_as_string(hide_password=False))]
    place = f"host={wrong.host} port={wrong.port} dbname={wrong.database} user={wrong.username} password='fal/sch'"
    reasons.append(refused(ALL, "id", driver="psycopg", dsn=place))
    for reason in reasons:
        assert "connecting: " in reason
        assert "password authentication failed for user" in reason
        assert "fal" not in reason
    assert "fal" not in caplog.text


@pytest.mark.server
def test_an_error_of_the_server_names_what_the_query_names_but_quotes_no_data(postgresql_cases):
    assert 'relation "nothing" does not exist' in refused("SELECT * FROM nothing", "id", url=postgresql_cases)
    reason = refused("SELECT CAST(applicant AS int) AS n FROM cases", "n", url=postgresql_cases)
    assert reason.endswith("reading: invalid input syntax for type integer: …")


@pytest.mark.server
def test_odd_types_of_a_server_come_as_values_a_mapping_takes(postgresql_cases):
    query = "SELECT 'e3a8c7d0-0000-4000-8000-000000000001'::uuid AS u, '\\x41'::bytea AS b, 1.50::numeric AS n"
    (row,) = read(query, "u", "b", "n", url=postgresql_cases)
    assert [str(value) for value in row] == ["e3a8c7d0-0000-4000-8000-000000000001", "A", "1.50"]


@pytest.mark.server
def test_since_means_the_sources_zone_whatever_the_servers(postgresql_cases):
    query = "SELECT 1 AS a WHERE timestamptz '2026-01-31 17:00+00' >= :since"
    assert read(query, "a", since=day(2), url=postgresql_cases) == [(1,)]
    assert read(query.replace("17:00", "15:00"), "a", since=day(2), url=postgresql_cases) == []


# --- servers that do not answer --------------------------------------------------------------------------------------


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


HANGING = ["postgresql+psycopg://a:geheim@127.0.0.1:{}/x", "mysql+pymysql://a:geheim@127.0.0.1:{}/x"]


@pytest.mark.parametrize("url", HANGING)
def test_a_server_that_hangs_is_given_up_at_the_deadline(silent_port, url):
    hanging = collector("SELECT 1 AS a", url=url.format(silent_port))
    with pytest.raises(CollectError, match="connecting: no answer within") as caught:
        rows_of(hanging.fetch(poll("a", seconds=0.1)))
    assert "geheim" not in str(caught.value)


def test_polls_that_hang_do_not_pile_up(silent_port):
    hanging = collector("SELECT 1 AS a", url=HANGING[1].format(silent_port))
    reasons = []
    for _ in range(4):
        with pytest.raises(CollectError) as caught:
            rows_of(hanging.fetch(poll("a", seconds=0.05)))
        reasons.append(str(caught.value))
    assert reasons[-1] == "3 former polls still hang in the driver"


@pytest.mark.parametrize("url", HANGING)
def test_a_port_that_nobody_listens_on_is_refused(url):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    reason = refused("SELECT 1 AS a", "a", url=url.format(port))
    assert "refused" in reason
    assert "geheim" not in reason


@pytest.mark.parametrize("url", HANGING)
def test_a_server_that_speaks_another_language_is_an_error(url):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_html, args=(listener,))
        thread.start()
        reason = refused("SELECT 1 AS a", "a", url=url.format(listener.getsockname()[1]), timeout=5)
        thread.join()
    assert "connecting" in reason


def answer_html(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>no</html>")


@pytest.mark.server
def test_the_collector_is_imported_without_sqlalchemy():
    program = "import sys, collectors.sql; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=True)
