"""A form as plain data for programs: the verdicts as `status --json` prints them, with points, scores and texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from agent.export.appraisal import Appraisal, Funds
from agent.export.basis import Basis
from agent.export.columns import value_text
from agent.export.rows import Line, Row


def heading(basis: Basis, form: str) -> dict[str, Any]:
    """What the whole form is of."""
    return {
        "form": form,
        "profile": basis.profile.name,
        "year": basis.plan.year,
        "first": date.fromordinal(basis.window.first).isoformat(),
        "last": date.fromordinal(basis.window.last - 1).isoformat(),
        "as_of": basis.as_of,
        "draft": basis.is_draft,
    }


def appraised(basis: Basis, appraisal: Appraisal, lines: Sequence[Line]) -> dict[str, Any]:
    """A project with all its rows."""
    return {
        "project": appraisal.project.id,
        "name": appraisal.project.name,
        "header": dict(basis.header(appraisal.project)),
        "funds": [fund(one) for one in appraisal.funds],
        "budget": None if appraisal.budget is None else row_content(basis, Line(appraisal.budget)),
        "rows": [row_content(basis, line) for line in lines[: len(appraisal.rows)]],
        "annex": [row_content(basis, line) for line in lines[len(appraisal.rows) :]],
        "points": 100,
        "scored": number(appraisal.so_far),
        "total": number(appraisal.total),
        "grade": appraisal.grade,
        "owed": [row.indicator.id for row in appraisal.owed],
        "not_applicable": [row.indicator.id for row in appraisal.left_out],
        "reason_owed": [row.indicator.id for row in reason_owed(appraisal)],
    }


def reason_owed(appraisal: Appraisal) -> list[Row]:
    """The rows that need a reason nobody has written yet."""
    return [row for row in appraisal.scored if row.attention is not None and not row.reason]


def row_content(basis: Basis, line: Line) -> dict[str, Any]:
    """One row."""
    row = line.row
    return {
        "indicator": row.indicator.id,
        "name": row.indicator.name,
        "level": list(row.indicator.level),
        "place": None if row.place is None else list(row.place),
        "printed_target": row.indicator.text,
        "printed_value": value_text(row.verdict),
        "origin": row.origin.value,
        "confirmed": not row.unconfirmed,
        "given_points": number(row.given),
        "points": number(row.points),
        "standing": row.standing.value,
        "score": number(row.score),
        "why": row.why,
        "attention": None if row.attention is None else row.attention.value,
        "reason": row.reason,
        "draft": line.draft,
        "expected": line.expected,
        "likely": None if line.likely is None else line.likely.value,
        "verdict": basis.answers[(row.indicator.project, row.indicator.id)],
    }


def fund(line: Funds) -> dict[str, Any]:
    """One line of 项目资金, in 元."""
    return {
        "label": line.label,
        "planned": number(line.planned),
        "budget": number(line.budget),
        "executed": number(line.executed),
        "rate": number(line.rate),
    }


def number(value: Fraction | None) -> float | int | None:
    """A number as JSON carries it."""
    if value is None:
        return None
    return int(value) if value.denominator == 1 else float(value)
