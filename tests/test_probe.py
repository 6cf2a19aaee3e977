"""The `probe` collector against real servers that go down and come back, and its intervals over a given time."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.model import SECOND_US, CollectError, Instant, Page, Poll, utc_of
from collectors.probe import Interval, ProbeCollector, ProbeOptions, follow
from collectors.sampling import Sample, decoded, expiry_of, reason_of
from tests import servers
from tests.servers import at_work

pytestmark = pytest.mark.server

COLUMNS = ("started", "until", "state", "reason")
NOON = 1_780_000_000 * SECOND_US
PATIENCE_SECONDS = 60.0
GAP = 120 * SECOND_US
UP, DOWN = Sample(None), Sample("HTTP 503")


def probe(**options: Any) -> ProbeCollector:
    return ProbeCollector(ProbeOptions.model_validate(options))


def sampled(
    collector: ProbeCollector, now: Instant = NOON, cursor: Any = None, columns: tuple[str, ...] = COLUMNS
) -> Page:
    (page,) = collector.fetch(Poll("portal-up", columns, now, time.monotonic() + PATIENCE_SECONDS, cursor))
    return page


def told(**options: Any) -> tuple[object, object]:
    """State and reason of one sample."""
    (row,) = sampled(probe(**options), columns=("state", "reason")).rows
    return row[0], row[1]


def at(seconds: float) -> Instant:
    return NOON + round(seconds * SECOND_US)


def between(start: float, end: float, state: Any = "up", reason: str | None = None, samples: int = 1) -> Interval:
    return Interval(at(start), at(end), state, reason, samples)


# --- intervals -------------------------------------------------------------------------------------------------------


def test_the_first_sample_begins_an_interval():
    assert follow(None, NOON, UP, GAP) == [between(0, 0)]


def test_a_sample_without_change_moves_the_end_alone():
    assert follow(between(0, 60), at(75), UP, GAP) == [between(0, 75, samples=2)]


def test_a_change_ends_one_interval_where_the_next_begins():
    assert follow(between(0, 60), at(75), DOWN, GAP) == [between(0, 75), between(75, 75, "down", "HTTP 503")]


def test_an_interval_keeps_the_reason_of_its_first_sample():
    running = between(0, 60, "down", "connection refused")
    assert follow(running, at(75), DOWN, GAP) == [between(0, 75, "down", "connection refused", 2)]


@pytest.mark.parametrize("sample", [UP, DOWN])
def test_after_a_gap_the_time_between_is_unknown(sample):
    (begun,) = follow(between(0, 60), at(181), sample, GAP)
    assert (begun.started, begun.until) == (at(181), at(181))


def test_a_gap_of_twice_the_interval_is_still_bridged():
    assert follow(between(0, 60), at(180), UP, GAP) == [between(0, 180, samples=2)]


def test_a_clock_that_went_back_stands_still_until_it_has_caught_up():
    assert follow(between(0, 60), at(30), UP, GAP) == [between(0, 60, samples=2)]
    moved, begun = follow(between(0, 60), at(30), DOWN, GAP)
    assert (moved, begun) == (between(0, 60), between(60, 60, "down", "HTTP 503"))
    assert follow(begun, at(45), UP, GAP) == [between(60, 60)]
    assert follow(begun, at(70), DOWN, GAP) == [between(60, 70, "down", "HTTP 503", 2)]


def test_a_clock_that_was_far_ahead_is_not_waited_for():
    assert follow(between(90_000, 90_060), at(30), UP, GAP) == [between(30, 30)]


def test_intervals_of_any_course_neither_overlap_nor_leave_out_time():
    rows: dict[Instant, Interval] = {}
    running = None
    course = "uuddduuudud"
    for step, letter in enumerate(course):
        for interval in follow(running, at(60 * step), UP if letter == "u" else DOWN, GAP):
            rows[interval.started] = running = interval
    told_intervals = sorted(rows.values(), key=lambda interval: interval.started)
    assert [interval.started for interval in told_intervals[1:]] == [interval.until for interval in told_intervals[:-1]]
    down = sum(interval.until - interval.started for interval in told_intervals if interval.state == "down")
    assert down == course[:-1].count("d") * 60 * SECOND_US


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def port() -> Iterator[int]:
    """A port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_the_mapping_names_the_columns_of_a_probe():
    spelled = ProbeCollector.mapping
    assert {spelled["id"], *spelled["times"].values(), *spelled["fields"].values()} == set(COLUMNS)


