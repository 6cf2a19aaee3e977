"""Sums + open records + target + now → Verdict → Snapshot. Targets are compared in `judgement` and nowhere else."""

from __future__ import annotations

from agent.evaluate.board import Board, reads
from agent.evaluate.chased import SHORT_CLOCK_US, is_chased
from agent.evaluate.course import Course, course
from agent.evaluate.judgement import OWED, judge, owed_from, target_on
from agent.evaluate.ownership import plans_in_force, plans_of_days
from agent.evaluate.service import service_at, systems_at
from agent.evaluate.windows import NAMES as WINDOW_NAMES
from agent.evaluate.windows import custom, named, windows

__all__ = [
    "OWED",
    "SHORT_CLOCK_US",
    "WINDOW_NAMES",
    "Board",
    "Course",
    "course",
    "custom",
    "is_chased",
    "judge",
    "named",
    "owed_from",
    "plans_in_force",
    "plans_of_days",
    "reads",
    "service_at",
    "systems_at",
    "target_on",
    "windows",
]
