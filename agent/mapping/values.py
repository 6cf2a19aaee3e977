"""Values of a row as canonical text: what is stored, compared and hashed is the same however the source typed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from agent.mapping.spec import FieldSpec

TextReader = Callable[[object], str | None]
INTEGER = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
PLAIN_DECIMAL = re.compile(r"-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9])|0")
BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "1", "是"), "true")
BOOLEANS |= dict.fromkeys(("false", "f", "no", "n", "0", "否"), "false")
REMEMBERED = 4096  # texts a column keeps at hand; more means they hardly repeat
LONGEST_ID_BYTES = 512  # several together must fit into an entry of an index, in PostgreSQL 2704 bytes
SHOWN_SHAPE = 30
SHOWN_CODE = 24  # longer texts are no codes, and may say more than a message should


class RowRefusedError(ValueError):
    """A row cannot become a Record; its text is the reason, and quotes nothing of the row but codes."""


def text_of(value: object) -> str | None:
    """The canonical text of one value, None for None; RowRefusedError where it is no single value."""
    if isinstance(value, str):
        return _storable(value.strip())
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return _decimal_text(value)
        case float():
            return _decimal_text(Decimal(repr(value)))
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    raise RowRefusedError(f"expected a single value, got {type(value).__name__}")


def _storable(text: str) -> str:
    """Texts no database takes are refused here, where the row is still at hand."""
    if "\x00" in text:
        raise RowRefusedError("the text holds a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RowRefusedError("the text holds half a character") from None
    return text


def _decimal_text(number: Decimal) -> str:
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise RowRefusedError("expected a finite number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def integer_text(text: str) -> str:
    """The canonical spelling of a whole number."""
    if len(text) > 30 or not INTEGER.fullmatch(text):
        raise RowRefusedError(f"expected a whole number, got {shape(text)}")
    return str(int(text.partition(".")[0]))


def decimal_text(text: str) -> str:
    """The canonical spelling of a decimal number; separators of thousands are refused: elsewhere they are decimal."""
    if len(text) <= 20 and PLAIN_DECIMAL.fullmatch(text):
        return text
    if len(text) > 40 or not DECIMAL.fullmatch(text):
        raise RowRefusedError(f"expected a decimal number without separators, got {shape(text)}")
    return _decimal_text(Decimal(text))


def boolean_text(text: str) -> str:
    """true or false."""
    found = BOOLEANS.get(text.lower())
    if found is None:
        raise RowRefusedError(f"expected true or false, got {shape(text)}")
    return found


CANONICAL: Mapping[str, Callable[[str], str]] = {
    "text": str,
    "integer": integer_text,
    "decimal": decimal_text,
    "boolean": boolean_text,
}


def shape(text: str) -> str:
    """What a text looks like without what it says: 2O26-03 → 9a99-99."""
    return repr("".join(map(_mask, text[:SHOWN_SHAPE])) + ("…" if len(text) > SHOWN_SHAPE else ""))


def _mask(character: str) -> str:
    if character.isdecimal():
        return "9"
    if character.isalpha():
        return "a" if character.isascii() else "文"
    return character


def shown_code(code: str) -> str:
    """A code as a message may name it: long texts are no codes."""
    return repr(code) if len(code) <= SHOWN_CODE else f"of {len(code)} characters"


def decode_codes(column: str, codes: Mapping[str, str]) -> Callable[[str], str]:
    """What a code means; an unknown one is refused by name."""
    known = ", ".join(codes)

    def decode(code: str) -> str:
        meaning = codes.get(code)
        if meaning is None:
            raise RowRefusedError(f"unknown code {shown_code(code)} in column {column}; known: {known}")
        return meaning

    return decode


def text_reader(column: str, nulls: frozenset[str], spelled: Callable[[str], str] = str) -> TextReader:
    """A function from a raw value to its text, None for null; texts that come again are worked out once."""
    remembered: dict[str, str | None] = {}
    recall = remembered.get
    unknown = object()

    def work_out(value: object) -> str | None:
        text = text_of(value)
        return None if text is None or text in nulls else spelled(text)

    def read(value: object) -> str | None:
        if type(value) is not str:  # 1, 1.0 and True are equal but spell differently: only text is remembered
            return _named(column, work_out, value)
        found = recall(value, unknown)
        if found is unknown:
            text = _named(column, work_out, value)
            if len(remembered) >= REMEMBERED:
                remembered.clear()
            remembered[value] = text
            return text
        return remembered[value]

    return read


def one_off_reader(column: str, nulls: frozenset[str]) -> TextReader:
    """The same for texts that hardly come again, such as ids."""

    def work_out(value: object) -> str | None:
        text = text_of(value)
        return None if text is None or text in nulls else text

    def read(value: object) -> str | None:
        if type(value) is str:
            text = value.strip()
            if text.isprintable() and text not in nulls:
                return text
        return _named(column, work_out, value)

    return read


def _named(column: str, work_out: TextReader, value: object) -> str | None:
    try:
        return work_out(value)
    except RowRefusedError as refused:
        reason = str(refused)
        raise RowRefusedError(reason if "column " in reason else f"column {column}: {reason}") from None


def field_reader(spec: FieldSpec, nulls: frozenset[str]) -> TextReader:
    """The reader of one field: typed, or decoded."""
    spelled = CANONICAL[spec.type]
    if spec.map is None:
        return text_reader(spec.place(), nulls, spelled)
    decode = decode_codes(spec.place(), spec.map)
    return text_reader(spec.place(), nulls, lambda text: decode(spelled(text)))


def required(column: str, read: TextReader, what: str) -> Callable[[object], str]:
    """The same reader where null is refused, and what no ledger could index."""

    def read_present(value: object) -> str:
        text = read(value)
        if text is None:
            raise RowRefusedError(f"column {column}: no {what}")
        return indexable(text, what)

    return read_present


def indexable(text: str, what: str) -> str:
    """The text itself, if a ledger can index it."""
    if len(text) * 4 > LONGEST_ID_BYTES and (size := len(text.encode())) > LONGEST_ID_BYTES:
        raise RowRefusedError(f"{what} of {size} bytes; at most {LONGEST_ID_BYTES}")
    return text
