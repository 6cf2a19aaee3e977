"""Checking a pack without the ledger: every byte by its hash, then every value by working it out again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from agent.config.sources import Collectors
from agent.evidence import papers, people_did, signing
from agent.evidence.ahead import EXPECTED
from agent.evidence.archive import BrokenError
from agent.evidence.contents import Contents
from agent.evidence.described import schema
from agent.evidence.differences import form_differences
from agent.evidence.forms import FORMS, PROFILES, fill_in
from agent.evidence.manifest import MANIFEST, SIGNATURE, Entry, entries, read, written
from agent.evidence.pack import SOFTWARE, small_files, what_it_is
from agent.evidence.reading import Pack, looks_like_one
from agent.evidence.reload import UNREADABLE, record_tables, reloaded
from agent.evidence.table import Column, Row
from agent.evidence.walk import Progress, Walk
from agent.ledger import acts
from agent.model import ConfigError

WHOLE = "证据包"
NO_PACK = "{}：不是证据包；应为 dabiao close 写出的 .zip 文件"
LISTED = 5  # differences of one file
FORETOLD = {"expected": "全年预计完成情况", "likely": "完成目标可能性", "year": "全年的已知情况"}
DESCRIPTIONS = ("README.md", "schema.json")  # another version of the program may word them otherwise
GIVEN = ("findings.csv", "sources.json")  # facts of the ledger and the site, from which others follow
GIVEN_UNDER = ("records/", "targets/", "evidence/", PROFILES)


class Problem(NamedTuple):
    """One thing that is not as it should be: the file, where in it, and what it should say."""

    file: str
    where: str
    expected: str
    got: str


class Verified(NamedTuple):
    """What a check came to."""

    sha256: str
    about: Mapping[str, Any]
    files: int
    records: int
    values: int
    signed_by: str | None  # what the signature says; whether it holds is known where a key was given
    with_key: bool
    problems: tuple[Problem, ...]


def verify(path: Path, collectors: Collectors, key: Path | None, progress: Progress) -> Verified:
    """Check a pack; ConfigError where there is no such file, or none of this kind. Nothing of the site is needed.

    What is recomputed needs whole files: where a hash does not hold, nothing is worked out.
    """
    try:
        pack = Pack(path)
    except OSError as error:
        raise ConfigError(f"{path}：不能读取（{error.strerror}）") from None
    except BrokenError as broken:
        if not looks_like_one(path):
            raise ConfigError(NO_PACK.format(path)) from None
        return Verified("", {}, 0, 0, 0, None, False, (_problem(broken),))
    try:
        manifest = pack.content(MANIFEST)
        about, listed = read(manifest)
    except KeyError:
        if not looks_like_one(path):
            raise ConfigError(NO_PACK.format(path)) from None
        return Verified(pack.sha256(), {}, 0, 0, 0, None, False, (Problem(MANIFEST, "", "在包内", "缺少"),))
    except BrokenError as broken:
        return Verified(pack.sha256(), {}, 0, 0, 0, None, False, (_problem(broken),))
    problems = [*_hashes(pack, about, listed, manifest, progress), *_signature(pack, manifest, key)]
    signed = _signer(pack)
    if problems:
        return Verified(pack.sha256(), about, len(listed), 0, 0, signed, key is not None, tuple(problems))
    records = values = 0
    try:
        with reloaded(pack, about, collectors, progress) as contents:
            check = _Recomputed(pack, about, contents)
            problems = check.problems(progress)
            records, values = check.records, len(contents.snapshot.verdicts)
    except BrokenError as broken:
        problems = [_problem(broken)]
    except ConfigError as broken:  # of the targets, the sources or a profile in the pack
        problems = [_configured(pack, line) for line in broken.problems]
    except UNREADABLE as broken:
        problems = [Problem(WHOLE, "", "可以重新计算", f"重新计算中断：{broken}")]
    return Verified(pack.sha256(), about, len(listed), records, values, signed, key is not None, tuple(problems))


def _problem(broken: BrokenError) -> Problem:
    return Problem(broken.file or WHOLE, "", broken.expected, broken.got)


def _configured(pack: Pack, line: str) -> Problem:
    file = line.partition(":")[0]
    named = file if file in pack.members else "targets/"
    return Problem(named, "", "可以据以重新计算的配置文件", f"配置有误：{line.removeprefix(f'{named}:')}")


# --- hashes -----------------------------------------------------------------------------------------------------------


def _hashes(
    pack: Pack, about: Mapping[str, Any], listed: Sequence[Entry], manifest: bytes, progress: Progress
) -> Iterator[Problem]:
    """Every file is there, in its place, unchanged, and nothing else is."""
    standing = [name for name in pack.members if name != SIGNATURE]
    wanted = [*(one.path for one in listed), MANIFEST]
    for name in sorted(set(wanted) - set(standing)):
        yield Problem(name, "", "在包内", "缺少")
    for name in sorted(set(standing) - set(wanted)):
        yield Problem(name, "", "清单中没有它", "多出")
    for name, times in Counter(wanted).items():
        if times > 1:
            yield Problem(MANIFEST, name, "列出一次", f"列出 {times} 次")
    if sorted(standing) == sorted(wanted) and standing != wanted:
        moved = next(name for name, other in zip(wanted, standing, strict=True) if name != other)
        yield Problem(moved, "次序", "与清单一致", "被移动")
    for number, one in enumerate(listed, 1):
        progress(number, len(listed))
        if one.path in pack.members:
            try:
                hashed = pack.hash_of(one.path)
            except BrokenError as broken:
                yield _problem(broken)
                continue
            if hashed != one.sha256:
                yield Problem(one.path, "SHA-256", one.sha256, hashed)
            if pack.members[one.path].size != one.bytes:
                yield Problem(one.path, "字节", str(one.bytes), str(pack.members[one.path].size))
    chained = list(entries(about, [(one.path, one.bytes, one.sha256) for one in listed]))
    for one, other in zip(listed, chained, strict=True):
        if one != other:
            yield Problem(MANIFEST, f"{one.path} 的链值", other.chain, one.chain)
            break
    if not chained or written(about, chained) != manifest:
        yield Problem(MANIFEST, "", "本软件写出的样子", "被改动")


def _signer(pack: Pack) -> str | None:
    try:
        return signing.signed_by(pack.content(SIGNATURE)) if SIGNATURE in pack.members else None
    except (BrokenError, ValueError, RecursionError):
        return None


def _signature(pack: Pack, manifest: bytes, key: Path | None) -> Iterator[Problem]:
    if SIGNATURE not in pack.members:
        if key is not None:
            yield Problem(SIGNATURE, "", "签名", "没有签名")
        return
    try:
        pack.hash_of(SIGNATURE)
        signing.signed_by(pack.content(SIGNATURE))
    except BrokenError as broken:
        yield _problem(broken)
        return
    except (ValueError, RecursionError):
        yield Problem(SIGNATURE, "", "签名及其公钥的指纹", "读不成")
        return
    if key is not None and not signing.holds(pack.content(SIGNATURE), manifest, key):
        yield Problem(SIGNATURE, "", f"由 {key} 的私钥签名", "签名不符")


# --- values -----------------------------------------------------------------------------------------------------------


class _Recomputed:
    """The files of a pack beside those its contents come to."""

    def __init__(self, pack: Pack, about: Mapping[str, Any], contents: Contents) -> None:
        self.pack, self.about, self.contents = pack, about, contents
        self.records = 0

    def problems(self, progress: Progress) -> list[Problem]:
        contents = self.contents
        walk = Walk(contents.config, contents.indicators, contents.window, contents.now)
        compared: dict[str, _Compared] = {}

        def sink(path: str, columns: Sequence[Column]) -> _Compared:
            rows = self.pack.rows(path) if path in self.pack.members else iter(())
            compared[path] = _Compared(path, columns, rows)
            return compared[path]

        with contents.board.ledger.read() as session:
            counted = walk.run(session, sink, with_records=False, progress=progress)
            rules = papers.rules(contents, session)
        self.records = sum(counted.values())
        filled = fill_in(contents, progress)
        small = {"definitions.json": rules, **small_files(contents, walk, counted, filled, self.about["stage"])}
        tables = {path: one.columns for path, one in compared.items()}
        small["schema.json"] = schema({**tables, **self._record_columns(), **papers.COLUMNS})
        found = [*self._acts(), *self._about(), *self._evidence()]
        found += [problem for one in compared.values() for problem in one.finish()]
        for path in sorted(small):
            if path not in GIVEN and not path.startswith(GIVEN_UNDER) and not self._may_differ(path):
                found += self._small(path, small[path])
        expected = {*small, *compared}
        for path in self.pack.members:
            if path not in expected and path not in (MANIFEST, SIGNATURE) and not path.startswith(GIVEN_UNDER):
                found.append(Problem(path, "", "没有这个文件", "多出"))
        return found

    def _record_columns(self) -> Mapping[str, Sequence[Column]]:
        return {path: table.columns for path, table in record_tables(self.pack, self.contents.config)}

    def _may_differ(self, path: str) -> bool:
        return path in DESCRIPTIONS and self.about["software"] != SOFTWARE

    def _about(self) -> Iterator[Problem]:
        for name, expected in what_it_is(self.contents).items():
            if name != "software" and self.about.get(name) != expected:
                yield Problem(MANIFEST, name, str(expected), str(self.about.get(name)))

    def _acts(self) -> Iterator[Problem]:
        broken = acts.first_broken(list(self.contents.past.log))
        if broken is not None:
            yield Problem("acts.jsonl", f"第{broken.n}条", "与前一条相连", "链在此中断")

    def _evidence(self) -> Iterator[Problem]:
        named = people_did.evidence_named(self.contents.past.log)
        kept = {path.removeprefix("evidence/") for path in self.pack.members if path.startswith("evidence/")}
        for hashed in sorted(named - kept):
            yield Problem(f"evidence/{hashed}", "", "填报所附的材料", "缺少")
        for hashed in sorted(kept):
            if (got := self.pack.hash_of(f"evidence/{hashed}")) != hashed:
                yield Problem(f"evidence/{hashed}", "SHA-256", hashed, got)
            if hashed not in named:
                yield Problem(f"evidence/{hashed}", "", "没有填报提到它", "多出")

    def _small(self, path: str, expected: bytes) -> Iterable[Problem]:
        if path not in self.pack.members:
            return [Problem(path, "", "在包内", "缺少")]
        got = self.pack.content(path)
        if got == expected:
            return []
        if path == "verdicts.json":
            return _verdicts(expected, got)
        if path == EXPECTED:
            return _foretold(expected, got)
        if path.startswith(FORMS):
            found = form_differences(path, expected, got, self.about["software"] == SOFTWARE)
            return [Problem(path, *one) for one in islice(found, LISTED)]
        return _lines(path, expected, got)


class _Compared:
    """Takes the rows a table should have and holds them against those it has."""

    def __init__(self, path: str, columns: Sequence[Column], rows: Iterator[list[str]]) -> None:
        self.path, self.columns, self._rows = path, columns, rows
        self._found: list[Problem] = []
        self._compare([column.name for column in columns])

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if len(self._found) < LISTED:
                self._compare(row)

    def finish(self) -> list[Problem]:
        if len(self._found) < LISTED and (more := next(self._rows, None)) is not None:
            self._found.append(Problem(self.path, _which(more), "到此为止", ",".join(more)))
        return self._found

    def _compare(self, expected: Row) -> None:
        got = next(self._rows, None)
        if got == expected:
            return
        if got is None:
            self._found.append(Problem(self.path, _which(expected), ",".join(expected), "没有这一行"))
            return
        differing = [place for place, pair in enumerate(zip_longest(expected, got)) if pair[0] != pair[1]]
        names = [column.name for column in self.columns]
        said = "、".join(names[place] for place in differing if place < len(names))
        first = differing[0]
        pair = [row[first] if first < len(row) else "" for row in (expected, got)]
        self._found.append(Problem(self.path, f"{_which(expected)} {said}", *pair))


def _which(row: Row) -> str:
    """The record of a row."""
    return "/".join(cell for cell in row[:2] if cell) or "表尾"


def _verdicts(expected: bytes, got: bytes) -> Iterator[Problem]:
    """Which verdict differs in what."""
    right, told = _by_place(expected), _by_place(got)
    for place in sorted({*right, *told}):
        name = f"{place[0]}/{place[1]}{' ' + place[2] if place[2] else ''}"
        one, other = right.get(place), told.get(place)
        if one is None or other is None:
            yield Problem("verdicts.json", name, "有" if one else "没有", "有" if other else "没有")
            continue
        for key in dict.fromkeys([*one, *other]):
            says, got = one.get(key, "没有"), other.get(key, "没有")
            if says != got:
                yield Problem("verdicts.json", f"{name} {key}", str(says), str(got))
    if right == told:
        yield Problem("verdicts.json", "", "本软件写出的样子", "被改动")


def _foretold(expected: bytes, got: bytes) -> Iterator[Problem]:
    """Of which row something else is expected."""
    right, told = json.loads(expected), json.loads(got)
    for plan, place in sorted({(plan, place) for one in (right, told) for plan, rows in one.items() for place in rows}):
        one, other = (rows.get(plan, {}).get(place, {}) for rows in (right, told))
        for key, name in FORETOLD.items():
            if one.get(key) != other.get(key):
                yield Problem(EXPECTED, f"{place} {name}", str(one.get(key)), str(other.get(key)))
    if all(right.get(plan) == rows for plan, rows in told.items()):
        yield Problem(EXPECTED, "", "本软件写出的样子", "被改动")


def _by_place(content: bytes) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(one["project"], one["indicator"], one["system"] or ""): one for one in json.loads(content)}


def _lines(path: str, expected: bytes, got: bytes) -> Iterator[Problem]:
    lines = zip_longest(expected.decode().splitlines(), got.decode("utf-8", "replace").splitlines())
    differing = [(number, a, b) for number, (a, b) in enumerate(lines, 1) if a != b]
    for number, a, b in differing[:LISTED]:
        yield Problem(
            path, f"第 {number} 行", a if a is not None else "没有这一行", b if b is not None else "没有这一行"
        )
    if not differing:
        yield Problem(path, "", "本软件写出的样子", "被改动")
