"""sources.yaml → Sources, with every mistake in it noted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from agent.config.alerting import AlertingReader, RouteKinds
from agent.config.document import Document
from agent.config.keys import Id, Keys
from agent.config.plan import Alerting, Source
from agent.config.problems import MISSING, Path, unknown
from agent.config.secrets import Secrets
from agent.config.shape import shaped
from agent.mapping import MappingSpec, columns, looks_personal
from agent.mapping.spec import Microseconds, SystemSpec
from agent.model import SECOND_US, instant_of
from agent.worktime import DAY_US, MINUTE_US, local_days

Model = TypeVar("Model", bound=BaseModel)
SHORTEST_EVERY_US, LONGEST_EVERY_US = SECOND_US, 366 * DAY_US
FILLED_IN = {"since_param", "interval_seconds", "zone"}  # options the file says elsewhere: `since.param`, `every` …
LONGEST_DEADLINE_US = 10 * MINUTE_US
MAPPING_KEYS = set(MappingSpec.model_fields)
NESTED_KEYS = ("times", "fields")  # the collector's own and the user's stand side by side


class CollectorKind(Protocol):
    """What a collector class declares about itself."""

    Options: ClassVar[type[BaseModel]]
    mapping: ClassVar[Mapping[str, Any]]


Collectors = Mapping[str, type[CollectorKind]]


class SourcesKeys(Keys):
    """The top of sources.yaml."""

    sources: Mapping[Id, Any]
    alerting: Any = None


class PollKeys(Keys):
    """What people call a source, when it is asked, and how long it may take."""

    name: str | None = None
    every: Microseconds = MINUTE_US
    deadline: Microseconds | None = None


class Unread(BaseModel):
    """The collector's own keys of a source that is not asked."""


