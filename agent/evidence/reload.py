"""A pack's records, acts and coverage in a ledger of their own, so that everything can be derived from them again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from agent.book import Book, Definition, Delivery, definitions, register
from agent.book.approval import WAITING
from agent.book.period import period_of
from agent.book.promise import canonical
from agent.book.revival import revived
from agent.book.scratch import enter_acts
from agent.config import Config
from agent.config.sources import Collectors
from agent.evidence.archive import BrokenError
from agent.evidence.cells import instant, unguarded
from agent.evidence.contents import Contents, Past, Question, Rejected, judged
from agent.evidence.forms import EXPECTED, PROFILES, read_expected
from agent.evidence.reading import Pack
from agent.evidence.records import RecordTable
from agent.evidence.settings import plan_names, read_again
from agent.evidence.walk import Progress, records_path
from agent.export.profile import Profile, load_profile
from agent.ledger import Ledger
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, Mapped, Record, Reject

SLICE = 5000


@contextmanager
def reloaded(pack: Pack, about: Mapping[str, Any], collectors: Collectors, progress: Progress) -> Iterator[Contents]:
    """The contents a pack has if it is what it says. ConfigError, ValueError or BrokenError where it cannot be read."""
    with TemporaryDirectory(prefix="dabiao-verify-") as made:
        folder = Path(made)
        names = sorted(_under(pack, "targets/", ".yaml"))
        config = _config(pack, folder, names, collectors)
        now = instant(about["judged_at"])
        log = [Act(**json.loads(line)) for line in pack.content("acts.jsonl").splitlines()]
        texts = {name: pack.content(f"targets/{name}.yaml") for name in names}
        period = period_of(about["period"])
        asked = Question(config, texts, pack.content("sources.json"), period, now, _profiles(pack, folder))
        expected = read_expected(pack.content(EXPECTED)) if EXPECTED in pack.members else {}
        with closing(Ledger.open(folder / "scratch.db")) as scratch:
            keys = _register(scratch, config, json.loads(pack.content("definitions.json")))
            with scratch.write() as session:
                enter_acts(session, log)
                session.many(
                    "INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)",
                    [(unguarded(source), instant(a), instant(b), now) for source, a, b in _body(pack, "coverage.csv")],
                )
            _load(Book(scratch, keys), pack, config, now, progress)
            # Findings are facts of the ledger that was closed; nothing here could find them again.
            yield judged(asked, scratch, Past(about["batch"], log, (), _rejects(pack)), expected)


def _under(pack: Pack, folder: str, ending: str) -> list[str]:
    return [
        name.removeprefix(folder).removesuffix(ending)
        for name in pack.members
        if name.startswith(folder) and name.endswith(ending)
    ]


def _config(pack: Pack, folder: Path, names: list[str], collectors: Collectors) -> Config:
    for name in ("sources.json", *(f"targets/{one}.yaml" for one in names), *(f"calendar/{one}.csv" for one in names)):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(pack.content(name))
    config = read_again(folder, names, collectors)
    if list(plan_names(config)) != names:
        raise ConfigError(f"targets/: expected the years {', '.join(names)}, got {', '.join(plan_names(config))}")
    return config


def _profiles(pack: Pack, folder: Path) -> list[Profile]:
    files = [folder / f"{name}.yaml" for name in _under(pack, PROFILES, ".yaml")]
    for file in files:
        file.write_bytes(pack.content(f"{PROFILES}{file.name}"))
    return [load_profile(str(file)) for file in files]


def _register(scratch: Ledger, config: Config, rules: list[dict[str, Any]]) -> Mapping[int, Definition]:
    """Have the ledger serve what the closed one served: a former rule or target where a changed one waits."""
    wanted = {one.place: one for one in definitions(config)}
    serving: list[Definition] = []
    waiting: list[Definition] = []
    for rule in rules:
        one = wanted.get((rule["year"], rule["project"], rule["indicator"]))
        if one is None:
            raise ConfigError(f"definitions.json: {rule['project']}/{rule['indicator']}: the targets have no such row")
        (waiting if rule["state"] == WAITING else serving).append(_as_told(one, rule["hash"], canonical(rule["spec"])))
    asked = {(one.place, one.version) for one in waiting}
    for one in serving:
        changed = wanted[one.place]
        if one.spec != changed.spec and (changed.place, changed.version) not in asked:
            place = f"{one.project}/{one.indicator}"
            raise ConfigError(f"definitions.json: {place}: the targets say otherwise, and no change of them waits")
    keys = register(scratch, serving).keys
    with scratch.write() as session:
        session.many(
            "INSERT INTO definition (year, project, indicator, hash, kind, spec, from_seq, built_through, state) "
            "VALUES (?,?,?,?,?,?,0,0,?)",
            [(*one.place, one.hash, one.kind, one.spec, WAITING) for one in waiting],
        )
    return keys


def _as_told(one: Definition, hashed: str, spec: str) -> Definition:
    if one.hash == hashed:
        return one.promising(spec)
    former = revived(one, spec)
    if former is None or former.hash != hashed:
        place = f"{one.project}/{one.indicator}"
        raise ConfigError(f"definitions.json: {place}: expected the rule {one.hash}, as targets/ give it, got {hashed}")
    return former


def _load(book: Book, pack: Pack, config: Config, now: Instant, progress: Progress) -> None:
    """Book every record, as if a source had told it."""
    done = 0
    for path, table in record_tables(pack, config):
        records = (_record(table, row, path) for row in _records(pack, path, table))
        for kind, some in groupby(records, lambda record: record.kind):
            while part := list(islice(some, SLICE)):
                book.deliver(Delivery(table.id, kind, Mapped(part, [], [], None), now))
                done += len(part)
                progress(done, 0)


def record_tables(pack: Pack, config: Config) -> Iterator[tuple[str, RecordTable]]:
    """Where each source's records stand in a pack, and their columns."""
    for name in _under(pack, "records/", ".csv.gz"):
        source = unquote(name)
        yield records_path(source), RecordTable(source, config.source(source), config.plans[0].days)


def _records(pack: Pack, path: str, table: RecordTable) -> Iterator[list[str]]:
    if path not in pack.members:
        raise BrokenError(f"{path}: its name is spelled otherwise than this program does")
    rows = pack.rows(path)
    expected, got = [column.name for column in table.columns], next(rows, [])
    if got != expected:
        raise BrokenError(f"{path}: expected the columns {', '.join(expected)}, got {', '.join(got)}")
    return rows


def _record(table: RecordTable, row: list[str], path: str) -> Record:
    try:
        return table.record(row)
    except (ValueError, AttributeError, TypeError) as broken:
        which = row[0] if row else "an empty row"
        raise BrokenError(f"{path}: {which}: no record of this source") from broken


def _body(pack: Pack, name: str) -> Iterator[list[str]]:
    rows = pack.rows(name)
    next(rows, None)
    return rows


def _rejects(pack: Pack) -> list[Rejected]:
    rows = ([unguarded(cell) or "" for cell in row] for row in _body(pack, "rejects.csv"))
    return [Rejected(source, Reject(at, why, json.loads(told))) for source, at, why, told in rows]
