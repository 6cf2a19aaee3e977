"""A log's events → the Record they make together, the same in whatever order they came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.mapping.spec import ANY_EVENT, MappingSpec, TimeSpec
from agent.model import Event, Instant, Pairs, Record

SYSTEM_FIELD = "@system"  # no field of the user's can be named so
Choose = Callable[[Sequence[Event]], Instant | None]


class Fold:
    """How one source's events become a Record."""

    def __init__(self, spec: MappingSpec, source: str) -> None:
        """Compile the times, fields and pairs of a log's mapping."""
        self.spec, self.source = spec, source
        self.times = {name: _chooser(time) for name, time in spec.times.items() if not time.places()}

    def record(self, id: str, events: Iterable[Event]) -> Record:
        """The Record of one id's events; equal events count once."""
        spec = self.spec
        ordered = sorted(
            {(event.at, event.key): event for event in events}.values(), key=lambda event: (event.at, event.key)
        )
        times = {name: choose(ordered) for name, choose in self.times.items()}
        fields = {name: _field(ordered, name, first=field.first is not None) for name, field in spec.fields.items()}
        system = spec.system.fixed if spec.system else None
        return Record(
            kind=spec.record,
            source=self.source,
            id=id,
            system=system or _field(ordered, SYSTEM_FIELD, first=False),
            times={name: at for name, at in times.items() if at is not None},
            fields={name: text for name, text in fields.items() if text is not None},
            pairs=self._pairs(ordered),
        )

    def _pairs(self, ordered: Sequence[Event]) -> Mapping[str, Pairs]:
        found = {name: tuple(_stretches(ordered, *words)) for name, words in self.spec.pairs.items()}
        return {name: pairs for name, pairs in found.items() if pairs}


def _chooser(time: TimeSpec) -> Choose:
    words = time.first or time.last or ()
    any_event, wanted, latest = ANY_EVENT in words, frozenset(words), time.last is not None

    def choose(ordered: Sequence[Event]) -> Instant | None:
        for event in reversed(ordered) if latest else ordered:
            if any_event or event.event in wanted:
                return event.at
        return None

    return choose


def _field(ordered: Sequence[Event], name: str, *, first: bool) -> str | None:
    for event in ordered if first else reversed(ordered):
        text = event.fields.get(name)
        if text is not None:
            return text
    return None


def _stretches(ordered: Sequence[Event], opening: str, closing: str) -> Iterable[tuple[Instant, Instant | None]]:
    """Each opening event to the next closing one; a second opening within a stretch says nothing new."""
    begun: Instant | None = None
    for event in ordered:
        if begun is None and event.event == opening:
            begun = event.at
        elif begun is not None and event.event == closing:
            yield begun, event.at
            begun = None
    if begun is not None:
        yield begun, None
