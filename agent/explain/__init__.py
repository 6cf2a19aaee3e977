"""One Verdict in words and rows, to convince a stranger: formula, numbers, each record that missed, gaps."""

from __future__ import annotations

from agent.explain.account import explain
from agent.explain.explanation import Explanation
from agent.explain.lengths import Lengths, lengths
from agent.explain.listing import KINDS, listing, safe

__all__ = ["KINDS", "Explanation", "Lengths", "explain", "lengths", "listing", "safe"]
