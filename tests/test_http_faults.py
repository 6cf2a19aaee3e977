"""The `http` collector against servers that misbehave: each fault in words, in time, in bounds, without secrets."""

from __future__ import annotations

import logging
import socket
import threading
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest

from agent.model import CollectError, Poll
from collectors.http import HttpCollector, HttpOptions
from tests import servers
from tests.proxying import proxy
from tests.web_serving import (
    Answering,
    Asked,
    Certificates,
    Handler,
    Reply,
    closed_port,
    make_certificates,
    web,
)

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 60.0
ROWS = [{"no": "F1"}, {"no": "F2"}]


def fetch(url: str, seconds: float = PATIENCE_SECONDS, **options: Any) -> list[tuple[object, ...]]:
    collector = HttpCollector(HttpOptions.model_validate({"url": url, "retries": 0, **options}))
    pages = collector.fetch(Poll("desk", ("no",), 0, time.monotonic() + seconds))
    return [row for page in pages for row in page.rows]


def fault(answering: Answering, seconds: float = PATIENCE_SECONDS, **options: Any) -> str:
    """The reason given for a server that answers so, after its address and path."""
    with web(answering) as server, pytest.raises(CollectError) as caught:
        fetch(f"{server.url}/faults?token=s3cret", seconds, **options)
    address = f"{server.url}/faults"
    assert str(caught.value).startswith(address)
    assert "s3cret" not in str(caught.value)
    return str(caught.value).removeprefix(address).removeprefix(", /faults").removeprefix(": ")


