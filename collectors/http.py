"""The `http` collector: JSON or XML from a URL, page by page, strictly read."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Literal
from urllib.parse import quote_plus, urlsplit
from xml.sax.saxutils import escape

import requests
from pydantic import BaseModel, Field, field_validator, model_validator

from agent.model import SECOND_US, CollectError, Instant, Page, Poll, Row, instant_of
from agent.wire.access import Access
from agent.wire.transport import Answer, Transport, clock_offset_seconds, shown_url
from collectors.document import document_of, items_of, look, rows_of, spelled, text_of
from collectors.paging import Pages, Path, Step, Told, first_step, next_step

PLACEHOLDER = re.compile(r"\{(since|page|offset|size|cursor)\}")


def _json_escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


# What a body written as text is by its first character, and how a value is put into it; anything else is a form.
TEXTS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "{": ("application/json", _json_escaped),
    "[": ("application/json", _json_escaped),
    "<": ("text/xml; charset=utf-8", escape),
}


class HttpOptions(Access):
    """What an `http` source may say beside its mapping. `{since}`, `{page}`, `{offset}`, `{size}` and `{cursor}` may
    stand in `params` and `body`; what stands there is not sent as a parameter of its own.
    """

    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, str] = Field(default={}, repr=False)
    body: Any = Field(default=None, repr=False)  # text as it stands (JSON with numbers, XML, a form), else sent as JSON
    format: Literal["json", "xml"] | None = None  # default: as the answer's content type says
    encoding: str | None = None
    items: Path = "@"
    ok: Mapping[Path, str] = {}
    message: Path | None = None  # where an answer that is not ok says why
    pages: Pages | None = None
    since_param: str | None = None

    @field_validator("ok", mode="before")
    @classmethod
    def _codes_are_text(cls, ok: object) -> object:
        return {path: spelled(code) for path, code in ok.items()} if isinstance(ok, Mapping) else ok

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, name: str | None) -> str | None:
        try:
            codecs.lookup(name or "utf-8")
        except LookupError:
            raise ValueError(f"expected an encoding such as gb18030, got {name!r}") from None
        return name

    @model_validator(mode="after")
    def _body_is_posted(self) -> HttpOptions:
        if self.body is not None and self.method != "POST":
            raise ValueError("body: expected method: POST beside it")
        return self


class HttpCollector:
    """Reads all pages of one URL. Only the mapped columns leave it."""

    Options: ClassVar[type[BaseModel]] = HttpOptions
    mapping: ClassVar[Mapping[str, Any]] = {}
    revisions: ClassVar[bool] = True

    def __init__(self, options: HttpOptions) -> None:
        """Open nothing yet."""
        self.options = options
        self._transport = Transport(options)
        self._placed = _placeholders([dict(options.params), options.body])

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """Each page as it comes; the last covers the time from `since` (where the source is asked for it) to now.

        Raises CollectError when a page cannot be read whole, or the pages lead nowhere.
        """
        begun = time.monotonic()
        since = None if poll.complete else poll.since_text
        step: Step | None = first_step(self.options.pages)
        rows_so_far, former, former_body = 0, list[Row](), b""
        while step is not None:
            answer = self._transport.ask(self._request(step, since), poll.deadline)
            where = f"page {step.nth}" if self.options.pages else urlsplit(answer.url).path or "/"
            try:
                items, document = self._items(answer)
                rows, numbers, rejects = rows_of(items, poll.columns, where)
                body = hashlib.sha256(answer.body).digest()  # rows that all are broken cannot be compared
                if step.nth > 1 and ((rows and rows == former) or (items and body == former_body)):
                    raise CollectError("the same rows as on the page before: is its parameter known to the source?")
                rows_so_far, former, former_body = rows_so_far + len(items), rows, body
                link = answer.links.get("next", {}).get("url")
                step = next_step(self.options.pages, step, Told(len(items), rows_so_far, document, answer.url, link))
            except CollectError as error:
                raise CollectError(f"{shown_url(answer.url)}, {where}: {error}") from None
            covers = None if step else (self._begin(poll, since), poll.now)
            signals = _signals(answer, poll.now / SECOND_US + time.monotonic() - begun)
            yield Page(rows, where, numbers, covers=covers, signals=signals, rejects=rejects)

    def _begin(self, poll: Poll, since: str | None) -> Instant:
        asked = since is not None and (self.options.since_param is not None or "since" in self._placed)
        return instant_of(poll.since) if asked and poll.since is not None else 0

    def _request(self, step: Step, since: str | None) -> requests.Request:
        options, pages = self.options, self.options.pages
        values: dict[str, int | str | None] = {"since": since, "size": pages.size if pages else None}
        if pages:
            values[pages.style] = step.place
        content_type, content = _content(options.body, values)
        told = content_type is None or "content-type" in map(str.lower, options.headers)
        headers = {} if told else {"Content-Type": content_type}
        url, params = (options.url, self._parameters(values)) if step.url is None else (step.url, {})
        return requests.Request(options.method, url, params=params, data=content, headers=headers)

    def _parameters(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What stands in `params`, and each value that stands nowhere in the templates under its own parameter."""
        options = self.options
        names = dict(options.pages.parameters()) if options.pages else {}
        if options.since_param:
            names["since"] = options.since_param
        params = {name: _filled(template, values) for name, template in options.params.items()}
        params |= {name: values[value] for value, name in names.items() if value not in self._placed}
        return {name: spelled(value) for name, value in params.items() if value is not None}

    def _items(self, answer: Answer) -> tuple[list[Any], Any]:
        content_type = answer.headers.get("Content-Type", "").lower()
        charset = re.search(r"charset\s*=\s*[\"']?([a-z0-9._-]+)", content_type)
        text = text_of(answer.body, self.options.encoding, charset and charset[1])
        form, document = document_of(text, self.options.format, content_type)
        self._check_ok(document)
        return items_of(document, self.options.items, form, vouched=bool(self.options.ok)), document

    def _check_ok(self, document: Any) -> None:
        for path, expected in self.options.ok.items():
            got = spelled(look(document, path))
            if got != expected:
                said = look(document, self.options.message) if self.options.message else None
                words = f" ({self._transport.without_secrets(said)})" if isinstance(said, str) and said else ""
                raise CollectError(f"expected {path} to be {expected!r}, got {got[:40]!r}{words}")