class SourcesFile:
    """Reads one document. A source that cannot be read is left out; its mistakes are in the document's problems."""

    def __init__(
        self,
        document: Document,
        collectors: Collectors,
        timezone: str,
        systems: Mapping[str, object] | None,
        environ: Mapping[str, str] | None,
        routes: RouteKinds,
    ) -> None:
        """Take the document, the collectors and routes there are, and of the plans time zone and systems, if known.

        Without an environment no secret is filled in, and what only collectors and routes understand is left unread.
        """
        self.document, self.collectors, self.routes = document, collectors, routes
        self.timezone, self.systems = timezone, systems
        self.offline = environ is None
        self.secrets = Secrets(document, environ or {})
        self.unread_kinds: set[str | None] = set()  # record kinds of sources that could not be read; None: not known

    def read(self) -> tuple[tuple[Source, ...], Alerting]:
        """The sources that could be read, and who is told of what they say."""
        if not self.document.is_whole:
            self.unread_kinds.add(None)
            return (), Alerting()
        content = self.document.content if self.offline else self.secrets.filled(self.document.content)
        shaped(self.document, (), SourcesKeys, content)
        parts = content if isinstance(content, Mapping) else {}
        reader = AlertingReader(self.document, self.secrets, self.routes)
        alerting = reader.read(None if self.offline else parts.get("alerting"))
        return self._sources(parts.get("sources")), alerting

    def _sources(self, raw: object) -> tuple[Source, ...]:
        read = []
        for id, one in raw.items() if isinstance(raw, Mapping) else ():
            source = self._source(id, one)
            if source is not None:
                read.append(source)
            else:
                self.unread_kinds.add(_record_kind(one))
        return tuple(read)

    def _source(self, id: str, raw: object) -> Source | None:
        path: Path = ("sources", id)
        if not isinstance(raw, Mapping):
            self.document.problem(path, "expected keys with values")
            return None
        kind = self._collector(path, raw)
        poll = self._part(path, PollKeys, {key: raw[key] for key in PollKeys.model_fields if key in raw})
        if kind is None:
            return None
        own = {key: value for key, value in raw.items() if key in MAPPING_KEYS}
        spec = self._part(path, MappingSpec, _merged(kind.mapping, own))
        options = (
            Unread() if self.offline else self._part(path, kind.Options, self._options(path, kind, raw, poll, spec))
        )
        if spec is not None:
            self._check_personal(path, spec, kind.mapping)
            spec = self._with_systems(path, spec)
        if poll is None or spec is None or options is None:
            return None
        return self._assembled(id, str(raw["collector"]), poll, spec, options)

    def _part(self, path: Path, model: type[Model], raw: object) -> Model | None:
        return shaped(self.document, path, model, raw, frozenset(self.secrets.paths))

    def _collector(self, path: Path, raw: Mapping[str, Any]) -> type[CollectorKind] | None:
        name = raw.get("collector")
        if not isinstance(name, str):
            self.document.problem((*path, "collector"), f"{MISSING}; known: {', '.join(self.collectors)}")
            return None
        if name not in self.collectors:
            self.document.problem((*path, "collector"), unknown("collector", name, self.collectors))
            return None
        return self.collectors[name]

    def _options(
        self,
        path: Path,
        kind: type[CollectorKind],
        raw: Mapping[str, Any],
        poll: PollKeys | None,
        spec: MappingSpec | None,
    ) -> dict[str, Any]:
        """What the collector's own model is given: its keys, and what it asks to know of the schedule and `since`."""
        fields = {field.alias or name for name, field in kind.Options.model_fields.items()}
        known = (fields - FILLED_IN) | MAPPING_KEYS | {"collector", *PollKeys.model_fields}
        for key in raw:
            if key not in known:
                self.document.problem((*path, key), unknown("key", key, known))
        options = {key: value for key, value in raw.items() if key in fields - FILLED_IN}
        if "interval_seconds" in fields and poll is not None:
            options["interval_seconds"] = poll.every / SECOND_US
        if "zone" in fields and spec is not None:
            options["zone"] = spec.timezone or self.timezone
        if "since_param" in fields and spec is not None and spec.since is not None:
            options["since_param"] = spec.since.param
        return options

    def _check_personal(self, path: Path, spec: MappingSpec, brought: Mapping[str, Any]) -> None:
        if spec.allow_personal:
            return
        own = set(columns(MappingSpec.model_validate(brought))) if {"record", "id"} <= set(brought) else set()
        for column in columns(spec):
            why = None if column in own else looks_personal(column)
            if why:
                says = f"column {column!r}: {why}; leave it out, or give the reason with allow_personal"
                self.document.problem(path, says)

    def _with_systems(self, path: Path, spec: MappingSpec) -> MappingSpec:
        """The mapping with its systems checked; a column without a map holds the systems' own names."""
        system = spec.system
        if system is None or self.systems is None:
            return spec
        if system.fixed is not None and system.fixed not in self.systems:
            self.document.problem((*path, "system", "is"), unknown("system", system.fixed, self.systems))
        for code, name in (system.map or {}).items():
            if name not in self.systems:
                self.document.problem((*path, "system", "map", code), unknown("system", name, self.systems))
        if system.column is None or system.map is not None:
            return spec
        named = SystemSpec(column=system.column, map={id: id for id in self.systems})
        return spec.model_copy(update={"system": named})

    def _assembled(self, id: str, collector: str, poll: PollKeys, spec: MappingSpec, options: BaseModel) -> Source:
        path: Path = ("sources", id)
        if poll.every < SHORTEST_EVERY_US:
            self.document.problem((*path, "every"), "expected at least 1 s")
        if poll.every > LONGEST_EVERY_US:
            self.document.problem((*path, "every"), "expected at most 366 d")
        timezone = spec.timezone or self.timezone
        measured = self._moment((*path, "measured_from"), spec.measured_from, timezone)
        start = spec.since.start if spec.since else None
        system = spec.system
        names = () if system is None else (system.fixed,) if system.fixed else tuple((system.map or {}).values())
        return Source(
            id=id,
            collector=collector,
            options=options,
            spec=spec,
            every_us=poll.every,
            deadline_us=poll.deadline or min(max(poll.every, MINUTE_US), LONGEST_DEADLINE_US),
            timezone=timezone,
            days=local_days(timezone),
            measured_from=instant_of(measured) if measured else None,
            since_start=self._moment((*path, "since", "start"), start, timezone),
            systems=frozenset(name for name in names if name),
            line=self.document.line(path),
            name=poll.name or id,
        )

    def _moment(self, path: Path, text: str | None, timezone: str) -> datetime | None:
        """A date or time of the file, in the source's zone where it names none."""
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.document.problem(path, f"expected a date such as 2026-01-01, got {text!r}")
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def _record_kind(raw: object) -> str | None:
    kind = raw.get("record") if isinstance(raw, Mapping) else None
    return kind if isinstance(kind, str) else None


def _merged(brought: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**brought, **own}
    for key in NESTED_KEYS:
        if isinstance(own.get(key), Mapping) and isinstance(brought.get(key), Mapping):
            merged[key] = {**brought[key], **own[key]}
    return merged
