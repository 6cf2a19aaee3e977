"""JSON and XML bodies as plain documents, read strictly, and rows cut out of them by JMESPath.

An XML element becomes a key of its parent: its text, None when it is empty, or a mapping of its children, of its
attributes as `@name` and of its text as `#text`; elements of one name become a list. Namespaces are left out.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import jmespath
from jmespath.exceptions import JMESPathError

from agent.model import CollectError, Reject, Row

CHINESE = {"gbk", "gb2312", "gb_2312-80", "cp936", "x-gbk"}  # gb18030 reads all that was ever written in these
PYTHONS_OWN = {"unicode-escape", "raw-unicode-escape"}  # spellings of program text, which no server speaks
PROLOG = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
HARMLESS_KEY = re.compile(r"[A-Za-z_]{1,40}[0-9]{0,3}")  # others may be an ID number or a name
QUOTED_KEY = re.compile(r'"(?:[^"\\]|\\.)+"')
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
LARGEST = float("inf")
PLAIN = {type(None), bool, int, Decimal}
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes no NUL, nothing takes half of a surrogate pair

Pick = Callable[[Any], Any]


# --- text -------------------------------------------------------------------------------------------------------------


def text_of(body: bytes, asked: str | None, told: str | None) -> str:
    """The body's text by the encoding asked for, else its byte order mark, its XML prolog, the HTTP header, UTF-8."""
    marked = next((name for mark, name in MARKS.items() if body.startswith(mark)), None)
    prolog = PROLOG.match(body[:200])
    name = asked or marked or (prolog[1].decode("ascii") if prolog else None) or told or "utf-8"
    try:
        if codecs.lookup(name).name in PYTHONS_OWN:
            raise LookupError
        return body.decode("gb18030" if name.lower() in CHINESE else name).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise CollectError(f"the body is not {name[:40]} from byte {error.start + 1} on") from None
    except (LookupError, UnicodeError):
        raise CollectError(f"the body's encoding {name[:40]!r} is unknown") from None


