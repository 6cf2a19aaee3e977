"""Personal data planted where no mapping reads it: in other columns, in rows that are none, in answers that fail."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from tests.web_serving import Asked, Reply

NAMES = ("欧阳锋甲", "司马相乙", "诸葛亮丙")
PHONES = ("13912345678", "+86 13812345679", "021-63212345")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(first: str) -> str:
    """A citizen's number of 18 digits, the last being its check digit."""
    return first + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first, strict=True)) % 11]


ID_NUMBERS = tuple(map(id_number, ("31010119900307123", "11010519491231002", "44030819850615473")))
PERSON = {"申请人": NAMES[0], "sfzh": ID_NUMBERS[0], "phone": PHONES[0]}
PLANTED = (*NAMES, *PHONES, *ID_NUMBERS)

MAPPING: dict[str, Any] = {
    "record": "case",
    "id": "no",
    "system": {"is": "archive"},
    "times": {"accepted_at": "at"},
    "fields": {"amount": {"column": "amount", "as": "decimal"}},
    "every": "1s",
}
XML_ITEMS = "cases.case"
GOOD = {"no": "0001", "at": "2026-03-02T10:00:00+08:00", "amount": "12.5", **PERSON}
BAD_TIME = {"no": "0002", "at": "2O26-03-02", "amount": "1", **PERSON}
BAD_AMOUNT = {"no": "0003", "at": "2026-03-02", "amount": "1,2", **PERSON}
NO_ID = {"no": "", "at": "2026-03-02", "amount": "1", **PERSON}
ROWS = (GOOD, BAD_TIME, BAD_AMOUNT, NO_ID)
# What each source must give, so that nothing is found because nothing was read.
GIVEN = {"csv": (1, 5), "jsonl": (1, 5), "xlsx": (1, 3), "json": (1, 5), "xml": (1, 3), "sql": (1, 3)}


# --- files ------------------------------------------------------------------------------------------------------------


def write_csv(path: Path) -> None:
    """Rows that are good, bad, shifted by a stray comma, and broken by a stray quote."""
    lines = [",".join(GOOD), *(",".join(value.replace(",", ";") for value in row.values()) for row in ROWS)]
    lines.append(f"0004,2026-03-02,1,{NAMES[1]},{NAMES[2]},{ID_NUMBERS[1]},{PHONES[1]}")
    lines.append(f'0005,2026-03-02,1,"{NAMES[1]}"{NAMES[2]},{ID_NUMBERS[1]},{PHONES[1]}')
    path.write_text("\n".join(lines) + "\n", encoding="gb18030")


def write_jsonl(path: Path) -> None:
    """Objects, a text and half an object."""
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    lines += [json.dumps(NAMES[1]), f'{{"no": "0004", "申请人": "{NAMES[2]}", "phone": "{PHONES[1]}']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_xlsx(path: Path) -> None:
    """A sheet with the same rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(GOOD))
    for row in ROWS:
        sheet.append([value or None for value in row.values()])
    book.save(path)


def write_headless(path: Path) -> None:
    """A table without a header: its first line is somebody's row."""
    path.write_text(",".join(GOOD.values()) + "\n", encoding="utf-8")


def write_unclosed(path: Path) -> None:
    """A table whose last row never ends."""
    path.write_text(f'no,at,amount,申请人\n1,2026-03-02,1,"{NAMES[1]}\n2,2026-03-02,1,{PHONES[1]}\n', encoding="utf-8")


def write_database(path: Path) -> None:
    """A table with the same rows."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE cases (no, "at", amount, "申请人", sfzh, phone)')
        rows = [tuple(row.values()) for row in ROWS]
        connection.executemany("INSERT INTO cases VALUES (?,?,?,?,?,?)", rows)


FILES = {
    "csv": ("csv.csv", write_csv, {"encoding": "gb18030"}),
    "jsonl": ("lines.jsonl", write_jsonl, {}),
    "xlsx": ("book.xlsx", write_xlsx, {}),
    "headless": ("headless.csv", write_headless, {}),
    "unclosed": ("unclosed.csv", write_unclosed, {}),
}


# --- answers ----------------------------------------------------------------------------------------------------------


def as_xml(rows: tuple[Mapping[str, str], ...], ending: str = "</cases>") -> bytes:
    cases = "".join(
        "<case>" + "".join(f"<{name}>{text}</{name}>" for name, text in row.items()) + "</case>" for row in rows
    )
    return f'<?xml version="1.0" encoding="GBK"?><cases>{cases}{ending}'.encode("gbk")


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


XML = {"Content-Type": "text/xml"}
NESTED = {**GOOD, "no": {"name": NAMES[1], "phone": PHONES[1]}}
ANSWERS = {
    "json": Reply(as_json([*ROWS, NESTED, NAMES[2]])),
    "xml": Reply(as_xml(ROWS), headers=XML),
    "half-json": Reply(as_json(list(ROWS))[:-9]),
    "half-xml": Reply(as_xml(ROWS, ""), headers=XML),
    "twice": Reply(f'[{{"{NAMES[1]}": 1, "{NAMES[1]}": 2, "no": "{ID_NUMBERS[1]}"}}]'.encode()),
    "no-list": Reply({"rows": NAMES[1], "phone": PHONES[1]}),
    "fails": Reply(f"duplicate key ({NAMES[1]}, {ID_NUMBERS[1]})".encode(), 500),
    "page": Reply(f"<html><body>{NAMES[1]} {PHONES[1]}</body></html>".encode()),
}


def answer(asked: Asked) -> Reply:
    """What stands behind each path."""
    return ANSWERS[asked.path.removeprefix("/")]


# --- all of them ------------------------------------------------------------------------------------------------------


def sources(folder: Path, url: str) -> dict[str, dict[str, Any]]:
    """A source for each, by name; `GIVEN` tells which of them give rows, the others are down."""
    found: dict[str, dict[str, Any]] = {}
    for name, (file, write, options) in FILES.items():
        write(folder / file)
        found[name] = {"collector": "file", "path": str(folder / file), "settle": 0, **options, **MAPPING}
    for name in ANSWERS:
        items = {"items": XML_ITEMS} if name.endswith("xml") else {"items": "rows"} if name == "no-list" else {}
        found[name] = {"collector": "http", "url": f"{url}/{name}", "retries": 0, **items, **MAPPING}
    write_database(folder / "cases.sqlite")
    query = "SELECT * FROM cases"
    found["sql"] = {"collector": "sql", "url": f"sqlite:///{folder / 'cases.sqlite'}", "query": query, **MAPPING}
    return found


def spellings() -> Iterator[tuple[str, bytes]]:
    """Every planted text as bytes, in each way it may have been written."""
    for text in PLANTED:
        yield text, text.encode()
        yield text, json.dumps(text)[1:-1].encode()
        yield text, text.encode("gb18030")
        yield text, text.encode("utf-16-le")
        yield text, text.encode("unicode_escape")