def test_a_page_holds_the_moved_row_its_cursor_and_what_it_covers(port):
    collector = probe(tcp={"host": "127.0.0.1", "port": port}, interval_seconds=60)
    first = sampled(collector)
    second = sampled(collector, at(60), first.cursor)
    assert first.rows == [(utc_of(NOON), utc_of(NOON), "up", None)]
    assert second.rows == [(utc_of(NOON), utc_of(at(60)), "up", None)]
    assert second.cursor == {"started": NOON, "until": at(60), "state": "up", "reason": None, "samples": 2}
    assert (first.covers, second.covers) == ((NOON, NOON), (NOON, at(60)))
    assert list(second.locators()) == ["sample:1"]
    late = sampled(collector, at(600), second.cursor, columns=("until", "started"))
    assert late.rows == [(utc_of(at(600)), utc_of(at(600)))]
    assert late.covers == (at(600), at(600))


def test_another_column_is_refused_by_name(port):
    with pytest.raises(CollectError, match="a probe has no column status: expected started, until, state, reason"):
        sampled(probe(tcp={"host": "127.0.0.1", "port": port}), columns=("status",))


def test_a_port_goes_down_and_comes_back():
    listener = socket.create_server(("127.0.0.1", 0))
    place = listener.getsockname()
    collector = probe(tcp={"host": place[0], "port": place[1]}, interval_seconds=15)
    pages = [sampled(collector)]
    listener.close()
    pages += [sampled(collector, at(15), pages[-1].cursor)]
    pages += [sampled(collector, at(30), pages[-1].cursor)]
    with socket.create_server(place):
        pages += [sampled(collector, at(45), pages[-1].cursor)]
    rows = {row[0]: row[1:] for page in pages for row in page.rows}
    assert rows == {
        utc_of(NOON): (utc_of(at(15)), "up", None),
        utc_of(at(15)): (utc_of(at(45)), "down", "connection refused"),
        utc_of(at(45)): (utc_of(at(45)), "up", None),
    }
    assert [page.signals["up"] for page in pages] == [1, 0, 0, 1]
    assert [page.signals["failed_samples"] for page in pages] == [0, 1, 2, 0]
    assert ["seconds" in page.signals for page in pages] == [True, False, False, True]


# --- HTTP ------------------------------------------------------------------------------------------------------------


class Portal(BaseHTTPRequestHandler):
    """Answers what its path asks for."""

    release = threading.Event()

    def do_GET(self) -> None:
        body = "<html><head><meta charset=gb2312></head>新房网签</html>".encode("gb18030")
        match self.path.partition("?")[0]:
            case "/503":
                self.send_error(503)
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/")
                self.end_headers()
            case "/slow":
                self.release.wait(PATIENCE_SECONDS)
            case "/cut":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"half")
            case "/guarded":
                self.send_response(200 if self.headers["Authorization"] == "Bearer t" else 401)
                self.end_headers()
            case "/long":
                self.send_response(200)
                self.end_headers()
                self.wfile.write("网签".encode() + b"x" * (3 << 20))
            case _:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

    def log_message(self, *args: Any) -> None: ...


class Server(ThreadingHTTPServer):
    """A probe may leave before the answer is sent."""

    def handle_error(self, request: Any, client_address: Any) -> None: ...


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    Portal.release.clear()
    with Server(("127.0.0.1", 0), Portal) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        with at_work(server):
            try:
                yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
            finally:
                Portal.release.set()


@pytest.fixture
def portal() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"url": "/"}, ("up", None)),
        ({"url": "/?a=网签 b".replace(" ", "+")}, ("up", None)),
        ({"url": "/", "body": "新房.签"}, ("up", None)),
        ({"url": "/", "body": "系统维护"}, ("down", "body lacks pattern")),
        ({"url": "/503"}, ("down", "HTTP 503")),
        ({"url": "/503", "status": [200, 503]}, ("up", None)),
        ({"url": "/moved"}, ("down", "HTTP 302")),
        ({"url": "/moved", "status": 302}, ("up", None)),
        ({"url": "/cut"}, ("down", "connection closed early")),
        ({"url": "/guarded", "headers": {"Authorization": "Bearer t"}}, ("up", None)),
        ({"url": "/guarded"}, ("down", "HTTP 401")),
        ({"url": "/long", "body": "^网签x"}, ("up", None)),
    ],
)
def test_a_page_is_up_when_it_answers_as_promised(portal, options, expected):
    assert told(http={**options, "url": portal + options["url"]}) == expected


def test_a_page_that_is_slower_than_promised_is_down(portal):
    page = sampled(probe(http={"url": f"{portal}/slow", "within": "50 ms"}))
    assert page.rows[0][2:] == ("down", "slower than 0.05 s")
    assert page.signals == {"up": 0, "failed_samples": 1}


def test_the_deadline_of_the_poll_says_nothing_about_the_page(portal):
    asked = Poll("p", COLUMNS, NOON, time.monotonic() + 0.05)
    with pytest.raises(CollectError, match="the deadline came before the 5 s the probe may take"):
        list(probe(http={"url": f"{portal}/slow"}).fetch(asked))