def document_of(text: str, form: str | None, content_type: str) -> tuple[str, Any]:
    """`json` or `xml` and the document; the form is as asked, else as the content type says, else as it looks."""
    start = text[:2000].lstrip().lower()
    expected = {"json": "JSON", "xml": "XML", None: "JSON or XML"}[form]
    if not start:
        raise CollectError(f"an empty body where {expected} was expected")
    if re.match(r"(<\?xml[^>]*\?>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", start, re.DOTALL):
        raise CollectError(f"answered HTML where {expected} was expected (a login page?)")
    if form is None:
        form = "json" if "json" in content_type else "xml" if "xml" in content_type or start[0] == "<" else "json"
    if form == "xml":
        return form, xml_document(text)
    if start[0] == "<":
        raise CollectError("answered XML or HTML where JSON was expected")
    return form, json_document(text)


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_document(text: str) -> Any:
    """The JSON value; a number with a fraction is a Decimal. NaN, infinity and repeated keys are refused."""
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise CollectError(f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise CollectError("no usable JSON: nested too deeply") from None
    except ValueError as error:
        raise CollectError(f"no usable JSON: {_own_words(error)}") from None


class _RefusedError(ValueError):
    """What JSON of others allows and we do not; its message is ours."""


def _own_words(error: ValueError) -> str:
    return str(error) if isinstance(error, _RefusedError) else "a number is too long"


def _number(text: str) -> Decimal:
    if abs(float(text)) == LARGEST:
        raise _RefusedError("a number is beyond what any measure can hold")
    return Decimal(text)


def _constant(name: str) -> object:
    raise _RefusedError(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        named = f"the key {twice!r}" if HARMLESS_KEY.fullmatch(twice) else "a key"
        raise _RefusedError(f"{named} stands twice in one object")
    return found


_decode = json.JSONDecoder(parse_float=_number, parse_constant=_constant, object_pairs_hook=_unique).decode


# --- XML --------------------------------------------------------------------------------------------------------------


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        """Refuse what could define entities: a few lines of them can fill any memory."""
        raise CollectError("an XML document type (DOCTYPE) is not accepted")


def xml_document(text: str) -> dict[str, Any]:
    """The document as a mapping with the root element as its one key; a DOCTYPE is refused."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(text)
        root = parser.close()
        return {_local(root.tag): _element(root)}
    except ElementTree.ParseError as error:
        line, column = error.position
        raise CollectError(f"no well-formed XML at line {line}, column {column + 1}") from None
    except RecursionError:
        raise CollectError("no usable XML: nested too deeply") from None
    except ValueError:
        raise CollectError("no usable XML: it holds half of a surrogate pair") from None


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _element(element: ElementTree.Element) -> Any:
    found: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _element(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    text = element.text if element.text and not element.text.isspace() else None
    if not found or found.get("@nil") == "true":
        return text
    return found if text is None else {**found, "#text": text}


# --- picking ----------------------------------------------------------------------------------------------------------


def check_path(expression: str) -> str:
    """The expression itself; ValueError when it is no JMESPath."""
    try:
        jmespath.compile(expression)
    except JMESPathError:
        raise ValueError(f"expected a JMESPath expression, got {expression!r}") from None
    return expression


@lru_cache(maxsize=1024)
def pick(expression: str) -> Pick:
    """What takes an expression's value out of a document: None where it is not there. A plain key is looked up."""
    key = json.loads(expression) if QUOTED_KEY.fullmatch(expression) else expression
    if key != expression or key.isidentifier():
        return lambda document: document.get(key) if isinstance(document, dict) else None
    try:
        return jmespath.compile(expression).search  # type: ignore[no-any-return]
    except JMESPathError:
        raise CollectError(f"the column {expression!r} is no JMESPath expression") from None


def look(document: Any, expression: str) -> Any:
    """An expression's value; CollectError where the document does not suit the expression's functions."""
    try:
        return pick(expression)(document)
    except JMESPathError:
        raise CollectError(f"{expression!r} cannot be worked out on this answer") from None


def spelled(value: object) -> str:
    """A value as YAML and JSON spell it, to compare codes and to name them; never the content of a list or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str() | int() | Decimal():
            return str(value)
        case list():
            return "a list"
    return "an object"


def items_of(document: Any, expression: str, form: str, vouched: bool) -> list[Any]:
    """The rows. One XML element alone is a list of one, an element without any is none; else null is an error.

    `vouched` says that the answer was found to be in order: then rows may be missing beside other elements too.
    """
    found = look(document, expression)
    if isinstance(found, list):
        return found
    if form == "xml":
        if found is not None:
            return [found]
        if _is_empty(document, expression, vouched):
            return []
    raise CollectError(f"expected a list at {expression!r}, got {_kind(found)}")


def _kind(value: object) -> str:
    return {str: "text", bool: "true or false", int: "a number", Decimal: "a number"}.get(type(value), spelled(value))


def _is_empty(document: Any, expression: str, vouched: bool) -> bool:
    *parents, last = expression.split(".")
    for name in parents:
        if document is None:
            return True
        if not isinstance(document, Mapping) or name.strip('"') not in document:
            return False
        document = document[name.strip('"')]
    if not isinstance(document, Mapping):
        return document is None
    return last.strip('"') in document or vouched or all(key.startswith("@") for key in document)


# --- rows -------------------------------------------------------------------------------------------------------------


def rows_of(items: Sequence[Any], columns: Sequence[str], where: str) -> tuple[list[Row], list[int], list[Reject]]:
    """The mapped columns of each item with its number from 1; an item that has no such row is a Reject."""
    picks = [pick(column) for column in columns]
    rows: list[Row] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, item in enumerate(items, start=1):
        values = [_value(item, take) for take in picks]
        if isinstance(item, dict) and all(map(_is_plain, values)):
            rows.append(tuple(values))
            numbers.append(number)
        else:
            known = dict(zip(columns, values, strict=True))
            shown = {column: _shown(value) for column, value in known.items()}
            rejects.append(Reject(f"{where}:{number}", _fault(item, known), shown))
    return rows, numbers, rejects


def _value(item: Any, take: Pick) -> Any:
    try:
        value = take(item)
    except JMESPathError as error:
        return error
    if value and type(value) is dict and all(key[:1] in ("@", "#") for key in value):
        return value.get("#text")  # an XML element that has attributes beside its text
    return value


def _is_plain(value: Any) -> bool:
    """Whether it is one value that every database takes."""
    kind = type(value)
    return kind in PLAIN or (kind is str and UNSTORABLE.search(value) is None)


def _fault(item: Any, values: Mapping[str, Any]) -> str:
    if not isinstance(item, dict):
        return f"expected an object, got {_kind(item)}"
    column, value = next((column, value) for column, value in values.items() if not _is_plain(value))
    if isinstance(value, JMESPathError):
        return f"the column {column!r} cannot be worked out on this row"
    if isinstance(value, str):
        return f"the column {column!r} holds a character that cannot be stored"
    return f"the column {column!r} is {_kind(value)}, expected one value"


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, list | dict | JMESPathError):
        return None
    return spelled(value).encode("utf-8", "replace").decode().replace("\0", "?")
