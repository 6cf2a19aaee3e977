"""Records + definitions → observations → what changes in the ledger; the one write path, and recomputing it all."""

from __future__ import annotations

from agent.book.approval import Proposal
from agent.book.booking import Book
from agent.book.changes import Change, Part, changes
from agent.book.definition import Definition, Place, all_indicators, count_of, definitions, setting_for
from agent.book.delivery import Booked, Delivery
from agent.book.promise import demands_differ
from agent.book.recomputation import Difference, Recomputed, recompute
from agent.book.registry import catch_up, register
from agent.book.scratch import last_known, ledger_at
from agent.book.served import Registered, current
from agent.book.source_states import sources_that_count
from agent.book.standing import Standing, reading_hash, standing

__all__ = [
    "Book",
    "Booked",
    "Change",
    "Definition",
    "Delivery",
    "Difference",
    "Part",
    "Place",
    "Proposal",
    "Recomputed",
    "Registered",
    "Standing",
    "all_indicators",
    "catch_up",
    "changes",
    "count_of",
    "current",
    "definitions",
    "demands_differ",
    "last_known",
    "ledger_at",
    "reading_hash",
    "recompute",
    "register",
    "setting_for",
    "sources_that_count",
    "standing",
]
