"""How an HTTP source cuts its rows into pages, and which page comes next. Never past the end by guessing.

Numbered pages are asked for until one is empty or `total` rows were given: a page shorter than what was asked for may
be the server's own limit rather than the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urljoin

from pydantic import AfterValidator, BaseModel, Field, model_validator

from agent.model import CollectError
from agent.wire.access import STRICT
from agent.wire.transport import same_origin, shown_url
from collectors.document import check_path, look, spelled

Path = Annotated[str, AfterValidator(check_path)]  # JMESPath


class Pages(BaseModel):
    """The style of paging and the names of its parameters."""

    model_config = STRICT
    style: Literal["page", "offset", "cursor", "link"]
    size: int | None = Field(default=None, gt=0)
    start: int | None = Field(default=None, ge=0)  # number of the first page (default 1), or the first offset (0)
    page_param: str = "page"
    offset_param: str = "offset"
    cursor_param: str = "cursor"
    size_param: str = "size"
    next: Path | None = None  # where an answer holds the next cursor, or the next link if not in its Link header
    total: Path | None = None  # where an answer holds the number of all rows
    max_pages: int = Field(default=10_000, gt=0)

    @model_validator(mode="after")
    def _fits_the_style(self) -> Pages:
        numbered = self.style in ("page", "offset")
        if self.style == "cursor" and self.next is None:
            raise ValueError("expected next (where an answer holds the next cursor)")
        if numbered and self.next is not None:
            raise ValueError(f"next: not used with style {self.style}")
        if not numbered and (self.total is not None or self.start is not None):
            raise ValueError(f"total and start: not used with style {self.style}")
        return self

    def parameters(self) -> Mapping[str, str]:
        """Placeholder → name of the parameter that carries it, unless the placeholder stands in the template."""
        names = {"page": self.page_param, "offset": self.offset_param, "cursor": self.cursor_param}
        return {"size": self.size_param} | {style: name for style, name in names.items() if style == self.style}


class Step(NamedTuple):
    """One page to ask for: the how-manieth, its number, offset or cursor, or its whole URL."""

    nth: int = 1
    place: int | str | None = None
    url: str | None = None


class Told(NamedTuple):
    """What the answer to a step says about the next."""

    rows: int
    rows_so_far: int
    document: Any
    url: str
    link: str | None


def first_step(pages: Pages | None) -> Step:
    """Where to begin."""
    if pages is None or pages.style not in ("page", "offset"):
        return Step()
    default = 1 if pages.style == "page" else 0
    return Step(place=default if pages.start is None else pages.start)


def next_step(pages: Pages | None, step: Step, told: Told) -> Step | None:
    """The page after this one, or None after the last; CollectError when the answers lead nowhere."""
    if pages is None:
        return None
    follow = {"page": _numbered, "offset": _numbered, "cursor": _cursor, "link": _link}[pages.style]
    following = follow(pages, step, told)
    if following is not None and step.nth >= pages.max_pages:
        raise CollectError(f"more than {pages.max_pages} pages")
    return following


def _numbered(pages: Pages, step: Step, told: Told) -> Step | None:
    total = None if pages.total is None else _count(pages.total, told.document)
    if told.rows_so_far >= total if total is not None else not told.rows:
        return None
    if not told.rows:
        raise CollectError(f"{total} rows announced, {told.rows_so_far} given")
    assert isinstance(step.place, int)
    return Step(step.nth + 1, step.place + (1 if pages.style == "page" else told.rows))


def _count(expression: str, document: Any) -> int:
    found = spelled(look(document, expression))
    if not (found.isascii() and found.isdecimal()):
        raise CollectError(f"expected a count at {expression!r}, got {found[:40]!r}")
    return int(found)


def _cursor(pages: Pages, step: Step, told: Told) -> Step | None:
    assert pages.next is not None
    found = look(told.document, pages.next)
    if found is None or found is False or found == "":
        return None
    if isinstance(found, list | dict):
        raise CollectError(f"expected a cursor at {pages.next!r}, got {spelled(found)}")
    if spelled(found) == step.place:
        raise CollectError("the next cursor is the one just used: the pages would never end")
    return Step(step.nth + 1, spelled(found))


def _link(pages: Pages, step: Step, told: Told) -> Step | None:
    found = told.link if pages.next is None else look(told.document, pages.next)
    if not found:
        return None
    if not isinstance(found, str):
        raise CollectError(f"expected a link at {pages.next!r}, got {spelled(found)}")
    url = urljoin(told.url, found)
    if not same_origin(url, told.url):
        raise CollectError(f"the next page lies on another server, {shown_url(url, path=False)}: not followed")
    if url == step.url:
        raise CollectError("the next link is the one just used: the pages would never end")
    return Step(step.nth + 1, url=url)
