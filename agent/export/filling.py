"""What of a project's form can stand in a workbook of the bureau's own, by headings and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.export.form import Cell
from agent.export.profile import ColumnKeys
from agent.export.rows import Line


@dataclass(frozen=True, slots=True)
class Fund:
    """A line of 项目资金: its label, and its figures by the headings they stand under."""

    label: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Filling:
    """One project's form, before it is laid out."""

    project: str
    period: str
    columns: Sequence[ColumnKeys]
    lines: Sequence[Line]
    labelled: Mapping[str, str]  # by label, what stands beside it
    goal: Mapping[str, str]  # 年度总体目标: by label, what stands beside or below it
    funds: Sequence[Fund]
    total: Mapping[str, Cell]  # of the row 总分, by the key of the column
