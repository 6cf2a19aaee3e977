"""Evidence: a period closed with a pack of everything its values follow from, and checking such a pack elsewhere."""

from __future__ import annotations

from agent.evidence.closing import Closed, Wanted, close
from agent.evidence.contents import Question
from agent.evidence.settings import sources_text, targets_texts
from agent.evidence.signing import Signer
from agent.evidence.verification import Problem, Verified, verify

__all__ = [
    "Closed",
    "Problem",
    "Question",
    "Signer",
    "Verified",
    "Wanted",
    "close",
    "sources_text",
    "targets_texts",
    "verify",
]
