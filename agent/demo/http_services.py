"""The HTTP source systems, as a stranger meets them: a JSON fault desk and an XML service in GBK."""

from __future__ import annotations

import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from agent.demo.changes import Change, Row

Clock = Callable[[], datetime]
STAMPS = {"faults": "update_time", "qy": "xgsj", "qyr": "xgsj", "pj": "xgsj"}
FAILS_EVERY = 211  # the desk's database is briefly away: an error inside a 200 answer


class Shelf:
    """The rows the HTTP services serve from memory, by table."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {table: {} for table in STAMPS}
        self._lock = threading.Lock()

    def apply(self, changes: Iterable[Change]) -> None:
        """Take the rows that belong here."""
        with self._lock:
            for change in changes:
                if change.table in STAMPS:
                    self._rows[change.table][change.key] = change.row

    def page(self, table: str, since: str, number: int, size: int) -> tuple[list[Row], int]:
        """One page (from 1) of the rows changed at or after `since`, oldest change first, and how many there are."""
        stamp = STAMPS[table]
        with self._lock:
            rows = [row for row in self._rows[table].values() if str(row[stamp]) >= since]
        rows.sort(key=lambda row: str(row[stamp]))
        return rows[(number - 1) * size : number * size], len(rows)


class SimulatedServer(ThreadingHTTPServer):
    """A server on 127.0.0.1 (port 0: any free one) whose clock shows the simulated time."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, handler: type[Quiet], clock: Clock) -> None:
        self.clock = clock
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Anything but a client that gave up before it had its answer is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Quiet(BaseHTTPRequestHandler):
    """A quick HTTP/1.1 handler that logs nothing and marks every answer as a simulation."""

    server: SimulatedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits 40 ms for an acknowledgement

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the name is the standard library's
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header: the simulated time, where no other is given."""
        return super().date_time_string(self.server.clock().timestamp() if timestamp is None else timestamp)

    def answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        """Send one whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Demo", "simulated-data")
        self.end_headers()
        self.wfile.write(body)

    def parameters(self) -> dict[str, str]:
        """The query's parameters."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}


class HttpServices(SimulatedServer):
    """Both services on one free port."""

    def __init__(self, shelf: Shelf, token: str, clock: Clock) -> None:
        self.shelf = shelf
        self.token = token
        self.desk_requests = 0
        super().__init__(0, ServiceHandler, clock)


class ServiceHandler(Quiet):
    """`/api/faults` in JSON with a bearer token, `/rz/{qy,qyr,pj}` in XML by GET or POST."""

    server: HttpServices

    def do_GET(self) -> None:
        """Answer with the query's parameters."""
        self._dispatch(self.parameters())

    def do_POST(self) -> None:
        """Answer with the parameters of an XML body: `<Request><page>1</page>…</Request>`."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            asked = {child.tag: child.text or "" for child in ElementTree.fromstring(body)}
        except (ElementTree.ParseError, ValueError):
            self._xml("901", "报文格式错误", [], 0)
            return
        self._dispatch(self.parameters() | asked)

    def _dispatch(self, asked: dict[str, str]) -> None:
        path = urlsplit(self.path).path
        try:
            page, size = max(1, int(asked.get("page", 1))), min(1000, max(1, int(asked.get("size", 200))))
        except ValueError:
            page, size = 0, 0
        match path.strip("/").split("/"):
            case ["api", "faults"]:
                self._faults(asked, page, size)
            case ["rz", ("qy" | "qyr" | "pj") as table] if page:
                rows, total = self.server.shelf.page(table, asked.get("xgsj", ""), page, size)
                self._xml("0", "演示数据", rows, total)
            case ["rz", *_]:
                self._xml("902", "接口或参数不存在", [], 0)
            case _:
                self.answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "演示数据：没有这个地址".encode())

    def _faults(self, asked: dict[str, str], page: int, size: int) -> None:
        given = self.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            self._json(HTTPStatus.UNAUTHORIZED, {"code": "401", "msg": "令牌无效"})
            return
        self.server.desk_requests += 1
        if not page or self.server.desk_requests % FAILS_EVERY == 0:
            reason = "数据库连接超时，请稍后再试" if page else "分页参数错误"
            self._json(HTTPStatus.OK, {"code": "500", "msg": reason})
            return
        rows, total = self.server.shelf.page("faults", asked.get("updated_after", ""), page, size)
        self._json(HTTPStatus.OK, {"code": "0", "msg": "演示数据", "data": {"list": rows, "total": total}})

    def _json(self, status: HTTPStatus, content: dict[str, object]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.answer(status, "application/json; charset=utf-8", body)

    def _xml(self, code: str, message: str, rows: list[Row], total: int) -> None:
        items = "".join(
            f"<Row>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for tag, cell in row.items())}</Row>" for row in rows
        )
        head = f"<Head><Code>{code}</Code><Msg>{escape(message)}</Msg></Head>"
        text = f'<?xml version="1.0" encoding="GBK"?>\n<Response>{head}'
        text += f"<Body><Total>{total}</Total><List>{items}</List></Body></Response>"
        self.answer(HTTPStatus.OK, "text/xml; charset=GBK", text.encode("gbk"))
