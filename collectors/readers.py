"""The formats a file source reads: one reader each, all giving the mapped columns of each row chunk by chunk.

A row is located by the physical line it begins in, also where quoted cells span lines.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn

import jmespath
from jmespath.exceptions import JMESPathError

from agent.model import Reject, Row
from collectors.layout import CHUNK_ROWS, Chunk, Format, Layout, UnreadableFile, column_positions
from collectors.lines import lines
from collectors.workbook import read_xlsx

BATCH_ROWS = 100
PLAIN_NAME = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]+)"')

Pick = Callable[[Any], Row]
Reader = Callable[[Path, str, Layout, tuple[str, ...]], Iterator[Chunk]]


# --- csv --------------------------------------------------------------------------------------------------------------


def read_csv(path: Path, name: str, layout: Layout, columns: tuple[str, ...]) -> Iterator[Chunk]:
    """The rows below the header. A row with more or fewer cells than the header, or broken quoting, is a Reject."""
    source = lines(path, layout)
    above = layout.header_row - 1
    for _ in islice(source, above):
        pass
    table = csv.reader(source, delimiter=layout.delimiter, strict=True)
    try:
        header = next(table, [])
    except csv.Error as error:
        raise UnreadableFile(f"no column names can be read in line {layout.header_row}: {error}") from None
    pick = row_picker(column_positions(header, columns, f"line {layout.header_row}"))
    yield from _csv_chunks(table, above, name, len(header), pick)


def _csv_chunks(table: Any, above: int, name: str, width: int, pick: Pick) -> Iterator[Chunk]:
    """A few rows at a time, the fast way where each line is one full row.

    Whole rows that live no longer than that cost half of what 10,000 at once do.
    """
    chunk = Chunk([], [], [])
    while True:
        first = above + table.line_num + 1
        rows, broken = _take(table)
        after = above + table.line_num + 1
        if not rows and broken is None:
            break
        plain = broken is None and after - first == len(rows)
        if plain and set(map(len, rows)) == {width} and all(map(any, rows)):
            chunk.rows.extend(map(pick, rows))
            chunk.numbers.extend(range(first, after))
        else:
            _sift(rows, first, name, width, pick, chunk)
        if broken is not None:
            chunk.rejects.append(_broken_row(rows, first, after, name, broken))
        if len(chunk.rows) + len(chunk.rejects) >= CHUNK_ROWS:
            yield chunk
            chunk = Chunk([], [], [])
    if chunk.rows or chunk.rejects:
        yield chunk


def _take(table: Any) -> tuple[list[list[str]], str | None]:
    """The next rows, up to one whose quoting is broken. The reader goes on after it by itself."""
    rows: list[list[str]] = []
    try:
        rows.extend(islice(table, BATCH_ROWS))
    except csv.Error as error:
        # A stray quote spoils its row; one that is never closed, or spans more than a cell can hold, the whole file.
        if "expected after" not in str(error):
            raise UnreadableFile(f"no CSV at line {table.line_num}: {error}") from None
        return rows, str(error)
    return rows, None


def _sift(rows: list[list[str]], first: int, name: str, width: int, pick: Pick, chunk: Chunk) -> None:
    """Add rows one by one, without the empty ones; a row of another width is a Reject."""
    number = first
    for row in rows:
        if len(row) == width and any(row):
            chunk.rows.append(pick(row))
            chunk.numbers.append(number)
        elif any(row):
            # Nobody knows which cell is missing or too many, so none can be trusted to be a mapped column.
            chunk.rejects.append(Reject(f"{name}:{number}", f"expected {width} cells, got {len(row)}", {}))
        number += _height(row)


def _broken_row(rows: list[list[str]], first: int, after: int, name: str, broken: str) -> Reject:
    """The Reject of what stands below the given rows."""
    number = first + sum(map(_height, rows))
    return Reject(f"{name}:{number}", f"broken quoting in lines {number} to {after - 1}: {broken}", {})


def _height(row: list[str]) -> int:
    """How many lines a row takes up."""
    return 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)


def row_picker(positions: Sequence[int]) -> Pick:
    """What turns a whole row into the tuple of its mapped cells."""
    match positions:
        case []:
            return lambda _row: ()
        case [position]:
            return lambda row: (row[position],)
        case _:
            return itemgetter(*positions)


# --- jsonl ------------------------------------------------------------------------------------------------------------


class _NotStrict(ValueError):
    """JSON that Python would read though nobody can say what it means."""


def _refuse_constant(_name: str) -> NoReturn:
    raise _NotStrict("NaN or Infinity is no number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _NotStrict("a key stands there twice")
    return members


_decode = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique).decode


def read_jsonl(path: Path, name: str, layout: Layout, columns: tuple[str, ...]) -> Iterator[Chunk]:
    """One object a line, numbers with a point as Decimal. A line that is no strict JSON object is a Reject."""
    pick = _member_picker(columns)
    numbered = enumerate(lines(path, layout), 1)
    parsed = 0
    while batch := list(islice(numbered, CHUNK_ROWS)):
        chunk = _jsonl_chunk(batch, name, pick)
        parsed += len(chunk.rows)
        if chunk.rejects and not parsed:
            raise UnreadableFile("expected a JSON object in each line, got none")
        yield chunk


def _jsonl_chunk(batch: Iterable[tuple[int, str]], name: str, pick: Pick) -> Chunk:
    rows: list[Row] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, line in batch:
        if not line.strip():
            continue
        try:
            rows.append(pick(_object(line)))
            numbers.append(number)
        except (ValueError, RecursionError) as error:
            rejects.append(Reject(f"{name}:{number}", _json_reason(error), {}))
    return Chunk(rows, numbers, rejects)


def _object(line: str) -> Mapping[str, object]:
    value = _decode(line.strip())
    if not isinstance(value, dict):
        raise _NotStrict("expected a JSON object")
    return value


def _json_reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"no JSON: {error.msg} at character {error.pos + 1}"
        case _NotStrict():
            return str(error)
        case JMESPathError():
            return "a mapped column's expression cannot be applied"
        case _:
            return "no JSON: nested too deeply or a number too long"


def _member_picker(columns: tuple[str, ...]) -> Pick:
    """Plain and quoted names are looked up; anything else is searched as JMESPath."""
    names = [match[1] or match[2] for match in map(PLAIN_NAME.fullmatch, columns) if match]
    if len(names) == len(columns):
        return lambda members: tuple(map(members.get, names))
    searches = [_search(column) for column in columns]
    return lambda members: tuple(search(members) for search in searches)


def _search(column: str) -> Callable[[object], object]:
    try:
        search: Callable[[object], object] = jmespath.compile(column).search
    except JMESPathError:
        raise UnreadableFile(f"the column {column!r} is no JMESPath expression") from None
    return search


# --- the registry -----------------------------------------------------------------------------------------------------

READERS: dict[Format, Reader] = {
    "csv": read_csv,
    "csv.gz": read_csv,
    "xlsx": read_xlsx,
    "jsonl": read_jsonl,
    "jsonl.gz": read_jsonl,
}


def format_of(name: str) -> Format | None:
    """The format a file's ending names; None for any other ending."""
    return next((ending for ending in READERS if name.lower().endswith(f".{ending}")), None)
