"""What a form is made from: one Snapshot of a period, the plan that was promised, a profile, what people filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from agent.book.statements import filled
from agent.config import Config, Indicator, Plan, Project
from agent.evaluate import custom
from agent.export.logged import EXPORT
from agent.export.profile import Profile
from agent.export.rows import Likely
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Day, Instant, Snapshot, Verdict, Window
from agent.shown import moment
from agent.status import Json, status_answer, zone_of
from agent.written import number

PERIOD, YEAR = "custom", "year"  # the windows a form needs: its own, and the year for what is foreseen


@dataclass(frozen=True)
class Basis:
    """Everything a form says comes from here. The Snapshot holds the windows `custom` and `year`."""

    config: Config
    ledger: Ledger
    snapshot: Snapshot
    plan: Plan
    window: Window
    profile: Profile
    expected: Mapping[str, tuple[str | None, Likely | None]] | None = None  # of the year, where that was said before

    @property
    def now(self) -> Instant:
        """The instant everything is judged at."""
        return self.snapshot.as_of

    @property
    def as_of(self) -> str:
        """The same in words."""
        return moment(self.now, zone_of(self.config))

    @property
    def is_draft(self) -> bool:
        """Whether the period is not over yet."""
        return self.now < self.window.end

    @property
    def period(self) -> str:
        """The period in words: `1-7月`, `1月`, `2026年度`."""
        first = date.fromordinal(self.window.first)
        last = date.fromordinal(self.window.last) - timedelta(days=1)
        if (first.month, last.month) == (1, 12):
            return f"{first.year}年度"
        return f"{first.month}月" if first.month == last.month else f"{first.month}-{last.month}月"

    @cached_property
    def _verdicts(self) -> Mapping[tuple[str, str, str], Verdict]:
        return {
            (one.window.name, one.project, one.indicator): one for one in self.snapshot.verdicts if one.system is None
        }

    def verdicts(self, project: Project, window: str = PERIOD) -> dict[str, Verdict]:
        """A project's verdicts of all systems together by indicator, evidence measures included."""
        ids = [id for one in project.indicators for id in (one.id, *(beside.id for beside in one.evidence))]
        return {id: self._verdicts[(window, project.id, id)] for id in ids}

    def of_the_year(self, indicator: Indicator) -> Verdict:
        """The verdict on the year of one row."""
        return self._verdicts[(YEAR, indicator.project, indicator.id)]

    def header(self, project: Project) -> Mapping[str, str]:
        """What is printed above and below the table; what people filled in takes the place of targets.yaml."""
        given = {"项目名称": project.name, "实施单位": self.plan.organisation, "申报单位名称": self.plan.organisation}
        return {**given, **project.form, **self.filled(project)}

    def filled(self, project: Project) -> Mapping[str, str]:
        """What people said of a project's head since targets.yaml was written."""
        return self._filled.get((self.plan.year, project.id), {})

    @cached_property
    def foreseen(self) -> Act | None:
        """The last monitoring form of the year that was made: what it expected stands in its body."""
        with self.ledger.read() as session:
            made = [act for act in acts.read(session) if (act.kind, act.subject) == (EXPORT, "monitoring")]
        return next((act for act in reversed(made) if act.body["year"] == self.plan.year), None)

    @cached_property
    def _filled(self) -> Mapping[tuple[int, str], Mapping[str, str]]:
        with self.ledger.read() as session:
            return filled(acts.read(session))

    def funds(self, project: Project) -> Mapping[str, Fraction]:
        """The project's amounts in 元, what people filled in before what targets.yaml says."""
        given = {name: Fraction(amount) for name, amount in project.funds.items()}
        said = {name: number(text) for name, text in self.filled(project).items()}
        return given | {name: Fraction(amount) for name, amount in said.items() if amount is not None}

    @cached_property
    def answers(self) -> Mapping[tuple[str, str], Json]:
        """The verdicts as `status --json` prints them, by project and indicator."""
        answer = status_answer(self.snapshot, self.config, PERIOD)
        found: dict[tuple[str, str], dict[str, Any]] = {
            (one["project"], one["indicator"]): one for one in answer["indicators"] if one["system"] is None
        }
        return found


def plan_of(config: Config, year: int) -> Plan:
    """The plan of a year; ConfigError where no file promises it."""
    for plan in config.plans:
        if plan.year == year:
            return plan
    known = "、".join(str(plan.year) for plan in config.plans)
    raise ConfigError(f"--year：没有 {year} 年的目标文件；已有 {known} 年，用 --targets 指明")


def period_of(plan: Plan, first: Day, last: Day) -> Window:
    """The days [first, last) as the window a form is of."""
    return custom(plan.days, first, last, PERIOD)


def months(text: str | None, year: int) -> tuple[Day, Day]:
    """The days of `2026-01..07`, or of the whole year where nothing is said. It begins with the year."""
    if text is None:
        return date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    says = f"--period：应写作 {year}-01..07（自1月起），现为 {text!r}"
    first, _, last = text.partition("..")
    last = last.removeprefix(f"{year}-")
    if first != f"{year}-01" or not (last.isascii() and last.isdigit() and 1 <= int(last) <= 12):
        raise ConfigError(says)
    month = int(last)
    return date(year, 1, 1).toordinal(), date(year + month // 12, month % 12 + 1, 1).toordinal()
