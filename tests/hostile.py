"""Sources that do their worst, each with the reason it must be shown with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.web_serving import Asked, Certificates, Handler, Reply, Script

MAPPING: dict[str, Any] = {"record": "fault", "id": "no", "times": {"reported_at": "at"}, "every": "1s"}
ROWS = [{"no": f"F{number}", "at": "2026-03-02T10:00:00+08:00"} for number in range(5)]
ENDLESS_BYTES = 10 << 30


@dataclass(frozen=True)
class Hostile:
    """A source as it is configured, and a pattern of the reason it is down with."""

    source: Mapping[str, Any]
    reason: str


def trickle(handler: Handler) -> None:
    """A body of a million bytes, one now and then."""
    handler.begin(200, {"Content-Length": "1000000"})
    handler.trickle()


def endless(handler: Handler) -> None:
    """Ten gigabytes, as fast as they are read."""
    handler.begin(200, {"Content-Length": str(ENDLESS_BYTES), "Content-Type": "text/plain"})
    send_without_end(handler)


def endless_chunks(handler: Handler) -> None:
    """The same without saying how much."""
    handler.begin(200, {})
    send_without_end(handler)


def send_without_end(handler: Handler) -> None:
    block = b" " * (1 << 16)
    for _ in range(ENDLESS_BYTES // len(block)):
        handler.wfile.write(block)


def close_early(handler: Handler) -> None:
    """Half of what was announced."""
    handler.begin(200, {"Content-Length": "1000"})
    handler.wfile.write(b'[{"no": "F1"')


def close_at_once(handler: Handler) -> None:
    """Not a byte."""


ANSWERS: Mapping[str, Reply | Script] = {
    "good": Reply(ROWS),
    "hangs": Handler.hang,
    "trickles": trickle,
    "endless": endless,
    "endless-chunks": endless_chunks,
    "closes-early": close_early,
    "closes-at-once": close_at_once,
    "html": Reply(b"<!DOCTYPE html><html><body>\xe7\x99\xbb\xe5\xbd\x95</body></html>"),
    "fails": Reply(b"at com.example.Faults.list(Faults.java:42)", 500),
    "too-many": Reply(b"", 429, {"Retry-After": "3600"}),
    "half-json": Reply(b'{"list": [{"no": "F1", "at": "2026-'),
    "no-list": Reply({"code": 0}),
}


def answer(asked: Asked) -> Reply | Script:
    """What stands behind each path."""
    return ANSWERS[asked.path.removeprefix("/")]


def over_http(url: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"collector": "http", "url": url, "retries": 0, **MAPPING, **more}


HTTP_FAULTS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "hangs": ({"timeout": "500 ms"}, r"no answer within 0\.5 s"),
    "trickles": ({"deadline": "2s"}, r"no complete answer within the [12](\.\d+)? s left"),
    "endless": ({"max_bytes": 1 << 20}, "more than 1 MiB"),
    "endless-chunks": ({"max_bytes": 1 << 20}, "more than 1 MiB"),
    "closes-early": ({}, "body ended early"),
    "closes-at-once": ({}, "the connection was closed before the answer was complete"),
    "html": ({}, re.escape("answered HTML where JSON or XML was expected (a login page?)")),
    "fails": ({}, "HTTP 500 Internal Server Error"),
    "too-many": ({}, "HTTP 429 Too Many Requests"),
    "half-json": ({}, r"no JSON: Unterminated string starting at at line 1, column \d+"),
    "no-list": ({"items": "list"}, "expected a list at 'list', got null"),
}


def http_sources(url: str) -> dict[str, Hostile]:
    """One source for each way an answer can be bad."""
    place = "(, /[a-z-]+)?: "
    return {
        name: Hostile(over_http(f"{url}/{name}", more), re.escape(f"{url}/{name}") + place + reason)
        for name, (more, reason) in HTTP_FAULTS.items()
    }


def unreachable_sources(tls_url: str, closed_port: int, certificates: Certificates) -> dict[str, Hostile]:
    """Servers that are somebody else, and one that is not there."""
    ours, closed = {"tls": {"ca": certificates.path("ca.pem")}}, f"http://127.0.0.1:{closed_port}/"
    mismatch = "certificate not accepted: IP address mismatch, certificate is not valid for '127.0.0.1'."
    unknown = "certificate not accepted: unable to get local issuer certificate"
    return {
        "other-host": Hostile(over_http(f"{tls_url}/good", ours), re.escape(f"{tls_url}/good: {mismatch}")),
        "unknown-issuer": Hostile(over_http(f"{tls_url}/good", {}), re.escape(f"{tls_url}/good: {unknown}")),
        "refused": Hostile(over_http(closed, {}), re.escape(f"{closed}: connection refused")),
    }


CONTENTS: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "binary.csv": (
        lambda path: path.write_bytes(b"no,at\n" + bytes(range(256)) * 40),
        "{}: expected text in utf-8-sig, got bytes that are none",
    ),
    "nulls.csv": (lambda path: path.write_bytes(b"no,at\n\0\0\0\0"), "{}: expected text, got a file with null bytes"),
    "folder.csv": (lambda path: path.mkdir(), "no such file: {}"),
    "other.csv": (
        lambda path: path.write_text("x,y\n1,2\n", encoding="utf-8"),
        "{}: line 1 lacks 'no', 'at' of the mapped columns",
    ),
    "no.xlsx": (
        lambda path: path.write_text("not a workbook", encoding="utf-8"),
        "{}: not an .xlsx file, or one that is cut short",
    ),
}


def file_sources(folder: Path) -> dict[str, Hostile]:
    """Files that are not what their names say."""
    found = {}
    for name, (make, reason) in CONTENTS.items():
        make(folder / name)
        source = {"collector": "file", "path": str(folder / name), "settle": 0, **MAPPING}
        shown = re.escape(str(folder / name) if name == "folder.csv" else name)
        found[name.replace(".", "-")] = Hostile(source, reason.format(shown))
    return found
