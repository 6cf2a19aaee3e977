"""Values put into the cells of a workbook's file, byte by byte: everything else in it stays as it was.

openpyxl would write the whole file anew and lose what it does not know: pictures, text boxes, sparklines, printer
settings. Here the XML of a sheet is cut where a wanted cell begins and ends, and nowhere else. A cell keeps its style.
Where the workbook holds formulas their saved results are taken out, and it is worked out anew when it is opened.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZipFile

from openpyxl.utils import column_index_from_string, get_column_letter

from agent.model import ConfigError
from agent.written import tidy

REFERENCE = re.compile(r"([A-Z]+)(\d+)")
TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
TYPE = re.compile(rb"\st=(?:\"[^\"]*\"|'[^']*')")
CALCULATION = re.compile(rb"<((?:\w+:)?)calcPr\b[^>]*?/>|<((?:\w+:)?)calcPr\b[^>]*>.*?</(?:\w+:)?calcPr>", re.DOTALL)
BEFORE_CALCULATION = re.compile(rb"</((?:\w+:)?)(?:sheets|functionGroups|externalReferences|definedNames)>")
OFFICE_DOCUMENT = "/officeDocument"
Value = str | float | int


class Entry(NamedTuple):
    """A value for a cell."""

    sheet: str
    row: int
    column: int
    value: Value


class Cut(NamedTuple):
    """These bytes of a part are replaced."""

    begins: int
    ends: int
    by: bytes


@dataclass(slots=True)
class _Element:
    """Where a row or a cell stands in the bytes of its sheet."""

    name: str  # with its prefix
    attributes: Mapping[str, str]
    number: int  # of the row or the column
    begins: int
    opens: int  # behind its first tag
    closes: int = 0  # before its last tag
    ends: int = 0
    has_formula: bool = False
    result: tuple[int, int] | None = None  # of a formula, as it was saved
    cells: list[_Element] = field(default_factory=list)  # of a row


def spliced(content: bytes, entries: Sequence[Entry]) -> bytes:
    """The workbook with these values in its cells."""
    made = BytesIO()
    with ZipFile(BytesIO(content)) as read, ZipFile(made, "w") as write:
        book, parts = _sheets(read)
        sheets = {part: _Sheet(read.read(part)) for part in parts.values()}
        values: dict[str, dict[tuple[int, int], Value]] = {part: {} for part in sheets}
        for one in entries:
            values[parts[one.sheet]][(one.row, one.column)] = one.value
        calculates = any(sheet.has_formulas for sheet in sheets.values())
        for info in read.infolist():
            part = read.read(info)
            if info.filename in sheets:
                part = sheets[info.filename].with_values(values[info.filename])
            elif calculates and info.filename == book:
                part = _worked_out_when_opened(part)
            write.writestr(info, part, info.compress_type)
    return made.getvalue()


# --- the package ------------------------------------------------------------------------------------------------------


def _sheets(package: ZipFile) -> tuple[str, dict[str, str]]:
    """The part of the workbook, and the part of each of its worksheets by the sheet's name."""
    (book,) = [target for kind, target in _relations(package, "").values() if kind.endswith(OFFICE_DOCUMENT)]
    related, found = _relations(package, book), {}
    for one in ElementTree.fromstring(package.read(book)).iter():
        if one.tag.rpartition("}")[2] == "sheet":
            id = next(value for key, value in one.attrib.items() if key.endswith("}id"))
            kind, target = related[id]
            if kind.endswith("/worksheet"):
                found[one.attrib["name"]] = target
    return book, found


