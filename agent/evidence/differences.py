"""Where two copies of a form differ: a cell of a sheet, or a place in its JSON, with what it should say and says."""

from __future__ import annotations

import json
import warnings
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import zip_longest
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from agent.evidence.archive import BrokenError

Difference = tuple[str, str, str]  # where, expected, got
NOTHING = "空"
CHANGED = "本软件写出的样子", "被改动"
MOST_UNPACKED = 40 << 20  # bytes of a workbook's parts together
MOST_PARTS = 2000
MOST_CELLS = 1 << 20  # of one sheet, empty ones included
# What zipfile and openpyxl let through when the parts of a package are not what they say.
BROKEN = (BadZipFile, zlib.error, OSError, EOFError, LookupError, ValueError, TypeError, AttributeError, SyntaxError,
          RuntimeError)  # fmt: skip


def form_differences(path: str, expected: bytes, got: bytes, same_software: bool) -> Iterator[Difference]:
    """Each difference of a form's file. BrokenError where the one got cannot be read.

    Another version of the software may lay a workbook out otherwise: of its looks nothing is said then.
    """
    if path.endswith(".json"):
        yield from _json(path, expected, got)
    else:
        yield from _workbook(path, expected, got, same_software)


def _json(path: str, expected: bytes, got: bytes) -> Iterator[Difference]:
    try:
        told = json.loads(got)
    except (ValueError, RecursionError):
        raise BrokenError(path, "JSON", "读不成") from None
    found = False
    for one in _places("", json.loads(expected), told):
        found = True
        yield one
    if not found:
        yield "", *CHANGED


def _places(at: str, right: object, told: object) -> Iterator[Difference]:
    match right, told:
        case dict(), dict():
            for key in dict.fromkeys([*right, *told]):
                yield from _places(f"{at}.{key}".lstrip("."), right.get(key), told.get(key))
        case list(), list():
            for number, pair in enumerate(zip_longest(right, told)):
                yield from _places(f"{at}.{_name(pair[0] or pair[1], number)}".lstrip("."), *pair)
        case _ if right != told or type(right) is not type(told):
            yield at, _said(right), _said(told)


def _name(entry: object, number: int) -> str:
    """An entry of a list by the row it speaks of, else by its number."""
    if isinstance(entry, dict):
        return str(entry.get("indicator") or entry.get("project") or entry.get("label") or number)
    return str(number)


def _said(value: object) -> str:
    return NOTHING if value is None else json.dumps(value, ensure_ascii=False)


def _workbook(path: str, expected: bytes, got: bytes, same_software: bool) -> Iterator[Difference]:
    right, told = _parts(path, expected), _parts(path, got)
    if right == told:  # another compression of the same
        return
    found = False
    for one in _cells(_opened(path, expected), _opened(path, got)):
        found = True
        yield one
    if not found and same_software:
        for name in dict.fromkeys([*right, *told]):
            if right.get(name) != told.get(name):
                yield name, *CHANGED


def _parts(path: str, content: bytes) -> dict[str, bytes]:
    try:
        with ZipFile(BytesIO(content)) as package:
            listed = package.infolist()
            if len(listed) > MOST_PARTS or sum(part.file_size for part in listed) > MOST_UNPACKED:
                raise BrokenError(path, "一份表格的大小", "解压后过大")
            return {part.filename: package.read(part) for part in listed}
    except BROKEN as broken:
        raise BrokenError(path, "工作簿", "读不成工作簿") from broken


def _opened(path: str, content: bytes) -> Workbook:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl cannot keep
            book = load_workbook(BytesIO(content), keep_links=False)
            if any(sheet.max_row * sheet.max_column > MOST_CELLS for sheet in book.worksheets):
                raise BrokenError(path, "一份表格的大小", "解压后过大")
            return book
    except BROKEN as broken:
        raise BrokenError(path, "工作簿", "读不成工作簿") from broken


def _cells(right: Workbook, told: Workbook) -> Iterator[Difference]:
    names = [[sheet.title for sheet in book.worksheets] for book in (right, told)]
    if names[0] != names[1]:
        yield "工作表", "、".join(names[0]), "、".join(names[1])
        return
    for sheet, other in zip(right.worksheets, told.worksheets, strict=True):
        places = {*_filled(sheet), *_filled(other)}
        for row, column in sorted(places):
            one = sheet.cell(row, column)
            says, got = _text(one), _text(other.cell(row, column))
            if says != got:
                yield f"{sheet.title}!{one.coordinate}", says, got


def _filled(sheet: Worksheet) -> Iterator[tuple[int, int]]:
    return ((cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def _text(cell: Cell | MergedCell) -> str:
    """What a cell shows: its content, of a number also with how many digits."""
    if cell.value is None:
        return NOTHING
    return f"{cell.value}" if cell.data_type != "n" else f"{cell.value!r} ({cell.number_format})"
