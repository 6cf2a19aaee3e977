"""The `promql` collector: instant and range queries of a Prometheus as rows of labels, `timestamp` and `value`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import requests
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from agent.model import SECOND_US, CollectError, Instant, Page, Poll, Reject, Row, instant_of, utc_of
from agent.wire.access import STRICT, Access
from agent.wire.transport import Answer, Transport, clock_offset_seconds, shown_url
from collectors.document import json_document

POINTS = 1000  # a page, far below Prometheus' limit of 11,000 points a series, so that a page stays small
EXPLAINED = {400, 422}  # statuses whose body says what is wrong with the query
SECONDS_PER_UNIT = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _whole_seconds(value: object) -> object:
    match = re.fullmatch(r"([0-9]+)\s*(s|m|min|h|d|w)", value) if isinstance(value, str) else None
    return int(match[1]) * SECONDS_PER_UNIT[match[2]] if match else value


class Range(BaseModel):
    """The points to evaluate: `start`, and every `step` from there on."""

    model_config = STRICT
    step: Annotated[int, BeforeValidator(_whole_seconds), Field(gt=0)]
    start: datetime

    def origin(self, zone: ZoneInfo) -> Instant:
        """The first point; a start that carries no zone is read in this one."""
        return instant_of(self.start if self.start.tzinfo else self.start.replace(tzinfo=zone))


class PromqlOptions(Access):
    """What a `promql` source may say beside its mapping; `url` is the server's, without /api/v1."""

    query: str = Field(min_length=1)
    range: Range | None = None
    timezone: ZoneInfo = ZoneInfo("UTC")  # of `range.start`; the same key as the mapping's


Sample = tuple[Decimal, Annotated[Decimal, Field(allow_inf_nan=True)]]


class _Series(BaseModel):
    metric: dict[str, str]
    value: Sample | None = None
    values: list[Sample] = []
    histogram: Any = None
    histograms: Any = None

    def samples(self) -> list[Sample]:
        return self.values if self.value is None else [self.value]


class _Result(BaseModel):
    resultType: Literal["vector", "matrix"]  # noqa: N815 — the API's word
    result: list[_Series]


class _Said(BaseModel):
    """What the API answers."""

    status: Literal["success", "error"]
    data: _Result | None = None
    errorType: str = ""  # noqa: N815 — the API's word
    error: str = ""
    warnings: list[str] = []
    isPartial: bool = False  # noqa: N815 — VictoriaMetrics' word


