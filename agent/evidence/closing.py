"""Closing a period: judge it on one state of the ledger, write its pack, and note both in the log of acts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from agent.asking import untold
from agent.book import current, definitions
from agent.book.closings import CLOSE, FINAL, Closing, Value, check_final, closings, permitted, value_of
from agent.evidence.cells import day_text
from agent.evidence.contents import Contents, Question, judged, known_by
from agent.evidence.pack import Packed, write_pack
from agent.evidence.signing import Signer
from agent.evidence.walk import Progress
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Tally, Verdict

TALLIES = (
    "SELECT definition, SUM(good), SUM(bad), SUM(excluded), SUM(num), SUM(den) FROM tally "
    "WHERE day >= ? AND day < ? GROUP BY definition"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a period is to be closed."""

    stage: str
    restate: bool = False
    reason: str | None = None
    signer: Signer | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What came of it; `former` is the closing that was restated."""

    act: Act
    packed: Packed
    values: Mapping[str, Value]
    former: Closing | None


def close(ledger: Ledger, asked: Question, wanted: Wanted, out: Path, who: str, progress: Progress) -> Closed:
    """Close a period. Nothing is written where it may not be closed; the pack is in its place before the act is.

    Killed in between, it leaves a pack that no act names: the period is not closed then, and can be.
    """
    if out.exists():
        raise ConfigError(f"-o {out}：文件已存在；证据包不覆盖已有文件")
    part = out.with_name(f"{out.name}.part")
    try:
        with ledger.frozen() as still, still.read() as session:
            contents, former = _prepared(still, session, asked, wanted)
            values = values_of(contents, session)
            with part.open("w+b") as file:
                packed = write_pack(file, contents, session, _said(wanted, former), wanted.signer, progress)
                file.flush()
                os.fsync(file.fileno())
        body = _body(asked, wanted, packed, contents.past.seq, former, values)
        act = _noted(ledger, asked, wanted, who, body, part, out)
    except OSError as error:
        raise ConfigError(f"-o {out}：不能写入（{error.strerror}）") from None
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return Closed(act, packed, values, former)


def _noted(
    ledger: Ledger, asked: Question, wanted: Wanted, who: str, body: Mapping[str, object], part: Path, out: Path
) -> Act:
    """Put the pack in its place and note the closing; the pack is taken away again where that was not noted."""
    placed, act = False, None
    try:
        with ledger.write() as session:
            permitted(closings(acts.read(session)), asked.period, wanted.stage, wanted.restate, wanted.reason)
            noted = acts.append(session, asked.now, who, CLOSE, asked.period.name, body)
            part.rename(out)
            placed = True
        act = noted
    finally:
        if placed and act is None and not _knows(ledger, body["pack"]):
            out.unlink()
    return act


def _knows(ledger: Ledger, pack: object) -> bool:
    """Whether a closing with this pack is in the log; LedgerError where that cannot be told, and the pack stays."""
    with ledger.read() as session:
        return any(act.kind == CLOSE and act.body["pack"] == pack for act in acts.read(session))


def _prepared(still: Ledger, session: Session, asked: Question, wanted: Wanted) -> tuple[Contents, Closing | None]:
    """What the pack is made of, and the closing it restates; ConfigError where it may not be made."""
    seq = (session.one("SELECT seq FROM counter WHERE id = 1") or (0,))[0]
    wanted_rules = definitions(asked.config)
    if differing := [*chain(*untold(still, current(still, wanted_rules), wanted_rules))]:
        says = "口径与账本中的不同；先运行 dabiao collect，再封账"
        raise ConfigError([f"{one.project}/{one.indicator}：{says}" for one in differing])
    past = known_by(session, seq)
    former = permitted(closings(past.log), asked.period, wanted.stage, wanted.restate, wanted.reason)
    contents = judged(asked, still, past)
    if waiting := [name for name, one in totals(contents).items() if one.reason == "catching_up"]:
        raise ConfigError([f"{name}：正在重新计算，完成后再封账" for name in waiting])
    if wanted.stage == FINAL:
        check_final(asked.period, asked.now >= contents.window.end, due_in(contents))
    return contents, former


def due_in(contents: Contents) -> dict[str, Verdict]:
    """The verdicts on rows that are judged for good in the period."""
    last = {(one.indicator.project, one.indicator.id): one.indicator.judged_on for one in contents.indicators}
    return {
        name: one
        for name, one in totals(contents).items()
        if last[(one.project, one.indicator)] < contents.asked.period.last
    }


def totals(contents: Contents) -> dict[str, Verdict]:
    """The verdicts on all systems together, by project/indicator."""
    return {f"{one.project}/{one.indicator}": one for one in contents.snapshot.verdicts if one.system is None}


def values_of(contents: Contents, session: Session) -> dict[str, Value]:
    """What each indicator came to."""
    sums = {row[0]: Tally(*map(int, row[1:])) for row in session.rows(TALLIES, contents.asked.period[1:])}
    keys = {one.indicator.subject: one.definition or 0 for one in contents.indicators}
    return {name: value_of(one, sums.get(keys[name], Tally())) for name, one in totals(contents).items()}


def _said(wanted: Wanted, former: Closing | None) -> dict[str, object]:
    """What the manifest says of the closing."""
    told: dict[str, object] = {"stage": wanted.stage}
    if wanted.reason:
        told["reason"] = wanted.reason
    if former is not None:
        told["restates"] = {"act": former.act.n, "pack": former.pack}
    return told


def _body(
    asked: Question, wanted: Wanted, packed: Packed, seq: int, former: Closing | None, values: Mapping[str, Value]
) -> dict[str, object]:
    told: dict[str, object] = {
        "first": day_text(asked.period.first),
        "last": day_text(asked.period.last - 1),
        "stage": wanted.stage,
        "judged_at": asked.now,
        "batch": seq,
        "pack": packed.sha256,
        "verdicts": packed.verdicts,
        "forms": packed.forms,
        "values": {name: value.as_body() for name, value in values.items()},
    }
    if wanted.reason:
        told["reason"] = wanted.reason
    if former is not None:
        told["restates"] = former.act.n
    if wanted.signer is not None:
        told["signed_by"] = wanted.signer.fingerprint
    return told
