"""The `promql` collector: against a real Prometheus, and against a stand-in for what a real one does but rarely."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from agent.model import SECOND_US, CollectError, Page, Poll, Row, instant_of, utc_of
from collectors.promql import PromqlCollector, PromqlOptions
from tests.web_serving import Asked, Handler, Reply, web

PATIENCE_SECONDS = 60.0
SHANGHAI = timezone(timedelta(hours=8))
NOW = instant_of(datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI))
DAY = 86_400
CONFIG = "global: {scrape_interval: 1s}\nrule_files: [rules.yml]\n"
RULES = "groups: [{name: g, interval: 1s, rules: [{record: cases_total, expr: vector(7), labels: {office: a}}]}]\n"


def poll(
    columns: str = "office timestamp value", now: int = NOW, seconds: float = PATIENCE_SECONDS, **more: Any
) -> Poll:
    return Poll("volumes", tuple(columns.split()), now, time.monotonic() + seconds, **more)


def collector(url: str, query: str = "cases", **options: Any) -> PromqlCollector:
    return PromqlCollector(PromqlOptions.model_validate({"url": url, "query": query, "retries": 0, **options}))


def day(number: int) -> int:
    """Local midnight of a day of March 2026."""
    return instant_of(datetime(2026, 3, number, tzinfo=SHANGHAI))


def success(result: list[Any], kind: str = "matrix", **more: Any) -> Reply:
    return Reply({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def points(asked: Asked) -> Reply:
    """A stand-in that evaluates to the point's own time, at each point asked for."""
    form = {name: values[0] for name, values in parse_qs(asked.body).items()}
    first, last, step = float(form["start"]), float(form["end"]), int(form["step"])
    count = int((last - first) // step) + 1
    assert count <= 11_000
    values = [[first + number * step, str(first + number * step)] for number in range(count)]
    return success([{"metric": {"office": "a"}, "values": values}])


def read(answering: Callable[[Asked], Reply], polled: Poll, **options: Any) -> list[Page]:
    with web(answering) as server:
        return list(collector(server.url, **options).fetch(polled))


def refused(reply: Reply, **options: Any) -> str:
    with pytest.raises(CollectError) as caught:
        read(lambda _: reply, poll(), **options)
    return str(caught.value).partition("/api/v1/query")[2]


def rows_of(pages: list[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


DAILY = {"step": "1d", "start": "2026-02-27T00:00:00+08:00"}


# --- a real Prometheus ------------------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_real_prometheus_answers_instant_and_range_queries(start_prometheus: Callable[..., str]) -> None:
    url = start_prometheus(CONFIG, files={"rules.yml": RULES})
    rows: list[Row] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while not rows:
        assert time.monotonic() < until, "the rule was never evaluated"
        now = time.time_ns() // 1_000_000 * 1000  # Prometheus counts milliseconds
        rows = rows_of(list(collector(url, "cases_total").fetch(poll(now=now))))
    assert rows == [("a", utc_of(now), Decimal(7))]

    start = utc_of(now) - timedelta(seconds=3000)
    pages = list(collector(url, "vector(time())", range={"step": "1s", "start": start}).fetch(poll(now=now)))
    assert [len(page.rows) for page in pages] == [1000, 1000, 1000, 1]
    last = rows_of(pages)[-1]
    assert last[1] == utc_of(now)
    assert abs(Decimal(str(last[2])) - Decimal(now) / SECOND_US) < 1
    assert all(page.signals["clock_offset_seconds"] < PATIENCE_SECONDS for page in pages)


@pytest.mark.server
def test_a_real_prometheus_says_what_is_wrong_with_a_query(start_prometheus: Callable[..., str]) -> None:
    url = start_prometheus("global: {}\n")
    with pytest.raises(CollectError, match=r"^http://127.0.0.1:\d+/api/v1/query: the query failed: bad_data: .*parse"):
        list(collector(url, "sum(").fetch(poll()))
    [page] = collector(url, "vector(0) / 0").fetch(poll("value"))
    assert (page.rows, page.rejects[0].reason) == ([], "the value is NaN")


# --- points of a range ------------------------------------------------------------------------------------------------


def test_a_range_ends_with_the_last_whole_step_on_the_grid_of_its_start() -> None:
    [page] = read(points, poll(), range=DAILY)
    assert [row[1] for row in page.rows] == [utc_of(day(1) + n * DAY * SECOND_US) for n in (-2, -1, 0, 1)]
    assert page.covers == (day(1) - 2 * DAY * SECOND_US, NOW)
    assert page.where == "from 2026-02-26T16:00:00+00:00"


def test_a_range_goes_on_from_the_last_point_booked_which_is_read_again() -> None:
    first = read(points, poll(), range=DAILY)
    later = NOW + 2 * DAY * SECOND_US
    second = read(points, poll(now=later, cursor=first[-1].cursor), range=DAILY)
    assert [row[1] for row in rows_of(second)] == [utc_of(day(2)), utc_of(day(3)), utc_of(day(4))]
    assert second[0].covers == (day(2), later)
    assert rows_of(read(points, poll(cursor=second[-1].cursor, complete=True), range=DAILY)) == rows_of(first)


def test_another_query_or_step_begins_anew() -> None:
    cursor = read(points, poll(), range=DAILY)[-1].cursor
    assert len(rows_of(read(points, poll(cursor=cursor), range=DAILY))) == 1
    assert len(rows_of(read(points, poll(cursor=cursor), range=DAILY, query="other"))) == 4
    assert len(rows_of(read(points, poll(cursor=cursor), range=DAILY | {"step": "2d"}))) == 2


def test_since_is_rounded_up_to_the_grid() -> None:
    since = datetime(2026, 3, 1, 0, 0, 1, tzinfo=SHANGHAI)
    assert [row[1] for row in rows_of(read(points, poll(since=since), range=DAILY))] == [utc_of(day(2))]


def test_a_start_without_a_zone_is_local_midnight_of_the_source() -> None:
    local = {"step": "1d", "start": "2026-02-27"}
    assert rows_of(read(points, poll(), range=local, timezone="Asia/Shanghai")) == rows_of(
        read(points, poll(), range=DAILY)
    )


def test_a_long_range_is_asked_for_in_pieces_without_gap_or_overlap() -> None:
    start = utc_of(NOW - 2500 * 60 * SECOND_US)
    pages = read(points, poll(), range={"step": "1 min", "start": start})
    stamps = [row[1] for row in rows_of(pages)]
    assert stamps == [start + timedelta(minutes=number) for number in range(2501)]
    assert [page.covers[1] for page in pages if page.covers][:-1] == [
        page.covers[0] for page in pages[1:] if page.covers
    ]


def test_a_range_that_has_not_begun_is_an_error() -> None:
    with pytest.raises(CollectError, match="is yet to come"):
        read(points, poll(), range={"step": "1d", "start": "2027-01-01T00:00:00Z"})


# --- answers ----------------------------------------------------------------------------------------------------------


def test_samples_without_a_finite_value_are_rejects_with_their_labels() -> None:
    values = [[1, "NaN"], [2.5, "3.25"], [3, "+Inf"]]
    series = [
        {"metric": {"office": "a", "phone": "13800000000"}, "values": values},
        {"metric": {}, "histogram": [1, {}]},
    ]
    [page] = read(lambda _: success(series), poll())
    assert page.rows == [("a", datetime(1970, 1, 1, 0, 0, 2, 500_000, UTC), Decimal("3.25"))]
    assert list(page.locators()) == ["query:2"]
    assert [reject.locator for reject in page.rejects] == ["query:1", "query:3", "query:4"]
    assert page.rejects[0].mapped == {"office": "a", "timestamp": "1970-01-01 00:00:01+00:00", "value": "NaN"}
    assert page.rejects[2].reason == "a histogram has no single value"
    assert "13800000000" not in str(page)


def test_a_label_that_is_missing_is_none_and_none_hides_the_value() -> None:
    series = [{"metric": {"value": "x"}, "value": [1, "1"]}]
    assert rows_of(read(lambda _: success(series, "vector"), poll("office value"))) == [(None, Decimal(1))]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply({"status": "error", "errorType": "execution", "error": "too many\nsamples"}, 422),
         ": the query failed: execution: too many samples"),
        (Reply(b"nginx", 400), ": HTTP 400"),
        (Reply(b"", 500), ": HTTP 500 Internal Server Error"),
        (success([], "string"), ": the answer is not that of Prometheus' query API (a vector or a matrix)"),
        (Reply(b"<html></html>"), ": the answer is not that of Prometheus' query API (a vector or a matrix)"),
        (success([], warnings=["store gone"]), ": the answer is doubtful: store gone"),
        (success([], isPartial=True), ": the answer is doubtful: it is partial"),
        (Reply({"status": "success"}), ": the answer has no data"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_relied_on_is_an_error(reply: Reply, reason: str) -> None:
    assert refused(reply) == reason


def test_a_server_that_never_answers_ends_with_the_poll() -> None:
    with web(lambda _: Handler.hang) as server, pytest.raises(CollectError, match="no complete answer within"):
        list(collector(server.url).fetch(poll(seconds=0.2)))


@pytest.mark.parametrize("wrong", [{"step": "soon"}, {"step": 0}, {"start": "never"}, {"stop": "2026-01-01"}])
def test_a_range_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        collector("http://prometheus.example", range=DAILY | wrong)