class PromqlCollector:
    """Asks one query. A range is read on from the last point booked, which is read again in case samples came late."""

    Options: ClassVar[type[BaseModel]] = PromqlOptions
    mapping: ClassVar[Mapping[str, Any]] = {}
    revisions: ClassVar[bool] = True

    def __init__(self, options: PromqlOptions) -> None:
        """Open nothing yet."""
        self.options = options
        self._transport = Transport(options)

    def fetch(self, poll: Poll) -> Iterator[Page]:
        """One page of an instant query, or one for each thousand points of a range, ending at its last whole step."""
        if self.options.range is None:
            result, signals = self._ask("query", {"time": _seconds(poll.now)}, poll)
            yield _page(result, poll, "query", covers=(0, poll.now), signals=signals)
        else:
            yield from self._points(self.options.range, poll)

    def _points(self, asked: Range, poll: Poll) -> Iterator[Page]:
        origin, step = asked.origin(self.options.timezone), asked.step * SECOND_US
        last = origin + (poll.now - origin) // step * step
        if last < origin:
            raise CollectError(f"range: its start, {utc_of(origin).isoformat()}, is yet to come")
        first = min(self._resume(poll, origin, step), last)
        while first <= last:
            end = min(first + (POINTS - 1) * step, last)
            span = {"start": _seconds(first), "end": _seconds(end), "step": str(asked.step)}
            result, signals = self._ask("query_range", span, poll)
            covers = (first, poll.now if end == last else end + step)
            cursor = {**self._identity(origin), "through": end}
            where = f"from {utc_of(first).isoformat()}"
            yield _page(result, poll, where, covers=covers, signals=signals, cursor=cursor)
            first = end + step

    def _resume(self, poll: Poll, origin: Instant, step: int) -> Instant:
        """The point to begin with: the first at or after `since`, else the last one booked, else the start."""
        if poll.complete:
            return origin
        if poll.since is not None:
            return origin - (origin - max(instant_of(poll.since), origin)) // step * step
        cursor = poll.cursor or {}
        if all(cursor.get(key) == value for key, value in self._identity(origin).items()):
            return max(origin, int(cursor["through"]))
        return origin

    def _identity(self, origin: Instant) -> dict[str, Any]:
        """What a cursor belongs to: another query or other points begin anew."""
        assert self.options.range is not None
        return {"query": self.options.query, "step": self.options.range.step, "start": origin}

    def _ask(self, endpoint: str, params: Mapping[str, str], poll: Poll) -> tuple[_Result, Mapping[str, float]]:
        begun = time.monotonic()
        url = f"{self.options.url.rstrip('/')}/api/v1/{endpoint}"
        request = requests.Request("POST", url, data={"query": self.options.query, **params})
        answer = self._transport.ask(request, poll.deadline, answered=EXPLAINED)
        try:
            result = self._result(answer)
        except CollectError as error:
            raise CollectError(f"{shown_url(url)}: {error}") from None
        offset = clock_offset_seconds(answer.headers, poll.now / SECOND_US + time.monotonic() - begun)
        return result, {} if offset is None else {"clock_offset_seconds": offset}

    def _result(self, answer: Answer) -> _Result:
        try:
            said = _Said.model_validate(json_document(answer.body.decode()))
        except (ValidationError, CollectError, UnicodeDecodeError):
            if answer.status in EXPLAINED:
                raise CollectError(f"HTTP {answer.status}") from None
            raise CollectError("the answer is not that of Prometheus' query API (a vector or a matrix)") from None
        if said.status == "error":
            raise CollectError(self._transport.without_secrets(f"the query failed: {said.errorType}: {said.error}"))
        if said.isPartial or said.warnings:
            why = said.warnings[0] if said.warnings else "it is partial"
            raise CollectError(self._transport.without_secrets(f"the answer is doubtful: {why}"))
        if said.data is None:
            raise CollectError("the answer has no data")
        return said.data


def _seconds(instant: Instant) -> str:
    return f"{instant // SECOND_US}.{instant % SECOND_US // 1000:03d}"  # Prometheus counts milliseconds and would round


def _page(result: _Result, poll: Poll, where: str, **rest: Any) -> Page:
    rows: list[Row] = []
    numbers: list[int] = []
    rejects: list[Reject] = []
    for number, (labels, sample) in enumerate(_samples(result), start=1):
        known: dict[str, object] = dict(labels)
        if sample is not None:
            known |= {"timestamp": utc_of(int(sample[0] * SECOND_US)), "value": sample[1]}
        row = tuple(known.get(column) for column in poll.columns)
        if sample is not None and sample[1].is_finite():
            rows.append(row)
            numbers.append(number)
        else:
            reason = f"the value is {sample[1]}" if sample else "a histogram has no single value"
            shown = {name: None if cell is None else str(cell) for name, cell in zip(poll.columns, row, strict=True)}
            rejects.append(Reject(f"{where}:{number}", reason, shown))
    return Page(rows, where, numbers, rejects=rejects, **rest)


def _samples(result: _Result) -> Iterator[tuple[Mapping[str, str], Sample | None]]:
    """Each sample with its labels; None stands for a histogram's samples."""
    for series in result.result:
        yield from ((series.metric, sample) for sample in series.samples())
        if series.histogram is not None or series.histograms is not None:
            yield series.metric, None
