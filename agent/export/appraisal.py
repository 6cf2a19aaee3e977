"""A project appraised by a profile: each row's points and score, the total and its grade. Pure.

The points come from targets.yaml and must sum to 100. Rows a person declared not applicable are left out, and the
points of the others brought back to 100. A row without a value is 未填 and the total 不完整: never zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

from agent import words
from agent.config import Indicator, Project
from agent.export.profile import Profile
from agent.export.rows import Row, Standing
from agent.export.scoring import HUNDRED, Attention, attention, budget, grade, quality, quantity, rescaled
from agent.model import ConfigError, State, Verdict
from agent.shown import written


@dataclass(frozen=True, slots=True)
class Funds:
    """One line of 项目资金, in 元; what nobody stated is None."""

    label: str
    planned: Fraction | None
    budget: Fraction | None
    executed: Fraction | None

    @property
    def rate(self) -> Fraction | None:
        """预算执行率."""
        return self.executed / self.budget if self.executed is not None and self.budget else None


@dataclass(frozen=True, slots=True)
class Appraisal:
    """All rows of a project in printed order, and what they come to."""

    project: Project
    rows: tuple[Row, ...]  # of the table
    beside: tuple[Row, ...]  # in the annex alone: rows without points where the profile wants it, targets of the prose
    budget: Row | None  # the row scored in the block of funds
    funds: tuple[Funds, ...]
    total: Fraction | None  # None: incomplete
    so_far: Fraction  # the scores there are
    grade: str | None

    @property
    def scored(self) -> tuple[Row, ...]:
        """Every row that carries points."""
        return (*self.rows, *([self.budget] if self.budget else []))

    @property
    def owed(self) -> tuple[Row, ...]:
        """The rows without which the total is incomplete."""
        return tuple(row for row in self.scored if row.standing is Standing.OWED)

    @property
    def left_out(self) -> tuple[Row, ...]:
        """The rows that do not apply."""
        return tuple(row for row in self.scored if row.standing is Standing.LEFT_OUT and row.given)


def appraise(
    project: Project, verdicts: Mapping[str, Verdict], amounts: Mapping[str, Fraction], profile: Profile
) -> Appraisal:
    """Score a project's verdicts, by indicator, in the window of its year; `amounts` are its funds in 元.

    ConfigError where the weights do not sum to 100, a level has no place in the form, or a claimed score lies outside
    its band.
    """
    check_weights(project, profile)
    rows = [_placed(one, verdicts[one.id], profile) for one in project.indicators]
    table = [row for row in rows if row.indicator.form == "table"]
    points = _points(project, table)
    problems: list[str] = []
    funds = funds_of(project, verdicts, amounts, profile)
    scored = [
        _scored(replace(row, points=points.get(row.indicator.id, Fraction(0))), funds, profile, problems)
        for row in rows
    ]
    if problems:
        raise ConfigError(problems)
    return _summed(project, scored, funds, profile)


def check_weights(project: Project, profile: Profile) -> None:
    """The weights of a project sum to exactly 100, or the form cannot be made."""
    key = profile.keys.weights
    in_table = [one for one in project.indicators if one.form == "table"]
    total = sum((Fraction(one.weight.get(key, 0)) for one in in_table), Fraction(0))
    if total != HUNDRED:
        lacking = [one.name for one in in_table if key not in one.weight]
        without = f"；未给出 {key} 分值的有：{'、'.join(lacking)}" if lacking else ""
        raise ConfigError(f"{project.name}：{key} 的分值之和应为100，现为{written(total)}{without}")


def funds_of(
    project: Project, verdicts: Mapping[str, Verdict], amounts: Mapping[str, Fraction], profile: Profile
) -> tuple[Funds, ...]:
    """The lines of the block of funds; what the row of the execution rate states comes before its total."""
    block = profile.keys.funds
    if block is None:
        return ()
    lines = [
        Funds(row.label, amounts.get(row.planned), amounts.get(row.budget), amounts.get(row.executed))
        for row in block.rows
    ]
    stating = next((one for one in project.indicators if one.name == block.stated_by), None)
    stated = None if stating is None else verdicts[stating.id].stated
    if stated is not None and stated.numerator is not None and stated.denominator is not None:
        first = lines[0]
        lines[0] = replace(first, budget=stated.denominator, executed=stated.numerator)
    return tuple(lines)


@contextmanager
def placed_by(profile: Profile, indicator: Indicator) -> Iterator[None]:
    """A level for which the profile has no place is the user's mistake."""
    try:
        yield
    except KeyError as unknown:
        raise ConfigError(
            f"{profile.file}：mapping 中没有“{unknown.args[0]}”({indicator.file}:{indicator.line} {indicator.name})"
        ) from None


