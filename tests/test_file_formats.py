"""The formats of the `file` collector, and what is said of a file or a row that keeps to none."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook

from agent.model import Reject
from tests.file_reading import CASES, NOW, aged, collector, drop, read, workbook

# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.csv", CASES.encode(), {}),
        ("a.csv", CASES.encode("utf-8-sig"), {}),
        ("a.csv", CASES.encode("utf-8-sig"), {"encoding": "gb18030"}),
        ("a.csv", CASES.encode("gb18030"), {"encoding": "gb18030"}),
        ("a.csv", CASES.encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", CASES.replace("\n", "\r\n").encode(), {}),
        ("a.csv", CASES.replace("\n", "\r").encode(), {}),
        ("a.csv", CASES.removesuffix("\n").encode(), {}),
        ("a.csv", CASES.replace(",", ";").encode(), {"delimiter": ";"}),
        ("a.csv", CASES.replace(",", "\t").encode(), {"delimiter": "\t"}),
        ("a.csv.gz", gzip.compress(CASES.encode(), mtime=0), {}),
        ("A.CSV.GZ", gzip.compress(CASES.encode(), mtime=0), {}),
        ("a.txt", gzip.compress(CASES.encode(), mtime=0), {"format": "csv"}),
    ],
)
def test_a_csv_gives_its_mapped_columns_in_the_order_asked_for(tmp_path, name, content, options):
    drop(tmp_path / name, content)
    reading = read(collector(tmp_path / name, **options), "day id")
    assert reading.rows == [("2026-03-01", "1"), ("2026-03-02", "2")]
    assert reading.locators == [f"{name}:2", f"{name}:3"]
    assert (reading.error, reading.rejects, reading.covers) == (None, [], (0, NOW))


def test_one_mapped_column_still_gives_tuples(tmp_path):
    assert read(collector(drop(tmp_path / "a.csv", CASES)), "id").rows == [("1",), ("2",)]


def test_a_row_is_located_by_the_line_it_begins_in(tmp_path):
    drop(tmp_path / "a.csv", 'id,"na\nme",day\n1,"two\nlines",a\n\n2,"th\r\nr\ree",b\n,,\n3,x,c\n')
    reading = read(collector(tmp_path / "a.csv"))
    assert dict(zip(reading.locators, reading.rows, strict=True)) == {
        "a.csv:3": ("1", "a"), "a.csv:6": ("2", "b"), "a.csv:10": ("3", "c"),
    }  # fmt: skip


def test_the_header_may_stand_below_a_title(tmp_path):
    drop(tmp_path / "a.csv", "年度一览\n\n" + CASES)
    reading = read(collector(tmp_path / "a.csv", header_row=3))
    assert reading.locators == ["a.csv:4", "a.csv:5"]


def test_a_workbook_gives_typed_values(tmp_path):
    morning = datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001 - a cell has no zone
    workbook(
        tmp_path / "a.xlsx",
        ("id", "备注", "day", "amount", "done"),
        (20260001, "x", morning, 12.1, True),
        (None, None, None, None, None),
        ("A-2", None, None, 3, False),
        ("A-3",),
    )
    reading = read(collector(tmp_path / "a.xlsx"), "id day amount done")
    assert reading.rows == [
        (20260001, morning, Decimal("12.1"), True), ("A-2", None, 3, False), ("A-3", None, None, None),
    ]  # fmt: skip
    assert reading.locators == ["a.xlsx:2", "a.xlsx:4", "a.xlsx:5"]


def test_a_sheet_is_chosen_by_name_and_a_merged_title_stands_above_the_header(tmp_path):
    book = Workbook()
    sheet = book.create_sheet("运维任务")
    for row in (("一季度", None, None), ("id", "备注", "day"), ("1", "x", "a")):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    book.save(tmp_path / "a.xlsx")
    aged(tmp_path / "a.xlsx")
    assert read(collector(tmp_path / "a.xlsx", sheet="运维任务", header_row=2)).rows == [("1", "a")]
    assert read(collector(tmp_path / "a.xlsx", sheet="运维任 务")).error == (
        "a.xlsx: expected a sheet '运维任 务', got 2 others; did you mean '运维任务'?"
    )


def test_a_formula_without_a_value_is_no_empty_cell(tmp_path):
    formula = "=A2&1"
    workbook(
        tmp_path / "made.xlsx", ("id", "备注", "day"), ("1", "x", formula), ("2", formula, "b"), ("3", "x", formula)
    )
    with zipfile.ZipFile(tmp_path / "made.xlsx") as made, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as other:
        for part in made.namelist():  # as Excel saves a formula that gave an empty text
            content = made.read(part).replace(b'<c r="C4"><f>A2&amp;1</f><v', b'<c r="C4" t="str"><f>A2&amp;1</f><v')
            other.writestr(part, content)
    reading = read(collector(aged(tmp_path / "a.xlsx")))
    assert reading.rows == [("2", "b"), ("3", None)]
    assert reading.rejects == [
        Reject("a.xlsx:2", "formula without a value in day; open and save the workbook once", {})
    ]


def test_a_wrong_dimension_does_not_cut_a_sheet(tmp_path):
    workbook(tmp_path / "whole.xlsx", ("id", "day"), ("1", "a"))
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as other:
        for part in whole.namelist():
            other.writestr(part, whole.read(part).replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1"'))
    assert read(collector(aged(tmp_path / "a.xlsx"))).rows == [("1", "a")]


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_json_lines_give_objects_by_name_and_by_expression(tmp_path, ending):
    content = b'{"id": 1, "a:b": 1.10, "x": {"day": "a"}}\n\n{"id": "2"}\n'
    path = drop(tmp_path / f"a.{ending}", gzip.compress(content, mtime=0) if ending.endswith("gz") else content)
    by_name = read(collector(path), 'id "a:b"')
    assert by_name.rows == [(1, Decimal("1.10")), ("2", None)]
    assert by_name.locators == [f"a.{ending}:1", f"a.{ending}:3"]
    assert read(collector(path), "id x.day").rows == [(1, "a"), ("2", None)]


def test_a_line_that_is_no_strict_object_is_rejected_with_its_place(tmp_path):
    deep = "[" * 100_000
    lines = ['{"id": 1}', '{"id": NaN}', '{"id": 1, "id": 2}', "[1]", '{"id": 13812345678', deep]
    reading = read(collector(drop(tmp_path / "a.jsonl", "\n".join(lines))), "id")
    assert reading.rows == [(1,)]
    assert [(reject.locator, reject.reason) for reject in reading.rejects] == [
        ("a.jsonl:2", "NaN or Infinity is no number"),
        ("a.jsonl:3", "a key stands there twice"),
        ("a.jsonl:4", "expected a JSON object"),
        ("a.jsonl:5", "no JSON: Expecting ',' delimiter at character 19"),
        ("a.jsonl:6", "no JSON: nested too deeply or a number too long"),
    ]


def test_the_permit_cases_are_read_whole(shared):
    path = shared / "data/permit-cases/receipt.csv.gz"
    reading = read(collector(path), "case:concept:name case:startdate", now=NOW * 2)
    assert (len(reading.rows), reading.error) == (8577, None)


# --- files that are none --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claimed:
    """A part that says it is so large; it is judged by that before anything of it is unpacked."""

    size: int


def zip_of(**parts: bytes | Claimed) -> bytes:
    """An archive that holds what marks a workbook, and these parts of one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<a/>")
        for name, content in parts.items():
            part = f"xl/{name}.xml"
            package.writestr(part, b"<a/>" if isinstance(content, Claimed) else content)
            if isinstance(content, Claimed):
                package.getinfo(part).file_size = content.size
    return packed.getvalue()


