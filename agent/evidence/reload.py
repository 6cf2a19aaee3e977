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
from agent.book.period import Period, period_of
from agent.book.promise import canonical
from agent.book.revival import revived
from agent.book.scratch import enter_acts
from agent.config import Config
from agent.config.sources import Collectors
from agent.evidence.ahead import AHEAD, EXPECTED, Given, read_days, read_known
from agent.evidence.archive import BrokenError
from agent.evidence.cells import instant, unguarded
from agent.evidence.contents import Contents, Past, Question, Rejected, judged
from agent.evidence.forms import PROFILES
from agent.evidence.manifest import MANIFEST
from agent.evidence.reading import Pack
from agent.evidence.records import RecordTable
from agent.evidence.settings import plan_names, read_again
from agent.evidence.walk import Progress, records_path
from agent.export.profile import Profile, load_profile
from agent.ledger import Ledger
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, Mapped, Record, Reject

SLICE = 5000
RULES = "definitions.json"
# What text that was tampered with makes of being read.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


@contextmanager
def reloaded(pack: Pack, about: Mapping[str, Any], collectors: Collectors, progress: Progress) -> Iterator[Contents]:
    """The contents a pack has if it is what it says. ConfigError or BrokenError where it cannot be read."""
    with TemporaryDirectory(prefix="dabiao-verify-") as made:
        folder = Path(made)
        names = sorted(_under(pack, "targets/", ".yaml"))
        config = _config(pack, folder, names, collectors)
        with _read(MANIFEST):
            now, period, batch = instant(about["judged_at"]), period_of(about["period"]), int(about["batch"])
        with _read("acts.jsonl"):
            log = [Act(**json.loads(line)) for line in pack.content("acts.jsonl").splitlines()]
        with _read("coverage.csv"):
            told = [(unguarded(source), instant(a), instant(b), now) for source, a, b in _body(pack, "coverage.csv")]
        with _read("rejects.csv"):
            rejects = _rejects(pack)
        given = _given(pack)
        texts = {name: pack.content(f"targets/{name}.yaml") for name in names}
        asked = Question(config, texts, pack.content("sources.json"), period, now, _profiles(pack, folder))
        with closing(Ledger.open(folder / "scratch.db")) as scratch:
            with _read(RULES):
                keys = _register(scratch, config, json.loads(pack.content(RULES)))
            with scratch.write() as session:
                with _read("acts.jsonl"):
                    enter_acts(session, log)
                session.many("INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)", told)
            _load(Book(scratch, keys), pack, config, now, progress)
            with _read("verdicts.json"):
                _name_systems(scratch, keys, json.loads(pack.content("verdicts.json")), period)
            # Findings are facts of the ledger that was closed; nothing here could find them again.
            yield judged(asked, scratch, Past(batch, log, (), rejects), given)


def _name_systems(
    scratch: Ledger, keys: Mapping[int, Definition], verdicts: list[dict[str, Any]], period: Period
) -> None:
    """Have every system judged that was: one whose records all lie outside the period has none in the pack."""
    places = {(one.project, one.indicator): key for key, one in keys.items()}
    named = {(places.get((one["project"], one["indicator"])), one["system"]) for one in verdicts}
    with scratch.write() as session:
        known = set(session.rows("SELECT DISTINCT definition, system FROM tally"))
        session.many(
            "INSERT INTO tally (definition, system, day, seq, good, bad, excluded, num, den) "
            "VALUES (?,?,?,?,0,0,0,0,0)",
            [
                (key, system, period.first - 1, session.seq)
                for key, system in named
                if key is not None and isinstance(system, str) and (key, system) not in known
            ],
        )


@contextmanager
def _read(file: str) -> Iterator[None]:
    """Say which file it was that could not be read."""
    try:
        yield
    except UNREADABLE as broken:
        raise BrokenError(file, "本软件写出的样子", f"读不成：{broken}") from broken


def _given(pack: Pack) -> Given | None:
    """What the pack says of the year; None where it has no form that foresees one."""
    if EXPECTED not in pack.members:
        return None
    with _read(EXPECTED):
        known = read_known(json.loads(pack.content(EXPECTED)))
    if AHEAD not in pack.members:
        raise BrokenError(AHEAD, "在包内", "缺少")
    with _read(AHEAD):
        return Given(read_days(_body(pack, AHEAD)), known)


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
    try:
        config = read_again(folder, names, collectors)
    except ConfigError as broken:
        raise ConfigError([line.replace(f"{folder}/", "") for line in broken.problems]) from None
    if list(plan_names(config)) != names:
        raise BrokenError("targets/", f"{'、'.join(plan_names(config))} 年的文件", "、".join(names))
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
            raise BrokenError(RULES, "只有 targets/ 中的指标", f"{rule['project']}/{rule['indicator']}")
        (waiting if rule["state"] == WAITING else serving).append(_as_told(one, rule["hash"], canonical(rule["spec"])))
    asked = {(one.place, one.version) for one in waiting}
    for one in serving:
        changed = wanted[one.place]
        if one.spec != changed.spec and (changed.place, changed.version) not in asked:
            place = f"{one.project}/{one.indicator}"
            raise BrokenError(RULES, f"{place} 与 targets/ 相同，或其更改在等待批准", "与 targets/ 不同")
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
        raise BrokenError(RULES, f"{place} 的口径 {one.hash}，由 targets/ 与 calendar/ 得出", hashed)
    return former


def _load(book: Book, pack: Pack, config: Config, now: Instant, progress: Progress) -> None:
    """Book every record, as if a source had told it."""
    done = 0
    with _read("sources.csv"):
        total = sum(int(row[3]) for row in _body(pack, "sources.csv"))
    for path, table in record_tables(pack, config):
        records = (_record(table, row, path) for row in _records(pack, path, table))
        for kind, some in groupby(records, lambda record: record.kind):
            while part := list(islice(some, SLICE)):
                book.deliver(Delivery(table.id, kind, Mapped(part, [], [], None), now))
                done += len(part)
                progress(done, max(done, total))


def record_tables(pack: Pack, config: Config) -> Iterator[tuple[str, RecordTable]]:
    """Where each source's records stand in a pack, and their columns."""
    for name in _under(pack, "records/", ".csv.gz"):
        source = unquote(name)
        yield records_path(source), RecordTable(source, config.source(source), config.plans[0].days)


def _records(pack: Pack, path: str, table: RecordTable) -> Iterator[list[str]]:
    if path not in pack.members:
        raise BrokenError(path, "本软件会写的文件名", "写法不同")
    rows = pack.rows(path)
    expected, got = [column.name for column in table.columns], next(rows, [])
    if got != expected:
        raise BrokenError(path, f"各列 {'、'.join(expected)}", "、".join(got))
    return rows


def _record(table: RecordTable, row: list[str], path: str) -> Record:
    try:
        return table.record(row)
    except (ValueError, AttributeError, TypeError) as broken:
        which = row[0] if row else "空行"
        raise BrokenError(path, f"{which} 是该数据源的记录", "读不成记录") from broken


def _body(pack: Pack, name: str) -> Iterator[list[str]]:
    rows = pack.rows(name)
    next(rows, None)
    return rows


def _rejects(pack: Pack) -> list[Rejected]:
    rows = ([unguarded(cell) or "" for cell in row] for row in _body(pack, "rejects.csv"))
    return [Rejected(source, Reject(at, why, json.loads(told))) for source, at, why, told in rows]
