"""What people still have to state: which rows, by whom, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent.config import Config, Indicator, Plan
from agent.evaluate import Board, custom, owed_from
from agent.evaluate.judgement import INTERIM
from agent.ledger import Ledger
from agent.model import Day, Instant, Verdict, utc_of
from agent.status import Json, zone_of
from agent.words import NO_OWNER


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a person answers for, and how far it is filled in."""

    year: int
    project: str
    project_name: str
    indicator: Indicator
    verdict: Verdict  # of its whole year
    by: Day  # the last day to state it
    today: Day

    @property
    def owner(self) -> str:
        """The office that answers for it."""
        return self.indicator.owner or NO_OWNER

    @property
    def is_filled(self) -> bool:
        """Whether what was stated is enough for now; once the year is over it has to speak of all of it."""
        return self.verdict.stated is not None and INTERIM not in self.verdict.flags

    @property
    def through(self) -> date | None:
        """The last day that was spoken of."""
        stated = self.verdict.stated
        return None if stated is None else date.fromordinal(stated.through)

    @property
    def days_left(self) -> int:
        """The days until it is late; negative once it is."""
        return self.by - self.today


def rows(config: Config, ledger: Ledger, now: Instant) -> list[Row]:
    """Every row people answer for, of every year that has begun, in the order of the tables."""
    return [row for plan in config.plans for row in _of_plan(config, ledger, plan, now)]


def _of_plan(config: Config, ledger: Ledger, plan: Plan, now: Instant) -> list[Row]:
    first, after = (date(year, 1, 1).toordinal() for year in (plan.year, plan.year + 1))
    today = plan.days.day_of(now)
    if today < first:
        return []
    stated = replace(plan, projects=tuple(replace(one, indicators=_stated(one.indicators)) for one in plan.projects))
    window = custom(plan.days, first, after)
    verdicts = Board(config, ledger, lambda plan, now: (window,), lambda now: (stated,)).refresh(now).verdicts
    found = {(verdict.project, verdict.indicator): verdict for verdict in verdicts if verdict.system is None}
    return [
        Row(plan.year, one.id, one.name, row, found[(one.id, row.id)], owed_from(row), today)
        for one in stated.projects
        for row in one.indicators
    ]


def _stated(indicators: Sequence[Indicator]) -> tuple[Indicator, ...]:
    return tuple(replace(one, evidence=()) for one in indicators if not one.measure.from_records)


def by_owner(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each office, in the order in which the tables name them."""
    offices: dict[str, list[Row]] = {}
    for row in rows:
        offices.setdefault(row.owner, []).append(row)
    return offices


def filled(rows: Sequence[Row]) -> int:
    """How many of them are filled in."""
    return sum(row.is_filled for row in rows)


def answer(rows: Sequence[Row], config: Config, now: Instant) -> Json:
    """The same for programs."""
    return {
        "as_of": utc_of(now).astimezone(zone_of(config)).isoformat(),
        "filled": filled(rows),
        "of": len(rows),
        "owners": [
            {"owner": owner, "filled": filled(theirs), "of": len(theirs)} for owner, theirs in by_owner(rows).items()
        ],
        "rows": [
            {
                "year": row.year,
                "project": row.project,
                "indicator": row.indicator.id,
                "name": row.indicator.name,
                "kind": row.indicator.measure.kind,
                "owner": row.indicator.owner,
                "by": date.fromordinal(row.by).isoformat(),
                "days_left": row.days_left,
                "filled": row.is_filled,
                "through": None if row.through is None else row.through.isoformat(),
                "state": row.verdict.state.value,
            }
            for row in rows
        ],
    }
