"""The official forms: what is printed, how it is scored, and the files it is written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.export.basis import Basis, months, period_of, plan_of
from agent.export.form import Form
from agent.export.formats import FORMATS, format_of
from agent.export.monitoring import monitoring
from agent.export.profile import load_profile, shipped
from agent.export.reasons import Progress
from agent.export.self_evaluation import self_evaluation
from agent.export.target_table import target_table

__all__ = [
    "FORMATS",
    "LAYOUTS",
    "Basis",
    "Form",
    "format_of",
    "load_profile",
    "months",
    "period_of",
    "plan_of",
    "shipped",
]

LAYOUTS: Mapping[str, Callable[[Basis, Progress], Form]] = {
    "self-evaluation": self_evaluation,
    "monitoring": monitoring,
    "targets": target_table,
}