def _signals(answer: Answer, now_seconds: float) -> Mapping[str, float]:
    offset = clock_offset_seconds(answer.headers, now_seconds)
    return {} if offset is None else {"clock_offset_seconds": offset}


# --- templates --------------------------------------------------------------------------------------------------------


def _placeholders(template: Any) -> set[str]:
    match template:
        case str():
            return set(PLACEHOLDER.findall(template))
        case Mapping():
            return set().union(*map(_placeholders, template.values()))
        case list():
            return set().union(*map(_placeholders, template))
    return set()


def _content(body: Any, values: Mapping[str, Any]) -> tuple[str | None, bytes | None]:
    """The body with its placeholders replaced, escaped as its kind of text asks for, and its content type."""
    if body is None:
        return None, None
    if not isinstance(body, str):
        return "application/json", json.dumps(_filled(body, values), ensure_ascii=False).encode()
    content_type, escaped = TEXTS.get(body.lstrip()[:1], ("application/x-www-form-urlencoded", quote_plus))
    return content_type, PLACEHOLDER.sub(lambda found: escaped(_text(values, found)), body).encode()


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced; one that is all of a text keeps its type, and None where unknown."""
    match template:
        case str():
            alone = PLACEHOLDER.fullmatch(template)
            return values.get(alone[1]) if alone else PLACEHOLDER.sub(partial(_text, values), template)
        case Mapping():
            return {key: _filled(value, values) for key, value in template.items()}
        case list():
            return [_filled(value, values) for value in template]
    return template


def _text(values: Mapping[str, Any], found: re.Match[str]) -> str:
    value = values.get(found[1])
    return "" if value is None else spelled(value)
