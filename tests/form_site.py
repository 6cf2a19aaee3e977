"""A site whose year is over, to be put into forms: seven rows that carry points, two that do not, people who state."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from agent.asking import answer
from agent.book import Book, definitions, register
from agent.book.statements import ATTEST
from agent.cli.making import FORMS, Made, Order
from agent.config import Config, load
from agent.export import months
from agent.ledger import Ledger, acts
from agent.model import Instant
from agent.poll import Round
from agent.status import Json, Question, question
from collectors import COLLECTORS
from tests.plans import at

YEAR = 2026
OVER = at("2027-01-10T09:00")
FAULTS = [  # id, system, reported, responded
    ("F1", "portal", "2026-02-02 09:00:00", "2026-02-02 09:03:00"),
    ("F2", "portal", "2026-03-02 10:00:00", "2026-03-02 10:05:00"),
    ("F3", "archive", "2026-05-04 14:00:00", "2026-05-04 14:40:00"),
    ("F4", "archive", "2026-09-01 09:00:00", "2026-09-01 09:12:00"),
    ("F5", "portal", "2026-10-12 09:00:00", "2026-10-12 09:01:00"),
]
ENTERED = {"kind": "entered", "unit": "ratio"}


def row(name: str, level: list[str], text: str, target: str, points: float, measure: Mapping[str, Any]) -> Json:
    weight = {"mof-2020": points, "shanghai-4class": points}
    return {
        "name": name,
        "level": level,
        "text": text,
        "target": target,
        "weight": weight,
        "owner": "运维科",
        "measure": dict(measure),
    }


FAULT = {"of": "fault", "from": "reported_at", "to": "responded_at"}
ROWS: dict[str, Json] = {
    "execution": row("预算执行率", ["投入与管理", "投入管理"], ">=95%", ">= 95 %", 10, ENTERED),
    "rules": row("制度健全性", ["投入与管理", "财务管理"], "健全", "健全", 0, {"kind": "attested", "accept": ["健全"]}),
    "answered": row(
        "故障及时响应率", ["产出目标", "数量"], ">=80%", ">= 80 %", 30, {"kind": "on_time", "limit": "5 min", **FAULT}
    )
    | {"evidence": {"longest": {"name": "最长响应时长", "measure": {"kind": "duration", "statistic": "max", **FAULT}}}},
    "response": row("平均响应时长", ["产出目标", "时效"], "<=5分钟", "<= 5 min", 20, {"kind": "duration", **FAULT}),
    "reports": row("分析报告篇数", ["产出目标", "质量"], "≥12篇", ">= 12", 15, {"kind": "entered", "unit": "count"}),
    "open": row("接口通畅", ["影响力目标", "信息共享"], "通畅", "通畅", 15, {"kind": "attested", "accept": ["通畅"]}),
    "liked": row("使用人员满意度", ["效果目标", "满意度"], "=95%", "= 95 %", 10, ENTERED),
    "prose": row(
        "受理差错率",
        ["总目标", "标准"],
        "≤3%",
        "<= 3 %",
        0,
        {"kind": "share", "of": "fault", "cohort": "reported_at", "bad_when": {"wrong": "yes"}},
    )
    | {"form": "none"},
}
PLAN: Json = {
    "year": YEAR,
    "organisation": "房地产交易中心",
    "timezone": "Asia/Shanghai",
    "systems": {"portal": "交易网站", "archive": "档案系统"},
    "projects": {
        "ops": {
            "name": "平台运维",
            "funds": {"planned": 1_000_000},
            "form": {"主管部门": "=住建委", "年度总体目标": "平台稳定运行"},
            "indicators": ROWS,
        }
    },
}
SOURCE: Json = {
    "collector": "file",
    "path": "faults.csv",
    "record": "fault",
    "id": "id",
    "system": {"column": "system"},
    "times": {"reported_at": "reported", "responded_at": "responded"},
    "fields": {"wrong": "wrong"},
    "time_format": "%Y-%m-%d %H:%M:%S",
    "measured_from": "2026-01-01",
}
STATED: dict[str, Json] = {  # everything a person owes
    "execution": {"numerator": "900000", "denominator": "1000000"},
    "rules": {"word": "健全", "band": "achieved"},
    "reports": {"numerator": "12"},
    "open": {"word": "通畅", "band": "partly", "score": "0.7", "reason": "一处接口停用"},
    "liked": {"numerator": "94996", "denominator": "100000"},
}


class FormSite:
    """The site in a folder, with a ledger that has read its records."""

    def __init__(
        self,
        folder: Path,
        plan: Json = PLAN,
        read: Instant = OVER,
        source: Json = SOURCE,
        more: Sequence[Json] = (),
        ledger: str | None = None,
        beside: Mapping[str, Json] | None = None,
    ) -> None:
        """`more` are the targets of other years, `beside` more sources; the ledger is a file unless a URL is given."""
        self.folder = folder
        files = [folder / "targets.yaml", *(folder / f"targets-{other['year']}.yaml" for other in more)]
        for file, promised in zip(files, (plan, *more), strict=True):
            file.write_text(yaml.safe_dump(promised, allow_unicode=True, sort_keys=False), encoding="utf-8")
        sources = {"faults": source | {"path": str(folder / "faults.csv")}, **(beside or {})}
        (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": sources}), encoding="utf-8")
        lines = ["id,system,reported,responded,wrong", *(",".join((*fault, "")) for fault in FAULTS)]
        told = [lines[0], *(line for line in lines[1:] if _at(line) < read)]
        (folder / "faults.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
        os.utime(folder / "faults.csv", (0, 0))
        self.config: Config = load(files, folder / "sources.yaml", collectors=COLLECTORS, environ={})
        self.ledger = Ledger.open(ledger or folder / "ledger.db")
        self.collect(read)

    def collect(self, now: Instant) -> None:
        """One round of the file."""
        source = self.config.source("faults")
        assert source is not None
        book = Book(self.ledger, register(self.ledger, definitions(self.config)).known)
        Round(source, COLLECTORS["file"](source.options), book).run(now, forced=True)

    def state(self, indicator: str, through: str = "2026-12-31", when: str = "2027-01-05T10:00", **said: Any) -> None:
        """What a person states of a row."""
        body = {"year": YEAR, "through": through, **said}
        with self.ledger.write() as session:
            acts.append(session, at(when), "wang", ATTEST, f"ops/{indicator}", body)

    def state_all(self, **instead: Json | None) -> None:
        """Everything that is owed, some of it otherwise or not at all."""
        for indicator, said in (STATED | instead).items():
            if said is not None:
                self.state(indicator, **said)

    def order(
        self,
        form: str = "self-evaluation",
        ending: str = ".json",
        now: Instant = OVER,
        profile: str = "mof-2020",
        period: str | None = None,
        **more: Any,
    ) -> Order:
        first, last = months(period, YEAR)
        days = Question(first=first, last=last, with_year=True)
        file = self.folder / f"form{ending}"
        targets = [self.folder / "targets.yaml"]
        return replace(Order(self.config, self.ledger, form, YEAR, days, profile, file, now, targets), **more)

    def made(self, form: str = "self-evaluation", ending: str = ".json", **how: Any) -> Made:
        """A form made."""
        return FORMS[form](self.order(form, ending, **how))

    def content(self, form: str = "self-evaluation", **how: Any) -> Any:
        """What a form says, as JSON has it: the part of the only project."""
        (project,) = json.loads(self.made(form, **how).content)["projects"]
        return project

    def status(self, now: Instant = OVER, first: str = "2026-01-01", last: str = "2027-01-01") -> Json:
        """What `status --json` prints of the same days."""
        return answer(self.config, self.ledger, question({"from": first, "to": last}, self.config), now)


def _at(line: str) -> Instant:
    return at(line.split(",")[2].replace(" ", "T"))


@contextmanager
def form_site(folder: Path, plan: Json = PLAN, read: Instant = OVER, source: Json = SOURCE) -> Iterator[FormSite]:
    """The site, closed at the end."""
    site = FormSite(folder, plan, read, source)
    try:
        yield site
    finally:
        site.ledger.close()
