"""Bodies as documents: whatever a server sends, it is read or refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.model import CollectError
from collectors.document import document_of, items_of, json_document, rows_of, text_of, xml_document

XML_PIECES = ["<r>", "</r>", "<a x='1'>", "</a>", "&amp;", "&x;", "<!DOCTYPE r>", "<![CDATA[", "]]>", "<html>"]
JSON_PIECES = ["{", "}", "[", "]", '"no"', ":", ",", "1", "1e999", "NaN", "\\ud800", "\0", "故障"]
PIECES = ['<?xml version="1.0" encoding="GBK"?>', *XML_PIECES, *JSON_PIECES]
BODIES = st.lists(st.sampled_from(PIECES)).map(lambda pieces: "".join(pieces).encode()) | st.binary(max_size=200)
CHARSETS = st.sampled_from([None, "gbk", "utf-16", "undefined", "base64", "idna", "unicode_escape", "no-such"])
VALUES = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@example(b"\\\x00", "unicode_escape", None, "@")
@given(BODIES, CHARSETS, st.sampled_from([None, "json", "xml"]), st.sampled_from(["@", "r.a", "r", "no"]))
def test_any_body_is_rows_or_a_source_error(body: bytes, charset: str | None, form: str | None, path: str) -> None:
    try:
        form, document = document_of(text_of(body, None, charset), form, "")
        rows, numbers, rejects = rows_of(items_of(document, path, form, vouched=False), ("no", '"@x"'), "page 1")
    except CollectError:
        return
    assert len(rows) == len(numbers)
    assert all(len(row) == 2 for row in rows)
    assert all(reject.reason for reject in rejects)


@given(st.lists(st.fixed_dictionaries({"id": VALUES, "名": VALUES}), max_size=6))
def test_rows_of_json_are_what_was_written(written: list[dict[str, Any]]) -> None:
    rows, numbers, rejects = rows_of(json_document(json.dumps(written, ensure_ascii=False)), ("名", "id"), "x")
    assert rows == [(item["名"], item["id"]) for item in written]
    assert numbers == list(range(1, len(written) + 1))
    assert rejects == []


def test_elements_nested_without_end_are_refused() -> None:
    with pytest.raises(CollectError, match="nested too deeply"):
        xml_document("<a>" * 5_000 + "</a>" * 5_000)


def test_a_key_that_stands_twice_is_named_only_where_it_cannot_be_a_persons() -> None:
    with pytest.raises(CollectError, match="the key 'code' stands twice"):
        json_document('{"code": 1, "code": 2}')
    with pytest.raises(CollectError, match="usable JSON: a key stands twice"):
        json_document('{"310101199001011234": 1, "310101199001011234": 2}')
