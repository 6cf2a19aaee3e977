"""Exports in the log of acts: what was made, of which state of the ledger, so that it can be made again.

The body of an act of the kind `export`, whose subject is the form's name:

    year, first, last   the year, and the days [first, last) as ISO dates
    as_of, or at        the instant everything is judged at: with what was known then, or in batch `seq`
    seq                 the last batch that was known
    profile             {name, sha256}; template {name, sha256} where the bureau's own file was filled in
    targets             [{name, sha256}, …] of the targets files
    file, sha256        the file's name without its folder, and its SHA-256
    rows                project/indicator → what was printed: value, score, expected, likely
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agent.book.closings import CLOSE
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Day, Instant

EXPORT = "export"
PRINTED = {"value": "实际完成值", "score": "得分", "expected": "全年预计", "likely": "完成目标可能性"}


def fingerprint(path: Path) -> dict[str, str]:
    """A file's name and the SHA-256 of its content."""
    return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def iso(day: Day) -> str:
    """A day as a date."""
    return date.fromordinal(day).isoformat()


def day_of(iso: str) -> Day:
    """The day of an ISO date."""
    return date.fromisoformat(iso).toordinal()


def log_export(ledger: Ledger, now: Instant, who: str, form: str, body: Mapping[str, Any]) -> Act:
    """Keep that a form was made."""
    with ledger.write() as session:
        return acts.append(session, now, who, EXPORT, form, body)


def seq_of(ledger: Ledger) -> int:
    """The ledger's last batch."""
    with ledger.read() as session:
        found = session.one("SELECT seq FROM counter WHERE id = 1")
    return int(found[0]) if found else 0


def logged_export(ledger: Ledger, number: int, form: str | None, profile: str, ending: str) -> Act:
    """The export with this number, or the form a closing has in its pack; ConfigError where the act is neither."""
    with ledger.read() as session:
        log = acts.read(session)
    found = next((act for act in log if act.n == number), None)
    if found is not None and found.kind == CLOSE:
        return _closed_form(found, form, profile, ending)
    if found is None or found.kind != EXPORT:
        known = "、".join(str(act.n) for act in log if act.kind == EXPORT) or "无"
        raise ConfigError(f"--again {number}：不是一次导出的编号；导出记录有 {known}")
    return found


def _closed_form(closing: Act, form: str | None, profile: str, ending: str) -> Act:
    """A form of a closing as if it had been exported then."""
    body = closing.body
    kept: Mapping[str, str] = body.get("forms", {})
    place = f"/{quote(profile, safe='')}/{form}{ending}"
    hashed = next((hashed for name, hashed in kept.items() if name.endswith(place)), None)
    if hashed is None:
        known = "、".join(kept) or "无"
        lacking = f"其中没有 {profile}/{form}{ending}"
        how = "用 --form、--profile 和文件名的结尾指明其中的表" if form is None else lacking
        raise ConfigError(f"--again {closing.n}：是一次封账，{how}；有 {known}")
    told = {
        "year": date.fromisoformat(body["first"]).year,
        "first": body["first"],
        "last": iso(day_of(body["last"]) + 1),
        "at": None,
        "as_of": body["judged_at"],
        "seq": body["batch"],
        "file": place.rpartition("/")[2],
        "sha256": hashed,
    }
    return closing._replace(kind=EXPORT, subject=str(form), body=told)


def differences(logged: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """What is printed otherwise than it was, row by row; else which of the files it is made from has changed."""
    before, after = logged.get("rows", {}), made.get("rows", {})
    found = []
    for place in {**before, **after}:
        for part, name in PRINTED.items():
            old, new = before.get(place, {}).get(part), after.get(place, {}).get(part)
            if old != new:
                found.append(f"{place} {name}：{old} → {new}")
    for part, name in (("targets", "目标文件"), ("profile", "表式"), ("template", "模板")):
        if logged.get(part) != made.get(part):
            found.append(f"{name}与当时不同：{_names(logged.get(part))}")
    return found


def _names(files: Any) -> str:
    listed: Sequence[Mapping[str, str]] = files if isinstance(files, list) else [files] if files else []
    return "、".join(f"{one['name']}（SHA-256 {one['sha256'][:12]}…）" for one in listed) or "当时没有"
