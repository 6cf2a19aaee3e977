"""Writing a pack: every file of a judged period in a fixed order, with its manifest, into one container."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, NamedTuple

from agent import __version__, words
from agent.evidence import papers, people_did, sources_told
from agent.evidence.archive import CHUNK, ContainerWriter
from agent.evidence.cells import day_text
from agent.evidence.contents import Contents
from agent.evidence.described import readme, schema
from agent.evidence.forms import FORMS, Filled, fill_in
from agent.evidence.manifest import FORMAT, MANIFEST, SIGNATURE, entries, written
from agent.evidence.settings import plan_names
from agent.evidence.signing import Signer
from agent.evidence.spool import Spool
from agent.evidence.walk import Progress, Walk
from agent.ledger import Session, evidence
from agent.model import utc_of
from agent.status import zone_of

SOFTWARE = {"dabiao": __version__, "openpyxl": version("openpyxl")}  # what decides how files are worded and laid out


class Packed(NamedTuple):
    """What was written."""

    sha256: str
    verdicts: str  # the SHA-256 of the verdicts
    records: int
    forms: Mapping[str, str]  # their SHA-256
    said: Sequence[str]  # of the forms: each project's total


def write_pack(
    out: BinaryIO,
    contents: Contents,
    history: Session,
    closing: Mapping[str, Any],
    signer: Signer | None,
    progress: Progress,
) -> Packed:
    """Write a pack. `history` is a ledger that keeps evidence files; `closing` says stage, reason, what it restates."""
    walk = Walk(contents.config, contents.indicators, contents.window, contents.now)
    about = {**what_it_is(contents), **closing}
    with TemporaryDirectory(prefix="dabiao-pack-") as folder:
        with contents.board.ledger.read() as session, Spool(Path(folder)) as spool:
            counted = walk.run(session, spool.sink, with_records=True, progress=progress)
            rules = papers.rules(contents, session)
        filled = fill_in(contents, progress)
        small = {"definitions.json": rules, **small_files(contents, walk, counted, filled, str(closing["stage"]))}
        small["schema.json"] = schema({**spool.columns, **papers.COLUMNS})
        container = ContainerWriter(out)
        hashed: list[tuple[str, str]] = []
        for number, path in enumerate(sorted([*small, *spool.tables]), 1):
            content = small[path] if path in small else spool.tables[path].path
            hashed.append((path, container.add(path, content)))
            progress(number, len(small) + len(spool.tables))
        for name, content in _evidence(contents, history):
            hashed.append((name, container.add(name, content)))
    sizes = {member.name: member.size for member in container.members}
    listed = list(entries(about, [(path, sizes[path], sha256) for path, sha256 in hashed]))
    manifest = written(about, listed)
    container.add(MANIFEST, manifest)
    if signer is not None:
        container.add(SIGNATURE, signer.sign(manifest))
    container.finish()
    verdicts = hashlib.sha256(small["verdicts.json"]).hexdigest()
    forms = {one.path: one.sha256 for one in listed if one.path.startswith(FORMS)}
    return Packed(_sha256(out), verdicts, sum(counted.values()), forms, filled.said)


def what_it_is(contents: Contents) -> dict[str, Any]:
    """What a manifest says of the pack as a whole."""
    log, period = contents.past.log, contents.asked.period
    return {
        "format": FORMAT,
        "software": SOFTWARE,
        "organisation": contents.config.plans[0].organisation,
        "period": period.name,
        "first": day_text(period.first),
        "last": day_text(period.last - 1),
        "judged_at": utc_of(contents.now).astimezone(zone_of(contents.config)).isoformat(),
        "batch": contents.past.seq,
        "acts": {"count": len(log), "last": log[-1].hash if log else None},
    }


def small_files(
    contents: Contents, walk: Walk, counted: Mapping[str, int], filled: Filled, stage: str
) -> dict[str, bytes]:
    """Every file that is written from the contents alone."""
    names = plan_names(contents.config)
    files = {f"calendar/{name}.csv": papers.calendar(plan.calendar) for name, plan in names.items()}
    return {
        **files,
        **filled.files,
        "README.md": readme(contents, walk, filled, words.CLOSED_AS[stage]),
        "acts.jsonl": people_did.acts_lines(contents.past.log),
        "attestations.csv": people_did.attestations(contents),
        "coverage.csv": sources_told.coverage(contents),
        "exclusions.csv": people_did.exclusions(contents),
        "findings.csv": sources_told.findings(contents),
        "gaps.csv": sources_told.untold(contents),
        "rejects.csv": sources_told.rejects(contents),
        "sources.csv": sources_told.sources(contents, counted),
        "sources.json": contents.asked.sources_text,
        "values.csv": papers.values(contents, walk),
        "verdicts.json": papers.verdicts(contents),
        **{f"targets/{name}.yaml": text for name, text in contents.asked.targets_texts.items()},
    }


def _evidence(contents: Contents, history: Session) -> Iterator[tuple[str, bytes]]:
    named = people_did.evidence_named(contents.past.log)
    for hashed, content in evidence.contents(history):
        if hashed in named:
            yield f"evidence/{hashed}", content


def _sha256(out: BinaryIO) -> str:
    out.seek(0)
    hashed = hashlib.sha256()
    while part := out.read(CHUNK):
        hashed.update(part)
    return hashed.hexdigest()