def _relations(package: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to, by id: the kind, and the part meant."""
    folder, name = posixpath.split(part)
    root = ElementTree.fromstring(package.read(posixpath.join(folder, "_rels", f"{name}.rels")))
    return {
        one.attrib["Id"]: (
            one.attrib["Type"],
            posixpath.normpath(posixpath.join("/", folder, one.attrib["Target"]))[1:],
        )
        for one in root
        if one.attrib.get("TargetMode") != "External"
    }


def _worked_out_when_opened(book: bytes) -> bytes:
    """The workbook's part, asking whoever opens it to work every formula out."""
    found = CALCULATION.search(book)
    if found is not None:
        prefix = found[1] or found[2] or b""
        return book[: found.start()] + b"<" + prefix + b'calcPr fullCalcOnLoad="1"/>' + book[found.end() :]
    last = list(BEFORE_CALCULATION.finditer(book))[-1]
    return book[: last.end()] + b"<" + last[1] + b'calcPr fullCalcOnLoad="1"/>' + book[last.end() :]


# --- a sheet ----------------------------------------------------------------------------------------------------------


class _Sheet:
    """The rows and cells of a sheet, and the bytes they are."""

    def __init__(self, content: bytes) -> None:
        """Find them. ConfigError where the part is not UTF-8, as every program writes it."""
        self.content = content
        self.rows: list[_Element] = []
        self.ends = 0  # where the last row ends
        self._row: _Element | None = None
        self._cell: _Element | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        if not content.removeprefix(b"\xef\xbb\xbf").startswith(b"<"):
            raise ConfigError("工作表不是 UTF-8 编码，请在WPS或Excel中打开后另存为 .xlsx")
        self._parser.Parse(content, True)

    @property
    def has_formulas(self) -> bool:
        """Whether any cell holds one."""
        return any(cell.has_formula for row in self.rows for cell in row.cells)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local, begins = name.rpartition(":")[2], self._parser.CurrentByteIndex
        opened = TAG.match(self.content, begins)
        opens = begins if opened is None else opened.end()
        if local == "row":
            number = int(attributes["r"]) if "r" in attributes else (self.rows[-1].number if self.rows else 0) + 1
            self._row = _Element(name, attributes, number, begins, opens)
            self.rows.append(self._row)
        elif local == "c" and self._row is not None:
            said = REFERENCE.fullmatch(attributes.get("r", ""))
            former = self._row.cells[-1].number if self._row.cells else 0
            number = column_index_from_string(said[1]) if said else former + 1
            self._cell = _Element(name, attributes, number, begins, opens)
            self._row.cells.append(self._cell)
        elif self._cell is not None and local == "f":
            self._cell.has_formula = True
        elif self._cell is not None and local == "v":
            self._cell.result = (begins, opens)

    def _end(self, name: str) -> None:
        local, at = name.rpartition(":")[2], self._parser.CurrentByteIndex
        if local == "v" and self._cell is not None and self._cell.result is not None:
            begins, opens = self._cell.result
            self._cell.result = begins, self._behind(opens, at)
        elif local == "c" and self._cell is not None:
            self._cell.closes, self._cell.ends, self._cell = at, self._behind(self._cell.opens, at), None
        elif local == "row" and self._row is not None:
            self._row.closes, self._row.ends, self._row = at, self._behind(self._row.opens, at), None
        elif local == "sheetData":
            self.ends = at

    def _behind(self, opens: int, at: int) -> int:
        """Where an element ends whose last tag begins `at`; one that is empty ends with its only tag."""
        if self.content[opens - 2 : opens] == b"/>":
            return opens
        closing = TAG.match(self.content, at)
        return at if closing is None else closing.end()

    def with_values(self, values: Mapping[tuple[int, int], Value]) -> bytes:
        """The sheet with values in these cells, by row and column, and without the results of formulas."""
        cuts = [cut for row in self.rows for cell in row.cells if (cut := self._without_result(cell)) is not None]
        rows = {row.number: row for row in self.rows}
        for number in sorted({row for row, _ in values}):
            mine = {column: value for (row, column), value in values.items() if row == number}
            cuts += self._in_row(rows[number], mine) if number in rows else [self._new_row(number, mine)]
        made, at = [], 0
        for cut in sorted(cuts, key=lambda cut: (cut.begins, cut.ends)):
            made += [self.content[at : cut.begins], cut.by]
            at = cut.ends
        return b"".join([*made, self.content[at:]])

    def _without_result(self, cell: _Element) -> Cut | None:
        if not cell.has_formula or cell.result is None:
            return None
        opening = TYPE.sub(b"", self.content[cell.begins : cell.opens])
        first, last = cell.result
        return Cut(cell.begins, cell.ends, opening + self.content[cell.opens : first] + self.content[last : cell.ends])

    def _in_row(self, row: _Element, values: Mapping[int, Value]) -> list[Cut]:
        known = {cell.number: cell for cell in row.cells}
        cuts = [
            Cut(
                known[column].begins,
                known[column].ends,
                _cell(known[column].name, row.number, column, value, known[column].attributes),
            )
            for column, value in values.items()
            if column in known
        ]
        new = {column: value for column, value in sorted(values.items()) if column not in known}
        name = _beside(row.name, "c")
        if row.opens == row.ends and new:  # `<row …/>`
            opening = self.content[row.begins : row.ends].rstrip(b"/>").rstrip() + b">"
            cells = b"".join(_cell(name, row.number, column, value) for column, value in new.items())
            return [Cut(row.begins, row.ends, opening + cells + f"</{row.name}>".encode())]
        for column, value in new.items():
            at = next((cell.begins for cell in row.cells if cell.number > column), row.closes)
            cuts.append(Cut(at, at, _cell(name, row.number, column, value)))
        return cuts

    def _new_row(self, number: int, values: Mapping[int, Value]) -> Cut:
        name = self.rows[0].name
        at = next((row.begins for row in self.rows if row.number > number), self.ends)
        cells = b"".join(_cell(_beside(name, "c"), number, column, values[column]) for column in sorted(values))
        return Cut(at, at, f'<{name} r="{number}">'.encode() + cells + f"</{name}>".encode())


def _beside(name: str, local: str) -> str:
    """A name with the same prefix."""
    prefix, colon, _ = name.rpartition(":")
    return f"{prefix}{colon}{local}"


def _cell(name: str, row: int, column: int, value: Value, attributes: Mapping[str, str] | None = None) -> bytes:
    """A cell with a value; a text is a text, whatever it begins with."""
    kept = {key: text for key, text in (attributes or {}).items() if key not in ("r", "t")}
    said = {"r": f"{get_column_letter(column)}{row}", **kept, **({"t": "inlineStr"} if isinstance(value, str) else {})}
    opening = " ".join([name, *(f"{key}={quoteattr(text)}" for key, text in said.items())])
    if isinstance(value, str):
        text, place = _beside(name, "t"), _beside(name, "is")
        inside = f'<{place}><{text} xml:space="preserve">{escape(tidy(value))}</{text}></{place}>'
    else:
        inside = f"<{_beside(name, 'v')}>{value}</{_beside(name, 'v')}>"
    return f"<{opening}>{inside}</{name}>".encode()
