"""The `http` collector against a real local server: what it asks, what it makes of the answers, how it signs in."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from agent.model import CollectError, Page, Poll, Row, instant_of
from collectors.http import HttpCollector, HttpOptions
from tests.web_serving import Answering, Asked, Handler, Reply, web

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 60.0
NOW = instant_of(datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai")))
SINCE = datetime(2026, 3, 1, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
FAULTS = [{"no": f"F{number}", "level": number, "reporter": "张三 13800000000"} for number in range(1, 8)]


def poll(columns: str = "no level", **more: Any) -> Poll:
    return Poll("desk", tuple(columns.split()), NOW, time.monotonic() + PATIENCE_SECONDS, **more)


def collector(url: str, **options: Any) -> HttpCollector:
    return HttpCollector(HttpOptions.model_validate({"url": url, **options}))


def rows_of(pages: Iterator[Page] | list[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def read(answering: Answering | object, columns: str = "no level", **options: Any) -> list[Row]:
    with web(answering if callable(answering) else lambda _: Reply(answering)) as server:
        return rows_of(collector(server.url, **options).fetch(poll(columns)))


def refused(answering: Answering | object, columns: str = "no level", **options: Any) -> str:
    with pytest.raises(CollectError) as caught:
        read(answering, columns, **options)
    return str(caught.value)


def xml(text: str, encoding: str = "utf-8", content_type: str = "text/xml", prolog: str | None = "") -> Answering:
    declared = f'<?xml version="1.0" encoding="{prolog or encoding}"?>' if prolog is not None else ""
    return lambda _: Reply((declared + text).encode(encoding), headers={"Content-Type": content_type})


# --- rows out of JSON -------------------------------------------------------------------------------------------------


def test_only_the_mapped_columns_come_in_their_order() -> None:
    assert read(FAULTS[:2], "level no") == [(1, "F1"), (2, "F2")]


def test_a_column_is_a_jmespath_expression_and_a_missing_one_is_none() -> None:
    answer = {"data": {"list": [{"a": {"b": [1, 2]}, "case:day": "x", "编号": "7"}]}}
    assert read(answer, 'a.b[1] "case:day" 编号 gone', items="data.list") == [(2, "x", "7", None)]


def test_numbers_with_a_fraction_stay_exact() -> None:
    answer = b'[{"no": 0.1000000000000000000001, "level": true}]'
    assert read(lambda _: Reply(answer)) == [(Decimal("0.1000000000000000000001"), True)]


def test_a_row_that_is_no_object_or_holds_a_list_is_a_reject_without_its_content() -> None:
    answer = [{"no": "F1", "level": ["张三"]}, "张三", {"no": "F\ud800", "level": 1}, {"no": "F4", "level": 4}]
    with web(lambda _: Reply(json.dumps(answer).encode())) as server:
        [page] = collector(f"{server.url}/faults").fetch(poll())
    assert page.rows == [("F4", 4)]
    assert list(page.locators()) == ["/faults:4"]
    assert [(reject.locator, reject.reason) for reject in page.rejects] == [
        ("/faults:1", "the column 'level' is a list, expected one value"),
        ("/faults:2", "expected an object, got text"),
        ("/faults:3", "the column 'no' holds a character that cannot be stored"),
    ]
    assert "张三" not in str(page.rejects)
    assert page.rejects[0].mapped == {"no": "F1", "level": None}


def test_a_column_that_is_no_expression_and_a_row_it_does_not_suit_are_told_apart() -> None:
    assert "the column 'a[' is no JMESPath expression" in refused([], "a[")
    with web(lambda _: Reply([{"a": "x"}, {"a": ["1"]}])) as server:
        [page] = collector(server.url).fetch(poll("length(@.b)"))
    assert [reject.reason for reject in page.rejects] == [
        "the column 'length(@.b)' cannot be worked out on this row"
    ] * 2


def test_a_missing_list_is_an_error_and_an_empty_one_is_none() -> None:
    assert read({"data": {"list": []}}, items="data.list") == []
    assert refused({"data": {"list": None}}, items="data.list").endswith("expected a list at 'data.list', got null")
    assert refused({"data": {"list": {}}}, items="data.list").endswith("got an object")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'[{"no": NaN}]', "NaN is no number"),
        (b'[{"no": -Infinity}]', "-Infinity is no number"),
        (b'[{"no": 1e400}]', "beyond what any measure can hold"),
        (b'[{"no": 1, "no": 2}]', "the key 'no' stands twice"),
        (b'[{"no": 1}, {"no": ', "no JSON: Expecting value at line 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "a number is too long"),
        (b"", "an empty body where JSON"),
        (b"\xff\xfe\xfd", "the body is not utf-16 from byte"),
        (b'["\xc4\xe3"]', "the body is not utf-8 from byte 3 on"),
    ],
)
def test_json_that_is_not_strictly_json_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    assert reason in refused(lambda _: Reply(body))


def test_json_in_gbk_and_with_a_byte_order_mark_is_read() -> None:
    body = json.dumps([{"no": "故障", "level": 1}], ensure_ascii=False)
    declared = {"Content-Type": "application/json; charset=GBK"}
    assert read(lambda _: Reply(body.encode("gbk"), headers=declared)) == [("故障", 1)]
    assert read(lambda _: Reply(body.encode("gbk")), encoding="gb18030") == [("故障", 1)]
    assert read(lambda _: Reply(body.encode("utf-8-sig"))) == [("故障", 1)]


def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(json.dumps(FAULTS[:1]).encode())
    assert read(lambda _: Reply(packed, headers={"Content-Encoding": "gzip"})) == [("F1", 1)]


# --- rows out of XML --------------------------------------------------------------------------------------------------

ROWS = "<R><Code>0</Code><List><Row><no>故障1</no><level/></Row><Row x='1'><no>F2</no><level>2</level></Row></List></R>"


def test_xml_in_gbk_is_read_by_its_prolog_or_by_the_content_type() -> None:
    expected = [("故障1", None), ("F2", "2")]
    assert read(xml(ROWS, "gbk", prolog="GBK"), items="R.List.Row") == expected
    assert read(xml(ROWS, "gbk", "text/xml; charset=gb2312", prolog=None), items="R.List.Row") == expected
    assert read(xml(ROWS, "gbk", prolog="GBK"), items="R.List.Row", ok={"R.Code": 0}, format="xml") == expected


def test_attributes_text_beside_them_and_namespaces_are_reached() -> None:
    text = '<s:E xmlns:s="urn:s"><s:Row id="7"><s:no kind="a">F1</s:no><level nil="true"/></s:Row></s:E>'
    assert read(xml(text), '"@id" no no."@kind" level', items="E.Row") == [("7", "F1", "a", None)]


def test_one_element_is_a_list_of_one_and_an_empty_parent_is_no_rows() -> None:
    assert read(xml("<R><List><Row><no>F1</no></Row></List></R>"), items="R.List.Row") == [("F1", None)]
    assert read(xml("<R><List/></R>"), items="R.List.Row") == []
    assert read(xml("<R><List total='0'>\n</List></R>"), items="R.List.Row") == []
    assert read(xml("<R/>"), items="R.Row") == []


def test_missing_rows_beside_other_elements_are_believed_only_of_an_answer_found_in_order() -> None:
    flat = xml("<R><Code>0</Code></R>")
    assert "expected a list at 'R.Row', got null" in refused(flat, items="R.Row")
    assert read(flat, items="R.Row", ok={"R.Code": "0"}) == []
    assert "expected a list" in refused(xml("<Fault>no</Fault>"), items="R.List.Row")


def test_an_xml_document_type_is_refused() -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><r>&b;</r>'
    assert "DOCTYPE" in refused(xml(bomb), items="r")
    assert "no well-formed XML at line 1" in refused(xml("<r><a></r>"), items="r")


# --- pages ------------------------------------------------------------------------------------------------------------


def numbered(asked: Asked) -> Reply:
    """Three rows a page at most, whatever was asked for."""
    first = (int(asked.query["page"]) - 1) * 3 if "page" in asked.query else int(asked.query["offset"])
    return Reply({"rows": FAULTS[first : first + 3], "total": len(FAULTS)})


@pytest.mark.parametrize("style", ["page", "offset"])
def test_numbered_pages_are_read_until_one_is_empty_even_where_the_server_gives_fewer_than_asked(style: str) -> None:
    with web(numbered) as server:
        pages = list(collector(server.url, items="rows", pages={"style": style, "size": 5}).fetch(poll("no")))
    assert rows_of(pages) == [(f"F{number}",) for number in range(1, 8)]
    assert [page.where for page in pages] == ["page 1", "page 2", "page 3", "page 4"]
    assert [page.covers for page in pages] == [None, None, None, (0, NOW)]
    assert {asked.query["size"] for asked in server.asked} == {"5"}


def test_a_total_saves_the_last_question_and_tells_when_rows_are_missing() -> None:
    with web(numbered) as server:
        pages = {"style": "page", "size": 3, "total": "total"}
        assert len(rows_of(collector(server.url, items="rows", pages=pages).fetch(poll()))) == 7
    assert len(server.asked) == 3
    short = lambda asked: Reply({"rows": FAULTS[:3] if asked.query["page"] == "1" else [], "total": 9})  # noqa: E731
    assert "page 2: 9 rows announced, 3 given" in refused(short, items="rows", pages=pages)


def test_a_server_that_ignores_the_page_is_found_out() -> None:
    reason = refused(lambda _: Reply(FAULTS), pages={"style": "page", "size": 7})
    assert "page 2: the same rows as on the page before" in reason


def test_a_server_that_ignores_the_page_is_found_out_even_where_every_row_is_broken() -> None:
    with web(lambda _: Reply(["broken", "broken"])) as server:
        with pytest.raises(CollectError, match="page 2: the same rows as on the page before"):
            list(collector(server.url, pages={"style": "page", "size": 2}).fetch(poll()))
        assert len(server.asked) == 2


def test_a_cursor_is_followed_to_its_end_and_must_move() -> None:
    def answer(asked: Asked) -> Reply:
        first = int(asked.query.get("after", "0"))
        return Reply({"rows": FAULTS[first : first + 3], "next": first + 3 if first + 3 < 7 else None})

    pages = {"style": "cursor", "next": "next", "cursor_param": "after"}
    assert len(read(answer, items="rows", pages=pages)) == 7
    stuck = refused(lambda asked: Reply({"rows": [{"no": len(asked.query)}], "next": "x"}), items="rows", pages=pages)
    assert "the next cursor is the one just used" in stuck


def test_links_are_followed_from_the_header_and_from_the_body_but_not_to_another_server() -> None:
    def by_header(asked: Asked) -> Reply:
        link = {"Link": '</more?part=2>; rel="next"'} if asked.path != "/more" else {}
        return Reply(FAULTS[:1] if link else FAULTS[1:2], headers=link)

    def by_body(asked: Asked) -> Reply:
        return Reply({"rows": FAULTS[:1], "next": None} if asked.query else {"rows": FAULTS[1:2], "next": "/x?part=2"})

    assert read(by_header, pages={"style": "link"}) == [("F1", 1), ("F2", 2)]
    assert len(read(by_body, items="rows", pages={"style": "link", "next": "next"})) == 2
    away = Reply(FAULTS, headers={"Link": '<http://elsewhere.example/x?token=s3cret>; rel="next"'})
    reason = refused(lambda _: away, pages={"style": "link"})
    assert "the next page lies on another server, http://elsewhere.example: not followed" in reason


def test_pages_without_end_are_cut_off() -> None:
    endless = lambda asked: Reply([{"no": asked.query["page"]}])  # noqa: E731
    assert "more than 5 pages" in refused(endless, pages={"style": "page", "max_pages": 5})


# --- what is asked ----------------------------------------------------------------------------------------------------


def asked_of(polled: Poll, **options: Any) -> tuple[Asked, list[Page]]:
    with web(lambda _: Reply([])) as server:
        pages = list(collector(f"{server.url}/x?fixed=1", **options).fetch(polled))
    return server.asked[0], pages


def test_since_is_asked_for_in_the_sources_own_format_and_bounds_what_is_covered() -> None:
    polled = poll(since=SINCE, since_text="20260301083000")
    asked, pages = asked_of(polled, since_param="updated_after", params={"kind": 1})
    assert asked.query == {"fixed": "1", "updated_after": "20260301083000", "kind": "1"}
    assert pages[-1].covers == (instant_of(SINCE), NOW)
    assert asked_of(polled)[1][-1].covers == (0, NOW)


def test_a_complete_poll_asks_for_everything() -> None:
    asked, pages = asked_of(poll(since=SINCE, since_text="x", complete=True), since_param="updated_after")
    assert "updated_after" not in asked.query
    assert pages[-1].covers == (0, NOW)


def test_a_json_body_carries_the_placeholders_in_their_own_types() -> None:
    body = {"from": "{since}", "paging": [{"no": "{page}", "size": "{size}"}], "note": "page {page}", "all": True}
    polled = poll(since=SINCE, since_text="2026-03-01")
    asked, pages = asked_of(polled, method="POST", body=body, pages={"style": "page", "size": 50}, since_param="s")
    assert json.loads(asked.body) == {
        "from": "2026-03-01", "paging": [{"no": 1, "size": 50}], "note": "page 1", "all": True,
    }  # fmt: skip
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.query == {"fixed": "1"}
    assert pages[-1].covers == (instant_of(SINCE), NOW)


def test_a_text_body_and_parameters_carry_them_as_text() -> None:
    asked, _ = asked_of(
        poll(since=SINCE, since_text="1"),
        method="POST",
        body="<q><from>{since}</from><no>{offset}</no>{}</q>",
        headers={"content-type": "text/xml"},
        params={"limit": "{size}", "cursor": "{cursor}"},
        pages={"style": "offset", "size": 9},
    )
    assert asked.body == "<q><from>1</from><no>0</no>{}</q>"
    assert asked.query == {"fixed": "1", "limit": "9"}
    assert (asked.headers["content-type"], "Content-Type" in asked.headers) == ("text/xml", False)


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ('{"n": 5, "from": "{since}"}', "application/json", '{"n": 5, "from": "a&\\"b<"}'),
        ("<q>{since}</q>", "text/xml; charset=utf-8", '<q>a&amp;"b&lt;</q>'),
        ("n=5&from={since}", "application/x-www-form-urlencoded", "n=5&from=a%26%22b%3C"),
    ],
)
def test_a_value_in_a_text_body_is_escaped_as_the_text_asks_for(body: str, content_type: str, sent: str) -> None:
    asked, _ = asked_of(poll(since=SINCE, since_text='a&"b<'), method="POST", body=body)
    assert (asked.headers["Content-Type"], asked.body) == (content_type, sent)


@pytest.mark.parametrize(
    ("auth", "header", "query"),
    [
        ({"bearer": "t0ken"}, ("Authorization", "Bearer t0ken"), {}),
        ({"basic": {"user": "监控", "password": "pä"}}, ("Authorization", "Basic 55uR5o6nOnDDpA=="), {}),
        ({"header": {"name": "X-Key", "value": "t0ken"}}, ("X-Key", "t0ken"), {}),
        ({"query": {"name": "key", "value": "t0&ken"}}, None, {"key": "t0&ken"}),
    ],
)
def test_each_way_to_sign_in_reaches_the_server(
    auth: dict[str, Any], header: tuple[str, str] | None, query: dict[str, str]
) -> None:
    asked, _ = asked_of(poll(), auth=auth)
    assert asked.query == {"fixed": "1"} | query
    assert header is None or asked.headers[header[0]] == header[1]
    assert ("Authorization" in asked.headers) == (header is not None and header[0] == "Authorization")


def test_a_netrc_or_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert "Authorization" not in asked_of(poll())[0].headers


def test_the_servers_clock_is_compared_with_ours() -> None:
    ahead = formatdate(NOW / 1e6 + 3600, usegmt=True)

    def answer(handler: Handler) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nDate: {ahead}\r\nContent-Length: 2\r\n\r\n[]".encode())

    with web(lambda _: answer) as server:
        [page] = collector(server.url).fetch(poll())
    assert 3600 - PATIENCE_SECONDS < page.signals["clock_offset_seconds"] <= 3600


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "ftp://x"}, "expected http://host"),
        ({"url": "http://user:s3cret@x/"}, "expected no user or password in the URL"),
        ({"auth": {"bearer": "a", "header": {"name": "b", "value": "s3cret"}}}, "expected exactly one of bearer"),
        ({"auth": {}}, "expected exactly one of bearer"),
        ({"auth": {"bearer": "s3cret\n"}}, "does the secret end with a line break?"),
        ({"headers": {"X": "s3cret\r\nY: 1"}}, "expected printable ASCII"),
        ({"items": "a["}, "expected a JMESPath expression"),
        ({"body": {"a": "s3cret"}}, "expected method: POST"),
        ({"encoding": "gbq"}, "expected an encoding such as gb18030"),
        ({"pages": {"style": "cursor"}}, "expected next"),
        ({"pages": {"style": "page", "next": "a"}}, "next: not used with style page"),
        ({"tls": {"key": "k"}}, "expected cert beside key"),
        ({"tls": {"verify": False}}, "Extra inputs are not permitted"),
        ({"timeout": "soon"}, "valid number"),
        ({"proxy": "https://user:s3cret@x:8080"}, "expected http://host:port"),
    ],
)
def test_a_mistake_in_the_options_is_named_without_the_secret(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        collector(options.pop("url", "http://desk.example"), **options)
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_no_secret_shows_in_the_options() -> None:
    for auth in ({"bearer": "s3cret"}, {"basic": {"user": "u", "password": "s3cret"}}):
        made = collector("http://x/?token=s3cret", auth=auth, params={"k": "s3cret"}, headers={"K": "s3cret"})
        assert "s3cret" not in repr(made.options)
