"""A small site with every kind of measure, act, reject and finding, closed into a pack; and packs that were forged."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agent import acts as deeds
from agent.book import Delivery
from agent.book.period import Period, period_of
from agent.book.statements import ATTEST
from agent.evidence import (
    Closed,
    Problem,
    Question,
    Wanted,
    close,
    profiles_for,
    sources_text,
    targets_texts,
    verify,
)
from agent.evidence.archive import ContainerWriter
from agent.evidence.manifest import MANIFEST, entries, read, written
from agent.evidence.reading import Pack
from agent.ledger import acts, evidence
from agent.model import Instant, Mapped, Reject
from collectors import COLLECTORS
from tests.form_site import FormSite
from tests.small_site import NOW, TOLD, Site, small_site

QUARTER = period_of("2026-01..03")
MINUTES = b"%PDF minutes of the review"
ROWS: dict[str, list[tuple[object, ...]]] = {
    "uptimes": [
        ("U1", "portal", "2026-03-01T00:00:00", "2026-03-02T00:00:00", "up"),
        ("U2", "portal", "2026-03-02T00:00:00", "2026-03-02T03:00:00", "down"),
        ("U3", "archive", "2026-03-02T00:00:00", "2026-03-04T03:00:00", "up"),
    ],
    "calls": [
        ("C1", "portal", "2026-03-02T00:00:00", "95.25", "100"),
        ("C2", "archive", "2026-03-03T00:00:00", "7", "8"),
    ],
    "dutys": [("D1", "portal", "2026-03-02T17:00:00"), ("D2", "portal", "2026-03-02T17:30:00")],
    "cases": [
        ("K1", "portal", "2026-03-02T09:00:00", "2026-03-02T11:00:00", None, None),
        ("K2", "portal", "2026-03-02T09:00:00", None, "2026-03-02T11:00:00", None),
        ("=HYPERLINK(1)", "archive", "2026-03-02T09:00:00", "2026-03-04T11:00:00", None, None),
    ],
    "features": [("X1", None, "2026-03-02T09:00:00", "2026"), ("X2", None, "2026-03-04T09:00:00", "2026")],
}


@contextmanager
def busy_site(folder: Path) -> Iterator[Site]:
    """The site with records of every kind, an exclusion, a reading confirmed, a statement, a reject and a finding."""
    with small_site(folder) as site:
        for source, rows in ROWS.items():
            site.deliver(source, rows, TOLD)
        asked = deeds.request_exclusion(site.ledger, "faults/F2", "ops/answered", "=1+1 演练", NOW, "wang")
        deeds.approve(site.ledger, site.book, asked.n, NOW, "li")
        deeds.confirm(site.ledger, site.config.plans[0].projects[0].indicators[1], NOW, "li")
        with site.ledger.write() as session:
            hashed = evidence.keep(session, MINUTES)
            said = {"year": 2026, "through": "2026-03-04", "word": "健全", "band": "achieved"}
            file = {"name": "评审纪要.pdf", "sha256": hashed}
            acts.append(session, NOW, "zhao", ATTEST, "ops/sound", {**said, "evidence": [file]})
            noted = ("answer_edited", "faults/F1", "改过", NOW, session.seq)
            session.run("INSERT INTO finding (kind, subject, text, at, seq) VALUES (?,?,?,?,?)", noted)
        bad = Reject("faults.csv:99", "no time", {"id": "F99", "reported_at": "@yesterday"})
        site.book.deliver(Delivery("faults", "fault", Mapped([], [], [bad], None), NOW))
        yield site


def question(
    site: Site | FormSite, period: Period = QUARTER, now: Instant = NOW, profiles: Sequence[str] = ()
) -> Question:
    """What a closing of this site asks."""
    texts = targets_texts(site.config), sources_text(site.config, site.folder / "sources.yaml")
    return Question(site.config, *texts, period, now, profiles_for(site.config, period, profiles))


def closed(
    site: Site | FormSite,
    out: Path,
    *,
    period: Period = QUARTER,
    now: Instant = NOW,
    wanted: Wanted | None = None,
    who: str = "wang",
    profiles: Sequence[str] = (),
) -> Closed:
    """Close a period of the site."""
    asked = question(site, period, now, profiles)
    return close(site.ledger, asked, wanted or Wanted("draft"), out, who, lambda done, total: None)


def problems(pack: Path, key: Path | None = None) -> tuple[Problem, ...]:
    """What a check finds."""
    return verify(pack, COLLECTORS, key, lambda done, total: None).problems


def forged(pack: Path, out: Path, changes: Mapping[str, Callable[[bytes], bytes]]) -> Path:
    """The pack with some files changed and a manifest that fits them; tables are changed as text."""
    opened = Pack(pack)
    about, listed = read(opened.content(MANIFEST))
    with out.open("w+b") as file:
        writer = ContainerWriter(file)
        kept = []
        for one in listed:
            content = opened.content(one.path)
            if (change := changes.get(one.path)) is not None:
                changed = change(gzip.decompress(content) if one.path.endswith(".gz") else content)
                assert changed not in (content, gzip.decompress(content) if one.path.endswith(".gz") else b"")
                content = gzip.compress(changed, mtime=0) if one.path.endswith(".gz") else changed
            kept.append((one.path, len(content), writer.add(one.path, content)))
        writer.add(MANIFEST, written(about, list(entries(about, kept))))
        writer.finish()
    return out


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """A change of the first place where a text stands."""

    def change(content: bytes) -> bytes:
        assert old.encode() in content, old
        return content.replace(old.encode(), new.encode(), 1)

    return change


def verdict_with(key: str, value: object, indicator: str) -> Callable[[bytes], bytes]:
    """A change of one verdict on all systems together."""

    def change(content: bytes) -> bytes:
        told = json.loads(content)
        (one,) = [one for one in told if one["indicator"] == indicator and one["system"] is None]
        one[key] = value
        return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()

    return change
