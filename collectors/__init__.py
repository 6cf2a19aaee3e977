"""The collectors: one file a kind, each an options model and one method. They fetch and never judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from agent.model import Page, Poll
from collectors.file import FileCollector
from collectors.http import HttpCollector
from collectors.probe import ProbeCollector
from collectors.promql import PromqlCollector
from collectors.sql import SqlCollector


class Collector(Protocol):
    """One kind of source. The runner adds deadline, isolation, timing and booking; a collector only reads."""

    Options: ClassVar[type[BaseModel]]
    mapping: ClassVar[Mapping[str, Any]]  # mapping keys this kind brings along (a probe knows its own columns)
    revisions: ClassVar[bool]  # whether a changed row replaces the former; a probe's running interval only grows

    def __init__(self, options: Any) -> None:
        """Keep the validated options; open nothing."""

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """Read the source once, page by page; raise CollectError with a reason in words when it cannot be read."""
        ...


COLLECTORS: dict[str, type[Collector]] = {
    "http": HttpCollector,
    "sql": SqlCollector,
    "file": FileCollector,
    "probe": ProbeCollector,
    "promql": PromqlCollector,
}
