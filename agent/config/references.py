"""Do the two files fit together? What measures name must be mapped; what is mapped should be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from agent.config.document import Document
from agent.config.plan import Indicator, Plan, Source
from agent.config.problems import Path, unknown
from agent.measures import Measure

TIME_KEYS = ("start_name", "to", "due", "cohort")  # attributes of measures that name a time …
NUMBER_KEYS = ("numerator", "denominator")  # … and a field that is summed
NUMBERS = ("integer", "decimal")


class Placed(NamedTuple):
    """A measure and where it stands."""

    document: Document
    path: Path
    plan: Plan
    measure: Measure


def check_references(
    plans: Sequence[tuple[Document, Plan]],
    sources: Sequence[Source],
    sources_document: Document | None,
    unread_kinds: Set[str | None] = frozenset(),
) -> None:
    """Note every reference that leads nowhere, and warn of what nothing refers to.

    Of records of `unread_kinds` nothing is said: their sources have mistakes of their own.
    """
    _check_overlaps(plans)
    measures = [placed for document, plan in plans for placed in _measures(document, plan)]
    for placed in measures:
        _check_systems(placed)
    if sources_document is not None:
        _check_agreements(sources_document, sources)
        for placed in measures:
            if unread_kinds.isdisjoint({placed.measure.of, None}):
                _check_sources(placed, sources)
        _warn_unused(sources_document, sources, [placed.measure for placed in measures])
        _warn_unnamed_systems(plans, sources, [placed.measure for placed in measures])


def _measures(document: Document, plan: Plan) -> Iterator[Placed]:
    for project in plan.projects:
        for row in project.indicators:
            for one in (row, *row.evidence):
                yield Placed(document, (*path_of(one), "measure"), plan, one.measure)


def path_of(indicator: Indicator) -> Path:
    """Where an indicator, or an evidence measure, stands in its file."""
    row, _, evidence = indicator.id.partition("/")
    path: Path = ("projects", indicator.project, "indicators", row)
    return (*path, "evidence", evidence) if evidence else path


def _check_overlaps(plans: Sequence[tuple[Document, Plan]]) -> None:
    seen: dict[tuple[int, str], Document] = {}
    for document, plan in plans:
        for project in plan.projects:
            first = seen.setdefault((plan.year, project.id), document)
            if first is not document:
                says = f"{first.file} has this project for {plan.year} already"
                document.problem(("projects", project.id), says)


def _check_systems(placed: Placed) -> None:
    for number, system in enumerate(placed.measure.systems):
        if system not in placed.plan.systems:
            placed.document.problem((*placed.path, "systems", number), unknown("system", system, placed.plan.systems))


def _check_sources(placed: Placed, sources: Sequence[Source]) -> None:
    measure = placed.measure
    if not measure.from_records:
        return
    kinds = {source.spec.record for source in sources}
    if measure.of not in kinds:
        placed.document.problem((*placed.path, "of"), unknown("record kind", measure.of, kinds))
        return
    by_id = {source.id: source for source in sources}
    for number, id in enumerate(measure.sources):
        where = (*placed.path, "sources", number)
        if id not in by_id:
            placed.document.problem(where, unknown("source", id, by_id))
        elif by_id[id].spec.record != measure.of:
            placed.document.problem(where, f"source {id!r} gives {by_id[id].spec.record} records, not {measure.of}")
    reading = readers(measure, sources)
    _check_names(placed, reading)
    _check_uses(placed, reading)


def _check_agreements(document: Document, sources: Sequence[Source]) -> None:
    """Two sources that should agree tell the same kind of record, by a time both map."""
    by_id = {source.id: source for source in sources}
    for source in sources:
        agree, where = source.spec.agree_with, ("sources", source.id, "agree_with")
        if agree is None:
            continue
        other = by_id.get(agree.source)
        if other is None or other is source:
            known = [id for id in by_id if id != source.id]
            document.problem(where, unknown("source", agree.source, known))
        elif other.spec.record != source.spec.record:
            document.problem(where, f"{other.id!r} gives {other.spec.record} records, not {source.spec.record}")
        elif source.shared_time(other) is None:
            document.problem(where, f"expected a time that {other.id!r} maps too, to compare the two day by day")


def readers(measure: Measure, sources: Sequence[Source]) -> list[Source]:
    """The sources a measure reads."""
    return [
        source
        for source in sources
        if source.spec.record == measure.of and (not measure.sources or source.id in measure.sources)
    ]


def mapped_names(source: Source) -> set[str]:
    """The times, fields and pairs a source gives its records."""
    return {*source.spec.times, *source.spec.fields, *source.spec.pairs}


def _check_names(placed: Placed, sources: Iterable[Source]) -> None:
    known = {name for source in sources for name in mapped_names(source)}
    if not known:
        return
    for name in sorted(placed.measure.names() - known):
        says = unknown("time or field", name, known)
        placed.document.problem(_place_of(placed, name), f"{says} (mapped by the sources of {placed.measure.of})")


def _check_uses(placed: Placed, sources: Sequence[Source]) -> None:
    """What a measure takes for a time must be one, and what it sums a number."""
    times = {name for source in sources for name in source.spec.times}
    fields = {name for source in sources for name in source.spec.fields}
    for key, keyed in type(placed.measure).model_fields.items():
        name, where = getattr(placed.measure, key), (*placed.path, keyed.alias or key)
        if key in TIME_KEYS and name in fields - times:
            placed.document.problem(where, f"expected a time, got the field {name!r}")
        if key in NUMBER_KEYS and name in times - fields:
            placed.document.problem(where, f"expected a field, got the time {name!r}")
        for source in sources if key in NUMBER_KEYS else ():
            field = source.spec.fields.get(name)
            if field is not None and field.type not in NUMBERS:
                says = f"source {source.id!r} maps {name!r} as {field.type}; expected as: decimal or as: integer there"
                placed.document.problem(where, says)


def _place_of(placed: Placed, name: str) -> Path:
    """The key below a measure that names `name`, found in the file itself."""
    found: Path = placed.path
    node = placed.document.content
    for part in placed.path:
        node = node[part]
    for path, text in _leaves(node, ()):
        if text == name or name in path:
            found = (*placed.path, *path)
            break
    return found


def _leaves(node: object, path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _leaves(value, (*path, number))
    else:
        yield path, node


def _warn_unused(document: Document, sources: Sequence[Source], measures: Sequence[Measure]) -> None:
    for source in sources:
        path: Path = ("sources", source.id)
        reading = [measure for measure in measures if measure.from_records and source in readers(measure, [source])]
        if not reading:
            document.warn(path, f"no measure reads its {source.spec.record} records")
            continue
        used = {name for measure in reading for name in measure.names()}
        own = [str(name) for key in ("times", "fields", "pairs") for name in _written_keys(document, (*path, key))]
        unused = [name for name in own if name not in used]
        if unused:
            document.warn(path, f"mapped, but used by no measure: {', '.join(unused)}")


def _written_keys(document: Document, path: Path) -> list[str | int]:
    """The keys the file has below a path: what a collector brings along by itself is none of the user's."""
    return [one[-1] for one in document.lines if one[:-1] == path and one]


def _warn_unnamed_systems(
    plans: Sequence[tuple[Document, Plan]], sources: Sequence[Source], measures: Sequence[Measure]
) -> None:
    named = {system for source in sources for system in source.systems}
    named |= {system for measure in measures for system in measure.systems}
    for document, plan in plans:
        for id in plan.systems:
            if id not in named:
                document.warn(("systems", id), "no source speaks of this system")
