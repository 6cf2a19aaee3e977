"""The official forms of a closed period, filled in from its contents: written into its pack, and again from it.

A whole year has the 自评表, months that begin a year the 监控表, and both the 绩效目标表; other periods have none. They
follow profiles, whose files stand in the pack as well. What a 监控表 expects of the year rests on records of other
times too, of which the pack has the sums (`agent.evidence.ahead`); everything else in a form follows from the pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from agent.book.period import Period
from agent.config import Config, Plan
from agent.evidence import ahead
from agent.evidence.contents import Contents
from agent.evidence.settings import plan_names
from agent.evidence.walk import Progress, safe
from agent.evidence.writing import json_bytes
from agent.export import FORMATS, LAYOUTS, Basis, Form
from agent.export.monitoring import Expected, expectations
from agent.export.profile import DEFAULT, Profile, load_profile
from agent.model import ConfigError

FORMS, PROFILES = "forms/", "profiles/"
WRITTEN = (".xlsx", ".json")
MONITORING = "monitoring"


@dataclass(frozen=True, slots=True)
class Filled:
    """The files of the forms with what they follow, the forms by their place, and what is said of them."""

    files: Mapping[str, bytes]
    forms: Mapping[str, Form]

    @property
    def said(self) -> list[str]:
        """Each project's total and grade, or what is missing for them."""
        return [line for form in self.forms.values() for line in form.said]


def forms_of(first: int, last: int) -> tuple[str, ...]:
    """The forms that the days [first, last) have."""
    begins, ends = date.fromordinal(first), date.fromordinal(last)
    if (begins.month, begins.day) != (1, 1):
        return ()
    return ("self-evaluation" if ends.year > begins.year else MONITORING, "targets")


def profiles_for(config: Config, period: Period, asked: Sequence[str]) -> tuple[Profile, ...]:
    """The profiles a period's forms follow: those asked for by name or file, else the usual one if it gives points.

    ConfigError where one that was asked for gives no row points, or the period has no forms.
    """
    if not forms_of(period.first, period.last):
        if asked:
            raise ConfigError(f"--profile：{period.name} 不自1月起，没有官方表格")
        return ()
    profiles = tuple(map(load_profile, asked or (DEFAULT,)))
    names = [one.name for one in profiles]
    if len(set(names)) != len(names):
        raise ConfigError(f"--profile：{'、'.join(names)} 中有重名")
    year = date.fromordinal(period.first).year
    rows = [
        one for plan in config.plans if plan.year == year for project in plan.projects for one in project.indicators
    ]
    without = [one.name for one in profiles if not any(one.keys.weights in row.weight for row in rows)]
    if without and asked:
        raise ConfigError(f"--profile：没有一项指标给出 {'、'.join(without)} 的分值")
    return tuple(one for one in profiles if one.name not in without)


def fill_in(contents: Contents, progress: Progress) -> Filled:
    """Every form by every profile asked for. ConfigError where one cannot be filled in."""
    period, profiles = contents.asked.period, contents.asked.profiles
    names, files, forms = forms_of(period.first, period.last), dict[str, bytes](), dict[str, Form]()
    if not names or not profiles:
        return Filled(files, forms)
    expected: dict[str, Any] = {}
    days: dict[str, ahead.Days] = {}
    for profile in profiles:
        files[profile_path(profile)] = Path(profile.file).read_bytes()
        for plan_name, plan in _owners(contents):
            basis = Basis(contents.config, contents.board.ledger, contents.judged, plan, contents.window, profile)
            if MONITORING in names:
                of_plan = _days(contents, plan)
                foretold, expected[plan_name] = _foreseen(contents, plan_name, of_plan, basis)
                basis = replace(basis, expected=foretold)
                days |= of_plan
            for name in names:
                form = forms[f"{FORMS}{plan_name}/{safe(profile.name)}/{name}"] = LAYOUTS[name](basis, progress)
    for path, form in forms.items():
        files |= {f"{path}{ending}": FORMATS[ending](form) for ending in WRITTEN}
    if expected:
        files[ahead.EXPECTED], files[ahead.AHEAD] = json_bytes(expected), ahead.table(days)
    return Filled(files, forms)


def profile_path(profile: Profile) -> str:
    """Where a profile stands in a pack."""
    return f"{PROFILES}{safe(profile.name)}.yaml"


def _owners(contents: Contents) -> Iterator[tuple[str, Plan]]:
    """The plans of the year that own the period, by the name of their file in the pack."""
    year = date.fromordinal(contents.asked.period.first).year
    owners = {held.plan.path: held.plan for held in contents.indicators}
    for name, plan in plan_names(contents.config).items():
        if plan.year == year and plan.path in owners:
            yield name, owners[plan.path]


def _days(contents: Contents, plan: Plan) -> dict[str, ahead.Days]:
    """Of each measured row of the table the sums from which its year is foreseen."""
    given, period = contents.given, contents.asked.period
    return {
        name: ahead.days_of(
            held, contents.now, (period.first, period.last), None if given is None else given.days.get(name, {})
        )
        for held in ahead.rows_ahead(contents.board, plan.year)
        for name in [held.indicator.subject]
    }


def _foreseen(
    contents: Contents, plan_name: str, days: Mapping[str, ahead.Days], basis: Basis
) -> tuple[dict[str, Expected], dict[str, Any]]:
    """What is expected of each row of the table, and the same as it stands in the pack with what it follows from."""
    found, known, given = expectations(basis), dict[str, ahead.Known](), contents.given
    for held in ahead.rows_ahead(contents.board, basis.plan.year):
        name, verdict = held.indicator.subject, basis.of_the_year(held.indicator)
        said = None if given is None else given.known[plan_name][name]
        known[name], found[name] = ahead.told_of(held, verdict, days[name], said, contents.now)
    return found, {name: ahead.as_json(one, known.get(name)) for name, one in found.items()}