def raw(content: bytes) -> Answering:
    """A server that writes just these bytes and closes."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(content)

    return lambda _: answer


# --- answers that are no rows -----------------------------------------------------------------------------------------


def test_an_error_inside_a_200_answer_is_an_error_with_the_servers_words() -> None:
    said = {"code": 500, "msg": "库\n连接超时 s3cret " + "x" * 300}
    reason = fault(lambda _: Reply(said), ok={"code": "0"}, message="msg", auth={"bearer": "s3cret"})
    assert reason.startswith("expected code to be '0', got '500' (库 连接超时 … xxx")
    assert len(reason) < 260


@pytest.mark.parametrize(("code", "spelled"), [(0, "0"), ("0", "0"), (True, "true"), (None, "null")])
def test_codes_compare_as_text(code: object, spelled: str) -> None:
    with web(lambda _: Reply({"code": code, "rows": ROWS})) as server:
        assert len(fetch(server.url, items="rows", ok={"code": spelled})) == 2
    assert fault(lambda _: Reply({"code": {"name": "张三"}}), ok={"code": "1"}).endswith("got 'an object'")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "HTTP 500 Internal Server Error"), (401, "HTTP 401 Unauthorized"), (429, "HTTP 429 Too Many Requests"),
     (503, "HTTP 503 Service Unavailable"), (599, "HTTP 599"), (304, "HTTP 304 Not Modified")],
)  # fmt: skip
def test_a_status_is_named(status: int, reason: str) -> None:
    assert fault(lambda _: Reply("张三", status)) == reason


def test_html_is_named_as_such_whatever_it_is_said_to_be() -> None:
    page = b"<!DOCTYPE html>\n<html><body>\xe7\x99\xbb\xe5\xbd\x95</body></html>"
    assert fault(lambda _: Reply(page)) == "answered HTML where JSON or XML was expected (a login page?)"
    assert fault(lambda _: Reply(page), format="json") == "answered HTML where JSON was expected (a login page?)"
    html = {"Content-Type": "text/html"}
    assert "HTML where XML" in fault(lambda _: Reply(b"<HTML></HTML>", headers=html), format="xml")
    assert fault(lambda _: Reply(b"<a/>"), format="json") == "answered XML or HTML where JSON was expected"


def test_a_redirect_is_followed_on_the_same_server_only() -> None:
    def moved(asked: Asked) -> Reply:
        if asked.path == "/faults":
            return Reply(status=302, headers={"Location": "/v2"})
        return Reply(ROWS if asked.headers["X-Key"] == "k" and asked.query == {"t": "1"} else [])

    with web(moved) as server:
        key: dict[str, Any] = {"header": {"name": "X-Key", "value": "k"}}
        assert fetch(f"{server.url}/faults", auth=key) == []
        assert fetch(f"{server.url}/faults", auth={"query": {"name": "t", "value": "1"}}, headers={"X-Key": "k"}) != []
    away = Reply(status=301, headers={"Location": "https://elsewhere.example/login?token=s3cret"})
    assert fault(lambda _: away) == "redirected to another server, https://elsewhere.example: not followed"
    assert fault(lambda _: Reply(status=302, headers={"Location": "?"})) == "more than 5 redirects"


# --- answers that do not come, or not whole ---------------------------------------------------------------------------


def test_a_server_that_never_answers_ends_with_its_timeout_or_with_the_poll() -> None:
    assert fault(lambda _: Handler.hang, timeout="100 ms") == "no answer within 0.1 s"
    assert fault(lambda _: Handler.hang, 0.2, retries=5).startswith("no complete answer within the 0")


def test_a_resolver_that_never_answers_ends_with_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    with pytest.raises(CollectError, match=r"http://desk\.example/: no complete answer within the 0"):
        fetch("http://desk.example/", 0.2)
    over.set()


def test_the_next_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with web(lambda _: Reply(ROWS)) as server:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
            for port in (closed_port(), server.server_port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        assert len(fetch("http://desk.example/")) == 2


def trickled_header(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    handler.trickle(b"x")


def trickled_body(handler: Handler) -> None:
    handler.begin(200, {"Content-Length": "1000000"})
    handler.trickle()


def trickled_chunks(handler: Handler) -> None:
    handler.begin(200, {"Transfer-Encoding": "chunked"})
    handler.trickle(b"1\r\n \r\n")


def continued(handler: Handler) -> None:
    handler.trickle(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("script", [trickled_header, trickled_body, trickled_chunks, continued])
def test_a_trickle_ends_with_the_poll_though_no_read_ever_times_out(script: Any) -> None:
    assert fault(lambda _: script, 0.5, timeout="20 s").startswith("no complete answer within the 0")


def test_an_endless_body_is_cut_off_with_memory_bounded() -> None:
    written = threading.Event()

    def endless(handler: Handler) -> None:
        handler.begin(200, {})
        try:
            while True:
                handler.wfile.write(b" " * 65536)
        finally:
            written.set()

    tracemalloc.start()
    try:
        assert fault(lambda _: endless, max_bytes=4 << 20) == "more than 4 MiB"
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert written.wait(PATIENCE_SECONDS)  # the connection was closed: the server is not left writing


@pytest.mark.parametrize("chunked", [False, True])
def test_a_small_answer_that_unpacks_to_gigabytes_is_cut_off(chunked: bool) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
    answer = head + (
        b"Transfer-Encoding: chunked\r\n\r\n" + framed if chunked else b"Connection: close\r\n\r\n" + packed
    )
    tracemalloc.start()
    try:
        assert fault(raw(answer), max_bytes=1_000_000) == "more than 1000000 bytes"
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_redirect_with_an_endless_body_is_not_read() -> None:
    def endless(handler: Handler) -> None:
        handler.begin(302, {"Location": "http://elsewhere.example/"})
        while True:
            handler.wfile.write(b" " * 65536)

    assert fault(lambda _: endless).startswith("redirected to another server")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the connection was closed before the answer was complete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{", "body ended early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n[{", "body ended early"),
        (
            b'HTTP/1.1 200 OK\r\n\r\n[{"no": "\xe5\xbc\xa0"}, {"no"',
            "no JSON: Expecting ':' delimiter at line 1, column 20",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nplain", "the body cannot be decompressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "more than 64 MiB"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers there speaks no HTTP"),
    ],
)
def test_an_answer_that_breaks_off_is_told_from_one_that_is_wrong(content: bytes, reason: str) -> None:
    assert fault(raw(content)) == reason


def test_nobody_there_and_no_such_host_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CollectError, match=r"^http://127.0.0.1:\d+/: connection refused$"):
        fetch(f"http://127.0.0.1:{closed_port()}/")

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CollectError, match=r"^http://nowhere.invalid/: the host's name is unknown$"):
        fetch("http://nowhere.invalid/")


# --- another try ------------------------------------------------------------------------------------------------------


def after(*first: Reply) -> Answering:
    """These answers in turn, then the rows."""
    waiting = list(first)
    return lambda _: waiting.pop(0) if waiting else Reply(ROWS)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again_when_the_server_says(status: int) -> None:
    busy = Reply(status=status, headers={"Retry-After": "0"})
    with web(after(busy, busy)) as server:
        assert len(fetch(server.url, retries=2)) == 2
    assert len(server.asked) == 3
    with web(after(busy, busy, busy)) as server, pytest.raises(CollectError, match=f"HTTP {status}"):
        fetch(server.url, retries=2)


def test_a_retry_that_would_come_after_the_deadline_is_not_waited_for() -> None:
    begun = time.monotonic()
    assert fault(lambda _: Reply(status=429, headers={"Retry-After": "3600"}), retries=2).startswith("HTTP 429")
    assert time.monotonic() - begun < PATIENCE_SECONDS


def test_a_date_to_try_again_is_taken_against_the_servers_own_clock() -> None:
    stamp = "Mon, 02 Mar 2020 09:00:00 GMT"
    content = f"HTTP/1.1 503 Busy\r\nDate: {stamp}\r\nRetry-After: {stamp}\r\nContent-Length: 0\r\n\r\n".encode()
    answers = iter([raw(content), lambda _: Reply(ROWS)])
    with web(lambda asked: next(answers)(asked)) as server:
        assert len(fetch(server.url, retries=1)) == 2


def test_a_dropped_connection_is_tried_again() -> None:
    answers = iter([raw(b""), lambda _: Reply(ROWS)])
    with web(lambda asked: next(answers)(asked)) as server:
        assert len(fetch(server.url, retries=1)) == 2


def test_what_will_not_pass_is_not_tried_again() -> None:
    with web(lambda _: Reply(status=500)) as server, pytest.raises(CollectError, match="HTTP 500"):
        fetch(server.url, retries=5)
    assert len(server.asked) == 1


# --- certificates -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(servers.program("openssl", "openssl"), tmp_path_factory.mktemp("certificates"))


def over_tls(certificates: Certificates, tls: dict[str, str], **serving: Any) -> int:
    with web(lambda _: Reply(ROWS), certificates.server(**serving)) as server:
        return len(fetch(server.url, tls=tls))


def test_a_custom_authority_is_trusted_and_an_unknown_one_is_not(certificates: Certificates) -> None:
    assert over_tls(certificates, {"ca": certificates.path("ca.pem")}) == 2
    with pytest.raises(CollectError, match="certificate not accepted: unable to get local issuer certificate"):
        over_tls(certificates, {})
    with pytest.raises(CollectError, match="certificate not accepted: self-signed certificate"):
        over_tls(certificates, {}, name="ca")


def test_a_certificate_for_another_host_is_not_accepted(certificates: Certificates) -> None:
    with pytest.raises(CollectError, match=r"certificate not accepted: .*not valid for '127.0.0.1'"):
        over_tls(certificates, {"ca": certificates.path("ca.pem")}, name="elsewhere")


def test_any_certificate_will_do_only_for_a_stated_reason(certificates: Certificates) -> None:
    assert over_tls(certificates, {"insecure": "self-signed until the new CA is there"}, name="elsewhere") == 2


def test_we_show_our_own_certificate_where_the_server_asks(certificates: Certificates) -> None:
    ours = {name: certificates.path(f"client.{end}") for name, end in (("cert", "pem"), ("key", "key"))}
    trusted = {"ca": certificates.path("ca.pem")}
    assert over_tls(certificates, trusted | ours, client_must_show=True) == 2
    assert over_tls(certificates, {"insecure": "for the test"} | ours, client_must_show=True) == 2
    with pytest.raises(CollectError, match=r"TLS refused: .*certificate required|connection was closed|ended early"):
        over_tls(certificates, trusted, client_must_show=True)


def test_showing_our_own_certificate_does_not_loosen_whom_we_trust(certificates: Certificates) -> None:
    ours = {name: certificates.path(f"client.{end}") for name, end in (("cert", "pem"), ("key", "key"))}
    with pytest.raises(CollectError, match="certificate not accepted"):
        over_tls(certificates, ours)
    with pytest.raises(CollectError, match="certificate not accepted"):
        over_tls(certificates, ours | {"ca": certificates.path("ca.pem")}, name="elsewhere")


def test_certificate_files_that_are_missing_are_named(certificates: Certificates, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"gone.pem cannot be used as the certificate to trust"):
        over_tls(certificates, {"ca": str(tmp_path / "gone.pem")})
    with pytest.raises(CollectError, match=r"gone.pem and its key cannot be used as a certificate"):
        over_tls(certificates, {"cert": str(tmp_path / "gone.pem")})


def test_a_proxy_is_gone_through_and_told_who_asks(certificates: Certificates) -> None:
    ours = {name: certificates.path(f"client.{end}") for name, end in (("cert", "pem"), ("key", "key"))}
    trusted = {"ca": certificates.path("ca.pem")}
    with proxy() as between, web(lambda _: Reply(ROWS)) as plain:
        through = between.url.replace("//", "//us:s3cret@")
        assert len(fetch(f"{plain.url}/faults", proxy=through)) == 2
        with web(lambda _: Reply(ROWS), certificates.server(client_must_show=True)) as secure:
            assert len(fetch(secure.url, proxy=through, tls=trusted | ours)) == 2
            with pytest.raises(CollectError, match="certificate not accepted"):
                fetch(secure.url, proxy=through, tls=ours)
    credentials = "Basic dXM6czNjcmV0"
    tunnel = ("CONNECT", secure.url.removeprefix("https://"), credentials)
    assert between.asked == [("GET", f"{plain.url}/faults", credentials), tunnel, tunnel]


def test_a_proxy_that_does_not_serve_is_named_as_such() -> None:
    refusing, secure = f"http://127.0.0.1:{closed_port()}", "https://desk.example/faults"
    with pytest.raises(CollectError, match=f"^{secure}: proxy: connection refused$"):
        fetch(secure, proxy=refusing)
    with web(lambda _: Reply(status=403)) as wall, pytest.raises(CollectError, match="the proxy does not connect us"):
        fetch(secure, proxy=wall.url)
    with (
        web(lambda _: Handler.hang) as hanging,
        pytest.raises(CollectError, match=r"no complete answer within the 0\.3 s"),
    ):
        fetch(secure, 0.3, proxy=hanging.url)


def test_tls_spoken_to_a_plain_server_is_told() -> None:
    with web(lambda _: Reply(ROWS)) as server, pytest.raises(CollectError, match="TLS refused: "):
        fetch(server.url.replace("http:", "https:"))


# --- nothing is given away --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth",
    [{"bearer": "s3cret"}, {"basic": {"user": "u", "password": "s3cret"}},
     {"header": {"name": "K", "value": "s3cret"}}, {"query": {"name": "k", "value": "s3cret"}}],
)  # fmt: skip
def test_no_secret_is_in_an_error_or_in_the_log(auth: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[Answering] = [lambda _: Reply(status=500), raw(b""), lambda _: Reply(b"{"), lambda _: Reply(ROWS)]
    for answering in answers[:3]:
        assert fault(answering, auth=auth)
    with web(answers[3]) as server:
        assert fetch(f"{server.url}/?token=s3cret", auth=auth)
    assert "s3cret" not in caplog.text
