"""Rows as lines: each with the facts of its miss as long as nobody has written the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.explain import explain
from agent.export.basis import PERIOD, Basis
from agent.export.facts import MOST, facts
from agent.export.rows import Line, Row
from agent.export.scoring import Attention

Progress = Callable[[int, int], None]


def lines_of(basis: Basis, rows: Sequence[Row], progress: Progress) -> list[Line]:
    """The rows as lines, what is measured with its explanation."""
    lines = []
    for number, row in enumerate(rows, 1):
        one, told, draft = row.indicator, None, None
        if one.measure.from_records:
            drafted = row.attention is Attention.BELOW and not row.reason
            most = MOST if drafted else 0
            told = explain(basis.config, basis.ledger, basis.snapshot, one.project, one.id, PERIOD, limit=most)
            draft = facts(told, one.measure) if drafted else None
        lines.append(Line(row, told, draft))
        progress(number, len(rows))
    return lines
