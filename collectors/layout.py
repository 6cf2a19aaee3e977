"""How a file of rows is laid out, and what its readers give and raise."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.model import CollectError, Reject, Row

CHUNK_ROWS = 10_000

Format = Literal["csv", "csv.gz", "xlsx", "jsonl", "jsonl.gz"]


def _checked_encoding(name: str) -> str:
    try:
        " ".encode(name)
    except LookupError:
        raise ValueError("expected a text encoding Python knows, e.g. utf-8 or gb18030") from None
    return name


def _checked_delimiter(text: str) -> str:
    if len(text) != 1 or text in '"\r\n\0':
        raise ValueError('expected one character, e.g. ",", ";" or a tab')
    return text


class Layout(BaseModel):
    """The options that change what is read out of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    format: Format | None = None  # by the file's ending
    encoding: Annotated[str, AfterValidator(_checked_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, AfterValidator(_checked_delimiter)] = ","
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1)] = 1
    max_bytes: Annotated[int, Field(ge=1)] = 4 << 30  # after decompression

    def digest(self, columns: Sequence[str]) -> str:
        """A name for reading these columns in this way: under another one, what was read before counts for nothing."""
        laid_out = self.model_dump_json(include=set(Layout.model_fields) - {"max_bytes"})
        return hashlib.sha256("\n".join([laid_out, *sorted(columns)]).encode()).hexdigest()[:16]


class Chunk(NamedTuple):
    """Some rows of one file with the numbers of the lines they begin in, and the lines that are no rows."""

    rows: list[Row]
    numbers: list[int]
    rejects: list[Reject]


class UnreadableFile(CollectError):
    """One file's own fault, as a reason without the file's name. It quotes nothing of the file's content."""


def column_positions(header: Sequence[object], columns: Sequence[str], where: str) -> list[int]:
    """The place of each mapped column. Raises UnreadableFile naming all that are missing or stand there twice.

    The header itself is never quoted, for in a file without one it would be somebody's row; a name close to a
    mapped one is.
    """
    names = ["" if cell is None else str(cell).strip() for cell in header]
    if not any(names):
        raise UnreadableFile(f"expected column names in {where}, got none")
    missing = [_with_suggestion(column, names) for column in columns if column not in names]
    if missing:
        raise UnreadableFile(f"{where} lacks {', '.join(missing)} of the mapped columns")
    twice = [repr(column) for column in columns if names.count(column) > 1]
    if twice:
        raise UnreadableFile(f"{where} names {', '.join(twice)} more than once")
    return [names.index(column) for column in columns]


def _with_suggestion(wanted: str, names: Sequence[str]) -> str:
    close = close_match(wanted, names)
    return f"{wanted!r} (did you mean {close!r}?)" if close else repr(wanted)


def close_match(wanted: str, names: Sequence[str]) -> str | None:
    """The name most like the wanted one, capitals and spaces apart; None when none is like it."""
    folded = {name.casefold().replace(" ", ""): name for name in names}
    close = difflib.get_close_matches(wanted.casefold().replace(" ", ""), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None