def test_a_page_goes_down_and_comes_back():
    with serving() as url:
        collector = probe(http={"url": url})
        assert sampled(collector).rows[0][2:] == ("up", None)
        place = (url.rpartition(":")[0], int(url.rpartition(":")[2]))
    down = sampled(collector)
    assert down.rows[0][2:] == ("down", "connection refused")
    with Server(("127.0.0.1", place[1]), Portal) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert sampled(collector).rows[0][2:] == ("up", None)
        thread.join()


@pytest.mark.parametrize(("answer", "reason"), [(b"", "connection closed early"), (b"SSH-2.0\r\n", "no HTTP answer")])
def test_what_is_no_http_is_down(answer, reason):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_once, args=(listener, answer))
        thread.start()
        assert told(http={"url": f"http://127.0.0.1:{listener.getsockname()[1]}/"}) == ("down", reason)
        thread.join()


def answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(answer)


def test_a_name_that_does_not_resolve_is_down_and_a_silent_name_server_is_our_own_trouble():
    assert reason_of(socket.gaierror(socket.EAI_NONAME, "Name or service not known")) == "name does not resolve"
    with pytest.raises(CollectError, match="name server: Temporary failure"):
        reason_of(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))


def test_a_machine_without_a_network_does_not_call_others_down():
    assert reason_of(OSError(113, "x")) == "no route to host"
    with pytest.raises(CollectError, match="this machine cannot connect: network is unreachable"):
        reason_of(OSError(101, "x"))


# --- TLS -------------------------------------------------------------------------------------------------------------


def openssl() -> str:
    return servers.program("openssl", "openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate with its key in one file."""
    path = tmp_path_factory.mktemp("tls") / "portal.pem"
    request = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=portal -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [openssl(), *request.split(), "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def secure_portal(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as url:
        yield url


def ends_at(certificate: Path) -> float:
    printed = subprocess.run(
        [openssl(), "x509", "-noout", "-enddate", "-in", certificate], check=True, capture_output=True, text=True
    )
    return ssl.cert_time_to_seconds(printed.stdout.strip().removeprefix("notAfter="))


@pytest.mark.parametrize("trust", ["ca", "insecure"])
def test_the_end_of_the_certificate_is_told(secure_portal, certificate, trust):
    page = sampled(probe(http={"url": secure_portal, trust: str(certificate)}))
    assert page.rows[0][2:] == ("up", None)
    assert page.signals["certificate_expiry"] == ends_at(certificate)


def test_a_certificate_nobody_trusts_is_down(secure_portal):
    state, reason = told(http={"url": secure_portal})
    assert (state, reason) == ("down", "certificate refused: self-signed certificate")


def test_a_plain_page_under_https_is_down(portal):
    assert told(http={"url": portal.replace("http:", "https:")}) == ("down", "TLS failed")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bad_ca_file_is_our_own_trouble(tmp_path, secure_portal, content):
    ca = tmp_path / "ca.pem"
    if content:
        ca.write_text(content)
    with pytest.raises(CollectError, match=f"ca: no certificates in {re.escape(str(ca))}: "):
        told(http={"url": secure_portal, "ca": str(ca)})


@pytest.mark.parametrize("days", [8000, 9000, 27_000])
def test_a_certificate_may_end_before_and_after_2050(tmp_path, certificate, days):
    made = tmp_path / "made.pem"
    make = [openssl(), "x509", "-in", certificate, "-signkey", certificate, "-out", made]
    subprocess.run([*make, "-days", str(days)], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(made.read_text())
    assert expiry_of(der) == ends_at(made)


# --- texts and options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        ("网签".encode("gb18030"), "gb2312"),
        ("网签".encode("gb18030"), None),
        ("网签".encode(), "utf-8"),
        ("网签".encode(), "no-such-charset"),
        ("网签".encode(), "us-ascii"),
        ("网签〇".encode()[:-1], "utf-8"),
    ],
)
def test_a_body_is_read_in_the_charset_that_fits(body, declared):
    assert decoded(body, declared) == "网签"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "expected exactly one of http, tcp"),
        ({"tcp": {"host": "a", "port": 1}, "http": {"url": "http://a"}}, "expected exactly one of http, tcp"),
        ({"tcp": {"host": "a", "port": 0}}, "greater than 0"),
        ({"http": {"url": "ftp://a"}}, "expected http:// or https:// and a host"),
        ({"http": {"url": "http://u:geheim@a"}}, "credentials go into headers"),
        ({"http": {"url": "http://a", "body": "("}}, "expected a regular expression"),
        ({"http": {"url": "http://a", "headers": {"A": "geheim\n"}}}, "String should match"),
        ({"http": {"url": "http://a", "ca": "x", "insecure": "y"}}, "expected ca or insecure, not both"),
        ({"http": {"url": "http://a", "within": "5 parsecs"}}, "valid number"),
    ],
)
def test_wrong_options_are_refused(options, reason):
    with pytest.raises(ValidationError, match="validation error") as caught:
        probe(**options)
    assert reason in str(caught.value)
    assert "geheim" not in str(caught.value)