PACKED = gzip.compress(("id,day\n" + "".join(f"{number},a\n" for number in range(9))).encode(), mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "expected column names in line 1, got none"),
        ("a.csv", b"\n1,2\n", "expected column names in line 1, got none"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0", "expected text in utf-8-sig, got bytes that are none"),
        ("a.csv", "id,day\n1,张\n".encode("gb18030"), "expected text in utf-8-sig, got bytes that are none"),
        ("a.csv", b"id,day\n1,a\0b\n", "expected text, got a file with null bytes"),
        ("a.csv", b"ID ,dya\n1,a\n",
         "line 1 lacks 'id' (did you mean 'ID'?), 'day' (did you mean 'dya'?) of the mapped columns"),
        ("a.csv", "张三,13812345678\n".encode(), "line 1 lacks 'id', 'day' of the mapped columns"),
        ("a.csv", b"id,day,id\n1,a,2\n", "line 1 names 'id' more than once"),
        ("a.csv", b'id,day\n1,"a\n2,b\n', "no CSV at line 3: unexpected end of data"),
        ("a.csv", b"id,day\n" + b"x" * 2_000, "expected at most 1500 bytes (max_bytes), got more"),
        ("a.csv.gz", PACKED[:-12], "the gzip data is cut short"),
        ("a.csv.gz", PACKED[:20] + b"??" + PACKED[22:], "the gzip data is damaged"),
        ("a.csv.gz", gzip.compress(b"id,day\n" + b"1,a\n" * 1_000_000, mtime=0),
         "expected at most 1500 bytes (max_bytes), got more"),
        ("a.jsonl", b'[\n  {"id": 1\n  }\n]', "expected a JSON object in each line, got none"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
         "not an .xlsx file: an old .xls or one with a password; save it as .xlsx without one"),
        ("a.xlsx", CASES.encode(), "not an .xlsx file, or one that is cut short"),
        ("a.xlsx", zip_of(workbook=b"<a/>"), "the workbook is damaged"),
        ("a.xlsx", zip_of().replace(b"[Content_", b"[Contact_"), "not an .xlsx file but some other archive"),
        ("a.xlsx", zip_of(bomb=b"0" * 2_000_000),
         "expected at most 1500 bytes once unpacked (max_bytes), 268435456 of them beside the sheets"),
        ("a.txt", CASES.encode(), "expected one of the endings csv, csv.gz, xlsx, jsonl, jsonl.gz"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_reason_and_the_others_are_read(tmp_path, name, content, reason):
    drop(tmp_path / "0.csv", "id,day\n1,a\n", age_seconds=100)
    drop(tmp_path / name, content, age_seconds=50)
    drop(tmp_path / "z.csv", "id,day\n2,b\n", age_seconds=10)
    source = collector(tmp_path / "*", max_bytes=1500)
    first = read(source)
    assert first.error == f"{name}: {reason}"
    assert [row for row in first.rows if row in {("1", "a"), ("2", "b")}] == [("1", "a"), ("2", "b")]
    assert first.cursor is not None
    assert (sorted(first.cursor["files"]), first.covers) == (["0.csv", "z.csv"], None)
    again = read(source, after=first)
    assert (again.error, again.rows) == (first.error, [])
    (tmp_path / name).unlink()
    assert read(source, after=again).covers == (0, NOW)


def test_a_bad_file_is_read_as_soon_as_it_is_put_right(tmp_path):
    path = drop(tmp_path / "a.csv", "id,dya\n1,a\n")
    source = collector(path)
    first = read(source)
    drop(path, "id,day\n1,a\n", age_seconds=30)
    second = read(source, after=first)
    assert (second.rows, second.error) == ([("1", "a")], None)


def test_a_workbook_whose_texts_would_fill_the_memory_is_refused_unread(tmp_path):
    drop(tmp_path / "a.xlsx", zip_of(sharedStrings=Claimed(300 << 20)))
    assert read(collector(tmp_path / "a.xlsx")).error == (
        "a.xlsx: expected at most 4294967296 bytes once unpacked (max_bytes), 268435456 of them beside the sheets"
    )


def test_a_workbook_that_packs_as_only_a_bomb_does_is_refused_unread(tmp_path):
    drop(tmp_path / "a.xlsx", zip_of(sharedStrings=b"0" * (4 << 20)))
    assert read(collector(tmp_path / "a.xlsx")).error == (
        "a.xlsx: unpacks to more than 200 times its size: taken for a bomb"
    )


def test_rows_of_other_widths_are_rejected_with_their_place_and_without_their_cells(tmp_path):
    drop(tmp_path / "a.csv", "id,name,day\n1,张三,a\n2,李四,13812345678,b\n3\n4,王五,d\n")
    reading = read(collector(tmp_path / "a.csv"))
    assert reading.rows == [("1", "a"), ("4", "d")]
    assert reading.locators == ["a.csv:2", "a.csv:5"]
    assert reading.rejects == [
        Reject("a.csv:3", "expected 3 cells, got 4", {}), Reject("a.csv:4", "expected 3 cells, got 1", {}),
    ]  # fmt: skip
    assert reading.covers == (0, NOW)


def test_a_stray_quote_spoils_its_own_row_only(tmp_path):
    drop(tmp_path / "a.csv", 'id,name,day\n1,x,a\n2,"y" z,b\n3,"open\n4,"z",d\n5,x,e\n')
    reading = read(collector(tmp_path / "a.csv"))
    assert dict(zip(reading.locators, reading.rows, strict=True)) == {"a.csv:2": ("1", "a"), "a.csv:6": ("5", "e")}
    assert [(reject.locator, reject.reason) for reject in reading.rejects] == [
        ("a.csv:3", "broken quoting in lines 3 to 3: ',' expected after '\"'"),
        ("a.csv:4", "broken quoting in lines 4 to 5: ',' expected after '\"'"),
    ]


def test_nothing_of_unmapped_columns_is_in_what_a_poll_gives(tmp_path):
    drop(tmp_path / "a.csv", "id,name,day\n1,张三,a\n2,李四\n3,王五,x,c\n", age_seconds=60)
    drop(tmp_path / "b.csv", "张三,李四,王五\n", age_seconds=50)
    drop(tmp_path / "c.jsonl", '{"id": 1, "day": "a", "name": "张三"}\n{"id": 2, "name": "李四"\n', age_seconds=40)
    reading = read(collector(tmp_path / "*"))
    told = repr((reading.pages, reading.error))
    assert [name for name in ("张三", "李四", "王五") if name in told] == []
