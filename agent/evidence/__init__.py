"""Evidence: a period closed with a pack of everything its values follow from, and checking such a pack elsewhere."""

from __future__ import annotations

from agent.evidence.closing import Closed, Wanted, close
from agent.evidence.contents import Question, judged, known_by
from agent.evidence.forms import profiles_for
from agent.evidence.sample_sheet import sample_sheet
from agent.evidence.sampling import Sample, as_table, drawn
from agent.evidence.settings import sources_text, targets_texts
from agent.evidence.signing import Signer
from agent.evidence.since import Difference, Moved, Since, changed_since, closed_periods
from agent.evidence.verification import Problem, Verified, verify

__all__ = [
    "Closed",
    "Difference",
    "Moved",
    "Problem",
    "Question",
    "Sample",
    "Signer",
    "Since",
    "Verified",
    "Wanted",
    "as_table",
    "changed_since",
    "close",
    "closed_periods",
    "drawn",
    "judged",
    "known_by",
    "profiles_for",
    "sample_sheet",
    "sources_text",
    "targets_texts",
    "verify",
]
