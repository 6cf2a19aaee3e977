"""The web application behind a real server: formats, health, the API's manners."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from prometheus_client.exposition import choose_encoder

from agent.metrics import Exposition
from agent.model import SECOND_US, ConfigError, LedgerError
from agent.status import status_answer
from agent.web.negotiation import offer, takes_gzip
from tests.example_snapshot import NOW, make_config, make_snapshot
from tests.servers import POLL_SECONDS
from tests.showing import WAIT_SECONDS, Running, showing

pytestmark = pytest.mark.server

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def starting(tmp_path) -> Iterator[Running]:
    """The application before its first Snapshot."""
    with showing(make_config(tmp_path)) as running:
        yield running


@pytest.fixture
def running(starting: Running) -> Running:
    """The application with a Snapshot."""
    starting.publisher.publish(make_snapshot(starting.config))
    return starting


# --- /metrics ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        (BROWSER, PLAIN),
        ("text/plain", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", PLAIN),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.7," + PROMETHEUS_3,
         f"{OPENMETRICS}; escaping=allow-utf-8"),
    ],
)  # fmt: skip
def test_the_content_type_is_the_one_the_client_library_would_choose(accept, content_type):
    assert offer(accept).content_type == content_type
    assert content_type.startswith(choose_encoder(accept)[1].removesuffix("; escaping=underscores"))


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/openmetrics-text;version=2.0.0,text/plain", PLAIN),
        ("application/openmetrics-text;version=1.x", PLAIN),
        ("application/openmetrics-text;q=0,text/plain;version=0.0.4", PLAIN),
        ("application/openmetrics-text;q=0.1,text/plain;version=0.0.4;q=0.9", PLAIN),
        ("application/openmetrics-text;q=often", PLAIN),
        (";;=,,q=", PLAIN),
        ('Application/OpenMetrics-Text; Version="1.0.0"', OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;escaping=<script>", OPENMETRICS),
    ],
)
def test_no_format_is_claimed_that_is_not_written(accept, content_type):
    assert offer(accept).content_type == content_type


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [("gzip", True), ("gzip, deflate, br", True), ("gzip;q=0", False), ("", False), ("identity", False)],
)
def test_gzip_is_sent_to_those_who_take_it(accepted, zipped):
    assert takes_gzip(accepted) is zipped


@pytest.mark.parametrize(
    ("accept", "content_type", "last"), [(BROWSER, PLAIN, b""), (PROMETHEUS_2, OPENMETRICS, b"# EOF\n")]
)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_metrics_come_in_the_format_and_encoding_asked_for(running, accept, content_type, last, encoding):
    with requests.get(
        f"{running.url}/metrics",
        headers={"Accept": accept, "Accept-Encoding": encoding},
        stream=True,
        timeout=WAIT_SECONDS,
    ) as response:
        body = response.raw.read()
    assert response.headers["Content-Type"] == content_type
    assert response.headers.get("Content-Encoding", "identity") == encoding
    rendered = Exposition(running.config).render(running.publisher.snapshot(), running.publisher.own())
    plain = gzip.decompress(body) if encoding == "gzip" else body
    ours = rendered.openmetrics.removesuffix(last) if last else rendered.text
    assert plain.startswith(ours)
    assert b"\nprocess_resident_memory_bytes " in plain[len(ours) :]
    assert plain.endswith(last)


def test_metrics_follow_the_snapshot(running):
    former = running.get("/metrics").text
    snapshot = running.publisher.snapshot()
    running.publisher.count("ticks")
    running.publisher.publish(replace(snapshot, as_of=NOW + SECOND_US))
    later = running.get("/metrics").text
    assert "dabiao_ticks_total 0\n" in former
    assert "dabiao_ticks_total 1\n" in later
    assert f"dabiao_snapshot_timestamp_seconds {NOW / SECOND_US + 1!r}\n" in later


@pytest.mark.server
def test_a_real_prometheus_scrapes_every_series(running, start_prometheus):
    target = running.url.removeprefix("http://")
    scrape = f"{{job_name: dabiao, static_configs: [{{targets: ['{target}']}}]}}"
    url = start_prometheus(f"global: {{scrape_interval: 1s}}\nscrape_configs: [{scrape}]\n")

    def answered(query: str) -> dict[tuple[str, ...], str]:
        result = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=WAIT_SECONDS).json()
        return {tuple(one["metric"].values()): one["value"][1] for one in result["data"]["result"]}

    until = time.monotonic() + WAIT_SECONDS
    while not (up := answered("up == 1")) and time.monotonic() < until:
        threading.Event().wait(POLL_SECONDS)
    assert list(up.values()) == ["1"]
    (scraped,) = answered("scrape_samples_scraped").values()
    assert int(scraped) == sum(not line.startswith("#") for line in running.get("/metrics").text.splitlines())
    (value,) = answered(
        'dabiao_indicator_ratio{indicator="permits-on-time"} < ignoring (window) dabiao_target_ratio'
    ).values()
    assert value == "0.94996"


# --- health -----------------------------------------------------------------------------------------------------------


def test_before_the_first_snapshot_it_lives_but_is_not_ready(starting):
    assert (starting.get("/healthz").status_code, starting.get("/readyz").status_code) == (200, 503)
    assert starting.get("/api/v1/status").status_code == 503
    assert "正在读取数据" in starting.get("/").text
    assert "dabiao_build_info" in starting.get("/metrics").text


def test_with_a_snapshot_it_is_ready(running):
    assert (running.get("/healthz").status_code, running.get("/readyz").status_code) == (200, 200)


@pytest.mark.parametrize(("age", "status"), [(0, 200), (59, 200), (60, 503), (3600, 503)])
def test_a_stalled_tick_is_unhealthy(running, age, status):
    running.now[0] = NOW + age * SECOND_US
    response = running.get("/healthz")
    assert response.status_code == status
    assert (f"{age} s ago" in response.text) is (status == 503)


@pytest.mark.parametrize(("age", "is_stalled"), [(59 * 60, False), (60 * 60, True)])
def test_where_time_is_sped_up_a_minute_is_one_of_those_who_look_on(tmp_path, age, is_stalled):
    with showing(make_config(tmp_path), speed=60) as hurried:
        hurried.publisher.publish(make_snapshot(hurried.config))
        hurried.now[0] = NOW + age * SECOND_US
        assert hurried.get("/healthz").status_code == (503 if is_stalled else 200)
        assert ("data-stopped" in hurried.get("/").text) is is_stalled


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_status_is_what_the_command_prints(running):
    response = running.get("/api/v1/status")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == status_answer(running.publisher.snapshot(), running.config)
    assert running.asked == []


def test_named_windows_systems_and_open_records_come_from_the_snapshot(running):
    answer = running.get("/api/v1/status?window=year&system=archive&open=1").json()
    assert [(row["window"], row["system"]) for row in answer["indicators"]] == [("year", "archive")]
    assert [row["id"] for row in answer["open"]] == ["F-9"]
    assert running.asked == []


@pytest.mark.parametrize(
    "query", ["from=2026-01-01&to=2026-02-01", "at=2026-03-01T10:00", "as_of=2026-03-01T10:00:00Z"]
)
def test_other_days_and_times_are_worked_out_anew(running, query):
    answer = running.get(f"/api/v1/status?{query}").json()
    assert len(running.asked) == 1
    assert not running.asked[0].is_of_now
    assert answer["indicators"][0]["window"] == "year"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("window=week", "window: expected one of today, 7d, 30d, month, quarter, ytd, year, got 'week'"),
        ("at=1&at=2", "at: expected once, got 2 times"),
        ("system=x", "system: unknown system 'x'; known: archive, portal"),
        ("sort=name", "unknown parameter 'sort'; known: window, from, to, at, as_of, system, open"),
    ],
)
def test_a_bad_parameter_is_answered_with_what_is_wrong(running, query, said):
    response = running.get(f"/api/v1/status?{query}")
    assert (response.status_code, response.json()) == (400, {"error": said})


def test_what_cannot_be_answered_says_why(running):
    running.refusal.append(ConfigError("nothing was known at that time"))
    response = running.get("/api/v1/status?as_of=2020-01-01")
    assert (response.status_code, response.json()) == (400, {"error": "nothing was known at that time"})
    running.refusal[0] = LedgerError("the ledger is locked")
    response = running.get("/api/v1/status?as_of=2020-01-01")
    assert (response.status_code, response.json()) == (503, {"error": "the ledger is locked"})


# --- manners ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz", "/api/v1/status", "/static/style.css"])
def test_head_answers_like_get_without_a_body(running, path):
    head = requests.head(running.url + path, timeout=WAIT_SECONDS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == running.get(path).headers["Content-Type"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/api/v1/none", "/none", "/static/style.css"])
def test_every_answer_carries_the_security_headers(running, path):
    headers = running.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_what_is_not_there_is_said_in_json_below_the_api_and_in_plain_text_elsewhere(running):
    api, other = running.get("/api/v2"), running.get("/none")
    assert (api.status_code, api.json()) == (404, {"error": "Not Found"})
    assert (other.status_code, other.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert requests.post(f"{running.url}/metrics", timeout=WAIT_SECONDS).status_code == 405