def _placed(indicator: Indicator, verdict: Verdict, profile: Profile) -> Row:
    given = Fraction(indicator.weight.get(profile.keys.weights, 0))
    with placed_by(profile, indicator):
        place = (indicator.level[0], indicator.level[-1]) if indicator.form == "none" else None
        place = place or profile.place(indicator.level, indicator.name)
    return Row(indicator, verdict, place, Standing.OWED, given, given, None)


def _points(project: Project, table: Sequence[Row]) -> dict[str, Fraction]:
    """The points of each row: as given, or brought back to 100 where rows do not apply."""
    applying = [row for row in table if row.verdict.reason != "declared"]
    if sum(row.given for row in applying) == HUNDRED:
        return {row.indicator.id: row.given for row in applying}
    try:
        found = rescaled([row.given for row in applying])
    except ValueError as nothing:
        raise ConfigError(f"{project.name}：{nothing}") from None
    return {row.indicator.id: points for row, points in zip(applying, found, strict=True)}


def _scored(row: Row, funds: Sequence[Funds], profile: Profile, problems: list[str]) -> Row:
    verdict = row.verdict
    if verdict.reason == "declared":
        return replace(row, standing=Standing.LEFT_OUT, why=words.STATES[State.NOT_APPLICABLE])
    watched = replace(row, attention=_attention(row, profile))
    if not row.given:
        return replace(watched, standing=Standing.WITHOUT_POINTS)
    if (why := _owed(verdict)) is not None:
        return replace(watched, why=why)
    try:
        score = _budget(row, funds) if row.place is None else _score(row, profile)
    except ValueError as refused:
        problems.append(f"{row.indicator.name}：{refused}")
        return watched
    if score is None:
        return replace(watched, why="未给出得分")
    return replace(watched, standing=Standing.SCORED, score=score)


def _owed(verdict: Verdict) -> str | None:
    """Why a row has nothing that could be scored."""
    if verdict.state in (State.PENDING, State.NO_DATA, State.EMPTY) or verdict.reason == "unstated":
        return words.REASONS.get(verdict.reason or "", words.STATES[verdict.state])
    if verdict.state is State.NOT_APPLICABLE:
        return "没有目标值"
    if verdict.state is State.NOT_DUE and verdict.value is None and verdict.text is None:
        return words.REASONS.get(verdict.reason or "", words.STATES[verdict.state])
    return None


def _score(row: Row, profile: Profile) -> Fraction | None:
    verdict = row.verdict
    if verdict.stated is not None and verdict.stated.band is not None:
        return quality(verdict.stated.band, verdict.stated.score, row.points)
    if verdict.value is None or verdict.target is None or verdict.target.value is None:
        return row.points if verdict.state is State.MET else Fraction(0)
    return quantity(verdict.target, verdict.value, row.points, profile.rules.reverse)


def _budget(row: Row, funds: Sequence[Funds]) -> Fraction:
    total = funds[0]
    if total.budget is not None and total.executed is not None:
        return budget(total.executed, total.budget, row.points)
    assert row.verdict.value is not None
    return budget(row.verdict.value, Fraction(1), row.points)


def _attention(row: Row, profile: Profile) -> Attention | None:
    verdict, block = row.verdict, profile.keys.funds
    if verdict.state is State.MISSED:
        return Attention.BELOW
    least = block.reason_below if block is not None and row.place is None else None
    if least is not None and verdict.value is not None and verdict.value < least:
        return Attention.BELOW
    judged = verdict.state in (State.MET, State.AT_RISK)
    if not judged or verdict.value is None or verdict.target is None or verdict.target.value is None:
        return None
    return attention(verdict.target, verdict.value, profile.rules)


def _summed(project: Project, rows: Sequence[Row], funds: tuple[Funds, ...], profile: Profile) -> Appraisal:
    in_table: list[Row] = []
    beside: list[Row] = []
    budget_row = next((row for row in rows if row.place is None), None)
    for row in rows:
        if row.place is None:
            continue
        hidden = profile.keys.without_points == "annex" and not row.given
        (beside if row.indicator.form == "none" or hidden else in_table).append(row)
    in_table.sort(key=lambda row: profile.order(row.place or ("", "")))
    counted = [*in_table, *([budget_row] if budget_row else [])]
    so_far = sum((row.score for row in counted if row.score is not None), Fraction(0))
    complete = all(row.standing is not Standing.OWED for row in counted)
    return Appraisal(
        project=project,
        rows=tuple(in_table),
        beside=tuple(beside),
        budget=budget_row,
        funds=funds,
        total=so_far if complete else None,
        so_far=so_far,
        grade=grade(so_far, profile.rules.grades) if complete else None,
    )
