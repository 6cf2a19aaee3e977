"""Acts of people: taking a record out or changing a rule needs two accounts, confirming, acknowledging or stating one.

All of it stays in the log for good.
"""

from __future__ import annotations

from agent.acts.account import account
from agent.acts.acknowledging import acknowledge, lift
from agent.acts.attesting import Outcome, Taken, state, take_back, take_in
from agent.acts.exclusions import approve, request_exclusion, request_return, retract
from agent.acts.filling import without_names
from agent.acts.readings import Opinion, confirm, opine
from agent.acts.saying import Claim, Part, Unclear, Wrong, claim
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act

__all__ = [
    "Claim",
    "Opinion",
    "Outcome",
    "Part",
    "Taken",
    "Unclear",
    "Wrong",
    "account",
    "acknowledge",
    "approve",
    "claim",
    "confirm",
    "lift",
    "log",
    "opine",
    "request_exclusion",
    "request_return",
    "retract",
    "state",
    "take_back",
    "take_in",
    "without_names",
]


def log(ledger: Ledger) -> tuple[list[Act], Act | None]:
    """Every act in order, and the first that does not follow from the one before it (None where the chain holds)."""
    with ledger.read() as session:
        entries = acts.read(session)
    return entries, acts.first_broken(entries)
