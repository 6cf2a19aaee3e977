"""Formulas in a workbook that were saved without a value: cells that look empty and are not.

openpyxl reads either values or formulas, so a workbook that holds formulas is read twice, in step.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, BinaryIO
from zipfile import ZipFile

from agent.model import Row

MOST_BYTES = 20 << 20  # of a file: a larger one takes too long to be read twice
PIECE_BYTES = 1 << 20
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
LONGEST_TAG_BYTES = 64
EMPTY_TEXT = "str"  # the type of a formula that gave a text; without a value that text is the empty one


def holds_formulas(stream: BinaryIO) -> bool:
    """Whether a sheet of a workbook holds a formula; False without looking for a file too large to be read twice."""
    if stream.seek(0, 2) > MOST_BYTES:
        return False
    with ZipFile(stream) as package:
        sheets = [part for part in package.infolist() if part.filename.startswith("xl/worksheets/")]
        return any(FORMULA.search(piece) for part in sheets for piece in _pieces(package, part.filename))


def _pieces(package: ZipFile, name: str) -> Iterator[bytes]:
    """The content of a part in pieces that overlap by a tag."""
    before = b""
    with package.open(name) as part:
        while piece := part.read(PIECE_BYTES):
            yield before + piece
            before = piece[-LONGEST_TAG_BYTES:]


def with_unsaved(
    valued: Iterable[Sequence[Any]], written: Iterable[Sequence[Any]]
) -> Iterator[tuple[Row, Container[int]]]:
    """The values of each row, and the positions of its formulas without one; both read the same cells."""
    for values, formulas in zip(valued, written, strict=True):
        pairs = enumerate(zip(values, formulas, strict=True))
        unsaved = {position for position, (value, formula) in pairs if _is_unsaved(value, formula)}
        yield tuple(value.value for value in values), unsaved


def _is_unsaved(value: Any, formula: Any) -> bool:
    return formula.data_type == "f" and value.value is None and value.data_type != EMPTY_TEXT
